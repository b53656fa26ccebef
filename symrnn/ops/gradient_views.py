"""Views of a value that change its gradient: `grad_clip` bounds it, `grad_scale` multiplies it.

PyTensor has both, but its ops say nothing of their numbers in ``__props__``: two of them are equal whatever they do to
a gradient. Since 3.3 equal nodes of a scan's body are one node in the whole process, so that a scan with another bound
gets the gradient of the first (docs/upstream/grad_clip.md). These ops differ when their numbers do. They are views,
like PyTensor's, which its rewrites take out of a function.
"""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.ops import ViewOp
from pytensor.graph.basic import Variable

from symrnn.errors import UserError
from symrnn.typing import TensorLike


class GradClip(ViewOp):
    """``x``, with its gradient bounded to ``[lower, upper]``.

    Examples
    --------
    >>> GradClip(-0.3, 0.3) == GradClip(-0.3, 0.3), GradClip(-0.3, 0.3) == GradClip(-0.1, 0.1)
    (True, False)
    """

    __props__ = ("lower", "upper")

    def __init__(self, lower: float, upper: float) -> None:
        self.lower, self.upper = _number("lower_bound", lower), _number("upper_bound", upper)
        if not self.lower <= self.upper:
            raise UserError(
                f"lower_bound must be at most upper_bound, but they are {lower!r} and {upper!r}; exchange them"
            )

    def pullback(
        self, inputs: Sequence[Any], outputs: Sequence[Any], output_grads: Sequence[Any]
    ) -> list[Variable]:
        [gradient] = output_grads
        bounds = (np.asarray(bound, gradient.type.dtype) for bound in (self.lower, self.upper))
        return [pt.clip(gradient, *bounds)]


class GradScale(ViewOp):
    """``x``, with its gradient multiplied by `multiplier`, a number or an expression.

    Examples
    --------
    >>> GradScale(-1) == GradScale(-1.0), GradScale(-1) == GradScale(0.1)
    (True, False)
    """

    __props__ = ("multiplier",)

    def __init__(self, multiplier: float | Variable) -> None:
        is_variable = isinstance(multiplier, Variable)
        self.multiplier = multiplier if is_variable else _number("multiplier", multiplier)

    def pullback(
        self, inputs: Sequence[Any], outputs: Sequence[Any], output_grads: Sequence[Any]
    ) -> list[Variable]:
        [gradient] = output_grads
        return [pt.cast(self.multiplier, gradient.type.dtype) * gradient]


def grad_clip(x: TensorLike, lower_bound: float, upper_bound: float) -> Any:
    """`x`, with its gradient bounded to ``[lower_bound, upper_bound]``.

    Examples
    --------
    >>> from pytensor.gradient import grad
    >>> x = pt.scalar("x", dtype="float64")
    >>> float(grad(grad_clip(x, -1, 1) ** 2, x).eval({x: 2.0}))
    1.0
    """
    return GradClip(lower_bound, upper_bound)(_variable(x))


def grad_scale(x: TensorLike, multiplier: float | Variable) -> Any:
    """`x`, with its gradient multiplied by `multiplier`.

    Examples
    --------
    >>> from pytensor.gradient import grad
    >>> x = pt.scalar("x", dtype="float64")
    >>> float(grad(grad_scale(x, -1) ** 2, x).eval({x: 2.0}))
    -4.0
    """
    if not isinstance(multiplier, Variable) and np.ndim(multiplier):
        multiplier = pt.constant(multiplier)
    return GradScale(multiplier)(_variable(x))


def _variable(x):
    return x if isinstance(x, Variable) else pt.as_tensor(x)


def _number(argument, value):
    """`value` as a float, which compares and hashes by what it is."""
    if isinstance(value, Real | np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return float(value)
    raise UserError(f"{argument} must be a number, but is {value!r}; take its value first")
