"""Losses: functions from predictions and targets to a scalar."""

import pytensor.tensor as pt
from pytensor.tensor.type import discrete_dtypes
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError


def cross_entropy(
    logits: TensorVariable, labels: TensorVariable, mask: TensorVariable | None = None
) -> TensorVariable:
    """The mean cross-entropy of ``logits (..., K)`` against integer ``labels (...)``, in nats.

    With `mask`, of the shape of `labels`, the mean is over the places where it is nonzero.

    Examples
    --------
    >>> round(float(cross_entropy(pt.zeros((2, 4)), pt.as_tensor([0, 3])).eval()), 4)
    1.3863
    """
    if labels.type.dtype not in discrete_dtypes or labels.type.ndim != logits.type.ndim - 1:
        raise UserError(
            f"labels must be integers with one axis less than logits, which are of type {logits.type}, but are of type "
            f"{labels.type}; cast them, or drop the class axis"
        )
    # By comparison and not by indexing: its gradient is a product, where that of an index is a scatter.
    classes = pt.arange(logits.shape[-1])
    chosen = pt.eq(labels[..., None], classes)
    nats = pt.logsumexp(logits, axis=-1) - pt.switch(chosen, logits, 0).sum(axis=-1)
    if mask is None:
        return nats.mean()
    # A switch, for a masked place may hold infinities, and 0 * inf is no zero.
    mask = pt.neq(mask, 0)
    return pt.switch(mask, nats, 0).sum() / mask.sum().astype(nats.type.dtype)


def binary_cross_entropy(logits: TensorVariable, targets: TensorVariable) -> TensorVariable:
    """The mean cross-entropy of ``logits (...)`` against ``targets (...)`` in [0, 1], in nats.

    Examples
    --------
    >>> round(float(binary_cross_entropy(pt.zeros(2), pt.as_tensor([0.0, 1.0])).eval()), 4)
    0.6931
    """
    # -t log s(x) - (1 - t) log(1 - s(x)), written so that no logarithm of a rounded zero is taken
    return (pt.softplus(logits) - targets * logits).mean()


def mean_squared_error(predictions: TensorVariable, targets: TensorVariable) -> TensorVariable:
    """The mean of the squared differences.

    Examples
    --------
    >>> float(mean_squared_error(pt.as_tensor([1.0, 2.0]), pt.as_tensor([1.0, 4.0])).eval())
    2.0
    """
    return ((predictions - targets) ** 2).mean()
