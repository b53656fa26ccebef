"""The documentation runs: every module's examples, and the README's."""

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import symrnn

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MODULES = [
    module.name
    for module in pkgutil.walk_packages(symrnn.__path__, "symrnn.")
    if "__main__" not in module.name
]


def source(name):
    """The text of a module."""
    path = ROOT.joinpath(*name.split("."))
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()


WITH_EXAMPLES = [name for name in MODULES if ">>>" in source(name)]

# Modules whose examples need an extra: where it is installed, `tests/models/test_picture_codec.py` runs them as well.
WITH_EXTRA = {
    "symrnn.data.patches": "skimage",
    "symrnn.models.coded_numbers": "constriction",
    "symrnn.models.coded_picture": "constriction",
}


def test_every_module_is_imported_without_an_extra_and_says_what_it_is():
    assert [name for name in MODULES if not importlib.import_module(name).__doc__] == []


SECTION = re.compile(r"^ *(\w+)\n *(-{3,})$", re.MULTILINE)  # of a docstring, as numpydoc has them


def test_titles_of_docstrings_stand_on_a_line_of_their_own_above_their_underline():
    """A formatter that fills paragraphs runs them together, and the text below into them."""
    sections = {name: SECTION.findall(source(name)) for name in MODULES}
    assert [
        (name, title)
        for name, found in sections.items()
        for title, line in found
        if len(title) != len(line)
    ] == []
    assert [name for name in MODULES if re.search(r"[A-Z]\w+ +-{4,}", source(name))] == []


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of_module_run(name):
    if name in WITH_EXTRA and not find_spec(WITH_EXTRA[name]):
        pytest.skip(f"its examples need {WITH_EXTRA[name]}")
    failed, attempted = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )
    assert failed == 0
    assert attempted > 0


def block(heading):
    """The fenced block under a comment of the README."""
    return re.search(rf"<!-- {heading} -->\n```\w*\n(.*?)```", README, re.DOTALL)[1]


def test_example_of_the_readme_runs():
    example = block("the example")
    assert len([line for line in example.splitlines() if line.strip()]) <= 22
    exec(compile(example, "README.md", "exec"), {})


def test_commands_of_the_readme_make_their_own_environment():
    for heading in ("the main job", "the tests"):
        [command] = block(heading).splitlines()
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -q -e ")


@pytest.mark.slow
def test_main_job_of_the_readme_runs(tmp_path):
    arguments = block("the main job").strip().split(" && ")[-1].split()[1:]
    environment = {key: value for key, value in os.environ.items() if key != "PYTENSOR_FLAGS"}
    # One depth of four, with all forms, and the training: the others' jobs are the same code once more.
    for chosen in ("depth=1", "task=train"):
        options = ["--where", chosen, "--results", tmp_path]
        subprocess.run(
            [sys.executable, "-m", "symrnn", *arguments, *options],
            cwd=ROOT,
            env=environment,
            check=True,
        )
    report = (tmp_path / "nesterov_forms" / "report.md").read_text()
    assert "exactly the scans and components of sgd" in report
    assert "(below 1e-9)" in report
