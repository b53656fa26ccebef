"""Word shapes: the tag of a character depends on both sides of it."""

import numpy as np
import pytest

from symrnn.data.word_shapes import TAGS, line_tags, tagged_lines
from symrnn.errors import UserError

LETTERS = dict(zip(" .nlTUxi", TAGS, strict=True))


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("The set, setUp and set_2.", "TTT lll. xxxxx lll iiiii."),
        ("HTTP v2 (1999)", "UUUU ii .nnnn."),
        ("A café in 12 B", "T llll ll nn T"),
        ("x\t日本", "l ll"),
    ],
)
def test_characters_have_the_tag_of_their_word(line, tags):
    assert [TAGS[tag] for tag in line_tags(line)] == [LETTERS[letter] for letter in tags]


def test_lines_are_padded_cut_and_masked():
    lines = tagged_lines("ab\n \n\nlonger line\n", 6)
    assert lines.symbols.shape == (2, 6)
    assert lines.mask.sum(axis=1).tolist() == [2, 6]
    assert not lines.symbols[0, 2:].any()
    assert not lines.tags[0, 2:].any()
    assert np.array_equal(lines.tags[1], line_tags("longer"))


def test_a_cut_word_keeps_the_shape_of_the_whole():
    assert tagged_lines("set_up", 3).tags.tolist() == [[TAGS.index("name")] * 3]


def test_a_part_without_lines_is_refused():
    with pytest.raises(UserError, match="must have a line with something in it"):
        tagged_lines(" \n\n", 5)
