"""Activations and losses of neural networks that PyTensor does not name, as expressions of what it has.

Shapes: ``B`` batch, ``K`` classes.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor import special
from pytensor.tensor.elemwise import DimShuffle
from pytensor.tensor.shape import Reshape, SpecifyShape
from pytensor.tensor.variable import TensorVariable

from symrnn.typing import TensorLike


def softmax(x: TensorLike) -> TensorVariable:
    """``exp(x) / sum(exp(x))`` over the last axis; a vector becomes a row ``(1, K)``, as in Theano.

    Examples
    --------
    >>> softmax(np.zeros((1, 2))).eval().tolist()
    [[0.5, 0.5]]
    """
    x = pt.as_tensor(x)
    return special.softmax(x[None, :] if x.ndim == 1 else x, axis=-1)


def logsoftmax(x: TensorLike) -> TensorVariable:
    """``log(softmax(x))`` over the last axis, without overflow."""
    return special.log_softmax(pt.as_tensor(x), axis=-1)


def relu(x: TensorVariable, alpha: Any = 0) -> TensorVariable:
    """``max(x, 0)``, or ``alpha * x`` below zero; the slope at zero itself lies half way between the two.

    Examples
    --------
    >>> relu(pt.as_tensor(np.array([-2.0, 3.0])), alpha=0.5).eval().tolist()
    [-1.0, 3.0]
    """
    # As Theano writes it: with pt.maximum the slope at zero would be 1 or 0, and old programs' gradients differ.
    if isinstance(alpha, (int, float)) and alpha == 0:
        return 0.5 * (x + abs(x))
    return 0.5 * (1 + alpha) * x + 0.5 * (1 - alpha) * abs(x)


def elu(x: TensorLike, alpha: Any = 1) -> TensorVariable:
    """``x`` above zero, ``alpha * (exp(x) - 1)`` below.

    Examples
    --------
    >>> elu(np.array([0.0, 3.0])).eval().tolist()
    [0.0, 3.0]
    """
    x = pt.as_tensor(x)
    # The branch that is not taken must not overflow, for its gradient would be inf * 0.
    return pt.switch(x > 0, x, alpha * pt.expm1(pt.minimum(x, 0)))


def selu(x: TensorLike) -> TensorVariable:
    """The `elu` whose outputs keep mean zero and variance one [1]_.

    .. [1] Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks. NIPS 2017.
    """
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def softsign(x: TensorVariable) -> TensorVariable:
    """``x / (1 + |x|)``."""
    return x / (1 + pt.abs(x))


def hard_sigmoid(x: TensorLike) -> TensorVariable:
    """``0.2 * x + 0.5``, cut to ``[0, 1]``.

    Examples
    --------
    >>> hard_sigmoid(np.array([-9.0, 0.0, 9.0])).eval().tolist()
    [0.0, 0.5, 1.0]
    """
    x = pt.as_tensor(x)
    return pt.clip(x * np.asarray(0.2, x.dtype) + np.asarray(0.5, x.dtype), 0, 1)


def ultra_fast_sigmoid(x: TensorLike) -> TensorVariable:
    """A piecewise approximation in Theano; the sigmoid itself here."""
    return pt.sigmoid(x)


def binary_crossentropy(output: TensorLike, target: TensorLike) -> TensorVariable:
    """``-(target * log(output) + (1 - target) * log(1 - output))`` for each entry."""
    output, target = pt.as_tensor(output), pt.as_tensor(target)
    return -(target * pt.log(output) + (1 - target) * pt.log(1 - output))


def sigmoid_binary_crossentropy(output: TensorLike, target: TensorLike) -> TensorVariable:
    """`binary_crossentropy` of ``sigmoid(output)``, without overflow."""
    output, target = pt.as_tensor(output), pt.as_tensor(target)
    return pt.softplus(output) - output * target


def categorical_crossentropy(coding_dist: TensorLike, true_dist: TensorLike) -> TensorVariable:
    """``-log p`` of the true class (B,), or of distributions (B, K) over the classes, for rows of probabilities.

    The logarithm stands directly on a softmax, so that PyTensor turns ``log(softmax(x))`` into its stable form. Of
    other probabilities it is that of the true class alone: one of zero elsewhere has no part in the gradient.

    Examples
    --------
    >>> categorical_crossentropy(np.array([[0.25, 0.75]]), np.array([0])).eval().round(3).tolist()
    [1.386]
    """
    coding_dist, true_dist = pt.as_tensor(coding_dist), pt.as_tensor(true_dist)
    if true_dist.ndim == coding_dist.ndim:
        return -pt.sum(true_dist * pt.log(coding_dist), axis=-1)
    if true_dist.ndim == coding_dist.ndim - 1 and true_dist.dtype.startswith(("int", "uint")):
        if coding_dist.ndim == 2 and not is_softmax(coding_dist):
            return -pt.log(coding_dist[pt.arange(true_dist.shape[0]), true_dist])
        if coding_dist.ndim == 2:
            return -pt.log(coding_dist)[pt.arange(true_dist.shape[0]), true_dist]
        if not is_softmax(coding_dist):
            return -pt.log(pt.take_along_axis(coding_dist, true_dist[..., None], axis=-1)[..., 0])
        return -pt.take_along_axis(pt.log(coding_dist), true_dist[..., None], axis=-1)[..., 0]
    raise TypeError(f"true_dist must hold class numbers ({coding_dist.ndim - 1} axes, integers) or distributions"
                    f" ({coding_dist.ndim} axes), but has {true_dist.ndim} axes of {true_dist.dtype}")  # fmt: skip


def is_softmax(x: TensorVariable) -> bool:
    """Whether `x` is a softmax, seen in whichever shape."""
    while x.owner is not None and isinstance(x.owner.op, DimShuffle | Reshape | SpecifyShape):
        x = x.owner.inputs[0]
    return x.owner is not None and isinstance(x.owner.op, special.Softmax)


def crossentropy_softmax_1hot(
    x: TensorLike, y_idx: TensorLike
) -> tuple[TensorVariable, TensorVariable]:
    """The cross-entropy (B,) of ``softmax(x)`` with the classes `y_idx` (B,), and the softmax (B, K)."""
    probabilities = softmax(x)
    return categorical_crossentropy(probabilities, y_idx), probabilities


def confusion_matrix(actual: TensorVariable, pred: TensorVariable) -> list[TensorVariable]:
    """How often class ``i`` was taken for class ``j``, and the classes in order."""
    order = pt.extra_ops.unique(pt.concatenate([actual, pred]))
    rows = pt.eq(actual[:, None], order[None, :]).astype("int64")
    columns = pt.eq(pred[:, None], order[None, :]).astype("int64")
    return [pt.dot(rows.T, columns), order]


def batch_normalization(
    inputs: TensorVariable,
    gamma: TensorVariable,
    beta: TensorVariable,
    mean: TensorVariable,
    std: TensorVariable,
    mode: str = "low_mem",
) -> TensorVariable:
    """``(inputs - mean) * gamma / std + beta``."""
    return (inputs - mean) * (gamma / std) + beta


def h_softmax(
    x: TensorVariable,
    batch_size: Any,
    n_outputs: int,
    n_classes: int,
    n_outputs_per_class: int,
    W1: TensorVariable,
    b1: TensorVariable,
    W2: TensorVariable,
    b2: TensorVariable,
    target: TensorVariable | None = None,
) -> TensorVariable:
    """Probabilities of outputs in classes: that of the class, times that of the output among those of its class [1]_.

    Parameters
    ----------
    x
        (B, D), with weights `W1` (D, n_classes), `b1` (n_classes,), `W2` (n_classes, D, n_outputs_per_class) and
        `b2` (n_classes, n_outputs_per_class).
    target
        Output numbers (B,), whose probabilities (B,) are then all that is computed; without it, all (B, n_outputs).

    References
    ----------
    .. [1] Goodman: Classes for fast maximum entropy training. ICASSP 2001.

    Examples
    --------
    >>> zeros = [np.zeros(shape) for shape in ((1, 2), (2, 2), (2,), (2, 2, 2), (2, 2))]
    >>> x, W1, b1, W2, b2 = map(pt.as_tensor, zeros)
    >>> h_softmax(x, 1, 4, 2, 2, W1, b1, W2, b2).eval().tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    of_classes = special.softmax(pt.dot(x, W1) + b1, axis=-1)  # (B, n_classes)
    if target is None:
        within = special.softmax(pt.tensordot(x, W2, axes=[[1], [1]]) + b2, axis=-1)
        return (of_classes[:, :, None] * within).reshape((batch_size, -1))[:, :n_outputs]
    target = target.flatten()
    chosen, place = target // n_outputs_per_class, target % n_outputs_per_class
    rows = pt.arange(target.shape[0])
    within = special.softmax(pt.sum(x[:, :, None] * W2[chosen], axis=1) + b2[chosen], axis=-1)
    return of_classes[rows, chosen] * within[rows, place]
