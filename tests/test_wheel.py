"""What is installed from a wheel is whole: experiments, templates and data are in it, and found from any folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SOURCES = [
    "setup.py",
    "setup.cfg",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "symrnn",
    "experiments",
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of a package as a wheel holds it, and an empty one to work in."""
    folder = tmp_path_factory.mktemp("wheel")
    copy, built, empty = folder / "copy", folder / "built", folder / "empty"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in SOURCES:
        source = REPOSITORY / name
        copy.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copy(source, copy)
    empty.mkdir()
    build = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(built)]
    subprocess.run(build, check=True, cwd=copy, capture_output=True)
    return built / "symrnn", empty


def test_every_file_of_the_repository_is_in_the_wheel(installed):
    package, _ = installed
    wanted = {path.relative_to(REPOSITORY / "symrnn") for path in files(REPOSITORY / "symrnn")}
    wanted |= {path.relative_to(REPOSITORY) for path in files(REPOSITORY / "experiments")}
    assert wanted == {path.relative_to(package) for path in files(package)}


def files(folder):
    """The files of a package that git would keep."""
    return [path for path in folder.rglob("*.*") if path.is_file() and path.suffix != ".pyc"]


def command(package, folder, *words):
    """The end of `symrnn WORDS` as installed, in a folder."""
    code = "import sys, symrnn.commands.cli as c; c.cli(sys.argv[1:], prog_name='symrnn')"
    run = [sys.executable, "-c", code, *words]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(package.parent)}
    return subprocess.run(run, cwd=folder, env=environment, capture_output=True, text=True)


def test_experiments_are_found_in_an_empty_folder(installed):
    package, empty = installed
    done = command(package, empty, "list")
    assert done.returncode == 0, done.stderr
    names = {line.split()[0] for line in done.stdout.splitlines()[1:] if line[:1].strip()}
    assert names == {path.stem for path in (REPOSITORY / "experiments").glob("*.py")}
    assert "cannot be read" not in done.stdout


def test_an_experiment_runs_in_an_empty_folder(installed, tmp_path):
    package, _ = installed
    chosen = [word for each in ("depth=1", "form=sgd") for word in ("--where", each)]
    done = command(package, tmp_path, "run", "nesterov_forms", "--quick", *chosen)
    assert done.returncode == 0, done.stderr
    written = {path.name for path in (tmp_path / "results" / "nesterov_forms").iterdir()}
    assert {"records.jsonl", "report.html", "report.md", "nesterov_forms.svg"} <= written


def test_those_of_the_current_folder_come_first(installed, tmp_path):
    package, _ = installed
    (tmp_path / "experiments").mkdir()
    shutil.copy(REPOSITORY / "tests" / "study" / "naive.py", tmp_path / "experiments" / "mine.py")
    told = command(package, tmp_path, "list").stdout
    assert "mine" in told
    assert "sharing" not in told
    assert command(package, tmp_path, "show", "mine").stderr.startswith(
        "symrnn: nothing is recorded"
    )


def test_an_experiments_folder_of_another_project_is_passed_over(installed):
    package, empty = installed
    stranger = package.parent / "experiments"
    stranger.mkdir()
    (stranger / "setup_of_another.py").write_text("x = 1")
    told = command(package, empty, "list").stdout
    shutil.rmtree(stranger)
    assert "sharing" in told
    assert "setup_of_another" not in told
