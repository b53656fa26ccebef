"""Random draws that choose: categories by their probabilities, an order, some of many without repeating one.

What NumPy draws for them are numbers up to bounds that are known beforehand, so they are drawn at once, by its own
functions. What it does with them is done here, in loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytensor.graph.basic import Apply, Variable
from pytensor.tensor.random.basic import CategoricalRV, ChoiceWithoutReplacement, PermutationRV
from pytensor.tensor.type_other import NoneTypeT

from symrnn.native.builder import Builder
from symrnn.native.draws import (
    DISTRIBUTIONS,
    INTERVAL,
    STANDARD_UNIFORM,
    Distribution,
    is_possible,
)
from symrnn.native.generators import STATE_WORDS
from symrnn.native.lowering.diagonals import running
from symrnn.native.lowering.draws import draw, state_after
from symrnn.native.lowering.indexing import loaded
from symrnn.native.lowering.products import as_dtype
from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Kernel, Loop, Number, Position
from symrnn.native.scalar import arg, cast, const, select
from symrnn.native.scalar_ops import Unsupported
from symrnn.native.shapes import Shape, Shapes, broadcast_shape, dtype_of
from symrnn.native.sizes import Int, Size, counter, product
from symrnn.native.window import Window

MOST_BY_MARKS = 10_000  # NumPy chooses of more by an order of all,
FEWEST_IN_ORDER = 50  # if more than one in so many is chosen
BOUNDED = DISTRIBUTIONS["integers"]


def check_taken(node: Apply, kind: type) -> None:
    """Raise `Unsupported` unless the draws are those of PyTensor's op, of real numbers."""
    if type(node.op) is not kind or not is_possible():
        raise Unsupported(node.op, "no native code for what it draws")
    if not dtype_of(node.outputs[1]).startswith(("float", "int", "uint", "bool")):
        raise Unsupported(node.op, f"no native code for {dtype_of(node.outputs[1])}")


def categorical_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    check_taken(node, CategoricalRV)
    [p] = node.op.dist_params(node)
    if dtype_of(p) not in ("float32", "float64"):
        raise Unsupported(node.op, f"no native code for probabilities of {dtype_of(p)}")
    given, size = shapes.of(p)[:-1], node.op.size_param(node)
    if isinstance(size.type, NoneTypeT):
        return [(STATE_WORDS,), given]
    shape = shapes.vector(size)
    if broadcast_shape([given, shape]) != shape:
        raise Unsupported(node.op, f"probabilities of shape {given} for draws of shape {shape}")
    return [(STATE_WORDS,), shape]


def categorical_lower(node: Apply, builder: Builder) -> None:
    """The first category up to which probabilities add up to a uniform draw."""
    [p], out = node.op.dist_params(node), node.outputs[1]
    probabilities = builder.window(p)
    sums = builder.temporary(probabilities.dtype, probabilities.shape)
    running(builder, "add", probabilities, sums, len(sums.shape) - 1)
    sums = as_dtype(builder, sums, "float64")
    place, state = builder.place(out), state_after(node, builder)
    drawn = builder.temporary("float64", place.shape)
    draw(builder, STANDARD_UNIFORM, state, drawn, [])
    sums, found = sums.broadcast((*place.shape, sums.shape[-1])), place
    outside = builder.body
    for n in place.shape:
        with looped(builder, n, stays=True) as i:
            sums, drawn, found = (window.indexed(0, i) for window in (sums, drawn, found))
    search(builder, sums, drawn, found)
    builder.body = outside
    builder.bind(out, place)


def search(builder: Builder, sums: Window, number: Window, found: Window) -> None:
    """Write how many of `sums`, which grow, are below a number: by halves, as NumPy finds it where they don't grow."""
    length = int(sums.shape[0])
    low, high, middle = (builder.temporary("int64", ()) for _ in range(3))
    builder.write(low, [], const(0, "int64"))
    builder.write(high, [], const(length, "int64"))
    first, last, at = (arg(i, "int64") for i in range(3))
    with looped(builder, length.bit_length()):
        half = (first + last) >> 1
        builder.write(middle, [low, high], select(half < length, half, length - 1))
        sum_ = sums.indexed(0, loaded(builder, middle, length))
        is_open = first < last
        is_below = is_open & (arg(3, "float64") < arg(4, "float64"))
        body = [select(is_below, at + 1, first), select(is_open & ~is_below, at, last)]
        builder.body.append(Kernel((), [low, high], [low, high, middle, sum_, number], body))
    builder.copy(low, found)


def permutation_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    check_taken(node, PermutationRV)
    [x] = node.op.dist_params(node)
    shape = population(node, x, shapes)
    return [(STATE_WORDS,), shape]


def population(node: Apply, x: Variable, shapes: Shapes) -> Shape:
    """The shape of what is chosen of; a whole number stands for those below it."""
    size = node.op.size_param(node)
    if node.op.ndims_params[0] != x.type.ndim or not isinstance(size.type, NoneTypeT):
        raise Unsupported(node.op, "no native code for several draws at once")
    if x.type.ndim:
        return shapes.of(x)
    if not dtype_of(x).startswith(("int", "uint")):
        raise Unsupported(node.op, f"no native code for {dtype_of(x)}")
    number = shapes.number(x)
    if number < 0:
        raise Unsupported(node.op, "a number below 0")
    return (number,)


def permutation_lower(node: Apply, builder: Builder) -> None:
    [x] = node.op.dist_params(node)
    length = builder.shapes.of(node.outputs[1])[0]
    order = counted(builder, length, 0, 1)
    shuffle(builder, INTERVAL, state_after(node, builder), order, less_one(length))
    take(builder, x, order, node.outputs[1])


