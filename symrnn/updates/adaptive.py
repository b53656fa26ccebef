"""Rules that scale each weight's step by the size of its past gradients."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytensor.tensor as pt

from symrnn.typing import LossOrGrads, NewValues, Params, Rate
from symrnn.updates.gradients import each_param, get_or_compute_grads, running_mean, slot
from symrnn.updates.nesterov import nesterov_momentum


def adagrad(
    loss_or_grads: LossOrGrads, params: Params, learning_rate: Rate = 1.0, epsilon: Rate = 1e-6
) -> NewValues:
    """AdaGrad: steps scaled by the root of all squared gradients so far [1]_.

    * ``accu := accu + grad**2``
    * ``param := param - learning_rate * grad / sqrt(accu + epsilon)``

    Parameters, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    `epsilon` is added under the root, as in Lasagne; PyTorch adds it to the root. State: ``w.accu`` per parameter.

    References
    ----------
    .. [1] Duchi, Hazan, Singer: Adaptive subgradient methods for online learning and stochastic optimization. Journal
       of Machine Learning Research 12 (2011).

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> _ = pytensor.function([], updates=adagrad((w**2).sum(), [w], 0.5))()
    >>> w.get_value().round(3)
    array([0.5, 1.5])
    """

    def step(param, grad, learning_rate, epsilon):
        accu_prev = slot(param, "accu")
        accu = accu_prev + grad**2
        return {accu_prev: accu, param: param - learning_rate * grad / pt.sqrt(accu + epsilon)}

    grads = get_or_compute_grads(loss_or_grads, params)
    return each_param(step, params, grads, learning_rate=learning_rate, epsilon=epsilon)


def rmsprop(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate = 1.0,
    rho: Rate = 0.9,
    epsilon: Rate = 1e-6,
) -> NewValues:
    """RMSprop: steps scaled by a running mean of the squared gradient [1]_.

    * ``accu := rho * accu + (1 - rho) * grad**2``
    * ``param := param - learning_rate * grad / sqrt(accu + epsilon)``

    Parameters, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    `epsilon` is added under the root, as in Lasagne; PyTorch adds it to the root, so gradients below 1e-3 move the
    parameter less here. State: ``w.accu`` per parameter.

    References
    ----------
    .. [1] Tieleman, Hinton: Lecture 6.5, RMSProp. Coursera, Neural networks for machine learning (2012).

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> _ = pytensor.function([], updates=rmsprop((w**2).sum(), [w], 0.5, rho=0.75))()
    >>> w.get_value().round(3)
    array([0., 1.])
    """

    def step(param, grad, learning_rate, rho, epsilon):
        accu_prev, accu = running_mean(param, "accu", grad**2, rho)
        return {accu_prev: accu, param: param - learning_rate * grad / pt.sqrt(accu + epsilon)}

    grads = get_or_compute_grads(loss_or_grads, params)
    return each_param(step, params, grads, learning_rate=learning_rate, rho=rho, epsilon=epsilon)


def rmsprop_nesterov(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate = 0.05,
    momentum: Rate = 0.8,
    rho: Rate = 0.5,
    epsilon: Rate = 1e-6,
    *,
    form: Callable[..., Any] = nesterov_momentum,
) -> Any:
    """RMSprop with Nesterov's momentum: jump, take the gradient there, scale it, correct [1]_.

    * jump: ``param := param + jump``
    * ``accu := rho * accu + (1 - rho) * grad**2``
    * correct: ``step := learning_rate * grad / sqrt(accu + epsilon)``, ``param := param - step``,
      ``jump := momentum * (jump - step)``

    Parameters
    ----------
    form
        The graph to build, any form of `symrnn.updates.nesterov`: `nesterov_momentum` (even values stored),
        `nesterov_odd_even` (two dictionaries), or a naive one. The return value is that form's; for
        `nesterov_naive_rebuild` the first argument is its ``build_loss``.

    Others and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    The defaults are those of the binary adder of [1]_. `epsilon` is added under the root, as in `rmsprop`. State:
    ``w.accu`` and ``w.jump`` per parameter.

    References
    ----------
    .. [1] Roelants: How to implement a recurrent neural network, part 2. peterroelants.github.io

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> from symrnn.updates import nesterov_odd_even
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> jump, correct = rmsprop_nesterov((w**2).sum(), [w], form=nesterov_odd_even)
    >>> correct.keys()
    dict_keys([w.accu, w, w.jump])
    """
    # Any form of Nesterov's momentum takes a rule that corrects; its jump then decays with the scaled steps.
    rule = partial(rmsprop, rho=rho, epsilon=epsilon)
    return form(loss_or_grads, params, learning_rate, momentum, rule=rule)


def adadelta(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate = 1.0,
    rho: Rate = 0.95,
    epsilon: Rate = 1e-6,
) -> NewValues:
    """Adadelta: steps in the unit of the parameter, from running means of gradient and step [1]_.

    * ``accu := rho * accu + (1 - rho) * grad**2``
    * ``step := grad * sqrt(delta + epsilon) / sqrt(accu + epsilon)``
    * ``param := param - learning_rate * step``
    * ``delta := rho * delta + (1 - rho) * step**2``

    Parameters, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    As in Lasagne and PyTorch, with a learning rate that [1]_ does without. State: ``w.accu`` and ``w.delta`` per
    parameter.

    References
    ----------
    .. [1] Zeiler: ADADELTA, an adaptive learning rate method. arXiv:1212.5701

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> _ = pytensor.function([], updates=adadelta((w**2).sum(), [w]))()
    >>> w.get_value().round(4)
    array([0.9955, 1.9955])
    """

    def step(param, grad, learning_rate, rho, epsilon):
        accu_prev, accu = running_mean(param, "accu", grad**2, rho)
        # The step is in the unit of the old mean of steps, for its own is known only once it is taken.
        delta_prev = slot(param, "delta")
        move = grad * pt.sqrt(delta_prev + epsilon) / pt.sqrt(accu + epsilon)
        delta = rho * delta_prev + (1 - rho) * move**2
        return {accu_prev: accu, delta_prev: delta, param: param - learning_rate * move}

    grads = get_or_compute_grads(loss_or_grads, params)
    return each_param(step, params, grads, learning_rate=learning_rate, rho=rho, epsilon=epsilon)
