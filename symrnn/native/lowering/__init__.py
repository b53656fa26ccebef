"""From nodes to statements: one file a family of ops, each a table of rules."""

from __future__ import annotations

from collections.abc import Sequence

from pytensor.graph.basic import Apply

from symrnn.native.builder import Builder
from symrnn.native.lowering import (
    batched,
    choices,
    diagonals,
    elementwise,
    gathering,
    indexing,
    joining,
    products,
    reductions,
    scan,
    views,
)
from symrnn.native.lowering.rule import Rule
from symrnn.native.scalar_ops import Unsupported
from symrnn.native.shapes import Shapes, is_array

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
}


def rule_of(node: Apply) -> Rule:
    """The rule of a node's op, or `Unsupported`."""
    for kind in type(node.op).__mro__:
        if kind in RULES:
            other = [str(out.type) for out in node.outputs if not is_array(out)]
            if other:
                raise Unsupported(node.op, f"no native code for {' and '.join(other)}")
            return RULES[kind]
    raise Unsupported(node.op, "no rule")


def infer(nodes: Sequence[Apply], shapes: Shapes) -> None:
    """Find the shapes of all nodes' outputs."""
    for node in nodes:
        found = rule_of(node).shapes(node, shapes)
        shapes.shape.update(zip(node.outputs, found, strict=True))


def lower(nodes: Sequence[Apply], builder: Builder) -> None:
    """Lower nodes in order, those that place what they read asked first."""
    for node in reversed(nodes):
        wants = rule_of(node).wants
        if wants is not None:
            wants(node, builder)
    for node in nodes:
        rule_of(node).lower(node, builder)
        builder.done(node)

