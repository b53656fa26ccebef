"""Norms held below a bound: of the weights into each unit, or of all gradients together."""

from collections.abc import Iterable
from typing import Any

import pytensor.tensor as pt
from pytensor.scalar.basic import autocast_float_as
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.typing import Rate, TensorLike
from symrnn.updates.gradients import check_rate, in_dtype


def norm_constraint(
    tensor_var: TensorLike,
    max_norm: Rate,
    norm_axes: Iterable[int] | None = None,
    epsilon: Rate = 1e-7,
) -> TensorVariable:
    """A tensor whose every norm over `norm_axes` is at most `max_norm`.

    * ``norm = sqrt(sum(tensor**2, norm_axes))``
    * ``tensor * min(norm, max_norm) / (norm + epsilon)``

    Parameters
    ----------
    tensor_var
        Expression, for example the next value of a weight matrix ``(D, H)`` in `updates`.
    max_norm
        Number, or scalar variable.
    norm_axes
        Axes to sum over; by default those into a unit: axis 0 of a matrix (from-to order), all but the first of a
        filter of rank 3 to 5.
    epsilon
        Keeps a zero norm from dividing zero by zero.

    Raises
    ------
    UserError
        When `norm_axes` is left out for a tensor of another rank, or `max_norm` is no scalar.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> from symrnn.updates import sgd
    >>> w = pytensor.shared(np.array([[3.0, 0.3], [4.0, 0.4]]), name="w")
    >>> updates = sgd(w.sum(), [w], 0.0)
    >>> updates[w] = norm_constraint(updates[w], max_norm=1.0)
    >>> _ = pytensor.function([], updates=updates)()
    >>> w.get_value().round(3)
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """
    tensor_var = pt.as_tensor(tensor_var)
    axes = into_a_unit(tensor_var.type.ndim) if norm_axes is None else tuple(norm_axes)
    norm = pt.sqrt((tensor_var**2).sum(axis=axes, keepdims=True))
    return tensor_var * shrinking(norm, max_norm, epsilon)


def total_norm_constraint(
    tensor_vars: Iterable[TensorLike],
    max_norm: Rate,
    epsilon: Rate = 1e-7,
    return_norm: bool = False,
) -> Any:
    """Tensors scaled together so that their common norm is at most `max_norm` [1]_.

    * ``norm = sqrt(sum of all tensors' sums of squares)``
    * ``tensor * min(norm, max_norm) / (norm + epsilon)`` for each

    Parameters
    ----------
    tensor_vars
        Expressions, usually gradients.
    max_norm, epsilon
        As in `norm_constraint`.
    return_norm
        Whether to return ``(tensors, norm)``, the norm before scaling.

    Notes
    -----
    PyTorch's `clip_grad_norm_` has an epsilon of 1e-6, and leaves tensors below the bound as they are where Lasagne,
    and so this, multiplies them by ``norm / (norm + epsilon)``.

    References
    ----------
    .. [1] Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks. ICML 2013. arXiv:1211.5063

    Examples
    --------
    Gradients clipped before a rule gets them:

    >>> import numpy as np, pytensor
    >>> from symrnn.updates import sgd
    >>> w = pytensor.shared(np.array([3.0, 4.0]), name="w")
    >>> grads = total_norm_constraint(pytensor.grad((w**2).sum(), [w]), max_norm=5.0)
    >>> _ = pytensor.function([], updates=sgd(grads, [w], 1.0))()
    >>> w.get_value().round(3)
    array([0., 0.])
    """
    tensors = [pt.as_tensor(tensor) for tensor in tensor_vars]
    if not tensors:
        raise UserError("tensor_vars must hold a tensor, but is empty; give gradients")
    norm = pt.sqrt(sum((tensor**2).sum() for tensor in tensors))
    scale = shrinking(norm, max_norm, epsilon)
    # The common norm has the widest dtype of all tensors; each keeps its own.
    scaled = [tensor * pt.cast(scale, tensor.dtype) for tensor in tensors]
    return (scaled, norm) if return_norm else scaled


def into_a_unit(ndim: int) -> tuple[int, ...]:
    """The axes that lead into a unit: from-to order for a matrix, filters have the unit first."""
    # Weights are (D, H) and filters (F, C, *K): a unit is a column of the one and the first axis of the other.
    if ndim == 2:
        return (0,)
    if 3 <= ndim <= 5:
        return tuple(range(1, ndim))
    raise UserError(
        f"norm_axes must be given for a tensor of rank {ndim}, and defaults for ranks 2 to 5 only;"
        " give the axes to sum over, for example (0,)"
    )


def shrinking(norm: TensorVariable, max_norm: Rate, epsilon: Rate) -> TensorVariable:
    """The factor that brings `norm` down to `max_norm`, in the dtype of `norm`."""
    with autocast_float_as(norm.dtype):
        bound = in_dtype(norm.dtype, check_rate("max_norm", max_norm))
        return pt.minimum(norm, bound) / (norm + check_rate("epsilon", epsilon))
