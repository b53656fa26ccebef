"""The functions of `symrnn.unroll`, and what they all take.

Options, everywhere the same:

initial
    The state before the first step: a ``State`` of the cell, or one variable for a state of one field. A field is
    ``(B, H)``, or ``(H,)`` or ``(1, H)`` for the whole batch, which may be a shared variable to learn. Zeros by
    default.
mask
    ``(T, B)``, nonzero where a sequence has a step; a masked step copies the state.
reverse
    Walk from the last step to the first; the outputs stay in the order of time.
last_only
    Return the output after the walk's last step alone, ``(B, H)``.
gradient_steps
    Go back only this many steps from the end of the walk; what lies before gets no gradient.
grad_clipping
    Bound the gradient of each step's pre-activations to ``[-grad_clipping, grad_clipping]``.
gradient
    ``"assembled"`` (`symrnn.unroll.direction`) or ``"autodiff"`` (`pytensor.grad` through `pytensor.scan`, or the
    steps).

What is wrong is a `symrnn.errors.UserError`; a length of 0 that shows only in a call is an AssertionError.
"""

from collections.abc import Sequence
from typing import Any, Unpack

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.building import built_quickly
from symrnn.cells import Cell
from symrnn.errors import UserError, check_choice
from symrnn.typing import TensorLike
from symrnn.unroll.assembly import assembled_layer
from symrnn.unroll.autodiff import autodiff_layer
from symrnn.unroll.initial import Initial, initial_state
from symrnn.unroll.options import SCANS, GradientOptions, Options, Scans
from symrnn.unroll.sequence import sequence_of
from symrnn.unroll.stacked import is_stacked, stacked_layers


def scan_unroll(
    cell: Cell,
    xs: TensorLike,
    *,
    reverse: bool = False,
    initial: Initial = None,
    mask: TensorLike | None = None,
    last_only: bool = False,
    **options: Unpack[GradientOptions],
) -> TensorVariable:
    """The outputs of `cell` over `xs` by one scan, ``(T, B, H)``.

    Parameters
    ----------
    cell
        A `symrnn.cells.Cell`.
    xs
        ``(T, B, D)``, of the cell's dtype.
    reverse, initial, mask, last_only, gradient_steps, grad_clipping, gradient
        As in the module's docstring.

    Examples
    --------
    >>> from symrnn.cells import GRUCell
    >>> xs = pt.tensor("xs", shape=(None, None, 3))
    >>> scan_unroll(GRUCell.create(3, 4, rng=0), xs).type.shape
    (None, None, 4)
    """
    ys, state = scan_states(cell, xs, reverse=reverse, initial=initial, mask=mask, **options)
    return state[0] if last_only else ys


def scan_states(
    cell: Cell,
    xs: TensorLike,
    *,
    reverse: bool = False,
    initial: Initial = None,
    mask: TensorLike | None = None,
    **options: Unpack[GradientOptions],
) -> tuple[TensorVariable, Any]:
    """The outputs of `cell` over `xs` and its state after the walk's last step, to go on from.

    Examples
    --------
    >>> from symrnn.cells import LSTMCell
    >>> cell, xs = LSTMCell.create(3, 4, rng=0), pt.tensor("xs", shape=(None, None, 3))
    >>> ys, state = scan_states(cell, xs)
    >>> more, state = scan_states(cell, xs, initial=state)
    """
    ys, [state] = _unrolled([cell], [reverse], xs, mask, [initial], Options(**options))
    return ys, state


def static_unroll(
    cell: Cell,
    xs: TensorLike,
    *,
    steps: int | None = None,
    reverse: bool = False,
    initial: Initial = None,
    mask: TensorLike | None = None,
    last_only: bool = False,
    **options: Unpack[GradientOptions],
) -> TensorVariable:
    """The outputs of `cell` over `xs`, ``(T, B, H)``, every step written out in the graph.

    `steps` is T where the type of `xs` does not say it; all else is as for `scan_unroll`.

    Examples
    --------
    >>> from symrnn.cells import GRUCell
    >>> static_unroll(GRUCell.create(3, 4, rng=0), pt.tensor("xs", shape=(2, None, 3))).type.shape
    (2, None, 4)
    """
    ys, [state] = _unrolled(
        [cell], [reverse], xs, mask, [initial], Options(**options), steps=steps, is_static=True
    )
    return state[0] if last_only else ys


