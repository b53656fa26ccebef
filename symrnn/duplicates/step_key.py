"""What one step computes as a key: equal keys for equal computations, however they were written.

A key tells steps apart by their values and by their gradients: a view that clips, scales or stops a gradient is part of
it, and so is the number of steps that a scan's gradient goes back. `Detail` says how far it goes into that.
"""

from collections.abc import Hashable, Mapping, Sequence
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.ops import TypeCastingOp, ViewOp
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.null_type import NullType
from pytensor.graph.op import Op
from pytensor.graph.traversal import toposort
from pytensor.scalar.basic import Composite, ScalarInnerGraphOp, ScalarOp
from pytensor.scan.op import Scan
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.random.op import RandomVariable


class Detail(IntEnum):
    """By what a key tells computations apart."""

    VALUES = 0
    VIEWS = 1  # and by the views and the lengths that change a gradient
    GRADIENTS = 2  # and by the gradients that ops with a graph bring along


def step_key(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    roles: Mapping[Variable, object] | None = None,
    *,
    detail: Detail = Detail.GRADIENTS,
) -> tuple:
    """What `outputs` compute from `inputs`, as nested tuples that compare and hash.

    `roles` labels the inputs (by default each is named by its position); equal subexpressions count once.
    """
    labels = roles or {x: ("input", i) for i, x in enumerate(inputs)}
    numbering = Numbering(labels, detail)
    for node in toposort(list(outputs), blockers=set(inputs)):
        numbering.add(node)
    return numbering.needed([numbering.of(x) for x in outputs])


class Numbering:
    """A number for each value of a step: equal expressions of equal values have one number.

    Fused element-wise ops count as the scalar ops in them, so a step is the same before fusion and after, whatever else
    was fused into it.
    """

    def __init__(self, labels: Mapping[Variable, object], detail: Detail):
        self.labels = labels
        self.detail = detail
        self.table: dict[tuple, int] = {}  # what computes a value, from which numbers -> its number
        self.numbers: dict[Variable, int] = {}

    def of(self, x: Variable) -> int:
        """The number of a variable; what has none yet is a leaf."""
        if x not in self.numbers:
            self.numbers[x] = self.number(leaf_key(x, self.labels))
        return self.numbers[x]

    def number(self, entry: tuple) -> int:
        """The number of what an entry computes: a new one if it was not met before."""
        return self.table.setdefault(entry, len(self.table))

    def add(self, node: Apply) -> None:
        """Number the outputs of a node."""
        inputs = [self.of(x) for x in node.inputs]
        if self.detail is Detail.VALUES and isinstance(node.op, ViewOp):
            results: list[int] | None = inputs
        elif isinstance(node.op, Elemwise):
            results = self.scalars(node.op.scalar_op, inputs)
        elif isinstance(node.op, DimShuffle) and isinstance(node.inputs[0], Constant):
            results = inputs if np.size(node.inputs[0].data) == 1 else None
        else:
            results = None
        if results is None:
            # The rank, since a constant of one number is keyed without its own.
            ranks = tuple(getattr(x.type, "ndim", None) for x in node.outputs)
            entry = (op_key(node.op, detail=self.detail), ranks, *inputs)
            results = [self.number((*entry, ("of", i))) for i in range(len(node.outputs))]
        self.numbers |= zip(node.outputs, results, strict=True)

    def scalars(self, op: ScalarOp, inputs: Sequence[int]) -> list[int]:
        """The numbers of what a scalar op computes from values, a fused one opened up."""
        if not isinstance(op, Composite):
            return [
                self.number((("Elemwise", op_key(op)), *inputs, ("of", i))) for i in range(op.nout)
            ]
        inside = dict(zip(op.fgraph.inputs, inputs, strict=True))
        for node in toposort(op.fgraph.outputs):
            operands = [inside[x] if x in inside else self.of(x) for x in node.inputs]
            inside |= zip(node.outputs, self.scalars(node.op, operands), strict=True)
        return [inside[x] if x in inside else self.of(x) for x in op.fgraph.outputs]

    def needed(self, outputs: Sequence[int]) -> tuple:
        """The entries that `outputs` need and their places, numbered from the outputs: a key."""
        # The numbers of the table depend on the order in which nodes were added, these on the expressions alone.
        entries = {number: entry for entry, number in self.table.items()}
        places: dict[int, int] = {}
        pending = list(reversed(outputs))
        while pending:
            number = pending.pop()
            if number not in places:
                places[number] = len(places)
                pending += reversed([x for x in entries[number][1:] if isinstance(x, int)])
        return (
            tuple(
                tuple(
                    places[x] if i and isinstance(x, int) else x for i, x in enumerate(entries[n])
                )
                for n in places
            ),
            tuple(places[n] for n in outputs),
        )


def leaf_key(variable: Variable, labels: Mapping[Variable, object] | None = None) -> tuple:
    """What an input, a constant or a foreign variable is to the step."""
    kind = getattr(variable.type, "dtype", str(variable.type)), getattr(variable.type, "ndim", None)
    if labels and variable in labels:
        return ("input", labels[variable], kind)
    if isinstance(variable, Constant):
        return ("constant", (kind[0], constant_key(variable)))
    if isinstance(variable.type, DisconnectedType | NullType):  # no gradient
        return ("nothing", str(variable.type))
    return ("variable", variable)


