"""Backpropagation through time, assembled: one scan forward, one scan back, and a matrix product for each weight.

`pytensor.grad` differentiates a scan as a program: every weight's gradient becomes a sum carried from step to step, and
every state a buffer. Here the gradient of a layer is put together from what it is made of:

* going forward, a scan walks the steps and records each step's state and residuals (`symrnn.ops.linearize`);
* going back, a scan walks them in reverse and returns the gradients ``dz`` and ``dr`` of each step's pre-activations;
  its body is the gradient of the cell's ``advance``, taken once on one symbolic step, and one product with ``w_h``;
* outside the scans, over all steps and the batch at once: ``dw_x = xs' dz``, ``db = sum dz``, ``dw_h = h_prev' dr``,
  ``dxs = dz w_x'``.

A `Direction` is a cell on its way through a sequence; `symrnn.unroll.layer` walks one or two side by side and makes an
op of it. Everything here is a function from variables to variables, and sequences outside the scans are in the order of
time, whichever way a cell walks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import NamedTuple

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symrnn.cells import Cell
from symrnn.errors import UserError
from symrnn.ops.linearize import Linearization, linearize
from symrnn.ops.scan import Recurrence
from symrnn.ops.substitute import captured, evaluate, in_order


class Projection(NamedTuple):
    """The input's weights, those of all directions side by side: one product projects the input for all of them."""

    w_x: Variable  # (D, sum of G*H)
    b: Variable  # (sum of G*H,)


class Weights(NamedTuple):
    """What a layer is given for one direction."""

    w_h: Variable  # (H, G*H)
    captured: Sequence[Variable]  # what `advance` reads besides its arguments
    initial: Sequence[Variable]  # (B, H) each, one a state field


class Symbols(NamedTuple):
    """The arguments of one step, as symbols."""

    z: Variable  # (B, G*H)
    r: Variable  # (B, G*H)
    state: Sequence[Variable]  # (B, H) each
    captured: Sequence[Variable]
    mask: Sequence[Variable]  # (B, 1) bool, or none

    def flat(self):
        return [self.z, self.r, *self.state, *self.captured, *self.mask]


@dataclass(frozen=True)
class Direction:
    """A cell on its way through a sequence.

    Attributes
    ----------
    cell, reverse
        What walks, and whether from the last step to the first.
    captured
        Expressions that the cell's ``advance`` reads besides its arguments (peepholes, say).
    symbols, line
        One step on symbols, linearized: its gradients are ``dz, dr, *dstate, *dcaptured``.
    """

    cell: Cell
    reverse: bool
    captured: Sequence[Variable]
    symbols: Symbols
    line: Linearization

    def walk(self, xs):
        """A sequence in the order in which the cell meets it; once more turns it back."""
        return xs[::-1] if self.reverse else xs

    def walk_back(self, xs):
        """A sequence in the order in which the gradient meets it; once more turns it back."""
        return xs if self.reverse else xs[::-1]

    @cached_property
    def recorded(self):
        """Symbols whose values the walk records: the output, the one before it, the residuals."""
        return list(
            dict.fromkeys([self.line.outputs[0], self.symbols.state[0], *self.line.residuals])
        )

    @property
    def width(self):
        """Columns of a step's pre-activations, ``G*H``."""
        return self.cell.gates * self.cell.hidden_size

    def forward(self, sequence, zs, weights):
        """The walk, as a recurrence that records `recorded`; `zs` ``(T, B, G*H)`` is the projected input."""

        def step(elements, state, invariants):
            z, *mask = elements
            w_h, *captured = invariants
            arguments = Symbols(z, pt.dot(state[0], w_h), state, captured, mask).flat()
            values = evaluate(
                [*self.line.outputs, *self.recorded], _bind(self.symbols.flat(), arguments)
            )
            return values[len(state) :], values[: len(state)]

        sequences = [self.walk(seq) for seq in (zs, *sequence.mask)]
        return Recurrence(step, sequences, weights.initial, [weights.w_h, *weights.captured])

    def backward(self, sequence, zs, weights, records, dhs, dfinal):
        """The walk back, as a recurrence that records ``dz`` and ``dr`` (once, where they are one) and carries
        ``dstate`` and sums of ``dcaptured``.

        `records` are the values of `recorded`, `dhs` ``(T, B, H)`` is the gradient of the outputs (or there is none),
        `dfinal` that of the last state.
        """
        line, count = self.line, len(self.symbols.state)
        residuals = map(_bind(self.recorded, records).get, line.residuals)
        sources = _bind(
            [self.symbols.z, *self.symbols.mask, *line.saved],
            [zs, *sequence.mask, *residuals],
        )
        read = set(in_order(line.gradients))
        sources = {symbol: seq for symbol, seq in sources.items() if symbol in read}

        def step(elements, carried, invariants):
            elements = iter(elements)
            w_back, *captured = invariants
            dstate, sums = carried[:count], carried[count:]
            known = _bind(sources, islice(elements, len(sources)))
            dstate = [sum(elements, dstate[0]), *dstate[1:]]
            known |= _bind([*line.cotangents, *self.symbols.captured], [*dstate, *captured])
            dz, dr, *dothers = evaluate(line.gradients, known)
            dstate, dcaptured = dothers[:count], dothers[count:]
            dstate[0] = dstate[0] + pt.dot(dr, w_back)
            return list(dict.fromkeys([dz, dr])), [*dstate, *map(pt.add, sums, dcaptured)]

        zeros = [pt.zeros(var.shape, dtype=weights.w_h.type.dtype) for var in weights.captured]
        sequences = [self.walk_back(seq) for seq in [*sources.values(), *dhs]]
        return Recurrence(step, sequences, [*dfinal, *zeros], [weights.w_h.T, *weights.captured])

    def gradients(self, records, recorded, carried):
        """``dz`` as rows, and the gradients of the weights, from what the walks recorded and carried."""
        dz, dr = (rows(self.walk_back(recorded[i])) for i in (0, -1))
        h_prev = rows(records[1])
        count = len(self.symbols.state)
        return dz, Weights(
            w_h=pt.dot(h_prev.T, dr),
            captured=carried[count:],
            initial=carried[:count],
        )


