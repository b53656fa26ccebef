"""What a release says of itself agrees: versions, requirements, files, placeholders, completion."""

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import symrnn
from symrnn.commands.cli import COMMANDS, cli

ROOT = Path(__file__).parents[1]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")


def text(name):
    return (ROOT / name).read_text()


def test_every_file_has_the_same_version():
    assert re.search(r"^## (\S+)", text("CHANGELOG.md"), re.MULTILINE)[1] == symrnn.__version__
    assert f"\nversion: {symrnn.__version__}\n" in text("CITATION.cff")
    assert f'version: "{symrnn.__version__}"' in text("conda.recipe/recipe.yaml")
    assert SETUP["metadata"]["version"] == "attr: symrnn.__version__"


def test_the_recipe_of_conda_has_the_requirements_of_pip():
    recipe = text("conda.recipe/recipe.yaml")
    run = re.search(r"\n  run:\n((?:    - .*\n)+)", recipe)[1]
    ours = {line.strip("- ").replace(" ", "") for line in run.splitlines()}
    pips = {line.strip() for line in SETUP["options"]["install_requires"].split("\n")} - {""}
    renamed = {"msgspec": "msgspec-python"}
    assert ours == {renamed.get(each, each) for each in pips} | {"python>=${{python_min}}"}
    assert SETUP["options"]["python_requires"] == ">=3.11"
    assert 'python_min: "3.11"' in recipe


def test_the_recipe_of_conda_is_one():
    build = pytest.importorskip("rattler_build")
    recipe = text("conda.recipe/recipe.yaml")
    [rendered] = build.Stage0Recipe.from_yaml(recipe).render()
    assert rendered is not None
    with pytest.raises(build.RecipeParseError, match="invalid value for 'noarch'"):
        build.Stage0Recipe.from_yaml(recipe.replace("noarch: python", "noarch: perl"))


def test_placeholders_are_documented():
    told = text("CONTRIBUTING.md")
    for name in ("setup.cfg", "CITATION.cff", "conda.recipe/recipe.yaml"):
        for host in set(re.findall(r"[\w.]*\bexample(?:\.org)?\b", text(name))):
            assert host in told, (name, host)


def test_the_source_distribution_holds_what_git_holds():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no checkout of git")
    rules = [line.split() for line in text("MANIFEST.in").splitlines() if line and line[0] != "#"]
    folders = {words[1] for words in rules if words[0] == "graft"}
    files = {name for words in rules if words[0] == "include" for name in words[1:]}
    missing = [
        path
        for path in listed.stdout.splitlines()
        if path.split("/")[0] not in folders and path not in files | {"MANIFEST.in"}
    ]
    assert missing == []


def test_version_tells_what_a_bug_report_needs():
    lines = CliRunner().invoke(cli, ["--version"]).output.splitlines()
    assert lines[0] == f"symrnn {symrnn.__version__}"
    assert [line.split(" ")[0].rstrip(":") for line in lines[1:]] == [
        *("Python", "pytensor", "backends", "C++", "BLAS")
    ]
    assert "numba" in lines[3]
    assert re.search(r"openblas|mkl|blis|accelerate", lines[5], re.IGNORECASE)


def completed(shell, instruction, *words):
    """What the program says to a shell that asks it."""
    environment = {
        **os.environ,
        "_SYMRNN_COMPLETE": f"{shell}_{instruction}",
        "COMP_WORDS": " ".join(["symrnn", *words]),
        "COMP_CWORD": str(len(words)),
    }
    command = [sys.executable, "-c", "from symrnn.commands.cli import main; main()"]
    return subprocess.run(command, env=environment, capture_output=True, text=True).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_told_how_to_ask(shell):
    assert f"_SYMRNN_COMPLETE={shell}_complete" in completed(shell, "source")


def test_the_program_completes_where_a_shell_asks_it():
    assert "--checkpoint" in completed("bash", "complete", "predict", "--ch")


def test_commands_complete_in_process():
    from click.shell_completion import ShellComplete

    complete = ShellComplete(cli, {}, "symrnn", "_SYMRNN_COMPLETE")
    assert {each.value for each in complete.get_completions([], "")} == {c.name for c in COMMANDS}
    modes = complete.get_completions(["train", "--mode"], "NA")
    assert [each.value.upper() for each in modes] == ["NATIVE"]
