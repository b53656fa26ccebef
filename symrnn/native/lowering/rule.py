"""What the table of ops holds: how shapes follow, and which statements compute the values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.shape import Shape as ShapeOp
from pytensor.tensor.shape import Shape_i

from symrnn.native.builder import Builder
from symrnn.native.shapes import NeedsValue, Shape, Shapes


class Rule(NamedTuple):
    """How one kind of op is lowered.

    Attributes
    ----------
    shapes
        The shapes of a node's outputs; notes whole numbers that become known. Raises `NeedsValue` where a shape depends
        on a value, `Unsupported` where the node isn't taken.
    lower
        Binds the node's outputs, adding statements where they need any.
    wants
        Asks for inputs to be written to places of the outputs.
    """

    shapes: Callable[[Apply, Shapes], list[Shape]]
    lower: Callable[[Apply, Builder], None]
    wants: Callable[[Apply, Builder], None] | None = None


def same_shape(node: Apply, shapes: Shapes) -> list[Shape]:
    """Every output is of the shape of the first input, and the number that it is."""
    number = shapes.number_or_none(node.inputs[0])
    if number is not None:
        shapes.numbers[node.outputs[0]] = number
    return [shapes.of(node.inputs[0])] * len(node.outputs)


def other_numbers(node: Apply, shapes: Shapes) -> list[Shape]:
    """Every output is of the shape of the first input, its numbers are others."""
    return [shapes.of(node.inputs[0])] * len(node.outputs)


def same_value(node: Apply, builder: Builder) -> None:
    """The output is the first input."""
    source = node.inputs[0]
    same = builder.uniform(source)
    if same is not None:
        builder.bind(node.outputs[0], same)
    # A number that follows from shapes lies nowhere, and whoever reads the output knows it too.
    elif source in builder.values or builder.shapes.number_or_none(source) is None:
        builder.bind(node.outputs[0], builder.window(source))


def wants_through(node: Apply, builder: Builder) -> None:
    """The first input is wanted where the output is."""
    [out] = node.outputs
    if out in builder.places:
        builder.want(node.inputs[0], lambda: builder.place(out))


@contextmanager
def asked_outside(given: dict[Variable, Variable]) -> Iterator[None]:
    """Turn a question for a value of an inner graph into one for values outside, where those decide it.

    `given` says which variable outside each input of the inner graph is, all others left out.
    """
    try:
        yield
    except NeedsValue as error:
        outer = _behind(error.variable, given)
        raise NeedsValue(error.variable if outer is None else outer) from None


def _behind(variable: Variable, given: dict[Variable, Variable]) -> Variable | None:
    """A variable outside that decides the inner one, if only such variables do."""
    found, stack = None, [variable]
    while stack:
        var = stack.pop()
        if isinstance(var, Constant):
            continue
        if var in given:
            found = found or given[var]
        elif var.owner is None:
            return None
        # A shape asks for nobody's value.
        elif not isinstance(var.owner.op, ShapeOp | Shape_i):
            stack += var.owner.inputs
    return found


def borrow(inner: Builder, variable: Variable, builder: Builder, outer: Variable) -> None:
    """Let the inner scope read an outer variable, without changing it."""
    same = builder.uniform(outer)
    if same is not None:
        inner.bind(variable, same)
    elif builder.shapes.number_or_none(outer) is None:
        window = builder.window(outer)
        inner.bind(variable, window)
        inner.borrowed.add(window.buffer)
