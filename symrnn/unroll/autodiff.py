"""The form to compare with: a cell over time by `pytensor.scan`, differentiated by `pytensor.grad`.

The input projection stands outside the scan, and the cells of a layer share one scan; all else is what a user of
`pytensor.scan` writes.
"""

import pytensor.tensor as pt
from pytensor.gradient import grad_clip, zero_grad

from symrnn.ops.scan import Recurrence, plain_scan, static_loop
from symrnn.unroll.layer import joined


def autodiff_layer(
    cells, reverses, sequence, initials, *, is_static, gradient_steps, grad_clipping
):
    """``ys (T, B, sum of H)`` and each cell's last state."""
    walks = [
        _walk(cell, reverse, sequence, initial, grad_clipping)
        for cell, reverse, initial in zip(cells, reverses, initials, strict=True)
    ]
    if is_static:
        walks = [_cut(walk, sequence.steps, gradient_steps) for walk in walks]
        results = static_loop(walks, sequence.steps)
    else:
        results = plain_scan(walks, sequence.steps, name="forward", gradient_steps=gradient_steps)
    hs = [
        rec[0][::-1] if reverse else rec[0]
        for (rec, _), reverse in zip(results, reverses, strict=True)
    ]
    return joined(hs), [final for _, final in results]


def _walk(cell, reverse, sequence, initial, grad_clipping):
    def bounded(a):
        return a if grad_clipping is None else grad_clip(a, -grad_clipping, grad_clipping)

    def step(elements, state, invariants):
        z, *mask = elements
        following = cell.advance(
            bounded(z), bounded(pt.dot(state[0], invariants[0])), cell.State(*state)
        )
        if mask:
            following = [
                pt.switch(mask[0], new, old) for new, old in zip(following, state, strict=True)
            ]
        return list(following), list(following)

    zs = pt.dot(sequence.xs, cell.w_x) + cell.b
    sequences = [seq[::-1] if reverse else seq for seq in (zs, *sequence.mask)]
    return Recurrence(step, sequences, initial, [cell.w_h])


def _cut(walk, steps, gradient_steps):
    """The walk, through whose first ``steps - gradient_steps`` steps no gradient goes."""
    if gradient_steps is None or gradient_steps >= steps:
        return walk
    remaining = iter(range(steps))

    def step(elements, state, invariants):
        recorded, following = walk.step(elements, state, invariants)
        if next(remaining) < steps - gradient_steps:
            return [zero_grad(var) for var in recorded], [zero_grad(var) for var in following]
        return recorded, following

    return Recurrence(step, walk.sequences, walk.carried, walk.invariants)
