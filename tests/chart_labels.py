"""Whether the labels of a chart can be read."""

from itertools import pairwise


def overlapping(axis):
    """Pairs of labels below an axis that stand on each other; those that are slanted stand side by side."""
    labels = [
        label
        for label in axis.get_xticklabels()
        if label.get_text() and label.get_visible() and not label.get_rotation()
    ]
    extents = [label.get_window_extent() for label in labels]
    return [
        (a.get_text(), b.get_text())
        for (a, b), (left, right) in zip(pairwise(labels), pairwise(extents), strict=True)
        if left.x1 > right.x0
    ]