def constant_key(constant: Constant) -> object:
    """The value of a constant as something that hashes."""
    data = constant.data
    if isinstance(data, np.ndarray | np.generic | float | int) and np.size(data) == 1:
        return np.asarray(
            data, constant.type.dtype
        ).tobytes()  # one number broadcasts: its shape does not matter
    return exact(data)


def op_key(op: Op, *, detail: Detail = Detail.GRADIENTS) -> Hashable:
    """An op without its name and without where it writes its result."""
    if isinstance(op, Scan):
        back = (op.truncate_gradient,) if detail else ()
        graph = step_key(op.fgraph.inputs, op.fgraph.outputs, detail=detail)
        return (type(op), op.info, *back, graph)
    if isinstance(op, OpFromGraph):
        if detail is Detail.GRADIENTS:
            return Differentiable(op)
        return (OpFromGraph, step_key(op.fgraph.inputs, op.fgraph.outputs, detail=detail))
    if isinstance(op, ScalarInnerGraphOp):
        graph = step_key(op.fgraph.inputs, op.fgraph.outputs)
        return (type(op), getattr(op, "is_while", False), graph)
    if isinstance(op, Elemwise | CAReduce):
        return (type(op), op_key(op.scalar_op), *_props(op, "scalar_op"))
    if isinstance(op, TypeCastingOp):
        return (type(op), *((name, exact(value)) for name, value in sorted(vars(op).items())))
    if getattr(op, "__props__", None) is not None:
        return (type(op), *_props(op), *unlisted(op))
    return (type(op), op)


def unlisted(op: Op) -> list[tuple[str, Hashable]]:
    """The numbers and words of an op that are none of its props, but which its gradient may read."""
    # As PyTensor's own GradClip does, and DenseFromSparse. Arrays, dictionaries and functions are mostly caches.
    apart = {*(getattr(op, "__props__", None) or ()), *PLACES}
    return [
        (name, exact(value))
        for name, value in sorted(vars(op).items())
        if isinstance(value, bool | int | float | str | np.generic)
        and name not in apart
        and not name.startswith("__")  # texts for readers
    ]


class Differentiable:
    """An op that holds a graph; equal to another when values and gradients are the same expressions.

    PyTensor calls two of them different when their gradients come from different Python functions.
    """

    def __init__(self, op: OpFromGraph):
        self.op = op

    def __hash__(self) -> int:
        return hash(self.values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Differentiable):
            return NotImplemented
        if self.op is other.op:
            return True
        return self.values == other.values and self.gradients == other.gradients

    @cached_property
    def values(self) -> Hashable:
        """What it computes."""
        return op_key(self.op, detail=Detail.VALUES)

    @cached_property
    def gradients(self) -> tuple:
        """What its gradients compute, from its inputs, its outputs and theirs, and which inputs have one."""
        inputs, outputs, given = (
            [type() for type in types]
            for types in (self.op.input_types, self.op.output_types, self.op.output_types)
        )
        try:
            pattern = self.op.connection_pattern(self.op.make_node(*inputs))
            found = self.op.pullback(inputs, outputs, given)
        except (NotImplementedError, TypeError, ValueError):  # nobody can ask for a gradient
            return ("none",)
        # Without the gradients of ops in it: a pullback may hold such an op itself, and that one another, without an
        # end.
        key = step_key([*inputs, *outputs, *given], found, detail=Detail.VIEWS)
        return key, exact(pattern)


# properties that say where a result is written, or what a node is called, not what it computes
PLACES = ("name", "inplace", "inplace_pattern", "destroy_map", "set_instead_of_inc_inplace")


def _props(op: Any, *apart: str) -> list[Hashable]:
    """What an op declares of itself, but for `apart` and for where it writes its result."""
    # numpy's generators have a method of this name
    places = [name for name in PLACES if name != "name" or not isinstance(op, RandomVariable)]
    names = (name for name in op.__props__ if name not in (*apart, *places))
    return [exact(getattr(op, name)) for name in names]


def exact(value: object) -> Hashable:
    """A value as something that hashes and is equal to what it stands for alone."""
    match value:
        case np.ndarray() if value.dtype != object:
            return ("array", value.dtype.str, value.shape, value.tobytes())
        case list() | tuple():
            return (type(value), *map(exact, value))
        case dict():
            return (dict, *((key, exact(held)) for key, held in sorted(value.items())))
        case float():  # zeros of either sign differ, and what is not a number is equal to itself
            return (type(value), value.hex())
        case slice():
            return (slice, exact(value.start), exact(value.stop), exact(value.step))
    try:
        hash(value)
    except TypeError:
        return _Itself(value)
    return (type(value), value)


class _Itself:
    """A value that is equal to nothing else; held, so that its place in memory is not given away."""

    def __init__(self, value: object):
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.value is other.value
