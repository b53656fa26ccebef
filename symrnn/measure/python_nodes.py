"""What native mode leaves to Python in a step, by the line of source that made it, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytensor.compile.executor import Function
from pytensor.graph.basic import Variable
from pytensor.graph.op import Op

from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.modes import backend_of
from symrnn.measure.sizes import apply_nodes, is_scalar_body, with_wrapped
from symrnn.measure.source_lines import NOWHERE, Place, user_line
from symrnn.measure.target import outputs_of
from symrnn.versions import inner_graphs


@dataclass(frozen=True)
class PythonNode:
    """A node that Python runs in a step, and the line that made it; no path where that is lost."""

    op: str
    path: str
    line: int
    text: str
    reason: str
    times: float  # in a step
    step_s: float  # all times together
    call_s: float  # each time


def python_nodes(
    functions: Sequence[Function],
    arguments: Sequence[Sequence],
    specs: Sequence[FunctionSpec] = (),
) -> list[PythonNode] | None:
    """The nodes that Python runs of native functions, the dearest first; None where no function is native.

    They are called some times more, and update what they update. A node whose line is lost has that of its op in the
    bodies of `specs`, which the functions were made from, where the op stands at one line alone.

    Examples
    --------
    >>> import numpy as np, pytensor, pytensor.tensor as pt, symrnn.native
    >>> x = pt.vector("x")
    >>> f = pytensor.function([x], [pt.exp(x), pt.nonzero(x)[0]], mode="NATIVE")
    >>> [(node.op, node.times) for node in python_nodes([f], [[np.ones(3)]])]
    [('Nonzero', 1.0)]
    """
    native = [(f, args) for f, args in zip(functions, arguments, strict=True) if is_native(f)]
    if not native:
        return None
    from symrnn.native.left_to_python import left_to_python

    found = []
    in_bodies = lines_by_op(outputs_of(list(specs))) if specs else {}
    for function, args in native:
        for left in left_to_python(function, *args):
            place = user_line(left.node) or only(in_bodies.get(left.node.op, set()))
            each_s = left.seconds / left.times
            found.append(
                PythonNode(str(left.node.op), *place, left.reason, left.times, left.seconds, each_s)
            )
    return sorted(found, key=lambda node: -node.step_s)


def is_native(function: Function) -> bool:
    """Whether native mode compiled the function."""
    backend = backend_of(function.maker.mode)
    return backend is not None and "symrnn.native" in backend.modules


def only(places: set[Place]) -> Place:
    """The place, where there is one."""
    return next(iter(places)) if len(places) == 1 else NOWHERE


def lines_by_op(outputs: Iterable[Variable]) -> dict[Op, set[Place]]:
    """The lines that made nodes in bodies of scans and the like, by op."""
    found: dict[Op, set[Place]] = {}
    for op, place in ops_in_bodies(outputs):
        found.setdefault(op, set()).add(place)
    return found


def ops_in_bodies(
    outputs: Iterable[Variable], around: Place | None = None
) -> Iterator[tuple[Op, Place]]:
    """Every op in a body with the line that made its node or, where that is lost, the node around."""
    for node in apply_nodes(outputs):
        place = user_line(node) or around or NOWHERE
        if around is not None:
            yield node.op, place
        if not is_scalar_body(node.op):
            for op in with_wrapped(node.op):
                for graph in inner_graphs(op):
                    yield from ops_in_bodies(graph.outputs, place)
