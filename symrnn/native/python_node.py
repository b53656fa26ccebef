"""Nodes that PyTensor runs itself, as Python functions.

What a node reads and writes has one place each in PyTensor's thunks, so a call must have them for itself. A thread
waits until another one's call is over; but not where it is within a node already, as a finalizer is that the garbage
collector runs there: it might wait for itself, or for one that waits for it. It then gets places of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.scalar.basic import ScalarType

from symrnn.native.generators import Generators, drawn_in_place, generator_of, state_of
from symrnn.native.shapes import is_generator

COMPILED = ("_fn", "_fn_wrapped")  # where PyTensor's ops keep a function of their inner graph


def handed_out(variable: Variable, value: Any) -> Any:
    """A value as PyTensor's type of the variable has it: a `ScalarType`'s is NumPy's scalar, a state a generator."""
    if is_generator(variable):
        return generator_of(value) if isinstance(value, np.ndarray) else value
    is_scalar = isinstance(variable.type, ScalarType)
    return value[()] if is_scalar and isinstance(value, np.ndarray) else value


class _Thread(threading.local):
    """How many nodes this thread is within."""

    depth = 0


_THREAD = _Thread()


class PythonNode:
    """A node as a Python function of the values of its inputs, constants left out."""

    def __init__(self, node: Apply, *, has_states: bool = True):
        """With `has_states`, generators are put out as the words of their states, else as they are."""
        self.node, self.has_states = node, has_states
        self.inputs = [var for var in dict.fromkeys(node.inputs) if not isinstance(var, Constant)]
        self.places = [Places(node, node.op)]

    def __call__(self, values: Sequence) -> list:
        places = self.places[0]
        if not places.in_use.acquire(blocking=False):
            places = self._other_places()
        _THREAD.depth += 1
        try:
            return places.computed(zip(self.inputs, values, strict=True), self.has_states)
        finally:
            _THREAD.depth -= 1
            places.in_use.release()

    def _other_places(self) -> Places:
        """Places for this call, where another one is in the first ones."""
        first, *others = self.places
        if not _THREAD.depth:
            first.in_use.acquire()
            return first
        for places in others:
            if places.in_use.acquire(blocking=False):
                return places
        places = Places(self.node, apart(self.node.op))
        places.in_use.acquire()
        self.places.append(places)
        return places


def apart(op: Any) -> Any:
    """The op, or a copy that compiles its inner graph anew: a compiled function has one place for each value, too."""
    core = getattr(op, "core_op", None)
    own = apart(core) if core is not None else None
    if own is core and all(getattr(op, name, None) is None for name in COMPILED):
        return op
    new = copy(op)
    if own is not core:
        new.core_op = own
    for name in COMPILED:
        if getattr(new, name, None) is not None:
            setattr(new, name, None)
    return new


class Places:
    """Where a node finds its inputs and leaves its outputs, for one call at a time."""

    def __init__(self, node: Apply, op: Any):
        self.in_use = threading.Lock()
        self.rng = None
        in_place = drawn_in_place(node)
        if in_place is not None:  # what is drawn from goes on: a copy, as PyTensor would make
            self.generators, self.rng = Generators(), node.op.rng_param(node)
        elif op is not node.op:
            in_place = Apply(op, node.inputs, [out.clone() for out in node.outputs])
        node = in_place or node  # what is run
        self.inputs, self.outputs = node.inputs, node.outputs
        self.cells: dict[Variable, list] = {var: [None] for var in (*node.inputs, *node.outputs)}
        for var in node.inputs:
            if isinstance(var, Constant):
                self.cells[var][0] = var.data
        ready = {var: [var not in node.outputs] for var in self.cells}
        # By `perform`, also where a C compiler is at hand: it would be called for each such node.
        self.thunk = node.op.make_thunk(node, self.cells, ready, no_recycling=[], impl="py")
        # These are given as copies: what an op writes over may be the caller's, or be read once more.
        self.copied = {node.inputs[i] for many in node.op.destroy_map.values() for i in many}

    def computed(self, values: Iterable[tuple[Variable, Any]], has_states: bool) -> list:
        """The node's outputs for values of its inputs."""
        cells, copied = self.cells, self.copied
        for var in copied:  # constants too
            if isinstance(var, Constant):
                cells[var][0] = np.copy(var.data)
        for var, value in values:
            value = handed_out(var, value)
            is_kept = var not in copied or not isinstance(value, np.ndarray)
            cells[var][0] = value if is_kept else value.copy()
        if self.rng is not None:
            given = self.rng.data if isinstance(self.rng, Constant) else cells[self.rng][0]
            cells[self.rng][0] = self.generators.copy(given)
        for var in self.outputs:
            # An op may write into what it finds there, and that was handed out after the last call.
            cells[var][0] = None
        self.thunk()
        found = [cells[var][0] for var in self.outputs]
        if not has_states:
            return found
        return [
            state_of(value) if is_generator(var) else value
            for var, value in zip(self.outputs, found, strict=True)
        ]


class PythonGraph:
    """A graph as PyTensor's nodes compute it, one after another: for generators whose states are not known here."""

    def __init__(self, fgraph: FunctionGraph):
        self.inputs, self.outputs = fgraph.inputs, fgraph.outputs
        self.functions = [PythonNode(node, has_states=False) for node in fgraph.toposort()]

    def __call__(self, given: Sequence[object]) -> list:
        """The outputs' values."""
        values: dict[Variable, Any] = dict(zip(self.inputs, given, strict=True))
        for function in self.functions:
            results = function([values[var] for var in function.inputs])
            values.update(zip(function.node.outputs, results, strict=True))
        return [var.data if isinstance(var, Constant) else values[var] for var in self.outputs]
