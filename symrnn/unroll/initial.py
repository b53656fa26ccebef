"""The state that a cell starts from."""

from collections.abc import Sequence
from typing import Any, cast

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import Cell
from symrnn.errors import UserError
from symrnn.ops.windows import length
from symrnn.typing import TensorLike
from symrnn.unroll.sequence import MaskedSequence

# A State, or the one field of a state that has one; None for zeros.
Initial = TensorLike | Sequence[TensorLike] | None


def initial_state(cell: Cell, initial: Initial, sequence: MaskedSequence) -> list[TensorVariable]:
    """The cell's state before the first step, a list of ``(B, H)``; zeros where `initial` is None."""
    fields, hidden, dtype = cell.State._fields, cell.hidden_size, cell.w_h.type.dtype
    if initial is None:
        places = places_of(cell, sequence)
        return [pt.zeros((sequence.batch, hidden, *places), dtype=dtype) for _ in fields]
    given: list[Any] = list(initial) if isinstance(initial, list | tuple) else [initial]
    if len(given) != len(fields):
        raise UserError(
            f"initial must hold the state's {len(fields)} fields {fields}, but holds {len(given)}; "
            f"give a {cell.State.__name__}"
        )
    if places := places_of(cell, sequence):
        return [
            _of_places(name, pt.as_tensor(value), sequence, hidden, dtype, len(places))
            for name, value in zip(fields, given, strict=True)
        ]
    return [
        _field(name, pt.as_tensor(value), sequence, hidden, dtype)
        for name, value in zip(fields, given, strict=True)
    ]


def places_of(cell: Cell, sequence: MaskedSequence) -> list[Any]:
    """The spatial sizes of the cell's state; none of a cell that stands on matrix products."""
    return cell.x_product.sizes([length(sequence.xs, 3 + i) for i in range(cell.x_product.axes)])


def _of_places(
    name: str, value: TensorVariable, sequence: MaskedSequence, hidden: int, dtype: str, axes: int
) -> TensorVariable:
    known = sequence.batch if isinstance(sequence.batch, int) else None
    fits = value.type.ndim == 2 + axes and value.type.shape[1] in (hidden, None)
    if not fits or value.type.dtype != dtype:
        raise UserError(
            f"initial {name} must be (B, {hidden}, *S) of dtype {dtype}, but is of type {value.type};"
            " reshape or cast it"
        )
    return pt.specify_shape(value, (known, hidden, *(None,) * axes))


def _field(
    name: str, value: TensorVariable, sequence: MaskedSequence, hidden: int, dtype: str
) -> TensorVariable:
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
        value = cast(TensorVariable, pt.alloc(value, sequence.batch, hidden))
    # Scan asks that a state has one type before and after a step; the step's own knows H, and B where it is known.
    return pt.specify_shape(value, (known, hidden))
