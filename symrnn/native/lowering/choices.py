"""IfElse: two bodies, of which one is run."""

from __future__ import annotations

from functools import partial

from pytensor.graph.basic import Apply

from symrnn.native.builder import Builder
from symrnn.native.lowering.rule import Rule, asked_outside, borrow
from symrnn.native.nested import Choice
from symrnn.native.program import Branch
from symrnn.native.scalar_ops import Unsupported
from symrnn.native.shapes import NeedsValue, Shape, Shapes


def choice_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    """Of the branch that is taken, where that is known; otherwise both must agree."""
    condition, *_ = node.inputs
    number = shapes.number_or_none(condition)
    if number is not None:
        return _branch_shapes(node, shapes, bool(number))
    try:
        then, otherwise = (_branch_shapes(node, shapes, side) for side in (True, False))
    except Unsupported:
        raise
    except Exception:  # of a branch that may not be taken
        raise NeedsValue(condition) from None
    if then != otherwise:
        raise NeedsValue(condition)
    return then


def _graph(node, side):
    return node.op.then if side else node.op.otherwise


def _branch_shapes(node, shapes, side):
    from symrnn.native.lowering import infer

    graph, inner = _graph(node, side), Shapes()
    given = dict(zip(graph.inputs, node.inputs[1:], strict=True))
    for var, outer in given.items():
        inner.shape[var] = shapes.of(outer)
        if (number := shapes.number_or_none(outer)) is not None:
            inner.numbers[var] = number
    with asked_outside(given):
        infer(graph.nodes, inner, may_call=True)
    shapes.inner[node, side] = inner
    return [inner.of(out) for out in graph.outputs]


def choice_lower(node: Apply, builder: Builder) -> None:
    condition, *given = node.inputs
    number = builder.shapes.number_or_none(condition)
    builder.close_all()  # what a branch reads is written before it
    # So is what lies nowhere yet: in one branch it would be missing in the other one, and after both.
    for outer in given:
        if builder.uniform(outer) is None and builder.shapes.number_or_none(outer) is None:
            builder.window(outer)
    if number is not None:
        _lower_branch(node, builder, bool(number), builder.body)
    else:
        branch = Branch(builder.window(condition))
        _lower_branch(node, builder, True, branch.then)
        _lower_branch(node, builder, False, branch.otherwise)
        builder.body.append(branch)
    for out in node.outputs:
        builder.bind(out, builder.place(out))


def _lower_branch(node, builder, side, body):
    from symrnn.native.lowering import lower

    graph = _graph(node, side)
    inner = Builder(graph.nodes, graph.outputs, builder.shapes.inner[node, side], builder.parts)
    inner.body = body
    for var, outer in zip(graph.inputs, node.inputs[1:], strict=True):
        borrow(inner, var, builder, outer)
    for var, out in zip(graph.outputs, node.outputs, strict=True):
        place = builder.place(out)
        inner.borrowed.add(place.buffer)
        if var not in graph.inputs:
            inner.want(var, partial(lambda place: place, place))
    lower(graph.nodes, inner)
    inner.close_all()
    for var, out in zip(graph.outputs, node.outputs, strict=True):
        inner.settle(var, builder.place(out))


RULES: dict[type, Rule] = {Choice: Rule(choice_shapes, choice_lower)}
