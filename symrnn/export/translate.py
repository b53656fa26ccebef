"""A PyTensor graph as an intermediate graph.

The graph is read as it was written: nothing is rewritten by PyTensor first, so that both PyTensor lines give the same
graph, and every node keeps its source line. Shared variables become constants, graphs within ops are laid out, scans
become loops (`symrnn.export.loops`), and checks are left out.
"""

from collections.abc import Sequence
from typing import Any

from pytensor.compile.builders import OpFromGraph
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.scan.op import Scan

from symrnn.errors import UserError
from symrnn.export.build import Builder
from symrnn.export.graph import Graph, Value
from symrnn.export.loops import loop
from symrnn.export.tensor_ops import OPS, Unknown, is_none
from symrnn.measure.source_lines import source_line


class Translator:
    """Values of variables: each variable is translated once."""

    def __init__(self, builder: Builder, batch: int | None = None) -> None:
        self.builder, self.batch = builder, batch
        self.known: dict[Variable, Any] = {}

    def input(self, variable: Any) -> Value:
        """A value for an input of the graph."""
        b, kind = self.builder, variable.type
        if not hasattr(kind, "dtype") or not hasattr(kind, "shape"):
            raise UserError(
                f"inputs must be tensors, but {variable} is of type {kind}; export the outputs that need none such"
            )
        shape = list(kind.shape)
        if self.batch is not None and len(shape) > 1 and shape[1] is None:
            shape[1] = self.batch
        # ncnn's batch: the second axis of a sequence (T, B, D), and of a matrix (T, B).
        value = Value(b.kind(kind.dtype), tuple(shape), variable.name)
        self.known[variable] = value
        return value

    def values(self, variables: Sequence[Variable]) -> list[Any]:
        """The values of `variables`, on what is known."""
        for node in self._waiting(variables):
            operands = [self.known[v] for v in node.inputs]
            line = source_line(node)
            # A line lost within a body is that of the node around it.
            self.builder.line = line or self.builder.line
            made = self.node(node, operands)
            for out, value in zip(node.outputs, made, strict=True):
                if out.name and value is not None and value.name is None:
                    value.name = out.name
                self.known[out] = value
        return [self.known[v] for v in variables]

    def node(self, node: Apply, operands: list[Any]) -> list[Any]:
        """The values of a node's outputs."""
        op: Any = node.op
        try:
            if isinstance(op, Scan):
                return loop(self, node, operands)
            # By names of classes, so that a row serves subclasses, and ops that only one PyTensor line has need no
            # import.
            for cls in type(op).__mro__:
                if cls.__name__ in OPS:
                    return OPS[cls.__name__](self.builder, node, operands)
            # After the rows: an op that has one is not laid out, even if it holds a graph.
            if isinstance(op, OpFromGraph):
                return self.laid_out(op, operands)
            raise Unknown(type(op).__name__)
        except NotImplementedError as error:
            raise refusal(node, str(error), self.builder.line) from error

    def laid_out(self, op: Any, operands: list[Any]) -> list[Any]:
        """What the graph in an op puts out, in a scope of its own: two nodes may hold one graph."""
        inner = Translator(self.builder)
        inner.known = dict(zip(op.fgraph.inputs, operands, strict=True))
        line = self.builder.line
        outputs = inner.values(op.fgraph.outputs)
        self.builder.line = line
        return outputs

    def _waiting(self, variables: Sequence[Variable]) -> list[Apply]:
        """The nodes to translate, each after those that it reads."""
        order: dict[Apply, None] = {}
        stack: list[tuple[Any, bool]] = [(v, False) for v in reversed(list(variables))]
        while stack:
            item, is_done = stack.pop()
            if is_done:
                order[item] = None
            elif item not in self.known:
                if item.owner is None:
                    self.known[item] = self.leaf(item)
                elif item.owner not in order:
                    stack.append((item.owner, True))
                    stack += [(v, False) for v in reversed(item.owner.inputs)]
        return list(order)

    def leaf(self, variable: Any) -> Any:
        """A constant or a shared variable as a constant."""
        if is_none(variable):
            return None
        if isinstance(variable, Constant):
            return self.builder.constant(variable.data)
        if isinstance(variable, SharedVariable) and hasattr(variable.type, "dtype"):
            value = variable.get_value(borrow=True)
            return self.builder.constant(value, variable.name)
        if isinstance(variable, SharedVariable):
            return None  # a generator: whatever reads it is refused by its name
        raise UserError(
            f"inputs must hold every variable that outputs need, but {variable} of type {variable.type}"
            " is not among them; add it"
        )


def refusal(node: Apply, what: str, line: str = "") -> UserError:
    """What is said of an op that can't leave."""
    place = source_line(node) or line
    where = f" of {place}" if place else ""
    name = type(node.op).__name__
    said = name if what == name else f"{name} ({what})" if name not in what else what
    return UserError(
        f"outputs must be built of ops that can be exported, but the op {said}{where} can't;"
        " export the graph below it, or give it a row of symrnn.export.OPS"
    )


def translated(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    *,
    floats: str = "float32",
    batch: int | None = None,
) -> Graph:
    """The intermediate graph of `outputs` as functions of `inputs`; every float in it is of `floats`.

    `batch` is the length of the second axis of inputs where it is unknown.

    Raises
    ------
    UserError
        When an op can't be exported, by its name and source line, or an input is missing.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.matrix("x")
    >>> [node.op for node in translated([x], [pt.tanh(x[::-1][::-1]) * 1.0]).nodes()]
    ['Tanh']
    """
    translator = Translator(Builder(floats), batch)
    values = [translator.input(variable) for variable in inputs]
    graph = Graph(values, translator.values(outputs))
    graph.parameters = translator.builder.parameters()
    return graph
