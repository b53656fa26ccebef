"""What one step computes as a key: equal keys for equal computations, however they were written."""

from collections.abc import Mapping, Sequence

import numpy as np
from pytensor.compile.builders import OpFromGraph
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.null_type import NullType
from pytensor.graph.op import Op
from pytensor.graph.traversal import toposort
from pytensor.scalar.basic import Composite, ScalarOp
from pytensor.scan.op import Scan
from pytensor.tensor.elemwise import DimShuffle, Elemwise


def step_key(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    roles: Mapping[Variable, object] | None = None,
) -> tuple:
    """What `outputs` compute from `inputs`, as nested tuples that compare and hash.

    `roles` labels the inputs (by default each is named by its position); equal subexpressions count once.
    """
    labels = roles or {x: ("input", i) for i, x in enumerate(inputs)}
    numbering = Numbering(labels)
    for node in toposort(list(outputs), blockers=set(inputs)):
        numbering.add(node)
    return numbering.needed([numbering.of(x) for x in outputs])


class Numbering:
    """A number for each value of a step: equal expressions of equal values have one number.

    Fused element-wise ops count as the scalar ops in them, so a step is the same before fusion and after, whatever else
    was fused into it.
    """

    def __init__(self, labels: Mapping[Variable, object]):
        self.labels = labels
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
        if isinstance(node.op, Elemwise):
            results: list[int] | None = self.scalars(node.op.scalar_op, inputs)
        elif isinstance(node.op, DimShuffle) and isinstance(node.inputs[0], Constant):
            results = inputs if np.size(node.inputs[0].data) == 1 else None
        else:
            results = None
        if results is None:
            entry = (op_key(node.op), *inputs)
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


def leaf_key(variable: Variable, labels: Mapping[Variable, object]) -> tuple:
    """What an input, a constant or a foreign variable is to the step."""
    kind = getattr(variable.type, "dtype", str(variable.type)), getattr(variable.type, "ndim", None)
    if variable in labels:
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
    if isinstance(data, np.ndarray):
        return data.shape, data.tobytes()
    return str(data)


def op_key(op: Op) -> tuple:
    """An op without its name and without where it writes its result."""
    if isinstance(op, Scan | OpFromGraph):
        graph = op.fgraph
        extra = (op.info, op.truncate_gradient) if isinstance(op, Scan) else ()
        return (type(op).__name__, *extra, step_key(graph.inputs, graph.outputs))
    scalar_op = getattr(op, "scalar_op", None)
    props = getattr(op, "__props__", None)
    if scalar_op is not None and props is not None and "scalar_op" in props:
        rest = tuple(getattr(op, p) for p in props if p not in ("scalar_op", *PLACES))
        return (type(op).__name__, op_key(scalar_op), *map(_frozen, rest))
    if hasattr(op, "fgraph"):  # Composite
        return (type(op).__name__, step_key(op.fgraph.inputs, op.fgraph.outputs))
    if props is not None:
        return (type(op), *(_frozen(getattr(op, p)) for p in props if p not in PLACES))
    return (type(op), op)


# properties that say where a result is written, or what a node is called, not what it computes
PLACES = ("name", "inplace", "inplace_pattern", "destroy_map", "set_instead_of_inc_inplace")


def _frozen(value):
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
