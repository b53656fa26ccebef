"""What every update rule starts from: checked gradients, rates in the right dtype, and state."""

from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedInputError
from pytensor.graph.basic import Variable
from pytensor.scalar.basic import autocast_float_as
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.building import built_quickly
from symrnn.errors import UserError
from symrnn.graph import check_loss, check_params
from symrnn.typing import LossOrGrads, NewValues, Params, Rate, Updates

FRACTIONS = {"momentum", "rho", "beta1", "beta2"}  # rates that must lie in [0, 1)


def get_or_compute_grads(loss_or_grads: LossOrGrads, params: Params) -> list[TensorVariable]:
    """The gradients for `params`: those given, checked, or those of a loss.

    Examples
    --------
    >>> w = pytensor.shared(np.zeros(3), name="w")
    >>> [grad.type.ndim for grad in get_or_compute_grads(((w - 1) ** 2).sum(), [w])]
    [1]
    """
    if not isinstance(loss_or_grads, Variable) and isinstance(loss_or_grads, Sequence):
        check_params(params)
        check_grads(loss_or_grads, params)
        # Lasagne takes gradients where it takes a loss; whoever clips them first gives them so.
        return [pt.as_tensor(grad) for grad in loss_or_grads]
    check_loss(loss_or_grads)
    check_params(params, loss_or_grads)
    try:
        with built_quickly():
            grads: Any = pytensor.grad(loss_or_grads, list(params))
    except DisconnectedInputError as error:
        raise UserError(
            f"loss must have a gradient for each of {list(params)},"
            f" but {str(error).splitlines()[0]};"
            " take that parameter out of params, or its disconnected_grad out of the loss"
        ) from error
    # PyTensor gives a float32 parameter a gradient of floatX behind a switch, or beside a number of floatX.
    return [grad.astype(param.dtype) for grad, param in zip(grads, params, strict=True)]


def check_grads(grads: Sequence[TensorVariable], params: Params) -> None:
    """Refuse gradients that do not fit their parameters: another number, rank or a wider dtype."""
    if len(grads) != len(params):
        raise UserError(
            f"loss_or_grads must hold one gradient per parameter, but holds {len(grads)}"
            f" for {len(params)}; give pytensor.grad(loss, params)"
        )
    for i, (grad, param) in enumerate(zip(grads, params, strict=True)):
        grad = pt.as_tensor(grad)
        if grad.type.ndim != param.type.ndim:
            raise UserError(
                f"loss_or_grads[{i}] must have the rank of its parameter {param!r},"
                f" {param.type.ndim}, but has {grad.type.ndim}; give them in the order of params"
            )
        # A wider gradient would widen the parameter with it, which a shared variable refuses only in the call.
        if not np.can_cast(grad.dtype, param.dtype, "safe"):
            raise UserError(
                f"loss_or_grads[{i}] must fit the dtype of its parameter {param!r}, {param.dtype},"
                f" but has {grad.dtype}; cast it with .astype({param.dtype!r})"
            )


def check_rate(name: str, value: Any) -> Any:
    """`value` as a Python number or a scalar variable; refused when neither, or out of range.

    Examples
    --------
    >>> check_rate("momentum", np.float32(0.5))
    0.5
    """
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        value = value.item()
    if isinstance(value, Variable) and value.type.ndim == 0:
        return value
    if not isinstance(value, Real):
        raise UserError(
            f"{name} must be a number or a scalar variable, but is {value!r}"
            f" ({getattr(value, 'type', type(value).__name__)}); give one rate for all parameters"
        )
    number: Any = value  # what NumPy and Python call real, their type checkers do not
    if not np.isfinite(number):
        raise UserError(f"{name} must be finite, but is {value}; give a number such as 0.01")
    if name in FRACTIONS and not 0 <= number < 1:
        raise UserError(f"{name} must lie in [0, 1), but is {value}; give a number such as 0.9")
    return value


def each_param(
    step: Callable[..., NewValues], params: Params, values: Iterable[TensorVariable], **rates: Rate
) -> NewValues:
    """The updates that ``step(param, value, *rates)`` returns for all parameters together.

    Rates are checked, and meet the parameter in its own dtype: numbers by PyTensor's autocasting, variables by a cast,
    so that a float32 network stays float32 under a float64 rate.
    """
    checked = [check_rate(name, rate) for name, rate in rates.items()]
    updates: NewValues = {}
    with built_quickly():
        for param, value in zip(params, values, strict=True):
            # Else a Python float would be float64 beside a float32 parameter, and the whole step with it.
            with autocast_float_as(param.dtype):
                updates |= step(param, value, *(in_dtype(param.dtype, rate) for rate in checked))
    return updates


def in_dtype(dtype: str, rate: Rate) -> Rate:
    """`rate` cast to `dtype`; a Python number stays what it is."""
    return pt.cast(rate, dtype) if isinstance(rate, Variable) else rate


def slot(param: TensorSharedVariable, kind: str) -> TensorSharedVariable:
    """State of an update rule: zeros like `param`, of its dtype and static shape, named ``w.kind``.

    Examples
    --------
    >>> w = pytensor.shared(np.ones((1, 3), "float32"), name="w", shape=(1, 3))
    >>> slot(w, "velocity"), slot(w, "velocity").type.shape
    (w.velocity, (1, 3))
    """
    # Of the very type of the parameter, so that no broadcast and no shape check enters the update.
    value = np.zeros(param.get_value(borrow=True).shape, param.dtype)
    state = pytensor.shared(value, name=f"{param.name or 'param'}.{kind}", shape=param.type.shape)
    # What the state belongs to is said by the tag, not by the name: names may be the same, or missing.
    state.tag.slot_of, state.tag.kind = param, kind
    return state


def scalar_slot(name: str, value: float = 0.0) -> TensorSharedVariable:
    """State of an update rule that all parameters share: one number of `pytensor.config.floatX`."""
    # floatX and not the dtype of a parameter: all parameters share it, whatever their dtypes.
    state = pytensor.shared(np.asarray(value, pytensor.config.floatX), name=name)
    state.tag.slot_of, state.tag.kind = None, name
    return state


def is_slot(variable: Variable) -> bool:
    """Whether `variable` is the state of an update rule, not a parameter."""
    return hasattr(variable.tag, "slot_of")


def slots_in(updates: Updates, kind: str) -> dict[TensorSharedVariable, TensorSharedVariable]:
    """The slots of one kind among the keys of `updates`, by their parameters."""
    return {
        state.tag.slot_of: state for state in updates if is_slot(state) and state.tag.kind == kind
    }


def slot_in(updates: Updates, param: TensorSharedVariable, kind: str) -> TensorSharedVariable:
    """The slot of `param` of that `kind` among the keys of `updates`."""
    slots = slots_in(updates, kind)
    if param in slots:
        return slots[param]
    raise UserError(
        f"updates must hold the {kind} of {param!r}, but holds {list(updates)};"
        " give the dictionary that the update rule returned for these parameters"
    )


def running_mean(
    param: TensorSharedVariable, kind: str, value: TensorVariable, decay: Rate
) -> tuple[TensorSharedVariable, TensorVariable]:
    """A slot of `param`, and its next value: ``decay * slot + (1 - decay) * value``."""
    mean_prev = slot(param, kind)
    return mean_prev, decay * mean_prev + (1 - decay) * value
