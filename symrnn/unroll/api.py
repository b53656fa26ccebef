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

from dataclasses import dataclass

import pytensor.tensor as pt

from symrnn.cells import Cell
from symrnn.errors import UserError, check_choice
from symrnn.ops.assembled import assembled
from symrnn.ops.scan import scan_loop, static_loop
from symrnn.unroll.autodiff import autodiff_layer
from symrnn.unroll.direction import Weights, direction
from symrnn.unroll.layer import Layer, projection
from symrnn.unroll.sequence import check_sequence, initial_state, sequence_of
from symrnn.unroll.stacked import StackedLayer, is_stacked, one_layer

GRADIENTS = ("assembled", "autodiff")
SCANS = ("one", "two")


@dataclass(frozen=True)
class Options:
    """How a layer is differentiated; see the module's docstring."""

    gradient_steps: int | None = None
    grad_clipping: float | None = None
    gradient: str = "assembled"

    def __post_init__(self):
        check_choice("gradient", self.gradient, GRADIENTS)
        steps, bound = self.gradient_steps, self.grad_clipping
        if steps is not None and (
            isinstance(steps, bool) or not isinstance(steps, int) or steps < 1
        ):
            raise UserError(
                f"gradient_steps must be a whole number of at least 1, or None for all, but is {steps!r}"
            )
        if bound is not None and not bound > 0:
            raise UserError(
                f"grad_clipping must be above 0, or None for no bound, but is {bound!r}"
            )


def scan_unroll(cell, xs, *, reverse=False, initial=None, mask=None, last_only=False, **options):
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


def scan_states(cell, xs, *, reverse=False, initial=None, mask=None, **options):
    """The outputs of `cell` over `xs` and its state after the walk's last step, to go on from.

    Examples
    --------
    >>> from symrnn.cells import LSTMCell
    >>> cell, xs = LSTMCell.create(3, 4, rng=0), pt.tensor("xs", shape=(None, None, 3))
    >>> ys, state = scan_states(cell, xs)
    >>> more, state = scan_states(cell, xs, initial=state)
    """
    sequence = sequence_of(xs, mask, check_cell(cell))
    ys, [state] = _unrolled(
        [cell], [reverse], sequence, [initial], Options(**options), is_static=False
    )
    return ys, state


def static_unroll(
    cell, xs, *, steps=None, reverse=False, initial=None, mask=None, last_only=False, **options
):
    """The outputs of `cell` over `xs`, ``(T, B, H)``, every step written out in the graph.

    `steps` is T where the type of `xs` does not say it; all else is as for `scan_unroll`.

    Examples
    --------
    >>> from symrnn.cells import GRUCell
    >>> static_unroll(GRUCell.create(3, 4, rng=0), pt.tensor("xs", shape=(2, None, 3))).type.shape
    (2, None, 4)
    """
    sequence = sequence_of(xs, mask, check_cell(cell), steps=steps)
    if not isinstance(sequence.steps, int):
        raise UserError(
            f"static_unroll needs a fixed number of steps, but xs is of type {sequence.xs.type}; give steps=, or use "
            "scan_unroll"
        )
    ys, [state] = _unrolled(
        [cell], [reverse], sequence, [initial], Options(**options), is_static=True
    )
    return state[0] if last_only else ys


def bidirectional(
    forward,
    backward,
    xs,
    *,
    initial=(None, None),
    mask=None,
    last_only=False,
    scans="one",
    **options,
):
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
    if scans == "two":
        walks = [(forward, False, initial[0]), (backward, True, initial[1])]
        halves = [
            scan_unroll(
                cell, xs, reverse=reverse, initial=state, mask=mask, last_only=last_only, **options
            )
            for cell, reverse, state in walks
        ]
        return pt.join(halves[0].type.ndim - 1, *halves)
    sequence = sequence_of(xs, mask, check_cell(forward))
    check_sequence(xs, check_cell(backward))
    ys, states = _unrolled(
        [forward, backward], [False, True], sequence, initial, Options(**options), is_static=False
    )
    return pt.join(1, *(state[0] for state in states)) if last_only else ys


