"""Batch normalization with a rectifier behind it, and its gradient in closed form.

Shapes: ``xs (..., C)``; ``gamma (C,)``, ``beta (C,)``, means and variances ``(C,)`` over all axes but the last.

* ``xhat = (xs - mean) / sqrt(variance + epsilon)``
* ``ys = max(gamma * xhat + beta, 0)``

A batch is normalized by its own moments [1]_ while it trains (`normalized`), and by running averages of those while it
is tested (`normalized_by`). The gradient is that of the paper, with what the rectifier lets through told by `ys`: no
more arrays as large as `xs` are kept than `xs` and `ys`.

.. [1] Ioffe, Szegedy: Batch normalization. ICML 2015. arXiv:1502.03167
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from symrnn.ops.assembled import assembled
from symrnn.ops.windows import length
from symrnn.typing import Size

EPSILON = 1e-5  # as in PyTorch


def moments(xs: TensorVariable) -> tuple[TensorVariable, TensorVariable]:
    """The mean and the variance of each channel, divided by how many there are.

    Examples
    --------
    >>> import numpy as np
    >>> [each.eval().tolist() for each in moments(pt.as_tensor(np.array([[1.0, 5.0], [3.0, 5.0]])))]
    [[2.0, 5.0], [1.0, 0.0]]
    """
    axes, count = spread_over(xs)
    mean = pt.sum(xs, axis=axes) / count
    return mean, pt.sum((xs - mean) ** 2, axis=axes) / count


def spread_over(xs: TensorVariable) -> tuple[tuple[int, ...], TensorVariable]:
    """The axes before the last, and how many entries of a channel they hold, a number of the dtype of `xs`."""
    axes = tuple(range(xs.type.ndim - 1))
    count: Size = 1
    for axis in axes:
        count = count * length(xs, axis)
    return axes, pt.cast(count, xs.type.dtype)


def normalized_by(
    xs: TensorVariable,
    gamma: TensorVariable,
    beta: TensorVariable,
    mean: TensorVariable,
    variance: TensorVariable,
    *,
    epsilon: float = EPSILON,
) -> TensorVariable:
    """``max(gamma * xhat + beta, 0)``, by moments that are given."""
    # The factors of a channel first: they are few, and the images are gone through once.
    scale = gamma * inverse_deviation(variance, epsilon)
    return rectified((xs - mean) * scale + beta)


def inverse_deviation(variance: TensorVariable, epsilon: float) -> TensorVariable:
    """``1 / sqrt(variance + epsilon)``."""
    # A plain number would make float32 float64 where floatX is that.
    return 1 / pt.sqrt(variance + pt.constant(epsilon, dtype=variance.type.dtype))


def rectified(xs: TensorVariable) -> TensorVariable:
    """``max(xs, 0)``, of slope 0 at zero."""
    return pt.switch(xs > 0, xs, pt.zeros((), xs.type.dtype))


def normalized(
    xs: TensorVariable, gamma: TensorVariable, beta: TensorVariable, *, epsilon: float = EPSILON
) -> TensorVariable:
    """``max(gamma * xhat + beta, 0)``, by the moments of the batch itself.

    Examples
    --------
    >>> import numpy as np
    >>> xs = pt.as_tensor(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> normalized(xs, pt.ones(2), pt.as_tensor(np.array([0.0, 1.0]))).eval().round(3).tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    [ys] = assembled(BatchNorm(epsilon), [xs, gamma, beta], name="BatchNorm")
    return ys


@dataclass(frozen=True)
class BatchNorm:
    """The `symrnn.ops.assembled.Assembly` of `normalized`."""

    epsilon: float

    visible = 1

    @property
    def identity(self) -> tuple[str, float]:
        return ("batch norm", self.epsilon)

    def outputs(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        xs, gamma, beta = inputs
        return [normalized_by(xs, gamma, beta, *moments(xs), epsilon=self.epsilon)]

    plain = outputs

    def lengths(self, inputs: Sequence[Variable]) -> list[Variable]:
        return []

    def gradients(
        self,
        inputs: Sequence[TensorVariable],
        outputs: Sequence[TensorVariable],
        cotangents: Sequence[TensorVariable | None],
    ) -> list[TensorVariable | None]:
        (xs, gamma, _), (ys,), (out,) = inputs, outputs, cotangents
        mean, variance = moments(xs)
        axes, count = spread_over(xs)
        inverse = inverse_deviation(variance, self.epsilon)
        xhat = (xs - mean) * inverse
        through = pt.switch(ys > 0, out, pt.zeros((), xs.type.dtype))
        to_beta = pt.sum(through, axis=axes)
        to_gamma = pt.sum(through * xhat, axis=axes)
        to_xs = (gamma * inverse) * (through - to_beta / count - xhat * (to_gamma / count))
        return [to_xs, to_gamma, to_beta]
