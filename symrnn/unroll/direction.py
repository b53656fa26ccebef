"""Backpropagation through time, assembled: one scan forward, one scan back, and a matrix product for each weight.

`pytensor.grad` differentiates a scan as a program: every weight's gradient becomes a sum carried from step to step, and
every state a buffer. Here the gradient of a layer is put together from what it is made of:

* going forward, a scan walks the steps and records each step's state and residuals (`symrnn.ops.linearize`);
* going back, a scan walks them in reverse and returns the gradients ``dz`` and ``dr`` of each step's pre-activations;
  its body is the gradient of the cell's ``advance``, taken once on one symbolic step, and one product with ``w_h``;
* outside the scans, over all steps and the batch at once: ``dw_x = xs' dz``, ``db = sum dz``, ``dw_h = h_prev' dr``,
  ``dxs = dz w_x'``.

A `Direction` is a cell on its way through a sequence; `symrnn.unroll.layer` walks one or two side by side, and
`symrnn.unroll.assembly` makes an op of them. Everything here is a function from variables to variables, and sequences
outside the scans are in the order of time, whichever way a cell walks.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import pytensor.tensor as pt
from pytensor.graph.basic import clone
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import Cell
from symrnn.errors import UserError
from symrnn.ops.gradient_views import grad_clip
from symrnn.ops.linearize import Linearization, linearize
from symrnn.ops.recent import Recent
from symrnn.ops.scan import Recurrence, Values
from symrnn.ops.signature import signature
from symrnn.ops.substitute import captured, evaluate, in_order
from symrnn.unroll.columns import rows
from symrnn.unroll.sequence import MaskedSequence


class Weights(NamedTuple):
    """What a layer is given for one direction."""

    w_h: TensorVariable  # (H, G*H)
    captured: list[TensorVariable]  # what `advance` reads besides its arguments
    initial: list[TensorVariable]  # (B, H) each, one a state field


class Symbols(NamedTuple):
    """The arguments of one step, as symbols."""

    z: TensorVariable  # (B, G*H)
    r: TensorVariable  # (B, G*H)
    state: list[TensorVariable]  # (B, H) each
    captured: list[TensorVariable]
    mask: list[TensorVariable]  # (B, 1) bool, or none

    def flat(self) -> list[TensorVariable]:
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
    following
        The next state as the cell wrote it, for autodiff: linearizing takes views that change a gradient out of `line`.
    grad_clipping
        The bound on ``dz`` and ``dr``, or None.
    name
        Of the step: `symrnn.ops.signature.signature`.
    """

    cell: Cell
    reverse: bool
    captured: list[TensorVariable]
    symbols: Symbols
    line: Linearization
    following: list[TensorVariable]
    grad_clipping: float | None = None
    name: Hashable | None = None

    def walk(self, xs: TensorVariable) -> TensorVariable:
        """A sequence in the order in which the cell meets it; once more turns it back."""
        return xs[::-1] if self.reverse else xs

    def walk_back(self, xs: TensorVariable) -> TensorVariable:
        """A sequence in the order in which the gradient meets it; once more turns it back."""
        return xs if self.reverse else xs[::-1]

    @cached_property
    def recorded(self) -> list[TensorVariable]:
        """Symbols whose values the walk records: the output, the one before it, the residuals."""
        # A set in order: the output or h_prev may be among the residuals, and is then recorded once. The first two
        # places are fixed: `Layer.forward` takes ys from the first, `gradients` the steps before from the second.
        return list(
            dict.fromkeys([self.line.outputs[0], self.symbols.state[0], *self.line.residuals])
        )

    @property
    def width(self) -> int:
        """Columns of a step's pre-activations, ``G*H``."""
        return self.cell.gates * self.cell.hidden_size

    def weights(self, initial: list[TensorVariable]) -> Weights:
        """The cell's own weights, from that initial state."""
        return Weights(self.cell.w_h, self.captured, initial)

    def forward(self, sequence: MaskedSequence, zs: TensorVariable, weights: Weights) -> Recurrence:
        """The walk, as a recurrence that records `recorded`; `zs` ``(T, B, G*H)`` is the projected input."""

        def step(elements: Values, state: Values, invariants: Values) -> tuple[Values, Values]:
            z, *mask = elements
            w_h, *captured = invariants
            r = self.cell.h_product.of(state[0], w_h)
            arguments = Symbols(z, r, state, captured, mask).flat()
            values = evaluate(
                [*self.line.outputs, *self.recorded], _bind(self.symbols.flat(), arguments)
            )
            return values[len(state) :], values[: len(state)]

        sequences = [self.walk(seq) for seq in (zs, *sequence.mask)]
        return Recurrence(step, sequences, weights.initial, [weights.w_h, *weights.captured])

    def plain(self, sequence: MaskedSequence, zs: TensorVariable, weights: Weights) -> Recurrence:
        """The walk, as a recurrence that records its states, for autodiff: it bounds what `backward` bounds."""

        def step(elements: Values, state: Values, invariants: Values) -> tuple[Values, Values]:
            z, *mask = elements
            w_h, *captured = invariants
            product = self.cell.h_product.of(state[0], w_h)
            z, r = (bounded(a, self.grad_clipping) for a in (z, product))
            arguments = Symbols(z, r, state, captured, mask).flat()
            following = evaluate(self.following, _bind(self.symbols.flat(), arguments))
            return following, following

        sequences = [self.walk(seq) for seq in (zs, *sequence.mask)]
        return Recurrence(step, sequences, weights.initial, [weights.w_h, *weights.captured])

    def backward(
        self,
        sequence: MaskedSequence,
        zs: TensorVariable,
        weights: Weights,
        records: list[TensorVariable],
        dhs: list[TensorVariable],
        dfinal: list[TensorVariable],
    ) -> Recurrence:
        """The walk back, as a recurrence that records ``dz`` and ``dr`` (once, where they are one) and carries
        ``dstate`` and sums of ``dcaptured``.

        `records` are the values of `recorded`, `dhs` holds the gradient of the outputs ``(T, B, H)``, or nothing,
        `dfinal` that of the last state.
        """
        line, count = self.line, len(self.symbols.state)
        residuals = map(_bind(self.recorded, records).get, line.residuals)
        sources = _bind(
            [self.symbols.z, *self.symbols.mask, *line.saved],
            [zs, *sequence.mask, *residuals],
        )
        # What no gradient reads is not walked: z of an LSTM, say, whose gates are all among the residuals.
        read = set(in_order(line.gradients))
        sources = {symbol: seq for symbol, seq in sources.items() if symbol in read}

        def step(elements: Values, carried: Values, invariants: Values) -> tuple[Values, Values]:
            # `elements`: a value of each of `sources`, then dh of this step's output where outputs have a gradient.
            # `carried`: dstate, one a field, then the sums of dcaptured.
            # `invariants`: w_h turned, then what is captured.
            rest = iter(elements)
            w_back, *captured = invariants
            dstate, sums = carried[:count], carried[count:]
            known = _bind(sources, islice(rest, len(sources)))
            # The output is the state's first field, so its gradient comes in there; `rest` holds it, or nothing.
            dstate = [sum(rest, dstate[0]), *dstate[1:]]
            known |= _bind([*line.cotangents, *self.symbols.captured], [*dstate, *captured])
            dz, dr, *dothers = evaluate(line.gradients, known)
            dstate, dcaptured = dothers[:count], dothers[count:]
            # h_prev reached this step in two ways: as the state, and through r = h_prev w_h.
            dstate[0] = dstate[0] + self.cell.h_product.back(dr, w_back)
            # Where z and r only stand in one sum, as in an LSTM, dz and dr are one variable, and one record is enough.
            return list(dict.fromkeys([dz, dr])), [*dstate, *map(pt.add, sums, dcaptured)]

        # A gradient is of the dtype of what is captured: of float64, where a float32 weight meets a number of floatX.
        sums = zip(weights.captured, line.gradients[2 + count :], strict=True)
        zeros = [pt.zeros(var.shape, dtype=gradient.type.dtype) for var, gradient in sums]
        sequences = [self.walk_back(seq) for seq in [*sources.values(), *dhs]]
        turned = self.cell.h_product.turned(weights.w_h)
        return Recurrence(step, sequences, [*dfinal, *zeros], [turned, *weights.captured])

    def gradients(
        self,
        records: list[TensorVariable],
        recorded: list[TensorVariable],
        carried: list[TensorVariable],
    ) -> tuple[TensorVariable, Weights]:
        """``dz`` as rows, and the gradients of the weights, from what the walks recorded and carried."""
        # The walk back recorded [dz, dr], or one variable that is both: first and last are right either way.
        dz, dr = (rows(self.walk_back(recorded[i])) for i in (0, -1))
        h_prev = rows(records[1])
        count = len(self.symbols.state)
        return dz, Weights(
            w_h=self.cell.h_product.weights(h_prev, dr),
            captured=carried[count:],
            initial=carried[:count],
        )


