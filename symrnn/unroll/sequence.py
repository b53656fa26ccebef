"""What cells walk along: a sequence with its mask and its lengths, all checked here."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.raise_op import Assert
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import Cell
from symrnn.errors import UserError
from symrnn.ops.assembled import AssembledOp
from symrnn.typing import Size, TensorLike


class MaskedSequence(NamedTuple):
    """A sequence and what belongs to it."""

    xs: TensorVariable  # (T, B, D, *S)
    mask: list[TensorVariable]  # (T, B, 1, ...) bool, or none
    steps: Size  # T
    batch: Size  # B

    def pack(self) -> list[TensorVariable]:
        """``[T, B, xs, *mask]``, what an op is given of a sequence.

        The lengths stand beside `xs` so that the op's inner graph need not ask for the shape of `xs`: whoever infers
        that shape walks through all layers below.
        """
        lengths = [pt.as_tensor(size, dtype="int64") for size in (self.steps, self.batch)]
        return [*lengths, self.xs, *self.mask]

    @classmethod
    def unpack(cls, flat: Iterator[Any], *, is_masked: bool) -> "MaskedSequence":
        """What `pack` packed, taken off the front of `flat`; lengths as numbers where the type of xs tells them."""
        steps, batch, xs = islice(flat, 3)
        known = xs.type.shape
        return cls(xs, list(islice(flat, int(is_masked))), known[0] or steps, known[1] or batch)


PACKED_LENGTHS = slice(0, 2)  # where `MaskedSequence.pack` puts T and B


def sequence_of(
    xs: TensorLike,
    mask: TensorLike | None,
    cells: Iterable[Cell],
    *,
    steps: int | None = None,
    is_static: bool = False,
) -> MaskedSequence:
    """The `MaskedSequence` that the cells walk: `xs (T, B, D)`, `mask (T, B)` or None; `steps` is T where it is given.

    The lengths of a layer's outputs are those of its inputs, so that no length is ever inferred from a scan.

    Raises
    ------
    UserError
        When a rank, size or dtype is wrong, or the length is known to be 0, or with `is_static` unknown.
    """
    sequence = pt.as_tensor(xs)
    for cell in cells:
        sequence = check_sequence(sequence, cell)
    masks = [] if mask is None else [check_mask(mask, sequence)]
    known = check_steps(steps, sequence, is_static)
    batch = sequence.type.shape[1]
    given = lengths_of(sequence) or _shape(sequence)
    return MaskedSequence(
        sequence,
        masks,
        given[0] if known is None else known,
        given[1] if batch is None else batch,
    )


def check_sequence(xs: TensorVariable, cell: Cell) -> TensorVariable:
    """`xs` as a variable ``(T, B, D)`` that `cell` can read."""
    axes = cell.x_product.axes
    if xs.type.ndim != 3 + axes:
        shape = "(T, B, D)" if axes == 0 else "(T, B, D, *S)"
        raise UserError(
            f"xs must be of rank {3 + axes}, {shape}, but is of type {xs.type}; add or flatten axes"
        )
    if xs.type.dtype != cell.w_x.type.dtype:
        raise UserError(
            f"xs must be of the cell's dtype {cell.w_x.type.dtype}, but is {xs.type.dtype}; cast it with "
            f"xs.astype({cell.w_x.type.dtype!r}), or create the cell with dtype={xs.type.dtype!r}"
        )
    size = cell.input_size
    if xs.type.shape[2] is None:
        return pt.specify_shape(xs, (None, None, size, *(None,) * axes))
    if xs.type.shape[2] != size:
        raise UserError(
            f"xs must have D = {size} features, the rows of the cell's w_x, but is of type {xs.type}; "
            f"create the cell with input_size={xs.type.shape[2]}"
        )
    return xs


def check_steps(steps: int | None, xs: TensorVariable, is_static: bool) -> int | None:
    """T where `steps` or the type of `xs`, which must agree, tells it; above 0, and known where `is_static`."""
    known = xs.type.shape[0]
    if steps is not None and (
        isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 0
    ):
        raise UserError(
            f"steps must be a whole number, but is {steps!r}; leave it out where xs has a fixed length"
        )
    if None not in (steps, known) and steps != known:
        raise UserError(f"steps must be the length of xs, {known}, but is {steps}; leave it out")
    steps = known if steps is None else int(steps)
    if steps == 0:
        raise UserError(
            f"xs must have at least one step, but is of type {xs.type}; leave empty sequences out"
        )
    if steps is None and is_static:
        raise UserError(
            f"static_unroll needs a fixed number of steps, but xs is of type {xs.type}; give steps=, or use scan_unroll"
        )
    return steps


def check_mask(mask: TensorLike, xs: TensorVariable) -> TensorVariable:
    """`mask` as a bool variable ``(T, B, 1)``, with as many axes as `xs`."""
    given = pt.as_tensor(mask)
    # The mask has no features, which are the last axis of xs.
    sizes = zip(given.type.shape, xs.type.shape, strict=False)
    if given.type.ndim != 2 or any(None not in pair and pair[0] != pair[1] for pair in sizes):
        raise UserError(
            f"mask must be (T, B), the first two axes of xs, which is of type {xs.type}, but is of type {given.type}; "
            "transpose or reshape it"
        )
    if given.type.dtype != "bool":
        given = pt.neq(given, 0)
    return given[(slice(None), slice(None), *(None,) * (xs.type.ndim - 2))]


def lengths_of(xs: Variable) -> list[Any]:
    """``[T, B]`` as they were given to the layer that puts out `xs`; ``[]`` where it comes from no layer."""
    node = xs.owner
    if node is None or not isinstance(node.op, AssembledOp):
        return []
    # Which of its inputs are lengths, if any, the op alone can tell: a pooling is assembled too.
    return node.op.assembly.lengths(node.inputs)


def _shape(xs: TensorVariable) -> list[TensorVariable]:
    """T, which must be above zero, and B."""
    positive = Assert(
        "xs must have at least one step (T > 0), but is empty; leave empty sequences out"
    )
    steps = xs.shape[0]
    return [positive(steps, pt.gt(steps, 0)), xs.shape[1]]
