"""Random draws: the state is copied to where the next generator is wanted, and goes on there with each number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.random import basic
from pytensor.tensor.random.op import RandomVariable
from pytensor.tensor.type_other import NoneTypeT

from symrnn.native.builder import Builder
from symrnn.native.draws import DISTRIBUTIONS, Demand, Distribution, is_possible
from symrnn.native.generators import STATE_WORDS
from symrnn.native.lowering.products import as_dtype
from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Check, Lapack
from symrnn.native.scalar import arg, const, select
from symrnn.native.scalar_ops import Unsupported
from symrnn.native.shapes import Shape, Shapes, broadcast_shape, dtype_of
from symrnn.native.sizes import Int, product
from symrnn.native.window import Window


def draw_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    op = node.op
    if type(op) is not OPS.get(op.name) or not is_possible():
        raise Unsupported(op, "no native code for what it draws")
    if not dtype_of(node.outputs[1]).startswith(("float", "int")):
        raise Unsupported(op, f"no native code for {dtype_of(node.outputs[1])}")
    parameters = op.dist_params(node)
    if DISTRIBUTIONS[op.name].dtype == "int64" and not all(map(fits_int64, parameters)):
        raise Unsupported(op, "no native code for bounds that int64 does not hold")
    given = broadcast_shape([shapes.of(x) for x in parameters])
    size = op.size_param(node)
    if isinstance(size.type, NoneTypeT):
        return [(STATE_WORDS,), given]
    shape = shapes.vector(size)
    if broadcast_shape([given, shape]) != shape:
        raise Unsupported(op, f"parameters of shape {given} for draws of shape {shape}")
    return [(STATE_WORDS,), shape]


def draw_lower(node: Apply, builder: Builder) -> None:
    """All elements in one call, in row-major order, as NumPy draws them."""
    out = node.outputs[1]
    drawn, shape = DISTRIBUTIONS[node.op.name], builder.shapes.of(out)
    parameters = [
        parameter_in(builder, x, shape, drawn.dtype)
        for x in PARAMETERS[node.op.name](node, builder)
    ]
    state = state_after(node, builder)
    place = builder.place(out)
    # NumPy's function is called for one element after another, of its own dtype.
    is_there = place.dtype == drawn.result and place.is_contiguous
    into = place if is_there else builder.temporary(drawn.result, shape)
    refuse(builder, demands_of(node), draw(builder, drawn, state, into, parameters))
    if into is not place:
        builder.copy(into, place)
    builder.bind(out, place)


def state_after(node: Apply, builder: Builder) -> Window:
    """The state of the generator that a node puts out, from which it is to draw."""
    following = node.outputs[0]
    state = builder.place(following)
    builder.copy(builder.window(node.op.rng_param(node)), state)
    builder.bind(following, state)
    return state


def draw(
    builder: Builder,
    drawn: Distribution,
    state: Window,
    into: Window,
    parameters: Sequence[tuple[Window, int]],
) -> Window:
    """Draw all elements of a window without gaps, and say which demand does not hold; parameters as `parameter_in`."""
    info = builder.temporary("int32", ())
    operands: list[str | Int | Window] = [
        *(state, into, product(into.shape)),
        *(word for window, step in parameters for word in (window, step)),
        info,
    ]
    read = [window for window, _ in parameters]
    builder.body.append(Lapack(drawn.symbol, operands, [state, into, info], read))
    return info


def fits_int64(x: Variable) -> bool:
    """Whether a variable is of whole numbers that int64 holds all of."""
    dtype = dtype_of(x)
    return dtype != "uint64" and dtype.startswith(("int", "uint"))


def parameter_in(
    builder: Builder, x: Variable | Window, shape: Shape, dtype: str
) -> tuple[Window, int]:
    """Where a parameter is, as `dtype`, and how far its next element is: 0 where one number serves all draws."""
    window = x if isinstance(x, Window) else builder.window(x)
    window = as_dtype(builder, window, dtype)
    if product(window.shape) == 1:
        return window, 0
    if window.shape == shape and window.is_contiguous:
        return window, 1
    whole = builder.temporary(dtype, shape)
    builder.copy(window, whole)
    return whole, 1


def demands_of(node: Apply) -> tuple[Demand, ...]:
    """What is asked of the parameters; whole numbers from 0 on, a constant, have words of their own."""
    demands = DISTRIBUTIONS[node.op.name].demands
    if node.op.name != "integers":
        return demands
    low = node.op.dist_params(node)[0]
    is_from_0 = isinstance(low, Constant) and not np.any(low.data)
    return (replace(demands[0], message="high <= 0"),) if is_from_0 else demands


def refuse(builder: Builder, demands: Sequence[Demand], info: Window) -> None:
    """Stop with NumPy's error where a parameter is not as demanded."""
    for i, demand in enumerate(demands, start=1):
        holds = builder.temporary("bool", ())
        builder.write(holds, [info], arg(0, "int32").differs(i))
        builder.body.append(Check(holds, builder.parts.error(demand.error(demand.message))))


def as_given(node: Apply, builder: Builder) -> Sequence[Variable | Window]:
    return node.op.dist_params(node)


def least_and_range(node: Apply, builder: Builder) -> Sequence[Variable | Window]:
    """Of a uniform draw between two numbers: NumPy adds a part of the range to the least."""
    low, high = node.op.dist_params(node)
    shape = broadcast_shape([builder.shapes.of(low), builder.shapes.of(high)])
    extent = builder.temporary("float64", shape)
    windows = [as_dtype(builder, builder.window(x), "float64") for x in (high, low)]
    builder.write(extent, windows, arg(0, "float64") - arg(1, "float64"))
    return [low, extent]


def least_and_reach(node: Apply, builder: Builder) -> Sequence[Variable | Window]:
    """Of whole numbers from one on and below another: how far the last is from the first; -1 where none is between.

    Without a sign that is more than any two numbers are apart. Where nothing is drawn NumPy does not look.
    """
    low, high = node.op.dist_params(node)
    shape = broadcast_shape([builder.shapes.of(low), builder.shapes.of(high)])
    reach = builder.temporary("int64", shape)
    windows = [as_dtype(builder, builder.window(x), "int64") for x in (low, high)]
    least, end = arg(0, "int64"), arg(1, "int64")
    some = select(least < end, end - least - const(1, "int64"), -1)
    is_idle = product(builder.shapes.of(node.outputs[1])) == 0
    builder.write(reach, windows, const(0, "int64") if is_idle else some)
    return [low, reach]


PARAMETERS: dict[str, Callable[[Apply, Builder], Sequence[Variable | Window]]] = dict.fromkeys(
    DISTRIBUTIONS, as_given
) | {"uniform": least_and_range, "integers": least_and_reach}
# Those whose draws are NumPy's as they are; a class that inherits from one may draw otherwise.
OPS: dict[str, type[RandomVariable]] = {
    str(kind.name): kind  # type: ignore[misc]
    for kind in vars(basic).values()
    if isinstance(kind, type)
    and issubclass(kind, RandomVariable)
    and getattr(kind, "name", "") in DISTRIBUTIONS
}
RULES: dict[type, Rule] = {kind: Rule(draw_shapes, draw_lower) for kind in OPS.values()}