def stack(layers, xs, *, mask=None, **options):
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
    for layer in layers:
        cells = [
            check_cell(cell) for cell in (layer if isinstance(layer, list | tuple) else [layer])
        ]
        if len(cells) not in (1, 2):
            raise UserError(
                f"a layer of stack must be a cell or a pair of cells, but holds {len(cells)}"
            )
        reverses = [False, True][: len(cells)]
        if any(map(is_stacked, cells)):
            xs = _stacked(cells, reverses, xs, mask, Options(**options))
        else:
            sequence = sequence_of(xs, mask, cells[0])
            check_sequence(xs, cells[-1])
            xs, _ = _unrolled(
                cells, reverses, sequence, [None] * len(cells), Options(**options), is_static=False
            )
    return xs


def _unrolled(cells, reverses, sequence, initials, options, *, is_static):
    """``ys`` and each cell's last state, in the form that `options` ask for."""
    if any(map(is_stacked, cells)):
        raise UserError(
            "cells made with layers= are for stack alone; give it the cell, or leave layers out"
        )
    initials = [
        initial_state(cell, initial, sequence)
        for cell, initial in zip(cells, initials, strict=True)
    ]
    if options.gradient == "autodiff":
        ys, states = autodiff_layer(
            cells,
            reverses,
            sequence,
            initials,
            is_static=is_static,
            gradient_steps=options.gradient_steps,
            grad_clipping=options.grad_clipping,
        )
    else:
        layer = _layer(cells, reverses, sequence, options, static_loop if is_static else scan_loop)
        weights = [
            Weights(d.cell.w_h, d.captured, initial)
            for d, initial in zip(layer.directions, initials, strict=True)
        ]
        ys, *flat = assembled(
            layer, layer.pack(sequence, projection(cells), weights), name="Unrolled"
        )
        flat = iter(flat)
        states = [[next(flat) for _ in initial] for initial in initials]
    return ys, [cell.State(*state) for cell, state in zip(cells, states, strict=True)]


def _layer(cells, reverses, sequence, options, loop):
    batch = sequence.batch if isinstance(sequence.batch, int) else None
    directions = tuple(
        direction(
            cell,
            reverse=reverse,
            batch=batch,
            is_masked=bool(sequence.mask),
            grad_clipping=options.grad_clipping,
        )
        for cell, reverse in zip(cells, reverses, strict=True)
    )
    return Layer(
        directions,
        loop,
        options.gradient_steps,
        sequence.steps if isinstance(sequence.steps, int) else None,
    )


def _stacked(cells, reverses, xs, mask, options):
    """Equal layers as one scan over their weights."""
    singles = [one_layer(cell) for cell in cells]
    sequence = sequence_of(xs, mask, singles[0])
    width = sum(cell.hidden_size for cell in cells)
    if any(cell.input_size != width for cell in cells):
        raise UserError(
            f"layers in one scan need an input as wide as their output, {width}, but have {cells[0].input_size}; "
            "put a layer of its own before them"
        )
    if len({cell.w_x.type.shape[0] for cell in cells}) != 1:
        raise UserError("both directions of layers in one scan must have the same number of layers")
    assembly = StackedLayer(_layer(singles, reverses, sequence, options, scan_loop))
    inputs = assembly.pack(sequence, cells)
    return (
        assembled(assembly, inputs, name="Layers")[0]
        if options.gradient == "assembled"
        else assembly.plain(inputs)[0]
    )


def check_cell(cell):
    """Refuse what is not a `Cell`."""
    if not isinstance(cell, Cell):
        raise UserError(
            f"cell must be a symrnn.cells.Cell, but is {cell!r}; make one with LSTMCell.create(...), say"
        )
    return cell
