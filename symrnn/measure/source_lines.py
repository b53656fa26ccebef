"""Which line of the user's source grew the graph: apply nodes by the line that made them.

PyTensor keeps the call stack of every variable that is made (``tag.trace``, up to ``config.traceback__limit`` frames;
build within `full_traces` to keep all of them). The user's line is the innermost frame outside of PyTensor and symrnn.
Gradient nodes belong to the line that calls ``pytensor.grad``. Nodes that rewrites made without a stack have no line;
nodes of a body whose stacks are lost (PyTensor 3.3 drops them when it freezes the body of a scan) go with the node
around them.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytensor
from pytensor.graph.basic import Apply, Variable

import symrnn
from symrnn.measure.file_names import file_name, in_library
from symrnn.measure.sizes import apply_nodes, is_scalar_body, with_wrapped
from symrnn.measure.target import outputs_of
from symrnn.versions import inner_graphs

PYTENSOR, SYMRNN, STANDARD = (
    f"{Path(str(module.__file__)).parent}{os.sep}" for module in (pytensor, symrnn, os)
)
MEASURE = f"{SYMRNN}measure{os.sep}"  # builds for nobody: a model's gradient is taken here, say
Place = tuple[str, int, str]  # path, line and text


@dataclass(frozen=True)
class SourceLine:
    """One line of source, and the apply nodes that it made; without a path: made by rewrites."""

    path: str
    line: int
    text: str
    nodes: int  # in the outermost graph
    inner_nodes: int  # in bodies of scans and the like

    def __str__(self) -> str:
        return f"{file_name(self.path)}:{self.line}" if self.path else "(rewrites)"


def full_traces() -> AbstractContextManager:
    """A context in which every variable that is made keeps its whole call stack."""
    return pytensor.config.change_flags(traceback__limit=-1)


def source_lines(graph: object) -> list[SourceLine]:
    """The lines that made `graph` (anything that `target_of` takes), the one with most nodes first.

    The nodes of all lines add up to those that `graph_size` counts.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> (line,) = source_lines(x + x)
    >>> line.text, line.nodes
    ('(line,) = source_lines(x + x)', 1)
    """
    outer: Counter[Place] = Counter()
    inner: Counter[Place] = Counter()
    for place, is_inner in places(outputs_of(graph), None, False):
        (inner if is_inner else outer)[place] += 1
    lines = [SourceLine(*place, outer[place], inner[place]) for place in outer | inner]
    return sorted(lines, key=lambda each: (-each.nodes - each.inner_nodes, each.path, each.line))


NOWHERE = ("", 0, "")


def places(
    outputs: Iterable[Variable], around: Place | None, is_inner: bool
) -> Iterator[tuple[Place, bool]]:
    """Path, line and text for each node, and whether it is in a body; `around` is for lost ones."""
    for node in apply_nodes(outputs):
        place = user_line(node) or around or NOWHERE
        yield place, is_inner
        # Scalar nodes count apart, as in `graph_size`: else the lines would not add up to it.
        if not is_scalar_body(node.op):
            for op in with_wrapped(node.op):
                for graph in inner_graphs(op):
                    yield from places(graph.outputs, place, True)


def user_line(node: Apply) -> Place | None:
    """Path, line and text of the innermost frame outside of the libraries that made `node`.

    Where only frames of symrnn are kept, the innermost of these; None where no stack is kept. An op's own `make_node`
    makes nodes for whoever calls the op, so it is passed over.
    """
    # What a rewrite made of several variables has the stacks of all of them; the first one stands for it.
    traces = [trace for out in node.outputs for trace in getattr(out.tag, "trace", None) or ()]
    frames = [frame for trace in traces[:1] for frame in reversed(trace)]
    # The innermost first: helpers of the user's own call each other, and the deepest one made the node.
    outside = [
        (path, line, text or "")
        for path, line, function, text in frames
        if not is_library(path) and function != "make_node"
    ]
    users = [place for place in outside if not place[0].startswith(SYMRNN)]
    return next(iter(users or outside), None)


def source_line(node: Apply) -> str | None:
    """`user_line` as people read it, ``train.py:12`` as seen from the current folder; None where it is lost."""
    place = user_line(node)
    return file_and_line(*place[:2]) if place else None


def file_and_line(path: str, line: int | None) -> str:
    """A line as people read it, ``train.py:12``; nothing where there is no path."""
    return f"{relative(path)}:{line}" if path else ""


def relative(filename: str) -> str:
    """A path as seen from the current folder, if it is below; of an installed library, as it is imported."""
    if installed := in_library(filename):
        return installed
    path, here = Path(filename), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else filename


def is_library(path: str) -> bool:
    """Whether a file belongs to PyTensor, to Python's standard library, or to what measures.

    Examples
    --------
    >>> is_library(pytensor.__file__), is_library("model.py")
    (True, False)
    """
    if path.startswith((PYTENSOR, MEASURE, "<frozen")):
        return True
    # Installed packages lie in a folder of the standard library's, and are somebody's code.
    return path.startswith(STANDARD) and in_library(path) is None
