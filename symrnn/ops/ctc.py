"""Connectionist temporal classification [1]_: the loss of unaligned label sequences, its gradient assembled by hand.

A path gives each frame a symbol; without repetitions and then without blanks it spells a label sequence. The
likelihood of labels is the sum over all paths that spell them, taken along the labels with blanks around them,
``extended (S, B)``, ``S = 2 L + 1``, with ``e_t(s)`` the log probability of ``extended(s)`` in frame t:

* forward, one scan: ``a_t(s) = log(exp a(s) + exp a(s-1) + exp a(s-2)) + e_t(s)``, where a is ``a_{t-1}``, and the last
  term is left out at blanks and at repeated labels;
* backward, one scan: ``b_t(s)``, the likelihood of what follows frame t, by the same sum the other way;
* the posterior of place s in frame t is ``exp(a_t(s) + b_t(s) - log p)``, and the gradient by the logits is softmax
  minus the posteriors of the places of each symbol: a product with their one-hot rows. Nothing is differentiated.

`greedy_decode` and `beam_decode` are NumPy (`symrnn.ops.ctc_decoding`).

.. [1] Graves, Fernandez, Gomez, Schmidhuber: Connectionist temporal classification: labelling unsegmented sequence
   data with recurrent neural networks. ICML 2006.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.special import log_softmax
from pytensor.tensor.type import discrete_dtypes
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.ops.assembled import assembled
from symrnn.ops.ctc_decoding import beam_decode, beam_hypotheses, greedy_decode
from symrnn.ops.ctc_lattice import (
    LOWEST,
    entered,
    frames_within,
    lattice,
    left,
    log_add,
    log_add_plain,
)
from symrnn.ops.scan import Recurrence, Values, plain_scan, scan_loop
from symrnn.ops.windows import length
from symrnn.typing import TensorLike

__all__ = ["beam_decode", "beam_hypotheses", "ctc_loss", "ctc_loss_plain", "greedy_decode"]

Add = Callable[[TensorVariable, TensorVariable, TensorVariable], TensorVariable]


def ctc_loss(
    logits: TensorLike,
    labels: TensorLike,
    input_lengths: TensorLike,
    label_lengths: TensorLike,
    *,
    blank: int = 0,
    zero_infinity: bool = False,
) -> TensorVariable:
    """The negative log likelihood of each item's labels, ``(B,)``, in nats.

    Parameters
    ----------
    logits
        ``(T, B, C)``, float32 or float64: scores of C symbols, or their log probabilities, which come to the same: they
        are normalised here.
    labels
        Integers ``(B, L)`` below C, none of them `blank`; what stands behind an item's length is not read.
    input_lengths
        Integers ``(B,)``: frames of each item, from 0 to T.
    label_lengths
        Integers ``(B,)``: labels of each item, from 0 to L.
    blank
        Number of the symbol that spells nothing.
    zero_infinity
        Loss and gradient of an item that no path spells are 0, not infinity and NaN.

    Returns
    -------
    TensorVariable
        ``(B,)``, of the dtype of `logits`. The empty label sequence in no frames has loss 0.

    Raises
    ------
    UserError
        When an argument has other axes or another kind of dtype.

    Notes
    -----
    As in PyTorch's ``ctc_loss``, the gradient of given log probabilities is that by logits. PyTorch's mean divides each
    loss by its label length first.

    Examples
    --------
    Two frames of two symbols, each as likely: of four paths three spell ``1``.

    >>> loss = ctc_loss(np.zeros((2, 1, 2)), [[1]], [2], [1])
    >>> (-loss).exp().eval().round(6).tolist()
    [0.75]
    """
    arguments = checked(logits, labels, input_lengths, label_lengths)
    [loss] = assembled(CTC(blank, zero_infinity), arguments, name="CTC")
    return loss


def ctc_loss_plain(
    logits: TensorLike,
    labels: TensorLike,
    input_lengths: TensorLike,
    label_lengths: TensorLike,
    *,
    blank: int = 0,
    zero_infinity: bool = False,
) -> TensorVariable:
    """`ctc_loss` as a plain scan that `pytensor.grad` differentiates: the form to compare with.

    Examples
    --------
    >>> loss = ctc_loss_plain(np.zeros((2, 1, 2)), [[1]], [2], [1])
    >>> (-loss).exp().eval().round(6).tolist()
    [0.75]
    """
    arguments = checked(logits, labels, input_lengths, label_lengths)
    return CTC(blank, zero_infinity).plain(arguments)[0]


@dataclass(frozen=True)
class CTC:
    """The loss as an `Assembly`: ``[logits, labels, input_lengths, label_lengths] -> [loss]``."""

    blank: int = 0
    zero_infinity: bool = False

    @property
    def visible(self) -> int:
        return 1

    @property
    def identity(self) -> Hashable:
        return (type(self), self.blank, self.zero_infinity)

    def lengths(self, inputs: Sequence[Variable]) -> list[Variable]:
        return []

    def outputs(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        """``[loss, log_probs (T, B, C), emitted (T, S, B), alphas (T, S, B), log likelihood (B,)]``."""
        logits, labels, input_lengths, label_lengths = inputs
        log_probs = log_softmax(logits, axis=-1)
        places = lattice(labels, label_lengths, self.blank, logits.type.dtype)
        emitted = places.emitted(log_probs)
        walk = Recurrence(
            lambda *step: forward(*step, add=log_add),
            [emitted, frames_within(logits, input_lengths)],
            [places.start],
            [places.skip, places.outside],
        )
        [((alphas,), (alpha,))] = scan_loop([walk], length(logits, 0), name="ctc_forward")
        found = ended(alpha, label_lengths, add=log_add)
        return [self.reported(-found), log_probs, emitted, alphas, found]

    def gradients(
        self,
        inputs: Sequence[TensorVariable],
        outputs: Sequence[TensorVariable],
        cotangents: Sequence[TensorVariable | None],
    ) -> list[TensorVariable | None]:
        logits, labels, input_lengths, label_lengths = inputs
        _, log_probs, emitted, alphas, found = outputs
        [cotangent] = cotangents
        assert cotangent is not None  # it is the only output that is seen
        places = lattice(labels, label_lengths, self.blank, logits.type.dtype)
        within = frames_within(logits, input_lengths)
        walk = Recurrence(
            backward,
            [emitted[::-1], within[::-1], alphas[::-1]],
            [places.end],
            [pt.join(0, places.skip, places.outside)[2:], places.outside, found],
        )
        [((posteriors,), _)] = scan_loop([walk], length(logits, 0), name="ctc_backward")
        of_places: Any = posteriors[::-1].dimshuffle(2, 0, 1)
        one_hot: Any = places.one_hot(length(logits, 2))
        of_symbols = pt.matmul(of_places, one_hot)  # (B, T, C)
        difference = pt.exp(log_probs) - of_symbols.dimshuffle(1, 0, 2)
        counts = within.dimshuffle(0, 2, 1)  # (T, B, 1)
        if self.zero_infinity:
            counts = counts & pt.neq(found, -np.inf)[:, None]
        # A switch and no product, for what does not count may be NaN.
        return [pt.switch(counts, cotangent[:, None] * difference, 0), None, None, None]

    def plain(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        logits, labels, input_lengths, label_lengths = inputs
        # Finite numbers for no likelihood, since autodiff makes NaN of infinite ones.
        places = lattice(labels, label_lengths, self.blank, logits.type.dtype, nothing=LOWEST)
        lowest = np.asarray(LOWEST, logits.type.dtype)
        emitted = pt.maximum(places.emitted(log_softmax(logits, axis=-1)), lowest)
        walk = Recurrence(
            lambda *step: forward(*step, add=log_add_plain),
            [emitted, frames_within(logits, input_lengths)],
            [places.start],
            [places.skip, places.outside],
        )
        [(_, (alpha,))] = plain_scan([walk], length(logits, 0), name="ctc_plain")
        found = ended(alpha, label_lengths, add=log_add_plain, nothing=LOWEST)
        return [self.reported(pt.switch(found < LOWEST / 2, np.inf, -found))]

    def reported(self, loss: TensorVariable) -> TensorVariable:
        """`loss`, with infinities as asked."""
        return pt.switch(pt.isinf(loss), 0, loss) if self.zero_infinity else loss


def forward(
    elements: Values, states: Values, invariants: Values, *, add: Add
) -> tuple[Values, Values]:
    """``a_t`` from ``a_{t-1}``; behind an item's frames it stays."""
    [emitted, within], [before], [skip, outside] = elements, states, invariants
    after = add(*entered(before, skip, outside)) + emitted
    alpha = pt.switch(within, after, before)
    return [alpha], [alpha]


