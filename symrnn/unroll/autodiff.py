"""The form to compare with: a cell over time by `pytensor.scan`, differentiated by `pytensor.grad`.

The input projection stands outside the scan, and the cells of a layer share one scan; all else is what a user of
`pytensor.scan` writes.
"""

from collections.abc import Sequence

import pytensor.tensor as pt
from pytensor.gradient import zero_grad
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import Cell
from symrnn.ops.scan import Recurrence, Values, plain_scan, static_loop
from symrnn.unroll.columns import joined, rows, unrows
from symrnn.unroll.direction import bounded
from symrnn.unroll.options import Options
from symrnn.unroll.sequence import MaskedSequence


def autodiff_layer(
    cells: Sequence[Cell],
    reverses: Sequence[bool],
    sequence: MaskedSequence,
    initials: Sequence[Values],
    options: Options,
    *,
    is_static: bool,
) -> tuple[TensorVariable, list[Values]]:
    """``ys (T, B, sum of H)`` and each cell's last state."""
    walks = [
        _walk(cell, reverse, sequence, initial, options.grad_clipping)
        for cell, reverse, initial in zip(cells, reverses, initials, strict=True)
    ]
    if is_static:
        assert isinstance(sequence.steps, int)
        walks = [_cut(walk, sequence.steps, options.gradient_steps) for walk in walks]
        results = static_loop(walks, sequence.steps)
    else:
        results = plain_scan(
            walks, sequence.steps, name="forward", gradient_steps=options.gradient_steps
        )
    hs = [
        rec[0][::-1] if reverse else rec[0]
        for (rec, _), reverse in zip(results, reverses, strict=True)
    ]
    return joined(hs), [final for _, final in results]


def _walk(
    cell: Cell,
    reverse: bool,
    sequence: MaskedSequence,
    initial: Values,
    grad_clipping: float | None,
) -> Recurrence:
    def step(elements: Values, state: Values, invariants: Values) -> tuple[Values, Values]:
        z, *mask = elements
        product = cell.h_product.of(state[0], invariants[0])
        z, r = (bounded(a, grad_clipping) for a in (z, product))
        following = cell.advance(z, r, cell.State(*state))
        if mask:
            following = [
                pt.switch(mask[0], new, old) for new, old in zip(following, state, strict=True)
            ]
        return list(following), list(following)

    zs = projected(cell, sequence)
    sequences = [seq[::-1] if reverse else seq for seq in (zs, *sequence.mask)]
    return Recurrence(step, sequences, initial, [cell.w_h])


def projected(cell: Cell, sequence: MaskedSequence) -> TensorVariable:
    """``(T, B, G*H, *S)``."""
    if not cell.x_product.axes:
        return pt.dot(sequence.xs, cell.w_x) + cell.b
    flat = cell.x_product.of(rows(sequence.xs), cell.w_x) + cell.x_product.bias(cell.b)
    return unrows(flat, sequence.steps, sequence.batch)


def _cut(walk: Recurrence, steps: int, gradient_steps: int | None) -> Recurrence:
    """The walk, through whose first ``steps - gradient_steps`` steps no gradient goes."""
    if gradient_steps is None or gradient_steps >= steps:
        return walk
    # `static_loop` calls the step once for each t, in their order, so the calls count the steps.
    remaining = iter(range(steps))

    def step(elements: Values, state: Values, invariants: Values) -> tuple[Values, Values]:
        recorded, following = walk.step(elements, state, invariants)
        if next(remaining) < steps - gradient_steps:
            return [zero_grad(var) for var in recorded], [zero_grad(var) for var in following]
        return recorded, following

    return Recurrence(step, walk.sequences, walk.carried, walk.invariants)
