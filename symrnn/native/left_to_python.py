"""What the nodes cost that PyTensor runs itself: how often each runs in a call, and the seconds that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean, median
from time import perf_counter
from unittest.mock import patch

from pytensor.compile.executor import Function
from pytensor.graph.basic import Apply

from symrnn.native.python_node import PythonNode
from symrnn.native.report import native_function, native_report


@dataclass(frozen=True)
class LeftToPython:
    """A node that PyTensor runs itself.

    Attributes
    ----------
    node, reason
        What it is, and why there is no native code for it.
    times
        How often it runs in a call of the function.
    seconds
        That it takes in a call, all times together: the median of the calls. What nodes within it take is theirs.
    """

    node: Apply
    reason: str
    times: float
    seconds: float


def left_to_python(function: Function, *arguments: object, calls: int = 5) -> list[LeftToPython]:
    """The nodes that Python runs in calls of a function, the dearest first; they update what the function updates.

    Raises
    ------
    TypeError
        When the function was compiled in another mode than NATIVE.

    Examples
    --------
    >>> import numpy as np, pytensor, pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> f = pytensor.function([x], pt.nonzero(x)[0] * 2, mode="NATIVE")
    >>> [(str(left.node.op), left.times) for left in left_to_python(f, np.ones(3))]
    [('Nonzero', 1.0)]
    """
    native_function(function)  # of another mode: refused
    samples: dict[Apply, list[Sample]] = {}
    with timed_nodes() as clock:
        function(*arguments)  # makes the programs
        for _ in range(calls):
            clock.spent.clear()
            function(*arguments)
            for node, sample in clock.spent.items():
                samples.setdefault(node, []).append(sample)
    reasons = dict(native_report(function).fallbacks)
    found = [
        LeftToPython(
            node,
            reasons.get(node, "it is in a body whose steps Python counts"),
            fmean(times for times, _ in many),
            median(seconds for _, seconds in many),
        )
        for node, many in samples.items()
    ]
    return sorted(found, key=lambda left: -left.seconds)


Sample = tuple[int, float]  # times and seconds of a node in a call


class Clock:
    """Times and own seconds of nodes, some within others.

    Attributes
    ----------
    spent
        By node, how often it ran and what it took.
    within
        Seconds of nodes within those that run now, the innermost last.
    """

    def __init__(self) -> None:
        self.spent: dict[Apply, Sample] = {}
        self.within: list[float] = [0.0]

    def run(self, function: PythonNode, values: Sequence) -> list:
        """Run a node on the clock."""
        self.within.append(0.0)
        begin = perf_counter()
        try:
            return untimed(function, values)
        finally:
            passed = perf_counter() - begin
            own = passed - self.within.pop()
            self.within[-1] += passed
            times, seconds = self.spent.get(function.node, (0, 0.0))
            self.spent[function.node] = times + 1, seconds + own


# Noted before it is patched: the clock calls it.
untimed = PythonNode.__call__


@contextmanager
def timed_nodes() -> Iterator[Clock]:
    """Time every node that Python runs in the block, on this thread and no other."""
    clock = Clock()
    with patch.object(PythonNode, "__call__", lambda node, values: clock.run(node, values)):
        yield clock
