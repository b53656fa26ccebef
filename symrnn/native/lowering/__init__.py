"""From nodes to statements: one file a family of ops, each a table of rules."""

from __future__ import annotations

from collections.abc import Sequence

from pytensor.graph.basic import Apply, Constant
from pytensor.tensor.exceptions import ShapeError

from symrnn.native.builder import Builder
from symrnn.native.lowering import (
    batched,
    choices,
    convolutions,
    diagonals,
    draws,
    elementwise,
    factorizations,
    gathering,
    indexing,
    joining,
    products,
    reductions,
    scan,
    selections,
    systems,
    views,
)
from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Call
from symrnn.native.python_ops import PythonCall, inferred_shapes
from symrnn.native.scalar_ops import Unsupported
from symrnn.native.shapes import NeedsValue, Shapes, is_array

__all__ = ["RULES", "Unsupported", "infer", "lower", "rule_of"]

RULES: dict[type, Rule] = {
    **views.RULES,
    **joining.RULES,
    **elementwise.RULES,
    **reductions.RULES,
    **products.RULES,
    **indexing.RULES,
    **scan.RULES,
    **choices.RULES,
    **gathering.RULES,
    **diagonals.RULES,
    **batched.RULES,
    **systems.RULES,
    **factorizations.RULES,
    **draws.RULES,
    **selections.RULES,
    **convolutions.RULES,
}


def rule_of(node: Apply) -> Rule:
    """The rule of a node's op.

    Raises
    ------
    Unsupported
        When there is none, or the node makes something that is no array.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> rule_of(pt.vector("x").sum().owner) is RULES[pt.elemwise.CAReduce]
    True
    """
    for kind in type(node.op).__mro__:
        if kind in RULES:
            # A rule knows its op, not the types it may be of: sparse or complex ones have no native code.
            other = [str(out.type) for out in node.outputs if not is_array(out)]
            if other:
                raise Unsupported(node.op, f"no native code for {' and '.join(other)}")
            return RULES[kind]
    raise Unsupported(node.op, "no rule")


def infer(nodes: Sequence[Apply], shapes: Shapes, may_call: bool = False) -> None:
    """Find the shapes of all nodes' outputs.

    With `may_call`, Python is to be called back for what has no rule, where its shapes can be told beforehand.

    Raises
    ------
    Unsupported
        When a node has no rule, or its shapes depend on values that only a call would know.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.matrix("x")
    >>> out, shapes = x.sum(axis=0), Shapes()
    >>> shapes.shape[x] = (2, 3)
    >>> infer([out.owner], shapes)
    >>> shapes.of(out)
    (3,)
    """
    for node in nodes:
        try:
            found = rule_of(node).shapes(node, shapes)
        except Unsupported as error:
            if not may_call:
                raise
            found = _called_shapes(node, shapes, error)
        shapes.shape.update(zip(node.outputs, found, strict=True))


def _called_shapes(node: Apply, shapes: Shapes, reason: Unsupported) -> list:
    try:
        found = inferred_shapes(node, shapes)
    except (NotImplementedError, NeedsValue, ShapeError):
        raise reason from None
    shapes.called[node] = reason
    return found


def lower(nodes: Sequence[Apply], builder: Builder) -> None:
    """Lower nodes in order, those that place what they read asked first.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from symrnn.native.builder import Parts
    >>> from symrnn.native.window import Buffer, whole
    >>> x = pt.vector("x")
    >>> out, shapes = x.sum(), Shapes()
    >>> shapes.shape[x] = (3,)
    >>> infer([out.owner], shapes)
    >>> builder = Builder([out.owner], [out], shapes, Parts())
    >>> builder.bind(x, whole(Buffer("float64", 3, "input", 0), (3,)))
    >>> lower([out.owner], builder)
    >>> [type(statement).__name__ for statement in builder.body]
    ['Reduce']
    """
    called = builder.shapes.called
    # From the outputs up: where a node's inputs are wanted follows from where its outputs are.
    for node in reversed(nodes):
        wants = rule_of(node).wants if node not in called else None
        if wants is not None:
            wants(node, builder)
    for node in nodes:
        lower_node(node, builder)


def lower_node(node: Apply, builder: Builder) -> None:
    """Lower one node, by its rule or as a call of Python."""
    if node in builder.shapes.called:
        _lower_call(node, builder)
    else:
        rule_of(node).lower(node, builder)
    builder.done(node)


def _lower_call(node: Apply, builder: Builder) -> None:
    # Each once, in the order of `PythonNode.inputs`, as addresses are told apart by their places alone.
    read = dict.fromkeys(var for var in node.inputs if not isinstance(var, Constant))
    inputs = [builder.window(var) for var in read]
    outputs = [builder.place(out) for out in node.outputs]
    call = PythonCall(node, builder.shapes.called[node], tuple(inputs), tuple(outputs))
    builder.parts.callbacks.append(call)
    builder.body.append(Call(len(builder.parts.callbacks) - 1, outputs, inputs))
    for var, place in zip(node.outputs, outputs, strict=True):
        builder.bind(var, place)
