"""Indexing with arrays of whole numbers: a loop over their entries, each a window that is read or written.

As in NumPy, all arrays of an index are seen as of one shape. Its axes stand where the first array stands, or in front
where a slice stands between two of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor import subtensor
from pytensor.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    indices_from_subtensor,
)

from symrnn.native.builder import Builder
from symrnn.native.lowering.indexing import (
    check_each,
    inc_wants,
    loaded,
    number_of,
    out_of_bounds,
    overwritten,
    slice_range,
)
from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Lookup, Loop
from symrnn.native.scalar import Scalar, arg, cast, scalar
from symrnn.native.scalar_ops import Unsupported
from symrnn.native.shapes import Shape, Shapes, broadcast_shape, dtype_of
from symrnn.native.sizes import counter
from symrnn.native.window import Window


@dataclass
class Index:
    """An index with arrays.

    Attributes
    ----------
    slices
        ``(axis, (start, length, step))`` of the axes that are sliced.
    arrays
        ``(axis, variable)`` of those that an array indexes.
    shape
        Of all arrays together.
    at
        The axis of the result before which the arrays' axes stand.
    """

    slices: list[tuple[int, tuple]]
    arrays: list[tuple[int, Variable]]
    shape: tuple
    at: int

    def result(self, shape: Shape) -> tuple:
        """The shape of the entries of an array of `shape`."""
        rest = self.rest(shape)
        return (*rest[: self.at], *self.shape, *rest[self.at :])

    def rest(self, shape: Shape) -> list:
        """The extents of the axes that no array indexes."""
        lengths = {axis: length for axis, (_, length, _) in self.slices}
        indexed = {axis for axis, _ in self.arrays}
        return [lengths.get(axis, n) for axis, n in enumerate(shape) if axis not in indexed]


def index_of(node: Apply, shapes: Shapes) -> Index:
    """The index of a node, or `Unsupported`."""
    is_read = isinstance(node.op, READ)
    x, given = node.inputs[0], node.inputs[1 if is_read else 2 :]
    slices, arrays, kinds = [], [], []
    idx_list = getattr(node.op, "idx_list", (0,))
    for axis, item in enumerate(indices_from_subtensor(given, idx_list)):
        if isinstance(item, slice):
            whole = item == slice(None)
            ends = [number_of(end, shapes) for end in (item.start, item.stop, item.step)]
            if not whole:
                slices.append((axis, slice_range(slice(*ends), shapes.of(x)[axis])))
        else:
            if dtype_of(item) == "bool":
                raise Unsupported(node.op, "how many entries a mask names depends on it")
            arrays.append((axis, item))
        kinds.append(isinstance(item, slice))
    if len(kinds) > x.type.ndim:
        raise IndexError("too many indices for array")
    first, last = arrays[0][0], arrays[-1][0]
    at = first if not any(kinds[first:last]) else 0
    return Index(slices, arrays, broadcast_shape([shapes.of(var) for _, var in arrays]), at)


def check_bounds(index: Index, shapes: Shapes, shape: Shape) -> None:
    """Raise where an index that is known is out of bounds."""
    for axis, var in index.arrays:
        # All others are checked one by one as they are read.
        if isinstance(var, Constant) and np.size(var.data) and isinstance(shape[axis], int):
            low, high = int(np.min(var.data)), int(np.max(var.data))
            worst = low if low < -shape[axis] else high
            if worst >= shape[axis] or worst < -shape[axis]:
                raise IndexError(
                    f"index {worst} is out of bounds for axis {axis} with size {shape[axis]}"
                )


def entries(
    builder: Builder,
    index: Index,
    windows: list[Window],
    x: Window,
    visit: Callable[[Window, list[Window]], None],
) -> None:
    """For each entry of the index's arrays, ``visit(entry of x, entries of windows)``.

    `windows` are arrays of the shape of the result, of which the entry leaves the other axes.
    """
    for axis, cut in index.slices:
        x = x.sliced(axis, *cut)
    sources = [(axis, builder.window(var).broadcast(index.shape)) for axis, var in index.arrays]
    outside, body = builder.body, builder.body
    counters = []
    for n in index.shape:
        loop = Loop(builder.parts.name("g"), n)
        body.append(loop)
        body = loop.body
        counters.append(counter(loop.name))
    builder.body = body
    for axis, source in sorted(
        sources, key=lambda pair: -pair[0]
    ):  # so that those before keep their numbers
        for at in counters:
            source = source.indexed(0, at)
        x = x.indexed(axis, loaded(builder, source, x.shape[axis]))
    for at in counters:
        windows = [window.indexed(index.at, at) for window in windows]
    visit(x, windows)
    builder.body = outside


def entry_numbers(builder: Builder, index: Index, x: Window) -> list[Window] | None:
    """Arrays that name single entries of `x`, checked against its extents; None where each names more than one."""
    if len(index.arrays) < len(x.shape) or not index.shape:
        return None
    numbers = [builder.window(var).broadcast(index.shape) for _, var in index.arrays]
    for (axis, var), window in zip(index.arrays, numbers, strict=True):
        extent = x.shape[axis]
        # Those of a constant were checked when the shapes became known.
        if not (isinstance(var, Constant) and isinstance(extent, int)):
            check_each(builder, window, extent, out_of_bounds(extent))
    return numbers


def gather_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    x = node.inputs[0]
    index = index_of(node, shapes)
    check_bounds(index, shapes, shapes.of(x))
    return [index.result(shapes.of(x))]


def gather_lower(node: Apply, builder: Builder) -> None:
    x, [out] = node.inputs[0], node.outputs
    index = index_of(node, builder.shapes)
    window, place = builder.window(x), builder.place(out)
    for _, var in index.arrays:
        # Before the loops: in them it would be written for each entry.
        builder.window(var)
    numbers = entry_numbers(builder, index, window)
    if numbers is not None:
        value = cast(arg(0, window.dtype), place.dtype)
        builder.body.append(Lookup(window, numbers, place, value))
    else:
        entries(builder, index, [place], window, lambda entry, at: builder.copy(entry, at[0]))
    builder.bind(out, place)


def scatter_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    x, y = node.inputs[:2]
    index = index_of(node, shapes)
    check_bounds(index, shapes, shapes.of(x))
    target = index.result(shapes.of(x))
    if getattr(node.op, "ignore_duplicates", False) and not node.op.set_instead_of_inc:
        raise Unsupported(node.op, "entries named twice are added once")
    given = shapes.of(y)
    # The last axes face each other; those that the value lacks are repeated.
    for n, m in zip(reversed(given), reversed(target), strict=False):
        if n != m and n != 1:
            raise ValueError(
                f"shape mismatch: value array of shape {given} could not be broadcast to indexing result of shape "
                f"{target}"
            )
    extra = given[: max(0, len(given) - len(target))]
    if any(n != 1 for n in extra):
        raise ValueError(f"could not broadcast input array from shape {given} into shape {target}")
    _check_repeated(node, given, target)
    return [shapes.of(x)]


def _check_repeated(node: Apply, given: Shape, target: Shape) -> None:
    """As PyTensor with one vector of indices, repeat only what is known to be of extent 1."""
    _, y, index, *more = node.inputs
    if more or index.type.ndim != 1 or getattr(node.op, "idx_list", (0,)) != (0,):
        return
    known = reversed(y.type.broadcastable)
    if any(
        n == 1 and m != 1 and not k
        for k, n, m in zip(known, reversed(given), reversed(target), strict=False)
    ):
        raise ValueError(
            f"Runtime broadcasting not allowed. {type(node.op).__name__} was asked to broadcast the second input (y) "
            "along a dimension that was not marked as broadcastable. If broadcasting was intended, use "
            "`specify_broadcastable` on the relevant dimension(s)."
        )


def scatter_lower(node: Apply, builder: Builder) -> None:
    x, y = node.inputs[:2]
    [out] = node.outputs
    index = index_of(node, builder.shapes)
    # Before `x` is overwritten, which it may be computed from; so are the arrays of the index.
    values = builder.window(y)
    for _, var in index.arrays:
        builder.window(var)
    whole = overwritten(node, builder, x, out)
    shape = index.result(whole.shape)
    if len(values.shape) > len(shape):
        seen = values.reshaped(values.shape[len(values.shape) - len(shape) :])
        assert seen is not None  # axes of extent 1 alone are gone
        values = seen
    values = values.broadcast(shape)

    def put(entry, at):
        if node.op.set_instead_of_inc:
            builder.copy(at[0], entry)
        else:
            # Read and written entry by entry, so one that is named twice is added to twice.
            builder.write(entry, [entry, at[0]], added(entry.dtype, at[0].dtype))

    numbers = entry_numbers(builder, index, whole)
    if numbers is not None:
        given = arg(1, values.dtype)
        if not node.op.set_instead_of_inc:
            given = added(whole.dtype, given.dtype)
        builder.body.append(Lookup(whole, numbers, values, cast(given, whole.dtype), True))
    else:
        entries(builder, index, [values], whole, put)
    builder.bind(out, whole)


def added(target: str, other: str) -> Scalar:
    """The sum of arguments 0 and 1 as NumPy computes it: in their common dtype."""
    common = np.result_type(target, other).name
    terms = [cast(arg(i, dtype), common) for i, dtype in enumerate((target, other))]
    return scalar("or" if common == "bool" else "add", *terms)


READ: tuple[type, ...] = (AdvancedSubtensor,)
WRITTEN: tuple[type, ...] = (AdvancedIncSubtensor,)
if hasattr(subtensor, "AdvancedSubtensor1"):  # gone since PyTensor 3.1
    READ = (*READ, subtensor.AdvancedSubtensor1)
    WRITTEN = (*WRITTEN, vars(subtensor)["AdvancedIncSubtensor1"])

RULES: dict[type, Rule] = {
    **dict.fromkeys(READ, Rule(gather_shapes, gather_lower)),
    **dict.fromkeys(WRITTEN, Rule(scatter_shapes, scatter_lower, inc_wants)),
}
