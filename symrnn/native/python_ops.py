"""Nodes that a program calls Python back for: their shapes beforehand, and the windows that are their arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import Any

import numpy as np
from pytensor.compile.ops import FromFunctionOp
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.printing import Print
from pytensor.scalar.basic import ScalarType
from pytensor.tensor.basic import as_tensor_variable
from pytensor.tensor.type import TensorType, lscalar

from symrnn.native.nested import Graph
from symrnn.native.python_node import PythonNode
from symrnn.native.shapes import Shapes, is_array, static_shape
from symrnn.native.sizes import Int, evaluated
from symrnn.native.window import Window

BY_OTHERS = (FromFunctionOp, Print)  # they hand an array to a function of the user's
CALLBACK = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)


@dataclass(frozen=True)
class PythonCall:
    """A node that a program calls back to Python for, with the windows that its arrays are."""

    node: Apply
    reason: Exception
    inputs: tuple[Window, ...]
    outputs: tuple[Window, ...]

    @cached_property
    def function(self) -> PythonNode:
        """The node, for all memory that it is called with."""
        return PythonNode(self.node)

    @cached_property
    def may_keep(self) -> bool:
        """Whether what the node is given may be read after it has computed."""
        return may_keep(self.node.op)


def may_keep(op: Any) -> bool:
    """Whether an op, or one within it, may hold an array that it was given: only what others wrote does.

    Examples
    --------
    >>> import numpy as np, pytensor, pytensor.tensor as pt
    >>> seen = []
    >>> watched = pytensor.wrap_py([pt.dvector], pt.dvector)(lambda x: seen.append(x) or x)
    >>> may_keep(watched), may_keep(pt.dvector().sort().owner.op)
    (True, False)
    """
    if type(op).__module__.split(".")[0] not in ("pytensor", "symrnn") or isinstance(op, BY_OTHERS):
        return True
    inner = [getattr(op, name, None) for name in ("step", "then", "otherwise", "fgraph")]
    nodes = [node for graph in inner if graph is not None for node in nodes_of(graph)]
    core = getattr(op, "core_op", None)
    return any(may_keep(node.op) for node in nodes) or (core is not None and may_keep(core))


def nodes_of(graph: Any) -> Sequence[Apply]:
    """The nodes of a graph, PyTensor's or written out."""
    return graph.nodes if isinstance(graph, Graph) else graph.toposort()


class Callback:
    """A `PythonCall` as a C function of the addresses of its windows.

    Attributes
    ----------
    address
        Of the C function. It is given a table: the addresses, and a word that it makes 0 if all went well. After an
        exception that is `error`.
    """

    def __init__(self, call: PythonCall, extents: dict[str, int], arena: np.ndarray):
        self.function = call.function
        self.views = [View(window, extents, arena) for window in (*call.inputs, *call.outputs)]
        self.inputs, self.may_keep = len(call.inputs), call.may_keep
        self.addresses = ctypes.c_void_p * (len(self.views) + 1)
        self.error: BaseException | None = None
        self._function = CALLBACK(self.run)
        self.address = ctypes.cast(self._function, ctypes.c_void_p).value or 0

    def taken_error(self) -> BaseException:
        """The exception, which is then no more held: it holds the frames that it came through."""
        error, self.error = self.error, None
        # A signal's handler may raise before `run` can catch it: what it raised was shown, and is gone.
        return error or KeyboardInterrupt("while a program called Python back")

    def run(self, table: int) -> None:
        try:
            addresses = self.addresses.from_address(table)
            # What `perform` is given are windows of the program's memory, and no copies where it lets go of them.
            arrays = [
                view.array_at(place) for view, place in zip(self.views, addresses, strict=False)
            ]
            given = arrays[: self.inputs]
            if self.may_keep:
                given = [array.copy() for array in given]
            values = self.function(given)
            for var, target, value in zip(
                self.function.node.outputs, arrays[self.inputs :], values, strict=True
            ):
                if np.shape(value) != target.shape:
                    raise ValueError(
                        f"{self.function.node.op} made an array of shape {np.shape(value)} for {var}, where its "
                        f"infer_shape says {target.shape}"
                    )
                target[...] = value
            addresses[-1] = 0
        except BaseException as error:  # handed to the caller of the program, whatever it is
            self.error = error


class View:
    """Arrays that are a window, at addresses that change from step to step."""

    def __init__(self, window: Window, extents: dict[str, int], arena: np.ndarray):
        self.arena = arena  # where it may lie: as long as an array is kept, its memory is there
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
