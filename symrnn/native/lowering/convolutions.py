"""Convolutions of images: image by image, so that what an image is framed in stays in the cache.

Each of the three ops is contractions (`symrnn.native.program.Contraction`) of an image in a frame of zeros, seen as the
windows that overlap in it. Extents of images and filters are numbers of the program; how many images there are may be a
parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import NamedTuple

from pytensor.graph.basic import Apply

from symrnn.convolution import FilterGradient, ImageConvolution, InputGradient
from symrnn.native.builder import Builder
from symrnn.native.lowering.rule import Rule
from symrnn.native.module import lanes_of, registers_of_sums
from symrnn.native.program import Contraction, Loop
from symrnn.native.scalar import arg, const
from symrnn.native.shapes import Shape, Shapes
from symrnn.native.sizes import Int, counter
from symrnn.native.window import Window

Sides = Sequence[tuple[int, int]]  # before and after, along rows and columns


def convolution_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    (batch, *lengths, channels), (*window, seen, count) = (shapes.of(x) for x in node.inputs)
    if channels != seen:
        raise ValueError(f"filters must see the images' channels, {channels}, but see {seen}")
    lengths, window = [int(n) for n in lengths], [int(n) for n in window]
    return [(batch, *node.op.checked_lengths(lengths, window), int(count))]


def gradient_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    """As large as the last input; what the others must be follows from it."""
    given, out, like = (shapes.of(x) for x in node.inputs)
    images, filters = (like, given) if isinstance(node.op, InputGradient) else (given, like)
    (batch, *lengths, channels), (*window, seen, count) = images, filters
    lengths, window = [int(n) for n in lengths], [int(n) for n in window]
    expected = (batch, *node.op.checked_lengths(lengths, window), count)
    if channels != seen or len(out) != 4 or any(n != m for n, m in zip(out, expected, strict=True)):
        raise ValueError(
            f"a gradient of shape {out} does not fit images of {images} and filters of {filters}"
        )
    return [(like[0], *(int(n) for n in like[1:]))]


def convolution_lower(node: Apply, builder: Builder) -> None:
    [out], op = node.outputs, node.op
    xs, filters = (builder.window(x) for x in node.inputs)
    filters = builder.contiguous(filters)
    place = builder.place(out)
    target = dense_last(builder, place)
    rows, columns, channels, count = (int(n) for n in filters.shape)
    by_rows = filters.reshaped((rows, columns * channels, count))
    assert by_rows is not None
    with framed_images(builder, xs, op.padding) as (image, index):
        seen = under(image, target.shape[1:3], (rows, columns), op.stride)
        contract(builder, target.indexed(0, index), seen, by_rows)
    settle(builder, target, place)
    builder.bind(out, place)


def filter_gradient_lower(node: Apply, builder: Builder) -> None:
    """All images add to the filters: ``(KY, KX * C)`` of the windows by ``F``."""
    [made], op = node.outputs, node.op
    xs, out = (builder.window(x) for x in node.inputs[:2])
    out = dense_rows(builder, out)
    place = builder.place(made)
    rows, columns, channels, count = (int(n) for n in place.shape)
    target = place if place.is_contiguous else builder.temporary(place.dtype, place.shape)
    by_rows = target.reshaped((rows, columns * channels, count))
    assert by_rows is not None
    builder.write(target, [], const(0, target.dtype))
    with framed_images(builder, xs, op.padding) as (image, index):
        # ``(KY, KX * C, OY, OX)``: a filter's places are the rows of the product, an image's are what is summed over.
        seen = under(image, out.shape[1:3], (rows, columns), op.stride).permuted([2, 3, 0, 1])
        contract(builder, by_rows, seen, out.indexed(0, index), accumulates=True)
    settle(builder, target, place)
    builder.bind(made, place)


def input_gradient_lower(node: Apply, builder: Builder) -> None:
    """At stride ``s``, every ``s``-th row lies under the same rows of the filters: a contraction for each rest."""
    [made], op = node.outputs, node.op
    filters, out = (builder.window(x) for x in node.inputs[:2])
    place = builder.place(made)
    target = dense_last(builder, place)
    lengths, window = target.shape[1:3], filters.shape[:2]
    phases: list[list[Phase]] = [
        [Phase.of(rest, int(n), int(k), stride, before) for rest in range(stride)]
        for n, k, stride, (before, _) in zip(lengths, window, op.stride, op.padding, strict=True)
    ]
    sides = [
        frame_sides([phase for phase in each if phase.taps and phase.length], int(n))
        for each, n in zip(phases, out.shape[1:3], strict=True)
    ]
    parts = [pair for pair in product(phases[0], phases[1]) if pair[0].length and pair[1].length]
    # Turned once, not for each image.
    turned = {
        pair: turned_filters(builder, filters, pair, op.stride)
        for pair in parts
        if pair[0].taps and pair[1].taps
    }
    with framed_images(builder, out, sides) as (image, index):
        for pair in parts:
            written = target.indexed(0, index)
            for axis, (phase, stride) in enumerate(zip(pair, op.stride, strict=True)):
                written = written.sliced(axis, phase.first, phase.length, stride)
            if pair not in turned:  # between the windows
                builder.write(written, [], const(0, target.dtype))
                continue
            contract(builder, written, results_under(image, pair, sides), turned[pair])
    settle(builder, target, place)
    builder.bind(made, place)


def results_under(
    image: Window, pair: tuple[Phase, Phase], sides: Sequence[tuple[int, int]]
) -> Window:
    """The results that rows of two phases, one an axis, are made of; `image` has them between zeros on both sides."""
    for axis, (phase, (before, _)) in enumerate(zip(pair, sides, strict=True)):
        # Row p is made of the results quotient + p - tap: here is the first, behind `before` zeros.
        start = phase.quotient - (phase.taps - 1) + before
        image = image.sliced(axis, start, phase.length + phase.taps - 1)
    return under(image, (pair[0].length, pair[1].length), (pair[0].taps, pair[1].taps), (1, 1))


class Phase(NamedTuple):
    """Rows of an image that lie alike under windows at a stride.

    With the zeros before them counted, they are row `rest` of each stretch of a stride: `length` of them from `first`
    on, which is in stretch `quotient`. `taps` of a window's rows meet them.
    """

    rest: int
    first: int
    length: int
    quotient: int
    taps: int

    @classmethod
    def of(cls, rest: int, length: int, window: int, stride: int, before: int) -> Phase:
        """Of an axis of so many entries.

        Examples
        --------
        >>> [tuple(Phase.of(rest, 8, 3, 2, 1)) for rest in (0, 1)]
        [(0, 1, 4, 1, 2), (1, 0, 4, 0, 1)]
        """
        first = (rest - before) % stride
        length = max(0, -(-(length - first) // stride))
        taps = max(0, -(-(window - rest) // stride))
        return cls(rest, first, length, (first + before) // stride, taps)


def frame_sides(phases: Sequence[Phase], length: int) -> tuple[int, int]:
    """Zeros that results need around them, for every phase to find its taps."""
    before = max((phase.taps - 1 - phase.quotient for phase in phases), default=0)
    after = max((phase.quotient + phase.length - length for phase in phases), default=0)
    return max(0, before), max(0, after)


def turned_filters(
    builder: Builder, filters: Window, pair: tuple[Phase, Phase], stride: Sequence[int]
) -> Window:
    """``(taps, taps * F, C)``: a phase's rows and columns of the filters, the last one first."""
    part = filters
    for axis, (phase, step) in enumerate(zip(pair, stride, strict=True)):
        last = phase.rest + step * (phase.taps - 1)
        part = part.sliced(axis, last, phase.taps, -step)
    copy = builder.contiguous_copy(part.permuted([0, 1, 3, 2]))
    rows, columns, count, channels = (int(n) for n in copy.shape)
    by_rows = copy.reshaped((rows, columns * count, channels))
    assert by_rows is not None
    return by_rows


