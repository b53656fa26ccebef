"""Graphs within graphs as the native mode sees them: a Scan's step, the branches of an IfElse.

PyTensor's ops hold inner graphs that must not be changed, in classes that differ between its versions. Here each is an
op with its graphs written out (see `inlined`), which the lowering reads, and Python runs where it can't be
lowered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.scan.op import Scan

if TYPE_CHECKING:
    from symrnn.native.runtime import GraphFunction


@dataclass(eq=False)
class Graph:
    """Nodes in the order in which they are computed."""

    inputs: list[Variable]
    nodes: list[Apply]
    outputs: list[Variable]

    @cached_property
    def function(self) -> GraphFunction:
        """The graph as a Python callable."""
        from symrnn.native.runtime import GraphFunction

        return GraphFunction(self)


class Steps(Op):
    """A Scan. Outputs are the Scan's; one that stops by a condition puts out whole buffers, and how many steps it did.

    Attributes
    ----------
    scan
        PyTensor's op, which says which input is what.
    step
        The graph of a step.
    """

    def __init__(self, scan: Scan, step: Graph):
        self.scan, self.step = scan, step

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list) -> None:
        from symrnn.native.interpreted import run_steps

        for storage, value in zip(output_storage, run_steps(self, node, inputs), strict=True):
            storage[0] = value


class Ended(Op):
    """What a Scan's buffer holds that stopped after `done` of `steps` steps: oldest entry first, unwritten ones cut.

    Attributes
    ----------
    first
        The entry that the first step writes.
    """

    def __init__(self, first: int):
        self.first = first

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list) -> None:
        buffer, done, steps = inputs
        output_storage[0][0] = ended(buffer, self.first, int(done), int(steps))


def ended(buffer: np.ndarray, first: int, done: int, steps: int) -> np.ndarray:
    """The entries of a buffer after `done` of `steps` steps, of which the first wrote entry `first`."""
    length, written = len(buffer), first + done
    if first == 0 and steps == 0:  # a trace: nothing
        return buffer[:0]
    if written > length:  # the oldest entry is the one that would be written next
        return np.roll(buffer, -(written % length), axis=0)
    # The buffer is this Scan's alone, and `Ended` the only one who reads it, so it may be changed.
    if written < length:
        buffer[written:] = 0
        # PyTensor drops an entry for each step that was not done, however long the buffer is.
        if done < steps:
            return buffer[: max(0, length - (steps - done))]
    return buffer


class Choice(Op):
    """The outputs of one of two graphs, of which only that one is computed. The first input is the condition."""

    def __init__(self, then: Graph, otherwise: Graph):
        self.then, self.otherwise = then, otherwise

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list) -> None:
        branch = self.then if inputs[0] else self.otherwise
        for storage, value in zip(output_storage, branch.function(*inputs[1:]), strict=True):
            storage[0] = value
