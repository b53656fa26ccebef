"""What cells walk along: a sequence, its mask, its lengths and the states it starts from, all checked here."""

from typing import NamedTuple

import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.raise_op import Assert

from symrnn.errors import UserError
from symrnn.ops.assembled import AssembledOp


class Sequence(NamedTuple):
    """A sequence and what belongs to it."""

    xs: Variable  # (T, B, D)
    mask: list[Variable]  # (T, B, 1) bool, or none
    steps: Variable | int  # T
    batch: Variable | int  # B


def given_lengths(sequence):
    """T and B as variables, for an op that is given them."""
    return [pt.as_tensor(size, dtype="int64") for size in (sequence.steps, sequence.batch)]


def known_lengths(xs, given):
    """T and B as numbers where the type of `xs` tells them, else as `given`."""
    return tuple(known or length for known, length in zip(xs.type.shape, given, strict=False))


def sequence_of(xs, mask, cell, *, steps=None):
    """The `Sequence` that `cell` walks: `xs (T, B, D)`, `mask (T, B)` or None; `steps` is T where it is given.

    The lengths of a layer's outputs are those of its inputs, so that no length is ever inferred from a scan.

    Raises
    ------
    UserError
        When a rank, size or dtype is wrong, or the length is known to be 0.
    """
    xs = check_sequence(xs, cell)
    mask = [] if mask is None else [check_mask(mask, xs)]
    given = _lengths(xs)
    if steps is not None:
        given = check_steps(steps, xs), given[1]
    steps, batch = (
        known if known is not None else length
        for known, length in zip(xs.type.shape, given, strict=False)
    )
    if steps == 0:
        raise UserError(
            f"xs must have at least one step, but is of type {xs.type}; leave empty sequences out"
        )
    return Sequence(xs, mask, steps, batch)


def check_sequence(xs, cell):
    """`xs` as a variable ``(T, B, D)`` that `cell` can read."""
    xs = pt.as_tensor(xs)
    if xs.type.ndim != 3:
        raise UserError(
            f"xs must be of rank 3, (T, B, D), but is of type {xs.type}; add or flatten axes"
        )
    if xs.type.dtype != cell.w_x.type.dtype:
        raise UserError(
            f"xs must be of the cell's dtype {cell.w_x.type.dtype}, but is {xs.type.dtype}; cast it with "
            f"xs.astype({cell.w_x.type.dtype!r}), or create the cell with dtype={xs.type.dtype!r}"
        )
    size = cell.input_size
    if xs.type.shape[2] is None:
        return pt.specify_shape(xs, (None, None, size))
    if xs.type.shape[2] != size:
        raise UserError(
            f"xs must have D = {size} features, the rows of the cell's w_x, but is of type {xs.type}; "
            f"create the cell with input_size={xs.type.shape[2]}"
        )
    return xs


def check_steps(steps, xs):
    """`steps`, which must be the length of `xs`."""
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise UserError(
            f"steps must be a whole number, but is {steps!r}; leave it out where xs has a fixed length"
        )
    if xs.type.shape[0] not in (None, steps):
        raise UserError(
            f"steps must be the length of xs, {xs.type.shape[0]}, but is {steps}; leave it out"
        )
    return steps


def check_mask(mask, xs):
    """`mask` as a bool variable ``(T, B, 1)``."""
    mask = pt.as_tensor(mask)
    sizes = zip(mask.type.shape, xs.type.shape, strict=False)
    if mask.type.ndim != 2 or any(None not in pair and pair[0] != pair[1] for pair in sizes):
        raise UserError(
            f"mask must be (T, B), the first two axes of xs, which is of type {xs.type}, but is of type {mask.type}; "
            "transpose or reshape it"
        )
    if mask.type.dtype != "bool":
        mask = pt.neq(mask, 0)
    return mask[:, :, None]


def initial_state(cell, initial, sequence):
    """The cell's state before the first step, a list of ``(B, H)``; zeros where `initial` is None."""
    fields, hidden, dtype = cell.State._fields, cell.hidden_size, cell.w_h.type.dtype
    if initial is None:
        return [pt.zeros((sequence.batch, hidden), dtype=dtype) for _ in fields]
    given = list(initial) if isinstance(initial, list | tuple) else [initial]
    if len(given) != len(fields):
        raise UserError(
            f"initial must hold the state's {len(fields)} fields {fields}, but holds {len(given)}; "
            f"give a {cell.State.__name__}"
        )
    return [
        _field(name, value, sequence, hidden, dtype)
        for name, value in zip(fields, given, strict=True)
    ]


def _field(name, value, sequence, hidden, dtype):
    value = pt.as_tensor(value)
    known = sequence.batch if isinstance(sequence.batch, int) else None
    fits = (
        value.type.ndim in (1, 2)
        and value.type.shape[-1] in (hidden, None)
        and value.type.dtype == dtype
    )
    if value.type.ndim == 2 and None not in (known, value.type.shape[0]):
        fits = fits and value.type.shape[0] in (1, known)
    if not fits:
        raise UserError(
            f"initial {name} must be (B, {hidden}), (1, {hidden}) or ({hidden},) of dtype {dtype}, but is of type "
            f"{value.type}; reshape or cast it"
        )
    if value.type.ndim == 1 or value.type.shape[0] == 1:
        value = pt.alloc(value, sequence.batch, hidden)
    return pt.specify_shape(value, (known, hidden))


def _lengths(xs):
    """T and B: those given to the layer that `xs` comes from, else those of `xs`, which must be above zero."""
    node = xs.owner
    if node is not None and isinstance(node.op, AssembledOp):
        return node.inputs[:2]
    positive = Assert(
        "xs must have at least one step (T > 0), but is empty; leave empty sequences out"
    )
    steps = xs.shape[0]
    return positive(steps, pt.gt(steps, 0)), xs.shape[1]
