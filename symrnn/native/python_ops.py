"""Nodes that PyTensor runs itself: between native programs, or called from within one."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.scalar.basic import ScalarType
from pytensor.tensor.basic import as_tensor_variable
from pytensor.tensor.type import TensorType, lscalar

from symrnn.native.generators import Generators, drawn_in_place, generator_of, state_of
from symrnn.native.shapes import Shapes, is_array, is_generator, static_shape
from symrnn.native.sizes import Int, evaluated
from symrnn.native.window import Window

CALLBACK = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


def handed_out(variable: Variable, value: Any) -> Any:
    """A value as PyTensor's type of the variable has it: a `ScalarType`'s is NumPy's scalar, a state a generator."""
    if is_generator(variable):
        return generator_of(value) if isinstance(value, np.ndarray) else value
    is_scalar = isinstance(variable.type, ScalarType)
    return value[()] if is_scalar and isinstance(value, np.ndarray) else value


class PythonNode:
    """A node as a Python function of the values of its inputs, constants left out."""

    def __init__(self, node: Apply, *, has_states: bool = True):
        """With `has_states`, generators are put out as the words of their states, else as they are."""
        self.node, self.has_states = node, has_states
        self.lock = threading.RLock()  # a node may call itself: its body holds what calls back
        self.inputs = [var for var in dict.fromkeys(node.inputs) if not isinstance(var, Constant)]
        in_place = drawn_in_place(node)
        self.generators = Generators() if in_place is not None else None
        node = in_place or node  # what is run
        self.outputs = node.outputs
        self.cells: dict[Variable, list] = {var: [None] for var in (*node.inputs, *node.outputs)}
        for var in node.inputs:
            if isinstance(var, Constant):
                self.cells[var][0] = var.data
        ready = {var: [var not in node.outputs] for var in self.cells}
        # By `perform`, also where a C compiler is at hand: it would be called for each such node.
        self.thunk = node.op.make_thunk(node, self.cells, ready, no_recycling=[], impl="py")
        # These are given as copies: what an op writes over may be the caller's, or be read once more.
        self.destroyed = {node.inputs[i] for many in node.op.destroy_map.values() for i in many}

    def __call__(self, values: Sequence) -> list:
        # What a node reads and writes has one place each, and what it computes may let other threads run.
        with self.lock:
            return self._computed(values)

    def _computed(self, values: Sequence) -> list:
        for var in self.destroyed:  # constants too
            if isinstance(var, Constant):
                self.cells[var][0] = np.copy(var.data)
        for var, value in zip(self.inputs, values, strict=True):
            value = handed_out(var, value)
            kept = var not in self.destroyed or not isinstance(value, np.ndarray)
            self.cells[var][0] = value if kept else value.copy()
        if (
            self.generators is not None
        ):  # what is drawn from goes on: a copy, as PyTensor would make
            rng = self.node.op.rng_param(self.node)
            given = rng.data if isinstance(rng, Constant) else self.cells[rng][0]
            self.cells[rng][0] = self.generators.copy(given)
        for var in self.outputs:
            # An op may write into what it finds there, and that was handed out after the last call.
            self.cells[var][0] = None
        self.thunk()
        values = [self.cells[var][0] for var in self.outputs]
        if not self.has_states:
            return values
        return [
            state_of(value) if is_generator(var) else value
            for var, value in zip(self.outputs, values, strict=True)
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


@dataclass(frozen=True)
class PythonCall:
    """A node that a program calls back to Python for, with the windows that its arrays are."""

    node: Apply
    reason: Exception
    inputs: tuple[Window, ...]
    outputs: tuple[Window, ...]


class Callback:
    """A `PythonCall` as a C function of the addresses of its windows.

    Attributes
    ----------
    address
        Of the C function. It returns 0, or 1 after an exception, which is then `error`.
    """

    def __init__(self, call: PythonCall, extents: dict[str, int]):
        self.function = PythonNode(call.node)
        self.views = [View(window, extents) for window in (*call.inputs, *call.outputs)]
        self.inputs = len(call.inputs)
        self.addresses = ctypes.c_void_p * len(self.views)
        self.error: BaseException | None = None
        self._function = CALLBACK(self.run)
        self.address = ctypes.cast(self._function, ctypes.c_void_p).value or 0

    def taken_error(self) -> BaseException:
        """The exception, which is then no more held: it holds the frames that it came through."""
        error, self.error = self.error, None
        assert error is not None
        return error

    def run(self, table: int) -> int:
        try:
            addresses = self.addresses.from_address(table) if self.views else ()
            # No copies: what `perform` is given are windows of the program's memory.
            arrays = [
                view.array_at(place) for view, place in zip(self.views, addresses, strict=True)
            ]
            values = self.function(arrays[: self.inputs])
            for var, target, value in zip(
                self.function.node.outputs, arrays[self.inputs :], values, strict=True
            ):
                if np.shape(value) != target.shape:
                    raise ValueError(
                        f"{self.function.node.op} made an array of shape {np.shape(value)} for {var}, where its "
                        f"infer_shape says {target.shape}"
                    )
                target[...] = value
        except BaseException as error:  # handed to the caller of the program, whatever it is
            self.error = error
            return 1
        return 0


class View:
    """Arrays that are a window, at addresses that change from step to step."""

    def __init__(self, window: Window, extents: dict[str, int]):
        dtype = np.dtype(window.dtype)
        shape = tuple(evaluated(n, extents) for n in window.shape)
        strides = tuple(evaluated(n, extents) * dtype.itemsize for n in window.strides)
        self.interface = {"version": 3, "typestr": dtype.str, "shape": shape, "strides": strides}
        self.is_empty = 0 in shape
        self.empty = np.empty(shape, dtype)
        self.known: tuple[int | None, np.ndarray] = (None, self.empty)

    def array_at(self, address: int | None) -> np.ndarray:
        if self.is_empty:
            return self.empty
        # What does not move with a counter lies where it lay in the last step.
        if self.known[0] != address:
            self.__array_interface__ = self.interface | {"data": (address, False)}
            self.known = address, np.asarray(self)
        return self.known[1]


def inferred_shapes(node: Apply, shapes: Shapes) -> list[tuple]:
    """The shapes of a node's outputs as its op infers them; `NeedsValue` where they depend on values.

    Raises
    ------
    NotImplementedError
        When the op doesn't tell, or something that it reads or makes is no array.
    """
    variables = [var for var in node.inputs if not isinstance(var, Constant)]
    if not all(is_array(var) for var in (*variables, *node.outputs)):
        raise NotImplementedError
    static = [static_shape(var) for var in node.outputs]
    if not any(None in shape for shape in static):
        return [tuple(shape) for shape in static]
    if not hasattr(node.op, "infer_shape"):
        raise NotImplementedError
    # A copy, to which variables are added that are no part of the graph.
    known = Shapes(shapes.shape, shapes.numbers)
    given = []
    for var in node.inputs:
        is_known = isinstance(var.type, TensorType | ScalarType)
        given.append(tuple(_symbol(n, known) for n in shapes.of(var)) if is_known else None)
    return [
        tuple(_number(n, known) for n in extents) if extents is not None else static_shape(var)
        for var, extents in zip(node.outputs, _asked(node, given), strict=True)
    ]


def _asked(node: Apply, given: list) -> list:
    """The extents as variables; before PyTensor 3.1 a graph is the first argument."""
    parameters = signature(node.op.infer_shape).parameters.values()
    asked = [one for one in parameters if one.default is one.empty]  # a default is PyTensor's own
    before = [None] if len(asked) == 3 else []
    return node.op.infer_shape(*before, node, given)


def _symbol(extent: Int, known: Shapes) -> Variable:
    var = lscalar()
    known.shape[var], known.numbers[var] = (), extent
    return var


def _number(extent: Any, known: Shapes) -> Int:
    """The number that an extent is, for the numbers that are known."""
    from symrnn.native.lowering import infer

    var = as_tensor_variable(extent)
    order: list[Apply] = []
    _collect(var, known, order)
    infer(order, known)
    return known.number(var)


def _collect(var: Variable, known: Shapes, order: list[Apply]) -> None:
    """Add the nodes that compute a variable, operands first."""
    if isinstance(var, Constant) or var in known.shape:
        return
    if var.owner is None:
        raise NotImplementedError
    if var.owner not in order:
        for operand in var.owner.inputs:
            _collect(operand, known, order)
        order.append(var.owner)