def direction(
    cell: Cell,
    *,
    reverse: bool,
    batch: int | None,
    is_masked: bool,
    grad_clipping: float | None,
) -> Direction:
    """Trace one step of `cell` on symbols and linearize it.

    `batch` is the batch size where it is known, `grad_clipping` a bound on ``dz`` and ``dr``, or None.
    """
    dtype, hidden = cell.w_h.type.dtype, cell.hidden_size
    places = (None,) * cell.h_product.axes
    z, r = (
        pt.tensor(name, dtype=dtype, shape=(batch, cell.gates * hidden, *places)) for name in "zr"
    )
    state = cell.State(
        *(
            pt.tensor(name, dtype=dtype, shape=(batch, hidden, *places))
            for name in cell.State._fields
        )
    )
    after = check_state(cell, state, cell.advance(z, r, state))
    # What the step reads besides its arguments becomes an input too, so that the scans' bodies hold no shared
    # variables.
    given = captured(after, [z, r, *state])
    symbols = Symbols(z, r, list(state), [var.type() for var in given], [])
    after = evaluate(after, _bind(given, symbols.captured))
    if is_masked:
        mask = pt.tensor("mask", dtype="bool", shape=(batch, 1, *(1 for _ in places)))
        after = [pt.switch(mask, new, old) for new, old in zip(after, state, strict=True)]
        symbols = symbols._replace(mask=[mask])
    step = linearized(symbols, after)
    symbols, line = step.symbols, step.line
    gradients = _without_holes(cell, line, symbols)
    if grad_clipping is not None:
        bound = pt.as_tensor(grad_clipping, dtype=dtype)
        # One clipped variable where dz and dr are one, so that they stay one (see `backward`).
        clipped = {g: pt.clip(g, -bound, bound) for g in gradients[:2]}
        gradients[:2] = [clipped[g] for g in gradients[:2]]
    line = replace(line, gradients=gradients)
    return Direction(cell, reverse, given, symbols, line, step.following, grad_clipping, step.name)