def direction(cell, *, reverse=False, batch=None, is_masked=False, grad_clipping=None):
    """Trace one step of `cell` on symbols and linearize it.

    `batch` is the batch size where it is known, `grad_clipping` a bound on ``dz`` and ``dr``, or None.
    """
    dtype, hidden = cell.w_h.type.dtype, cell.hidden_size
    z, r = (pt.tensor(name, dtype=dtype, shape=(batch, cell.gates * hidden)) for name in "zr")
    state = cell.State(
        *(pt.tensor(name, dtype=dtype, shape=(batch, hidden)) for name in cell.State._fields)
    )
    after = check_state(cell, state, cell.advance(z, r, state))
    given = captured(after, [z, r, *state])
    symbols = Symbols(z, r, state, [var.type() for var in given], [])
    after = evaluate(after, _bind(given, symbols.captured))
    if is_masked:
        mask = pt.tensor("mask", dtype="bool", shape=(batch, 1))
        after = [pt.switch(mask, new, old) for new, old in zip(after, state, strict=True)]
        symbols = symbols._replace(mask=[mask])
    wrt = [z, r, *state, *symbols.captured]
    line = linearize(
        symbols.flat(), after, wrt=wrt, available=[z, *symbols.captured, *symbols.mask]
    )
    gradients = _without_holes(cell, line, symbols)
    if grad_clipping is not None:
        bound = pt.as_tensor(grad_clipping, dtype=dtype)
        bounded = {g: pt.clip(g, -bound, bound) for g in gradients[:2]}
        gradients[:2] = [bounded[g] for g in gradients[:2]]
    return Direction(cell, reverse, given, symbols, replace(line, gradients=gradients))


def check_state(cell, before, after):
    """The fields of a state that ``advance`` returned, or a `UserError`."""
    name = type(cell).__name__
    if not isinstance(after, cell.State):
        raise UserError(
            f"{name}.advance must return a {cell.State.__name__}, but returned {after!r}"
        )
    for field, old, new in zip(cell.State._fields, before, after, strict=True):
        if new.type.dtype != old.type.dtype or new.type.ndim != 2:
            raise UserError(
                f"{name}.advance must keep {field} a {old.type.dtype} matrix (B, H), but returned {new.type}; "
                "cast it, or check the dtypes of what it reads"
            )
    return list(after)


def _without_holes(cell, line, symbols):
    """The gradients with zeros where there are none."""
    if None in line.gradients[:2]:
        ignored = "zr"[line.gradients.index(None)]
        raise UserError(
            f"{type(cell).__name__}.advance must use its argument {ignored}, but does not"
        )
    likes = [None, None, *line.cotangents, *symbols.captured]
    dtype = symbols.z.type.dtype
    return [
        pt.zeros_like(like, dtype=dtype) if g is None else g
        for g, like in zip(line.gradients, likes, strict=True)
    ]


def _bind(symbols, values):
    return dict(zip(symbols, values, strict=True))


def rows(xs):
    """``(T, B, N)`` as ``(T*B, N)``."""
    return xs.reshape((-1, xs.type.shape[2]))


def unrows(flat, sequence):
    """``(T*B, N)`` as ``(T, B, N)``."""
    return flat.reshape((sequence.steps, sequence.batch, flat.type.shape[1]))