def bidirectional(
    forward: Cell,
    backward: Cell,
    xs: TensorLike,
    *,
    initial: Sequence[Initial] = (None, None),
    mask: TensorLike | None = None,
    last_only: bool = False,
    scans: Scans = "one",
    **options: Unpack[GradientOptions],
) -> TensorVariable:
    """The outputs of two cells that walk `xs` in opposite directions, side by side, ``(T, B, 2H)``.

    Parameters
    ----------
    forward, backward
        The cells; they may differ.
    initial
        The initial state of each.
    scans
        ``"one"``: both walks in one scan; ``"two"``: a scan each.
    xs, mask, last_only, gradient_steps, grad_clipping, gradient
        As for `scan_unroll`; with `last_only`, each walk's last output, ``(B, 2H)``.

    Examples
    --------
    >>> from symrnn.cells import LSTMCell
    >>> cells = [LSTMCell.create(3, 4, rng=seed) for seed in (0, 1)]
    >>> bidirectional(*cells, pt.tensor("xs", shape=(None, None, 3))).type.shape
    (None, None, 8)
    """
    check_choice("scans", scans, SCANS)
    if not isinstance(initial, list | tuple) or len(initial) != 2:
        raise UserError(
            f"initial must be a pair, the state that each cell starts from, but is {initial!r}; None stands for zeros"
        )
    if scans == "two":
        walks = [(forward, False, initial[0]), (backward, True, initial[1])]
        halves = [
            scan_unroll(
                cell, xs, reverse=reverse, initial=state, mask=mask, last_only=last_only, **options
            )
            for cell, reverse, state in walks
        ]
        return pt.join(1 if last_only else 2, *halves)
    ys, states = _unrolled(
        [forward, backward], [False, True], xs, mask, initial, Options(**options)
    )
    return pt.join(1, *(state[0] for state in states)) if last_only else ys


def stack(
    layers: Sequence[Cell | Sequence[Cell]],
    xs: TensorLike,
    *,
    mask: TensorLike | None = None,
    **options: Unpack[GradientOptions],
) -> TensorVariable:
    """Layer upon layer, ``(T, B, H)`` or ``(T, B, 2H)`` like the last.

    A layer is a cell, or a pair of cells for a bidirectional layer. Cells made with ``create(..., layers=L)`` stand for
    L equal layers, which become one scan over their weights: the graph does not grow with L. Their input is as wide as
    their output.

    Examples
    --------
    >>> from symrnn.cells import RNNCell
    >>> first = [RNNCell.create(3, 4, rng=seed) for seed in (0, 1)]
    >>> thirty_more = [RNNCell.create(8, 4, rng=seed, layers=30) for seed in (2, 3)]
    >>> stack([first, thirty_more], pt.tensor("xs", shape=(None, None, 3))).type.shape
    (None, None, 8)
    """
    ys: Any = xs
    for layer in layers:
        cells = [layer] if isinstance(layer, Cell) else list(layer)
        if len(cells) not in (1, 2):
            raise UserError(
                f"a layer of stack must be a cell or a pair of cells, but holds {len(cells)}"
            )
        reverses = [False, True][: len(cells)]
        if any(is_stacked(check_cell(cell)) for cell in cells):
            with built_quickly():
                ys = stacked_layers(cells, reverses, ys, mask, Options(**options))
        else:
            ys, _ = _unrolled(cells, reverses, ys, mask, [None] * len(cells), Options(**options))
    return ys


def _unrolled(
    cells: Sequence[Cell],
    reverses: Sequence[bool],
    xs: TensorLike,
    mask: TensorLike | None,
    initials: Sequence[Initial],
    options: Options,
    *,
    steps: int | None = None,
    is_static: bool = False,
) -> tuple[TensorVariable, list[Any]]:
    """``ys`` and each cell's last state, in the form that `options` ask for."""
    check_cells(cells)
    sequence = sequence_of(xs, mask, cells, steps=steps, is_static=is_static)
    starts = [
        initial_state(cell, initial, sequence)
        for cell, initial in zip(cells, initials, strict=True)
    ]
    form = autodiff_layer if options.gradient == "autodiff" else assembled_layer
    with built_quickly():
        ys, states = form(cells, reverses, sequence, starts, options, is_static=is_static)
    return ys, [cell.State(*state) for cell, state in zip(cells, states, strict=True)]


def check_cell(cell: Cell) -> Cell:
    """Refuse what is not a `Cell`."""
    if not isinstance(cell, Cell):
        raise UserError(
            f"cell must be a symrnn.cells.Cell, but is {cell!r}; make one with LSTMCell.create(...), say"
        )
    return cell


def check_cells(cells: Sequence[Cell]) -> None:
    """Refuse what are no cells, and cells that only `stack` can walk."""
    if any(is_stacked(check_cell(cell)) for cell in cells):
        raise UserError(
            "cells made with layers= are for stack alone; give it the cell, or leave layers out"
        )