@contextmanager
def framed_images(builder: Builder, xs: Window, sides: Sides) -> Iterator[tuple[Window, Int]]:
    """A loop over images: each in turn in a frame of zeros, ``(rows, columns, C)`` without gaps, and its number."""
    batch, *lengths, channels = xs.shape
    lengths, channels = [int(n) for n in lengths], int(channels)
    is_framed = any(n for side in sides for n in side)
    inside = frame = None
    # An image without a frame is read where it lies, if its rows follow one another.
    if is_framed or not is_dense(xs):
        padded = [a + n + b for n, (a, b) in zip(lengths, sides, strict=True)]
        inside = frame = builder.temporary(xs.dtype, (*padded, channels))
        # Once: each image overwrites the inside, and the zeros around it stay, as the frame lives through the loop.
        if is_framed:
            builder.write(frame, [], const(0, frame.dtype))
        for axis, (n, (before, _)) in enumerate(zip(lengths, sides, strict=True)):
            inside = inside.sliced(axis, before, n)
    loop = Loop(builder.parts.name("b"), batch)
    builder.body.append(loop)
    body, builder.body = builder.body, loop.body
    index = counter(loop.name)
    image = xs.indexed(0, index)
    if inside is not None:
        builder.write(inside, [image], arg(0, xs.dtype))
    yield (image if frame is None else frame), index
    builder.body = body


