"""Confusion matrices: every number is drawn, shaded by the share of its row, and told in words."""

import numpy as np

from symrnn.study.matrices import confusion_chart, shares_of

NAMES = ["yes", "no"]


def test_squares_hold_the_counts_and_are_shaded_by_the_share_of_their_row(tmp_path):
    counts = [[30, 10], [0, 5]]
    chart = confusion_chart({"first": counts, "second": [[1, 0], [0, 0]]}, NAMES, heading="Seen")
    first, second = chart.figure.axes
    assert [text.get_text() for text in first.texts] == ["30", "10", "0", "5"]
    np.testing.assert_array_equal(first.images[0].get_array(), [[0.75, 0.25], [0, 1]])
    assert [text.get_color() for text in first.texts] == ["white", "black", "black", "white"]
    assert [axis.get_title() for axis in (first, second)] == ["first", "second"]
    assert [label.get_text() for label in first.get_xticklabels()] == NAMES
    svg, _ = chart.save(tmp_path / "confusion")
    assert ">30<" in svg.read_text()


def test_text_alternative_tells_the_share_of_each_class():
    chart = confusion_chart({"first": [[3, 1], [2, 2]]}, NAMES, heading="Seen")
    assert chart.alt.endswith("first: yes 75 %, no 50 % said right.")
    assert chart.caption == "Seen: confusion matrices, rows true and columns said."


def test_class_that_was_never_true_has_no_shares():
    assert shares_of([[0, 0], [1, 3]]).tolist() == [[0, 0], [0.25, 0.75]]