def choice_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    check_taken(node, ChoiceWithoutReplacement)
    if node.op.has_p_param:
        raise Unsupported(node.op, "no native code for choices by probabilities")
    x, core_shape = node.op.dist_params(node)
    if core_shape.type.ndim != 1:
        raise Unsupported(node.op, "no native code for several draws at once")
    shape, chosen = population(node, x, shapes), shapes.vector(core_shape)
    if not chosen or any(n < 0 for n in chosen) or product(chosen) > shape[0]:
        raise Unsupported(node.op, f"{chosen} of {shape[0]}")
    return [(STATE_WORDS,), (*chosen, *shape[1:])]


def choice_lower(node: Apply, builder: Builder) -> None:
    x, core_shape = node.op.dist_params(node)
    many = population(node, x, builder.shapes)[0]
    few = product(builder.shapes.vector(core_shape))
    state = state_after(node, builder)
    if many > MOST_BY_MARKS and many < FEWEST_IN_ORDER * few:
        order = counted(builder, many, 0, 1)
        shuffle(builder, BOUNDED, state, order, less_one(many) if few == many else few)
        chosen = order.sliced(0, many - few, few)
    else:
        chosen = without_repeating(builder, state, many, few)
        shuffle(builder, BOUNDED, state, chosen, less_one(few))
    take(builder, x, chosen, node.outputs[1])


def without_repeating(builder: Builder, state: Window, many: Int, few: Int) -> Window:
    """Numbers below `many` [1]_: one of those up to each of the last `few`, or that itself if it was chosen before.

    .. [1] Bentley, Floyd: A sample of brilliance. Communications of the ACM 30 (1987).
    """
    last = counted(builder, few, many - few, 1)
    drawn, chosen = up_to(builder, BOUNDED, state, last), builder.temporary("int64", (few,))
    is_chosen = builder.temporary("bool", (many,))
    builder.write(is_chosen, [], const(False, "bool"))
    with looped(builder, few) as i:
        known = is_chosen.indexed(0, loaded(builder, drawn.indexed(0, i), many))
        choose = select(arg(0, "bool"), arg(1, "int64"), arg(2, "int64"))
        builder.write(
            chosen.indexed(0, i), [known, last.indexed(0, i), drawn.indexed(0, i)], choose
        )
        known = is_chosen.indexed(0, loaded(builder, chosen.indexed(0, i), many))
        builder.write(known, [], const(True, "bool"))
    return chosen


def shuffle(
    builder: Builder, drawn: Distribution, state: Window, order: Window, swaps: Int
) -> None:
    """Swap so many entries, from the last one on, each with one up to it."""
    last = order.shape[0] - 1
    numbers = up_to(builder, drawn, state, counted(builder, swaps, last, -1))
    kept = builder.temporary("int64", ())
    with looped(builder, swaps) as i:
        one, other = (
            order.indexed(0, n)
            for n in (last - i, loaded(builder, numbers.indexed(0, i), last + 1))
        )
        for source, target in ((one, kept), (other, one), (kept, other)):
            builder.copy(source, target)


def up_to(builder: Builder, drawn: Distribution, state: Window, most: Window) -> Window:
    """A whole number from 0 up to each of others, those included."""
    numbers = builder.temporary("int64", most.shape)
    parameters = [(most, 1)]
    if drawn.parameters == 2:
        least = builder.temporary("int64", ())
        builder.write(least, [], const(0, "int64"))
        parameters = [(least, 0), *parameters]
    draw(builder, drawn, state, numbers, parameters)
    return numbers


def counted(builder: Builder, length: Int, first: Int, step: int) -> Window:
    """``first, first + step, ...``"""
    place, sources = builder.temporary("int64", (length,)), [Position((1,), "int64")]
    body = arg(0, "int64") * step
    if isinstance(first, Size):
        kernel = Kernel(
            place.shape, [place], [*sources, Number(first, "int64")], [body + arg(1, "int64")]
        )
    else:
        kernel = Kernel(place.shape, [place], sources, [body + first])
    builder.body.append(kernel)
    return place


def less_one(n: Int) -> Int:
    return n - 1 if n > 0 else 0


def take(builder: Builder, x: Variable, chosen: Window, out: Variable) -> None:
    """The rows of `x` that are chosen, or their numbers where `x` is a number."""
    place = builder.place(out)
    rows = (product(chosen.shape), *builder.shapes.of(x)[1:])
    into = place.reshaped(rows) or builder.temporary(dtype_of(out), rows)
    if not x.type.ndim:
        builder.write(into, [chosen], cast(arg(0, "int64"), into.dtype))
    else:
        source = builder.window(x)
        with looped(builder, rows[0]) as i:
            row = source.indexed(0, loaded(builder, chosen.indexed(0, i), source.shape[0]))
            builder.copy(row, into.indexed(0, i))
    if into.buffer is not place.buffer:
        whole = into.reshaped(place.shape)
        assert whole is not None  # it has no gaps
        builder.copy(whole, place)
    builder.bind(out, place)


@contextmanager
def looped(builder: Builder, steps: Int, *, stays: bool = False) -> Iterator[Size]:
    """Statements are of a loop; with `stays`, those that follow as well."""
    loop, outside = Loop(builder.parts.name("s"), steps), builder.body
    outside.append(loop)
    builder.body = loop.body
    yield counter(loop.name)
    if not stays:
        builder.body = outside


RULES: dict[type, Rule] = {
    CategoricalRV: Rule(categorical_shapes, categorical_lower),
    PermutationRV: Rule(permutation_shapes, permutation_lower),
    ChoiceWithoutReplacement: Rule(choice_shapes, choice_lower),
}
