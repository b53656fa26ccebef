"""Losses for each entry or item, their aggregation, and accuracies.

`predictions` and `targets` are expressions; nothing is reduced over the batch before `aggregate` (or ``.mean()``),
so that items can
be weighted. Where predictions are a column ``(B, 1)`` and targets a vector ``(B,)``, the vector is
taken as a column. Class targets are numbers ``(B,)`` or one-hot rows ``(B, K)``.
"""

import pytensor.tensor as pt

from symrnn.ops import nnet

from .nonlinearities import rectify
from .utils import as_theano_expression

__all__ = [
    "aggregate",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_hinge_loss",
    "categorical_accuracy",
    "categorical_crossentropy",
    "huber_loss",
    "multiclass_hinge_loss",
    "squared_error",
]


def align_targets(predictions, targets):
    """Both as given, but a target vector beside a prediction column as a column."""
    predictions, targets = as_theano_expression(predictions), as_theano_expression(targets)
    # A vector beside a column would broadcast to a matrix of all pairs.
    if predictions.ndim == 2 and predictions.type.shape[1] == 1 and targets.ndim == 1:
        targets = targets.dimshuffle(0, "x")
    return predictions, targets


def binary_crossentropy(predictions, targets):
    """``-t * log(p) - (1 - t) * log(1 - p)`` for each entry."""
    return nnet.binary_crossentropy(*align_targets(predictions, targets))


def categorical_crossentropy(predictions, targets):
    """``-sum_k t_k * log(p_k)`` for each item, from rows of probabilities (B, K)."""
    return nnet.categorical_crossentropy(predictions, targets)


def squared_error(a, b):
    """``(a - b)**2`` for each entry."""
    a, b = align_targets(a, b)
    return pt.square(a - b)


def aggregate(loss, weights=None, mode="mean"):
    """`loss`, times `weights` if given, to one number: its ``"mean"``, ``"sum"``, or ``"normalized_sum"``.

    The last divides the weighted sum by the sum of the weights; give as many weights as losses.
    """
    if mode not in ("mean", "sum", "normalized_sum"):
        raise ValueError(f"mode must be 'mean', 'sum' or 'normalized_sum', but is {mode!r}")
    if mode == "normalized_sum" and weights is None:
        raise ValueError(
            "require weights for mode='normalized_sum'; give weights, or take mode='mean'"
        )
    weighted = loss if weights is None else loss * weights
    if mode == "mean":
        return weighted.mean()
    return weighted.sum() if mode == "sum" else weighted.sum() / weights.sum()


def binary_hinge_loss(predictions, targets, delta=1, log_odds=None, binary=True):
    """``max(0, delta - t * score)`` for targets of one and zero (or, with ``binary=False``, of one and minus one).

    The score is the prediction itself if it is the log odds (`log_odds`, the default), else the log odds of that
    probability.
    """
    # Lasagne raises a warning here that this default is to change, and so an error: what it says is still the default.
    if log_odds is None:
        log_odds = True
    predictions, targets = align_targets(predictions, targets)
    score = predictions if log_odds else pt.log(predictions / (1 - predictions))
    signs = 2 * targets - 1 if binary else targets
    return rectify(delta - score * signs)


def multiclass_hinge_loss(predictions, targets, delta=1):
    """``max(0, delta + best wrong score - right score)`` for each item."""
    right = one_hot_like(predictions, targets)
    right_score = pt.sum(pt.switch(right, predictions, 0), axis=1)
    wrong_score = pt.max(pt.switch(right, -float("inf"), predictions), axis=1)
    return rectify(delta + wrong_score - right_score)


def one_hot_like(predictions, targets):
    """Which entry of each row of `predictions` (B, K) is the target's, as truth values."""
    if predictions.ndim == 2 and targets.ndim == 2:
        return pt.neq(targets, 0)
    if predictions.ndim != 2 or targets.ndim != 1:
        raise TypeError(f"rank mismatch between targets ({targets.ndim} axes) and predictions ({predictions.ndim});"
                        " targets are class numbers (B,) or one-hot rows (B, K), predictions rows (B, K)")  # fmt: skip
    return pt.eq(pt.arange(predictions.shape[1])[None, :], targets[:, None])


def huber_loss(predictions, targets, delta=1):
    """Half the squared error up to `delta`, linear beyond [1]_.

    .. [1] Huber: Robust estimation of a location parameter. Annals of Statistics 53 (1964).
    """
    predictions, targets = align_targets(predictions, targets)
    error = abs(targets - predictions)
    return pt.switch(error <= delta, 0.5 * pt.square(error), delta * (error - delta / 2.0))


def binary_accuracy(predictions, targets, threshold=0.5):
    """Whether each prediction lies on its target's side of `threshold`."""
    predictions, targets = align_targets(predictions, targets)
    return pt.eq(pt.ge(predictions, threshold), targets)


def categorical_accuracy(predictions, targets, top_k=1):
    """Whether the target is the most probable class of its row, or among the `top_k` most probable."""
    if targets.ndim == predictions.ndim:
        targets = pt.argmax(targets, axis=-1)
    elif targets.ndim != predictions.ndim - 1:
        raise TypeError(
            f"rank mismatch between targets ({targets.ndim} axes) and predictions ({predictions.ndim})"
        )
    if top_k == 1:
        return pt.eq(pt.argmax(predictions, axis=-1), targets)
    best = pt.argsort(predictions, axis=-1)[..., -top_k:]
    return pt.any(pt.eq(best, targets[..., None]), axis=-1)
