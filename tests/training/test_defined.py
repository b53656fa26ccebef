"""The recipe of a file: found, and refused in one sentence where it lacks something."""

import pytest

from symrnn.errors import UserError
from symrnn.training.defined import recipe_in
from symrnn.user_files import user_module

HEAD = """
from __future__ import annotations
from abc import abstractmethod
from dataclasses import dataclass, field
from symrnn.training.recipe import Recipe
from symrnn.models.binary_adder import BinaryAdder
"""
METHODS = """
    def data(self, path=None): pass
    def graph(self): pass
    def updates(self, graph): pass
    def batch(self, data, step): pass
    def test(self, network, data): pass
    def predict(self, network, words, path=None): pass
"""


def whole(name, *lines):
    """A recipe that lacks nothing, with further lines."""
    body = "\n".join(f"    {line}" for line in lines)
    return f"\n@dataclass(frozen=True)\nclass {name}(Recipe):\n{body}{METHODS}"


def recipe_of(tmp_path, code, name=None):
    path = tmp_path / "own_net.py"
    path.write_text(HEAD + code)
    return recipe_in(user_module(path), name)


FOUND = {  # a file: (which one is asked for, which one is found)
    whole("A", "size: int = 3"): (None, "A"),
    whole("A") + whole("B"): ("B", "B"),
    "class Base(Recipe):\n    @abstractmethod\n    def more(self): pass\n" + whole("A"): (
        None,
        "A",
    ),
}


@pytest.mark.parametrize("code", FOUND, ids=["one", "asked for", "abstract base"])
def test_recipe_is_found(tmp_path, code):
    asked, found = FOUND[code]
    assert recipe_of(tmp_path, code, asked).__name__ == found


LACKING = {  # a file: what the sentence says
    "": "own_net.py must define a network to train, a class that inherits symrnn.training.Recipe, but defines none",
    whole("A")
    + whole("B"): "own_net.py defines the recipes A and B; say which one, for example own_net.py:A",
    "class A(Recipe):\n    def data(self): pass": (
        "the recipe A of own_net.py lacks graph(), updates(), batch(), test() and predict(); define them"
    ),
    f"class A(Recipe):{METHODS}": "A of own_net.py must be a dataclass, or its options are none; write @dataclass(froz",
    f"@dataclass(frozen=True)\nclass A(Recipe):\n    size: int{METHODS}": (
        "must have a default for each of its options, but size has none"
    ),
    whole("A", "sizes: tuple = (1, 2)"): (
        "must have numbers, texts, True or False as its options, but sizes is (1, 2)"
    ),
    f"@dataclass\nclass A(Recipe):{METHODS}": "cannot inherit non-frozen dataclass from a frozen one",
    "import nothing_of_that_name": "No module named 'nothing_of_that_name' (line 7)",
}


@pytest.mark.parametrize("code", LACKING)
def test_what_a_file_lacks_is_said(tmp_path, code):
    with pytest.raises(UserError) as caught:
        recipe_of(tmp_path, code)
    assert LACKING[code] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_name_is_suggested(tmp_path):
    with pytest.raises(
        UserError, match=r"own_net.py defines no recipe 'Adde'; did you mean 'Adder'"
    ):
        recipe_of(tmp_path, whole("Adder") + whole("Other"), "Adde")
