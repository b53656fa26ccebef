"""Gradient descent whose iterates are averaged once the validation loss has stopped falling."""

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable

from symrnn.errors import UserError
from symrnn.typing import LossOrGrads, NewValues, Params, Rate, Updates
from symrnn.updates.gradients import each_param, get_or_compute_grads, scalar_slot, slot, slots_in

NOTHING = 1e30  # in the place of a loss: none; a checkpoint refuses infinities
VALIDATION, MEAN = "validation_loss", "mean"  # kinds of slots


def nt_asgd(
    loss_or_grads: LossOrGrads, params: Params, learning_rate: Rate, patience: int = 5
) -> NewValues:
    """NT-ASGD: averaged gradient descent [1]_ with a non-monotonic trigger [2]_.

    * ``param := param - learning_rate * grad``
    * ``mean := param`` until it is triggered; after that the mean of all ``param`` since

    It is triggered by a validation loss above the least of all but the `patience` before it. Whoever trains puts each
    validation loss into the slot ``validation_loss`` between two calls; the next call takes it out and looks at it, and
    the one after that averages. What is to be evaluated and saved are the means.

    Parameters
    ----------
    patience
        Validation losses in a row that may be no better than the least before them, at least 1.

    Others, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    PyTorch's ``ASGD`` with ``lambd=0`` and a constant rate, put in the place of ``SGD`` by the code of [2]_; there too
    the first iterate after the trigger is no part of the mean. State: ``w.mean`` per parameter; scalars
    ``validation_loss``, ``averaging`` (0 or 1) and ``averaged``, the number of iterates in the mean; ``checked``, the
    least of the older validation losses and then the last `patience`.

    References
    ----------
    .. [1] Polyak, Juditsky: Acceleration of stochastic approximation by averaging. SIAM Journal on Control and
       Optimization 30 (1992).
    .. [2] Merity, Keskar, Socher: Regularizing and optimizing LSTM language models. ICLR 2018. arXiv:1708.02182

    Examples
    --------
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> updates = nt_asgd((w**2).sum(), [w], 0.25, patience=1)
    >>> step, told = pytensor.function([], updates=updates), validation_slot(updates)
    >>> for loss in (2.0, 3.0, 4.0):  # 4 is above 2
    ...     told.set_value(loss)
    ...     _ = step()
    >>> [slot] = [key for key in updates if key.name == "averaging"]
    >>> float(slot.get_value())
    1.0
    """
    if isinstance(patience, bool) or not isinstance(patience, int | np.integer) or patience < 1:
        raise UserError(
            f"patience must be a whole number of at least 1, but is {patience!r}; the paper has 5"
        )
    told = scalar_slot(VALIDATION, NOTHING)
    averaging, averaged = scalar_slot("averaging"), scalar_slot("averaged")
    checked = losses_slot("checked", patience + 1)
    is_new = pt.lt(told, NOTHING)
    is_triggered = is_new & pt.gt(told, checked[0])
    least = pt.minimum(checked[0], checked[1])
    moved = pt.join(0, least[None], checked[2:], told[None])
    count = averaged + averaging
    share = 1 / pt.maximum(count, 1)  # of an iterate in the mean

    def step(param, grad, learning_rate, share):
        mean_prev = slot(param, MEAN)
        stepped = param - learning_rate * grad
        # A switch, so that before the trigger the mean is the iterate to the last bit.
        mean = pt.switch(share < 1, mean_prev + share * (stepped - mean_prev), stepped)
        return {param: stepped, mean_prev: mean}

    grads = get_or_compute_grads(loss_or_grads, params)
    updates = each_param(step, params, grads, learning_rate=learning_rate, share=share)
    return updates | {
        told: pt.zeros_like(told) + np.asarray(NOTHING, told.dtype),
        averaging: pt.maximum(averaging, is_triggered.astype(averaging.dtype)),
        averaged: count,
        checked: pt.switch(is_new, moved, checked),
    }


def losses_slot(name: str, count: int) -> TensorSharedVariable:
    """State of an update rule: so many losses of `pytensor.config.floatX`, none of them known yet."""
    state = pytensor.shared(
        np.full(count, NOTHING, pytensor.config.floatX), name=name, shape=(count,)
    )
    state.tag.slot_of, state.tag.kind = None, name
    return state


def validation_slot(updates: Updates) -> TensorSharedVariable | None:
    """Where a rule among `updates` waits for validation losses; None for rules that need none.

    Examples
    --------
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> validation_slot(nt_asgd((w**2).sum(), [w], 0.1))
    validation_loss
    """
    found: dict[Any, TensorSharedVariable] = dict(slots_in(updates, VALIDATION))
    return found.get(None)
