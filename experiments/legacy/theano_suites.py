"""Run Theano's own tests, unchanged, from a copy of its repository, and print what fails and why.

Usage: theano_suites.py CHECKOUT [--suite NAME]... [--piece I/N] [--linker py|native] [--limit-s SECONDS]

`CHECKOUT` is a checkout of Theano/Theano; its tests run against the facade, by ``python -m symrnn.compat -m pytest``.
What they import of Theano's test tools is the facade's or, of other tests, the checkout's. Failures are grouped by the
first line of their errors. Needs the extra ``compat``; a piece of the longest suite takes minutes.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path

SUITES = {  # by name: the file, and options of pytest
    "scan": ("theano/scan_module/tests/test_scan.py", ["-k", "not Gpu"]),
    "gradient": ("theano/tests/test_gradient.py", []),
    "basic": ("theano/tensor/tests/test_basic.py", []),
    "subtensor": ("theano/tensor/tests/test_subtensor.py", []),
    "nnet": ("theano/tensor/nnet/tests/test_nnet.py", []),
}
LINKERS = {"native": "", "py": "linker=vm,cxx="}  # Theano's flags


def run(checkout, suite, piece, linker, limit_s):
    """Each test's outcome and the first line of its error, by name; those that were done when the limit came."""
    path, options = SUITES[suite]
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder, "outcomes")
        here = str(Path(__file__).parent)
        paths = {"PYTHONPATH": os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])}
        flags = {"THEANO_FLAGS": f"base_compiledir={folder},{LINKERS[linker]}"}
        command = [sys.executable, "-W", "ignore", "-m", "symrnn.compat", "-m", "pytest", "-q"]
        command += [
            "-c",
            os.devnull,
            "--rootdir",
            str(checkout),
            "-p",
            "no:cacheprovider",
            "--tb=short",
        ]
        command += [
            "-p",
            "every_nth",
            "--piece",
            piece,
            "--outcomes",
            str(outcomes),
            "--timeout=120",
        ]
        command += ["--continue-on-collection-errors", *options, path]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, cwd=checkout, env=os.environ | flags | paths, stdout=subprocess.DEVNULL,
                           timeout=limit_s, check=False)  # fmt: skip
        lines = outcomes.read_text().splitlines() if outcomes.exists() else []
    return {name: (how, said) for name, how, said in map(json.loads, lines)}


def group(message):
    """`message` without what differs between tests of one cause."""
    return re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?(e-?\d+)?", "#", message)[:160]


def main(checkout, suites, piece, linker, limit_s):
    for suite in suites:
        found = run(checkout.absolute(), suite, piece, linker, limit_s)
        counts = Counter(how for how, _ in found.values())
        print(suite, piece, linker, dict(counts), flush=True)
        causes = defaultdict(list)
        for name, (how, said) in found.items():
            if how == "failed":
                causes[group(said)].append(name)
        for cause, names in sorted(causes.items(), key=lambda pair: -len(pair[1])):
            print(f"  {len(names)} x {cause}")
            print("".join(f"      {name}\n" for name in names), end="", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--suite", action="append", choices=SUITES)
    parser.add_argument("--piece", default="0/1")
    parser.add_argument("--linker", default="native", choices=LINKERS)
    parser.add_argument("--limit-s", type=float, default=540)
    given = parser.parse_args()
    main(given.checkout, given.suite or SUITES, given.piece, given.linker, given.limit_s)
