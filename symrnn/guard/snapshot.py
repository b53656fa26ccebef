"""Sizes of graphs in a text file that is read in a diff: one block per graph, PyTensor version and mode.

    == test_layer[gru] / train | pytensor 3.0.7 | mode NUMBA
    nodes 59
    inner_nodes 30
    ...
    ops
      Elemwise{Add} 7
    graph
      ...

Blocks are sorted and separated by a blank line; the graph is there when it was asked for.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytensor
from filelock import FileLock
from pytensor.graph.basic import Apply, Constant, Variable

from symrnn.errors import UserError
from symrnn.guard.budget import LIMITS, contributors
from symrnn.measure.modes import mode_name
from symrnn.measure.sizes import graph_size, op_name
from symrnn.measure.target import outputs_of, target_of
from symrnn.replacing import replacing
from symrnn.versions import inner_graphs

HEAD = "== {test} / {name} | pytensor {version} | mode {mode}"
BEFORE = "none (before rewriting)"


@dataclass(frozen=True, order=True)
class Key:
    """Which graph a block is about."""

    test: str
    name: str
    version: str
    mode: str

    def __str__(self) -> str:
        return HEAD.format(**vars(self))

    @classmethod
    def parse(cls, line: str) -> "Key":
        """The key in the first line of a block."""
        try:
            # From the right: a test's name may hold the same signs, in the id of a parameter, say.
            which, version, mode = line.removeprefix("== ").rsplit(" | ", 2)
            test, name = which.rsplit(" / ", 1)
        except ValueError:
            raise UserError(
                f"a snapshot file must hold blocks that start with {HEAD!r}, but has {line!r};"
                " delete the file and write it again with --graph-update"
            ) from None
        return cls(test, name, version.removeprefix("pytensor "), mode.removeprefix("mode "))


def key_of(graph: object, test: str, name: str) -> Key:
    """The key of `graph` here and now."""
    mode = target_of(graph).mode
    return Key(test, name, pytensor.__version__, BEFORE if mode is None else mode_name(mode))


def block(graph: object, with_graph: bool = False) -> list[str]:
    """The lines of a block about `graph`, the head left out."""
    size = graph_size(graph)
    lines = [f"{name} {getattr(size, name)}" for name in LIMITS]
    lines += ["ops", *(f"  {op} {n}" for op, n in sorted(size.by_op.items()))]
    if with_graph:
        lines += ["graph", *(f"  {line}" for line in canonical_print(outputs_of(graph)))]
    return lines


def canonical_print(outputs: Sequence[Variable]) -> list[str]:
    """A graph as lines ``%3 = Add(%1, w)``, numbered depth first from the outputs, bodies indented."""
    numbers: dict[Variable, str] = {}
    letters: dict[Variable, str] = {}
    lines = []

    def named(x):
        if x in numbers:
            return numbers[x]
        if isinstance(x, Constant):
            return str(x.data)
        # names of inputs, else their order
        return letters.setdefault(x, f"{x.name or 'input' + str(len(letters))}")

    # By their order in the graph and not by id or name of op: the print is the same in every process.
    for node in depth_first(outputs):
        arguments = ", ".join(named(x) for x in node.inputs)
        for x in node.outputs:
            numbers[x] = f"%{len(numbers)}"
        results = ", ".join(numbers[x] for x in node.outputs)
        lines.append(f"{results} = {op_name(node.op)}({arguments})")
        for graph in inner_graphs(node.op):
            lines += [f"  {line}" for line in canonical_print(graph.outputs)]
    return [*lines, "return " + ", ".join(named(x) for x in outputs)]


def depth_first(outputs: Sequence[Variable]) -> Iterator[Apply]:
    """Apply nodes, each after those it needs, in the order in which the outputs meet them."""
    done, pending = set(), [(x.owner, False) for x in reversed(outputs) if x.owner]
    while pending:
        node, ready = pending.pop()
        if node in done:
            continue
        if ready:
            done.add(node)
            yield node
        else:
            # Met again once all that it needs is done; on a list, since graphs are deeper than Python's stack.
            pending.append((node, True))
            pending += [(x.owner, False) for x in reversed(node.inputs) if x.owner]


def read(path: str | Path) -> dict[Key, list[str]]:
    """The blocks of a snapshot file, ``{key: lines}``; none when there is no file."""
    blocks: dict[Key, list[str]] = {}
    lines: list[str] = []
    for line in Path(path).read_text(encoding="utf-8").splitlines() if Path(path).is_file() else ():
        if line.startswith("== "):
            lines = blocks.setdefault(Key.parse(line), [])
        elif line:
            lines.append(line)
    return blocks


@contextmanager
def changed(path: str | Path) -> Iterator[dict[Key, list[str]]]:
    """The blocks of a snapshot file to change; written when they did, deleted when none is left.

    Safe when several processes do so at once (pytest-xdist).
    """
    with lock(path):
        blocks = read(path)
        before = dict(blocks)
        yield blocks
        if blocks == before:
            return
        if not blocks:
            Path(path).unlink()
            return
        text = "\n\n".join("\n".join([str(key), *blocks[key]]) for key in sorted(blocks))
        # A reader sees the old file or the new one, never half of one.
        with replacing(path) as beside:
            beside.write_text(text + "\n", encoding="utf-8")


def lock(path: str | Path) -> FileLock:
    """A lock for the file at `path`, among the processes of this user.

    It lies with temporary files: a lock file stays where it is, and beside tests it would be in the way.
    """
    place = hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()[:16]
    return FileLock(Path(tempfile.gettempdir()) / f"symrnn-{os.getuid()}-{place}.lock")


def changes(graph: object, old: Sequence[str], new: Sequence[str]) -> list[str]:
    """What a graph whose block is no longer `old` is told."""
    before, after = counts_of(old), counts_of(new)
    moved = [name for name in before | after if before.get(name) != after.get(name)]
    sizes = [name for name in LIMITS if name in moved]
    if not moved:
        return ["the graph changed, its size did not", *first_difference(old, new)]
    named = sizes or moved
    grew = [
        f"{name} {'grew' if after.get(name, 0) > before.get(name, 0) else 'shrank'}"
        f" from {before.get(name, 0)} to {after.get(name, 0)}"
        for name in named
    ]
    by_op = {op: after.get(op, 0) - before.get(op, 0) for op in moved if op not in LIMITS}
    lost = ", ".join(f"{op} {n}" for op, n in sorted(by_op.items(), key=lambda p: p[1]) if n < 0)
    lines = contributors(graph, by_op) if any(n > 0 for n in by_op.values()) else []
    lines = [line.replace("most frequent ops", "ops that were added") for line in lines]
    return [", ".join(grew), *lines, *([f"  ops that were removed: {lost}"] if lost else [])]


def counts_of(lines: Iterable[str]) -> dict[str, int]:
    """The counts of a block, ops among them."""
    counts = {}
    for line in lines:
        # What follows is the printed graph, whose lines end in anything.
        if line == "graph":
            break
        if line != "ops":
            name, count = line.strip().rsplit(" ", 1)
            counts[name] = int(count)
    return counts


def first_difference(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The first line in which two blocks differ."""
    for before, after in zip(old, new):
        if before != after:
            return [f"  was {before.strip()}", f"  is  {after.strip()}"]
    return []
