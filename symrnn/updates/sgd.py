"""Gradient descent and classical momentum."""

from symrnn.errors import UserError
from symrnn.typing import LossOrGrads, NewValues, Params, Rate
from symrnn.updates.gradients import each_param, get_or_compute_grads, is_slot, slot


def sgd(loss_or_grads: LossOrGrads, params: Params, learning_rate: Rate) -> NewValues:
    """Gradient descent.

    * ``param := param - learning_rate * grad``

    Parameters, return value and errors as in the module docstring.

    Notes
    -----
    State: none.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> step = pytensor.function([], updates=sgd((w**2).sum(), [w], 0.25))
    >>> _ = step()
    >>> w.get_value()
    array([0.5, 1. ])
    """

    def step(param, grad, learning_rate):
        return {param: param - learning_rate * grad}

    grads = get_or_compute_grads(loss_or_grads, params)
    return each_param(step, params, grads, learning_rate=learning_rate)


def apply_momentum(
    updates: NewValues, params: Params | None = None, momentum: Rate = 0.9
) -> NewValues:
    """Another rule's updates, with classical momentum [1]_.

    * ``velocity := momentum * velocity + updates[param] - param``
    * ``param := param + velocity``

    Parameters
    ----------
    updates
        What an update rule returned.
    params
        The parameters to give momentum; by default all that `updates` changes.
    momentum
        Number in [0, 1), or a scalar variable.

    Notes
    -----
    State: ``w.velocity`` per parameter. Left out, `params` are the parameters in `updates`; Lasagne takes the state of
    the rule too.

    References
    ----------
    .. [1] Polyak: Some methods of speeding up the convergence of iteration methods. USSR Computational Mathematics and
       Mathematical Physics 4 (1964).

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> apply_momentum(sgd((w**2).sum(), [w], 0.25), momentum=0.5).keys()
    dict_keys([w, w.velocity])
    """

    def step(param, stepped, momentum):
        velocity_prev = slot(param, "velocity")
        velocity = momentum * velocity_prev + stepped - param
        return {param: param + velocity, velocity_prev: velocity}

    # A copy: the dictionary that was given stays what its rule returned.
    params = moved_params(updates, params)
    updates = dict(updates)
    return updates | each_param(step, params, [updates[p] for p in params], momentum=momentum)


def momentum(
    loss_or_grads: LossOrGrads, params: Params, learning_rate: Rate, momentum: Rate = 0.9
) -> NewValues:
    """Gradient descent with classical momentum.

    * ``velocity := momentum * velocity - learning_rate * grad``
    * ``param := param + velocity``

    Parameters, return value and errors as in the module docstring.

    Notes
    -----
    State: ``w.velocity`` per parameter. PyTorch's velocity leaves the learning rate out and multiplies by it on the way
    to the parameter: the same steps while the rate is constant.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> step = pytensor.function([], updates=momentum((w**2).sum(), [w], 0.25, 0.5))
    >>> _ = step(), step()
    >>> w.get_value()
    array([0., 0.])
    """
    return apply_momentum(sgd(loss_or_grads, params, learning_rate), params, momentum)


def moved_params(updates: NewValues, params: Params | None = None) -> Params:
    """`params`, or all the parameters that `updates` changes."""
    # The state of a rule moves too, but momentum of a running mean is not what anyone asks for.
    moved = [key for key in dict(updates) if not is_slot(key)]
    for param in params or ():
        if param not in moved:
            raise UserError(
                f"updates must change every parameter, but not {param!r}, only {moved};"
                " give the dictionary that an update rule returned for these parameters"
            )
    return moved if params is None else list(params)
