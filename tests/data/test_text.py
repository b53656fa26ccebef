"""The text of the standard library and of a user's file, and its symbols."""

import ast

import pytest

from symrnn.data.text import (
    ALPHABET,
    SYMBOLS,
    decode,
    docstrings,
    encode,
    load_text,
    split,
    standard_library,
)
from symrnn.errors import UserError

MODULE = '''"""A module.

    Indented.
"""
def first():
    "Twice."
class Second:
    "A class."
    def third(self):
        "Twice."
    async def fourth(self):
        x = "no docstring"
'''


def test_standard_library_has_much_english():
    documents = standard_library()
    assert len(documents) > 200
    text = load_text()
    assert len(text.train) > 1_000_000
    assert 0.02 < len(text.test) / len(text.train) < 0.1
    assert text.train.count(" the ") > 5000
    assert (encode(text.train) == SYMBOLS - 1).mean() < 0.01


def test_whole_documents_are_held_out():
    documents = [f"{i}." * 3 for i in range(50)]
    parts = split(documents)
    assert parts.validation.split("\n\n\n") == [documents[9], documents[29], documents[49]]
    assert parts.test.split("\n\n\n") == [documents[19], documents[39]]
    assert len(parts.train.split("\n\n\n")) == 45


def test_docstrings_stand_in_the_order_of_the_file():
    found = list(docstrings(ast.parse(MODULE)))
    assert found == ["A module.\n\nIndented.", "Twice.", "A class.", "Twice."]


def test_file_is_cut_into_three_parts(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_bytes("\ufeff".encode() + "".join(f"{i:03d}\r\n" for i in range(500)).encode())
    text = load_text(path)
    assert (text.validation[:3], text.test[-4:-1]) == ("225", "499")
    assert "\r" not in text.train
    assert len("".join(text)) == 2000 + text.train.count("\n\n\n") * 3


def test_symbols_do_not_depend_on_the_text():
    assert encode(ALPHABET).tolist() == list(range(SYMBOLS - 1))
    assert decode(encode(ALPHABET)) == ALPHABET
    assert set(encode("é€😀\t\x00\x7f").tolist()) == {SYMBOLS - 1}


def test_half_a_pair_of_utf16_is_a_character_of_its_own():
    assert encode("a\udcffb\ud800").tolist() == [66, SYMBOLS - 1, 67, SYMBOLS - 1]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x" * 3000 + b"\xe9t\xe9", "byte 0xe9 at offset 3000 does not belong there; convert it"),
        (b"", "must hold text, but is empty; give another file"),
        (b"too short", "must have at least 2000 characters, but has 9; give a longer text"),
        (None, "cannot be read: No such file or directory; give a text file"),
    ],
)
def test_a_file_that_is_no_text_is_refused_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_text(path)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
