"""The places that paths of connectionist temporal classification walk: labels with blanks around them.

Shapes: ``T`` frames, ``B`` batch, ``L`` labels, ``S = 2 L + 1`` places, ``C`` symbols. Places come first and the batch
last, so that a step to the next place is a shift of whole rows.
"""

from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

import numpy as np
import pytensor.scalar as ps
import pytensor.tensor as pt
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.variable import TensorVariable

from symrnn.ops.windows import length

LOWEST = -1e30  # below every log likelihood of a path, and far from overflow in float32


@dataclass(frozen=True)
class Lattice:
    """What does not change from frame to frame; likelihoods as logarithms, -inf where nothing is said.

    Attributes
    ----------
    symbols
        Integers ``(S, B)``: blank, label, blank, label, ..., blank; behind an item's labels, blanks.
    start
        ``(S, B)``: 0 at the first place, where every path stands before the first frame.
    end
        ``(S, B)``: 0 at the two last places of an item, where its paths end.
    skip
        ``(S, B)``: 0 at places that may be entered from two places before.
    outside
        ``(2, B)``: what stands before the first and behind the last place.
    """

    symbols: TensorVariable
    start: TensorVariable
    end: TensorVariable
    skip: TensorVariable
    outside: TensorVariable

    def emitted(self, log_probs: TensorVariable) -> TensorVariable:
        """Of ``log_probs (T, B, C)`` those of the symbol of each place, ``(T, S, B)``."""
        items = pt.arange(length(log_probs, 1))[None, :]
        return log_probs[:, items, self.symbols]

    def one_hot(self, classes: Any) -> TensorVariable:
        """The symbol of each place as a row, ``(B, S, C)``."""
        rows = pt.eq(self.symbols.T[:, :, None], pt.arange(classes))
        return rows.astype(self.start.type.dtype)


def lattice(
    labels: TensorVariable,
    label_lengths: TensorVariable,
    blank: int,
    dtype: str,
    *,
    nothing: float = -np.inf,
) -> Lattice:
    """The `Lattice` of ``labels (B, L)``; `nothing` is the logarithm of no likelihood."""
    batch, count = length(labels, 0), length(labels, 1)
    places = 2 * count + 1
    place, last = pt.arange(places)[:, None], 2 * label_lengths  # last: behind an item's labels
    # What stands behind an item's labels may be any number, so it is not looked up.
    known = pt.switch(pt.arange(count)[:, None] < label_lengths, labels.T, blank)  # (L, B)
    pairs = pt.stack([known, pt.full_like(known, blank)], axis=1).reshape((places - 1, batch))
    # Blanks at the places -2, -1 and 0, so that the symbol two places before is a slice.
    frame = pt.join(0, pt.full((3, batch), blank, dtype=pairs.type.dtype), pairs)
    symbols, two_before = frame[2:], frame[:-2]

    def logarithm(possible: TensorVariable) -> Any:
        return pt.switch(possible, np.asarray(0, dtype), np.asarray(nothing, dtype))

    start: Any = pt.alloc(logarithm(pt.eq(place, 0)), places, batch)
    return Lattice(
        symbols=symbols,
        start=start,
        end=logarithm(pt.eq(place, last) | pt.eq(place, last - 1)),
        skip=logarithm(pt.neq(symbols, blank) & pt.neq(symbols, two_before)),
        outside=pt.full((2, batch), nothing, dtype=dtype),
    )


def frames_within(logits: TensorVariable, input_lengths: TensorVariable) -> TensorVariable:
    """Whether each frame is one of its item, ``(T, 1, B)``."""
    return pt.arange(length(logits, 0))[:, None, None] < input_lengths


def entered(
    likelihoods: TensorVariable, skip: TensorVariable, outside: TensorVariable
) -> list[TensorVariable]:
    """What may come to each place in a step, of ``(S, B)``: from itself, from one before, from two before."""
    behind = pt.join(0, outside, likelihoods)
    return [likelihoods, behind[1:-1], behind[:-2] + skip]


def left(
    likelihoods: TensorVariable, skip: TensorVariable, outside: TensorVariable
) -> list[TensorVariable]:
    """Where each place may go in a step, of ``(S, B)``: itself, the next, the one behind it, by `skip` of that one."""
    ahead = pt.join(0, likelihoods, outside)
    return [likelihoods, ahead[1:-1], ahead[2:] + skip]


def log_add(a: TensorVariable, b: TensorVariable, c: TensorVariable) -> TensorVariable:
    """``log(exp a + exp b + exp c)``, -inf of three -inf, without overflow in any mode.

    One op with its algebra inside, for PyTensor would take the maximum of the differences again: it writes
    ``log(exp x + exp y)`` so that it cannot overflow, and does not see that it cannot.

    Examples
    --------
    >>> import numpy as np
    >>> terms = [pt.as_tensor(np.array(x)) for x in ([0.0, -np.inf], [-1000.0, -np.inf], [0.0, -np.inf])]
    >>> log_add(*terms).eval().round(6).tolist()
    [0.693147, -inf]
    """
    return _log_add(a.type.dtype)(a, b, c)


@cache
def _log_add(dtype: str) -> Any:
    scalars: Any = [ps.ScalarType(dtype)(name) for name in "abc"]
    lowest: Any = ps.constant(np.asarray(LOWEST, dtype))
    # Of a maximum of -inf the differences would be NaN.
    base: Any = reduce(ps.maximum, scalars, lowest)
    total = reduce(ps.add, [ps.exp(each - base) for each in scalars])
    return Elemwise(ps.Composite(scalars, [base + ps.log(total)]), name="LogAdd")


def log_add_plain(a: TensorVariable, b: TensorVariable, c: TensorVariable) -> TensorVariable:
    """The same, of finite numbers, as algebra that `pytensor.grad` differentiates."""
    largest = pt.maximum(pt.maximum(a, b), c)
    return largest + pt.log(pt.exp(a - largest) + pt.exp(b - largest) + pt.exp(c - largest))
