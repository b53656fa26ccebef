"""Many random graphs, each by its number: ``python tests/native/many_random_graphs.py FIRST COUNT``.

Prints those where native code and the Python linker differ, and counts. Graphs run in children of this process, so
that a crash costs one graph. Even numbers are rewritten by PyTensor first, odd ones lowered as they are built; every
fourth pair runs in watched memory.
"""

import json
import os
import sys
import warnings
from collections import Counter

import numpy as np

os.environ["PYTENSOR_FLAGS"] = "floatX=float64,linker=py,cxx=," + os.environ.get(
    "PYTENSOR_FLAGS", ""
)
os.environ.setdefault("SYMRNN_NATIVE_WARM", "0")

from random_cases import MODES, REFERENCE, REWRITTEN, case_of, difference
from random_graphs import random_graph

from symrnn.native import guarded

CHUNK = 50  # graphs a child


def outcome(number: int) -> tuple[str, str]:
    """How a graph fared, and what differs."""
    rng = np.random.default_rng(number)
    case = case_of(random_graph(lambda n: int(rng.integers(n))))
    if not case.outputs:
        return "nothing grew", ""
    mode = "as_built" if number % 2 else "rewritten"
    found = difference(case, MODES[mode], REFERENCE)
    if found is None:
        return "agree", ""
    if mode == "rewritten" and difference(case, MODES[mode], REWRITTEN) is None:
        return "PyTensor's rewriting changes it", ""
    return "differ", f"{type(found).__name__}: {found}"


def run(numbers, write) -> None:
    """Graphs one after another, each announced before it runs."""
    for number in numbers:
        write([number, "begins", ""])
        if number % 8 < 2:
            with guarded.turned_on():
                write([number, *outcome(number)])
        else:
            write([number, *outcome(number)])


def in_child(numbers, counts: Counter) -> list:
    """The numbers that are left when the child has ended."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        with os.fdopen(writer, "w", buffering=1) as pipe:
            run(numbers, lambda record: pipe.write(json.dumps(record) + "\n"))
        os._exit(0)
    os.close(writer)
    last = [numbers[0], "begins", ""]
    with os.fdopen(reader) as pipe:
        for line in pipe:
            last = json.loads(line)
            if last[1] != "begins":
                counts[last[1]] += 1
                if last[2]:
                    print(last[0], last[2][:600].replace("\n", " "), flush=True)
    _, status = os.waitpid(pid, 0)
    if status:
        counts["crash"] += 1
        print(last[0], f"crash, status {status}", flush=True)
    return [n for n in numbers if n > last[0]]


def main(first: int, count: int) -> None:
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    counts: Counter = Counter()
    for begin in range(first, first + count, CHUNK):
        numbers = list(range(begin, min(begin + CHUNK, first + count)))
        while numbers:
            numbers = in_child(numbers, counts)
    print(json.dumps(dict(counts)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