def is_dense(xs: Window) -> bool:
    """Whether each image lies in row-major order without gaps."""
    return Window(xs.buffer, xs.shape[1:], xs.strides[1:]).is_contiguous


def under(
    image: Window, places: Sequence[Int], window: Sequence[int], stride: Sequence[int]
) -> Window:
    """``(OY, OX, KY, KX * C)``: what of an image lies under each place of a window."""
    # Columns and channels are one axis: no gap is between them.
    (height, width), (rows, columns) = (int(n) for n in places), window
    down, right = image.strides[:2]
    return Window(
        image.buffer,
        (height, width, rows, columns * int(image.shape[2])),
        # Of one channel, the last axis is the columns alone, which need not lie side by side.
        (down * stride[0], right * stride[1], down, 1 if image.shape[2] != 1 else right),
        image.offset,
    )


def contract(
    builder: Builder, output: Window, left: Window, right: Window, accumulates: bool = False
) -> None:
    """One contraction, its block as large as the registers are many."""
    lanes, registers = lanes_of(output.dtype), registers_of_sums()
    vectors = max(1, min(2, int(output.shape[2]) // lanes))
    rows = registers // vectors
    # The same filters for each row of results: a stride of 0.
    right = right.broadcast((output.shape[0], *right.shape))
    builder.body.append(Contraction(output, left, right, lanes, rows, vectors, accumulates))


def dense_last(builder: Builder, place: Window) -> Window:
    """The place itself, or memory where results may be written side by side."""
    is_dense = place.strides[-1] == 1 or place.shape[-1] == 1
    return place if is_dense else builder.temporary(place.dtype, place.shape)


def dense_rows(builder: Builder, window: Window) -> Window:
    """The same, its last axis without gaps."""
    return window if window.strides[-1] == 1 else builder.contiguous_copy(window)


def settle(builder: Builder, written: Window, place: Window) -> None:
    """Have in `place` what was written elsewhere."""
    if written is not place:
        builder.copy(written, place)


RULES: dict[type, Rule] = {
    ImageConvolution: Rule(convolution_shapes, convolution_lower),
    InputGradient: Rule(gradient_shapes, input_gradient_lower),
    FilterGradient: Rule(gradient_shapes, filter_gradient_lower),
}