class Step(NamedTuple):
    """One step on symbols: linearized, and as the cell wrote it."""

    symbols: Symbols
    line: Linearization
    following: list[TensorVariable]
    name: Hashable | None


_RECENT = Recent(size=16)  # cells of one network are mostly of a few kinds and sizes


def linearized(symbols: Symbols, after: list[TensorVariable]) -> Step:
    """The step to `after`; of steps that are the same algebra on symbols of the same types, the first one again."""
    name = signature(symbols.flat(), after)
    if name is not None:
        name = (name, *map(len, symbols[2:]))
    return _RECENT.get(name, lambda: _linearized(symbols, after, name))


def _linearized(symbols: Symbols, after: list[TensorVariable], name: Hashable | None) -> Step:
    # The walk back is given z, what is captured and the mask anyhow. r it would have to multiply again, and a state is
    # a record: those are not available.
    z, r, state, captured, mask = symbols
    following: Any = clone(symbols.flat(), after, copy_inputs=False)[1]  # `after` is rewritten
    line = linearize(
        symbols.flat(), after, wrt=[z, r, *state, *captured], available=[z, *captured, *mask]
    )
    return Step(symbols, line, following, name)


def bounded(a: TensorVariable, grad_clipping: float | None) -> TensorVariable:
    """`a`, whose gradient is bounded by `grad_clipping` where that is not None."""
    return a if grad_clipping is None else grad_clip(a, -grad_clipping, grad_clipping)


def check_state(cell: Cell, before: Any, after: Any) -> list[TensorVariable]:
    """The fields of a state that ``advance`` returned, or a `UserError`."""
    name = type(cell).__name__
    if not isinstance(after, cell.State):
        raise UserError(
            f"{name}.advance must return a {cell.State.__name__}, but returned {after!r}"
        )
    for field, old, new in zip(cell.State._fields, before, after, strict=True):
        if new.type.dtype != old.type.dtype or new.type.ndim != old.type.ndim:
            axes = "(B, H)" if old.type.ndim == 2 else f"of {old.type.ndim} axes, (B, H, *S)"
            kind = "matrix " if old.type.ndim == 2 else "tensor "
            raise UserError(
                f"{name}.advance must keep {field} a {old.type.dtype} {kind}{axes}, but returned {new.type}; "
                "cast it, or check the dtypes of what it reads"
            )
    return list(after)


def _without_holes(cell: Cell, line: Linearization, symbols: Symbols) -> list[TensorVariable]:
    """The gradients with zeros where there are none."""
    if None in line.gradients[:2]:
        ignored = "zr"[line.gradients.index(None)]
        raise UserError(
            f"{type(cell).__name__}.advance must use its argument {ignored}, but does not"
        )
    likes = [None, None, *line.cotangents, *symbols.captured]
    dtype = symbols.z.type.dtype
    pairs = zip(line.gradients, likes, strict=True)
    return [pt.zeros_like(like, dtype=dtype) if g is None else g for g, like in pairs]


def _bind(symbols: Iterable[Any], values: Iterable[Any]) -> dict[Any, Any]:
    return dict(zip(symbols, values, strict=True))
