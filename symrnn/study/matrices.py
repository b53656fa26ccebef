"""Confusion matrices as charts: what was said of what, as numbers in shaded squares."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot, rc_context

from symrnn.study.amounts import number
from symrnn.study.chart_words import captioned
from symrnn.study.figures import STYLE, Chart

DARK = 0.5  # share from which on a number is white
PANEL = 2.3  # inches


def confusion_chart(
    matrices: Mapping[str, Sequence[Sequence[float]]], names: Sequence[str], *, heading: str = ""
) -> Chart:
    """A `Chart` of confusion `matrices` by their titles, a panel each.

    A row is a true class of `names`, a column what was said of it; squares are shaded by the share of their row.

    Examples
    --------
    >>> chart = confusion_chart({"by hand": [[3, 1], [0, 4]]}, ["no", "yes"])
    >>> chart.alt
    'Confusion matrices, rows true and columns said. by hand: no 75 %, yes 100 % said right.'
    """
    with rc_context(STYLE | {"axes.grid": False}):
        figure, axes = pyplot.subplots(
            1, len(matrices), squeeze=False, sharey=True, figsize=(0.8 + PANEL * len(matrices), 2.8)
        )
        for axis, (title, counts) in zip(axes[0], matrices.items(), strict=True):
            shares = shares_of(counts)
            axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
            for (row, column), count in np.ndenumerate(np.asarray(counts)):
                ink = "white" if shares[row, column] > DARK else "black"
                axis.text(column, row, number(count.item()), ha="center", va="center", color=ink)
            axis.set_xticks(range(len(names)), names, rotation=45)
            axis.set_yticks(range(len(names)), names)
            axis.set_title(title, fontsize=9)
            axis.set_xlabel("said")
        axes[0][0].set_ylabel("true")
        figure.suptitle(heading)
        figure.tight_layout()
    told = [f"{title}: {told_of(counts, names)}." for title, counts in matrices.items()]
    alt = " ".join(["Confusion matrices, rows true and columns said.", *told])
    return Chart(figure, alt, captioned(heading, "confusion matrices, rows true and columns said"))


def shares_of(counts: Sequence[Sequence[float]]) -> np.ndarray:
    """Each row divided by its sum; one of zeros stays so."""
    table = np.asarray(counts, float)
    sums = table.sum(axis=1, keepdims=True)
    return table / np.where(sums > 0, sums, 1)


def told_of(counts: Sequence[Sequence[float]], names: Sequence[str]) -> str:
    """The share of each class that was said right."""
    right = np.diag(shares_of(counts))
    told = [f"{name} {100 * share:.0f} %" for name, share in zip(names, right, strict=True)]
    return f"{', '.join(told)} said right"
