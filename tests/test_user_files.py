"""A user's file is read in one way, and what is wrong with it or its name is said in one sentence."""

import pickle
import sys

import pytest

from symrnn.errors import UserError
from symrnn.user_files import user_module, user_object


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder that is the current one; the path and the modules are as before afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("wrong", "mine"):  # left by tests of other files
        monkeypatch.delitem(sys.modules, name, raising=False)
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def test_an_object_is_found_in_a_file_and_in_a_module(folder):
    (folder / "mine.py").write_text("x = 3")
    assert user_object("mine.py:x") == user_object(f"{folder}/mine.py:x") == 3
    assert user_object("mine:x") == 3


def test_files_beside_it_can_be_imported(folder):
    (folder / "parts").mkdir()
    (folder / "parts" / "one_more.py").write_text("x = 1")
    (folder / "parts" / "whole.py").write_text("from one_more import x")
    assert user_object("parts/whole.py:x") == 1


def test_a_file_is_executed_again_each_time(folder):
    (folder / "counted.py").write_text("x = 1")
    assert user_object("counted.py:x") == 1
    (folder / "counted.py").write_text("x = 1 + 1")
    assert user_object("counted.py:x") == 2


def test_a_file_hides_no_module_that_is_in_use(folder):
    (folder / "json.py").write_text("x = 1")
    import json

    assert user_object("json.py:x") == 1
    assert sys.modules["json"] is json


def test_what_a_file_defines_can_be_pickled(folder):
    (folder / "classes.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Point:\n    x: int\n"
    )
    point = user_object("classes.py:Point")(3)
    assert pickle.loads(pickle.dumps(point)) == point


WRONG = {  # target: (content of wrong.py, what the error says)
    "wrong": ("", "must be FILE.py:NAME or package.module:NAME, but is 'wrong'"),
    "wrong.py:": ("", "but is 'wrong.py:'"),
    "wrong.py:a-b": ("", "but is 'wrong.py:a-b'"),
    "nowhere.py:x": ("", "there is no file nowhere.py"),
    "no.where:x": ("", "there is no module 'no.where' in the current folder"),
    "nowhere:x": ("", "for a file, write nowhere.py"),
    "wrong.py:los": ("loss = 1", "wrong.py has no 'los'; did you mean 'loss'?"),
    "wrong.py:x": ("x = = 1", "wrong.py cannot be read: SyntaxError"),
    "wrong.py:y": ("\n\ny = 1 / 0", "ZeroDivisionError: division by zero (line 3)"),
    "wrong.py:lines": ("raise ValueError('two\\nlines')", "ValueError: two lines (line 1)"),
    "wrong.py:z": ("\nimport nosuch", "No module named 'nosuch' (line 2)"),
    "wrong:z": ("\nimport nosuch", "wrong cannot be read: ModuleNotFoundError: No module named"),
    "wrong.py:end": (
        "import sys\nsys.exit(3)",
        "SystemExit: 3 (line 2); it ends the program when it is",
    ),
    "wrong.py:own": (
        "from symrnn.errors import UserError\nraise UserError('give a number')",
        "wrong.py: give a number",
    ),
}


@pytest.mark.parametrize("target", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(target, folder):
    content, says = WRONG[target]
    (folder / "wrong.py").write_text(content)
    with pytest.raises(UserError) as caught:
        user_object(target)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_python_is_refused(folder):
    (folder / "notes.txt").write_text("x = 1")
    with pytest.raises(UserError, match=r"must end in \.py, but is .*notes.txt"):
        user_object(f"{folder}/notes.txt:x")


def test_a_file_that_cannot_be_read_leaves_no_module_behind(folder):
    (folder / "nowhere_else.py").write_text("1 / 0")
    with pytest.raises(UserError):
        user_module("nowhere_else.py")
    assert "nowhere_else" not in sys.modules
