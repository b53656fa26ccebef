"""Which changes of the source do the tests notice? By hand: it takes hours, and a mutant may do anything.

    pip install cosmic-ray coverage
    unshare --pid --fork --mount-proc \\
        python tests/mutation/run.py symrnn/updates --sample 60 --folder /tmp/mutation

A copy of the repository is changed, one mutant after the other, and the tests of the changed file (mapped.py) or, after
a run with ``--coverage``, of the changed line (covered.py) are run in a fork of a process that holds PyTensor already:
seconds a mutant. What is known is in `FOLDER/PACKAGE.jsonl`, a line a mutant; a second call goes on where the first was
stopped. docs/mutation.md says what came out.
"""

import argparse
import importlib
import json
import os
import resource
import runpy
import shutil
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
HEAVY = ("numpy", "scipy.stats", "scipy.linalg", "numba", "pytensor.tensor", "pytest", "psutil")
# seconds of the processor after which a mutant is stopped: so many, and times what its tests took, where that is known
LEAST_S, TIMES, UNKNOWN_S = 120.0, 10.0, 1800.0
PATIENCE = 10.0  # times as long by the clock: the machine may be busy
KILLED, SURVIVED, STOPPED = "killed", "survived", "killed by time"


def main() -> None:
    """Run the mutants of one package that have no result yet."""
    options = arguments()
    tree = copied(options.folder)
    enter(tree)
    name = Path(options.package).name
    covered_file, results = (options.folder / f"{name}.{end}" for end in ("covered", "jsonl"))
    if options.coverage and not covered_file.exists():
        in_fork(lambda: covering(tree, options, covered_file), None)
    covered = json.loads(covered_file.read_text()) if covered_file.exists() else None
    from mutants import sample

    done = {json.dumps(json.loads(line)["mutant"]) for line in lines_of(results)}
    end = time.monotonic() + 60 * options.minutes
    for mutant in sample(ROOT, options.package, options.sample, options.seed):
        if time.monotonic() < end and json.dumps(asdict(mutant)) not in done:
            found = outcome(tree, mutant, covered)
            with results.open("a") as file:
                print(json.dumps(found), file=file)
            print(found["result"], f"{mutant.path}:{mutant.line}", found["told"], flush=True)


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", help="folder of the source, such as symrnn/updates")
    parser.add_argument(
        "--coverage", action="store_true", help="find out which tests run which lines"
    )
    parser.add_argument("--sample", type=int, default=40, help="mutants to run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1e6, help="start no mutant after so long")
    parser.add_argument("--folder", type=Path, required=True, help="of the copy and the results")
    return parser.parse_args()


def copied(folder: Path) -> Path:
    """A copy of the source and the tests in a folder, with the times of the files."""
    tree = folder.absolute() / f"tree-{os.getpid()}-{time.time_ns()}"
    for name in ("symrnn", "tests", "experiments", "docs"):
        shutil.copytree(
            ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "mutation")
        )
    for name in ("setup.cfg", "pyproject.toml", "README.md"):
        shutil.copy2(ROOT / name, tree / name)
    return tree


def enter(tree: Path) -> None:
    """Work in the copy, for children too, with everything imported that never changes."""
    sys.path.insert(0, str(HERE))
    runpy.run_path(str(ROOT / "tests" / "conftest.py"))  # flags of PyTensor
    os.environ["PYTHONPATH"] = f"{tree}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    os.chdir(tree)
    for name in HEAVY:
        __import__(name)
    assert "symrnn" not in sys.modules
    sys.path.insert(0, str(tree))


def covering(tree: Path, options: argparse.Namespace, file: Path) -> None:
    """Find out which tests run which lines."""
    from covered import measure
    from mapped import tests_of_package

    measure(tree, options.package, tests_of_package(options.package), file)


def outcome(tree: Path, mutant, covered: dict | None) -> dict:
    """What the tests say of a mutant."""
    from covered import tests_of
    from mapped import tests_of_file

    seconds = covered["seconds"] if covered else {}
    tests = tests_of(covered, mutant) if covered else tests_of_file(mutant.path)
    # A limit below what the tests take by themselves would count every mutant as caught.
    took_s = sum(seconds.get(test, 0.0) for test in tests)
    limit_s = LEAST_S + TIMES * took_s if covered else UNKNOWN_S
    change(tree / mutant.path, mutant.text(ROOT))
    begin = time.monotonic()
    status = in_fork(lambda: run_tests(tests, mutant, Nearest(mutant, seconds)), limit_s)
    change(tree / mutant.path, (ROOT / mutant.path).read_text())
    result = STOPPED if status in OUT_OF_TIME else SURVIVED if status == 0 else KILLED
    wall_s = round(time.monotonic() - begin, 1)
    known = {"mutant": asdict(mutant), "result": result, "told": mutant.told(ROOT)}
    return known | {"status": status, "tests": len(tests), "wall_s": wall_s}


def change(path: Path, text: str) -> None:
    """Write a file of the source; what Python compiled of it goes, since its time says too little."""
    path.write_text(text)
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()


OUT_OF_TIME = (None, -signal.SIGXCPU)


@dataclass
class Nearest:
    """A plugin of pytest: the tests named after the changed function come first, then the quickest."""

    mutant: Any
    seconds: dict[str, float]
    ran: int = 0

    def pytest_collection_modifyitems(self, items):
        def distance(item):
            return self.mutant.function not in item.nodeid, self.seconds.get(item.nodeid, 0.0)

        items.sort(key=distance)

    def pytest_runtest_logreport(self, report):
        self.ran += report.when == "call"


def run_tests(tests: list[str], mutant, nearest: Nearest) -> int:
    """Run some tests up to the first that fails, then the module's examples."""
    import doctest

    import pytest

    log = os.open(os.devnull, os.O_WRONLY)
    for fd in (1, 2):
        os.dup2(log, fd)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "-W", "ignore"]
    if status := int(pytest.main([*options, *tests], plugins=[nearest])):
        return status
    assert nearest.ran, tests
    module = importlib.import_module(mutant.path.removesuffix(".py").replace("/", "."))
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    return int(doctest.testmod(module, optionflags=flags).failed > 0)


def in_fork(work, limit_s: float | None) -> int | None:
    """The exit status of some work in a fork in a group of its own; None where it takes too long by the clock."""
    sys.stdout.flush()
    if not (child := os.fork()):
        os.setsid()
        if limit_s:
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s) + 5))
        status = 99
        try:
            status = work() or 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    begin = time.monotonic()
    while limit_s is None or time.monotonic() < begin + PATIENCE * limit_s:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def lines_of(path: Path) -> list[str]:
    """The lines of a file that need not exist."""
    return path.read_text().splitlines() if path.exists() else []


if __name__ == "__main__":
    main()
