"""The pages of the site: their Python runs and prints what stands below it, their commands are commands."""

import contextlib
import doctest
import io
import re
import shlex
import sys
from pathlib import Path

import click
import pytest

import symrnn.ops
from symrnn.commands.cli import cli
from symrnn.models import RECIPES

ROOT = Path(__file__).parents[2]
DOCS, README = ROOT / "docs", ROOT / "README.md"
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if not {"upstream", "made", "_build"} & set(path.relative_to(DOCS).parts)
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS = re.compile(r"<!-- needs (\w+) -->")
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def name_of(path):
    return str(path.relative_to(DOCS))


def blocks(path, *kinds):
    """``(kind, text, line)`` of the fenced blocks of a page."""
    text = path.read_text()
    return [
        (found[1], found[2], text.count("\n", 0, found.start()) + 1)
        for found in BLOCK.finditer(text)
        if found[1] in kinds
    ]


WITH_PYTHON = [path for path in PAGES if blocks(path, "python")]


@pytest.mark.parametrize("path", WITH_PYTHON, ids=name_of)
def test_python_of_the_page_runs_and_prints_what_stands_below(path, tmp_path, monkeypatch):
    for module in NEEDS.findall(path.read_text()):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(DOCS))
    names, printed = {"__name__": path.stem}, ""
    for kind, text, line in blocks(path, "python", "text"):
        if kind == "python":
            # on the page's own lines, which errors and source lines of graphs then name
            code = compile("\n" * line + text, path.name, "exec")
            with contextlib.redirect_stdout(io.StringIO()) as told:
                exec(code, names)
            printed = told.getvalue()
        elif printed:
            assert doctest.OutputChecker().check_output(text, printed, FLAGS), (
                f"{name_of(path)}:{line} says\n{text}but the program above it prints\n{printed}"
            )
            printed = ""
    for module in ("my_network", "making.gradients"):
        sys.modules.pop(module, None)


def commands(text):
    """The `symrnn` commands that stand alone on a line, as words."""
    lines = (line.strip().removeprefix("$ ") for line in text.splitlines())
    found = [line for line in lines if re.match(r"(python -m )?symrnn -?-?[a-z-]", line)]
    return [shlex.split(line.split("symrnn ", 1)[1], comments=True) for line in found]


def test_commands_are_found():
    text = (
        "Say symrnn run x.\n\n    $ symrnn run depth --quick  # a minute\n```\nsymrnn list\n```\n"
    )
    assert commands(text) == [["run", "depth", "--quick"], ["list"]]


WITH_COMMANDS = [path for path in [README, *PAGES] if commands(path.read_text())]


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=lambda path: path.stem)
def test_commands_of_the_page_are_commands(path):
    text = path.read_text()
    for name, *words in commands(text):
        if name.startswith("-"):
            assert name in {option for each in cli.params for option in each.opts}
            continue
        # what is parsed is not run: options, choices and numbers of arguments are checked; files are the reader's
        with contextlib.suppress(FileGone):
            given = parsed(cli.commands[name], name, words).params
            for experiment in given.get("names") or ():
                file = ROOT / "experiments" / f"{experiment}.py"
                assert file.is_file() or f"{experiment}.py" in text, words
            target = str(given.get("target", ""))
            if target.startswith("docs/"):
                file, function = target.split(":")
                assert f"\ndef {function}():" in (ROOT / file).read_text(), words


class FileGone(Exception):
    """A file that a command names and that is not here."""


def parsed(command, name, words):
    """The words as a command's parameters."""
    try:
        return command.make_context(name, list(words), parent=None)
    except click.BadParameter as error:
        if "does not exist" in str(error):
            raise FileGone from error
        raise


def test_every_network_has_a_page_in_the_gallery():
    assert {path.stem for path in (DOCS / "gallery").glob("*.md")} - {"index"} == set(RECIPES)


def test_ops_that_are_told_of_are_public():
    """A module that a page or the changelog names is one that the reference has."""
    told = "\n".join(path.read_text() for path in [ROOT / "CHANGELOG.md", *PAGES])
    named = set(re.findall(r"\bsymrnn\.ops\.(\w+)", told)) - {"rst"}  # the reference's own page
    assert named - set(symrnn.ops.__all__) == set()


IMAGE = re.compile(r"^```\{figure\} (\S+)\n((?::\w+:[^\n]*\n)*)(.*?)```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_figure_has_an_alternative_and_its_command(path):
    for source, options, caption in IMAGE.findall(path.read_text()):
        assert re.search(r":alt: \S.{20,}", options), source
        assert re.search(r"`(symrnn|python)\s[^`]+`", caption), source
        if "/made/" not in source and not source.startswith("made/"):
            assert (path.parent / source).is_file()


@pytest.mark.parametrize("path", sorted(DOCS.glob("gates/*.html")), ids=name_of)
def test_pages_of_gates_are_those_that_the_command_draws_today(path):
    """Their script and style are the template's: a page that lags behind it is drawn again."""
    template = (DOCS.parent / "symrnn" / "gates" / "templates" / "page.html.j2").read_text()
    script = re.search(r"<script>\n(const INK.*?)</script>", template, re.DOTALL)[1]
    style = re.search(r"<style>.*?</style>", template, re.DOTALL)[0]
    page = path.read_text()
    assert script in page
    assert style in page


LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#\S*)?\)")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_of_the_first_pages_lead_somewhere(name):
    lost = [link for link in LINK.findall((ROOT / name).read_text()) if not (ROOT / link).exists()]
    assert lost == []