def backward(elements: Values, states: Values, invariants: Values) -> tuple[Values, Values]:
    """The posteriors of frame t from ``b_t``, which is then taken to ``b_{t-1}``."""
    [emitted, within, alpha], [beta], [skip_ahead, outside, found] = elements, states, invariants
    posteriors = pt.exp(alpha + beta - found)
    before = log_add(*left(beta + emitted, skip_ahead, outside))
    return [posteriors], [pt.switch(within, before, beta)]


def ended(
    alpha: TensorVariable, label_lengths: TensorVariable, *, add: Add, nothing: float = -np.inf
) -> TensorVariable:
    """The log likelihood ``(B,)`` from the last ``(S, B)``: of paths at the last label and at the blank behind it."""
    items = pt.arange(length(alpha, 1))
    lowest = pt.as_tensor(np.asarray(nothing, alpha.type.dtype))
    at_label = alpha[pt.maximum(2 * label_lengths - 1, 0), items]
    return add(
        alpha[2 * label_lengths, items], pt.switch(label_lengths > 0, at_label, lowest), lowest
    )


def checked(
    logits: TensorLike, labels: TensorLike, input_lengths: TensorLike, label_lengths: TensorLike
) -> list[TensorVariable]:
    """The arguments as variables, or a `UserError`."""
    given = [pt.as_tensor(x) for x in (logits, labels, input_lengths, label_lengths)]
    if given[0].type.ndim != 3 or given[0].type.dtype not in ("float32", "float64"):
        raise UserError(
            f"logits must be float32 or float64 with axes (T, B, C), but are of type {given[0].type}; "
            "transpose, or cast with .astype('float32')"
        )
    rules = [("labels", 2, "(B, L)"), ("input_lengths", 1, "(B,)"), ("label_lengths", 1, "(B,)")]
    for (name, axes, shape), var in zip(rules, given[1:], strict=True):
        if var.type.ndim != axes or var.type.dtype not in discrete_dtypes:
            raise UserError(
                f"{name} must be integers with axes {shape}, but are of type {var.type}; "
                "cast with .astype('int32'), or reshape"
            )
    # In int64, so that no product of a small dtype overflows.
    return [given[0], *(var.astype("int64") for var in given[1:])]
