"""Adam and its kin: steps from running means of the gradient and of its square.

All start their means at zero and correct for it: after t steps a mean with decay β holds only ``1 - β**t`` of its
weight. The step count t is one scalar slot of `pytensor.config.floatX`.
"""

import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.typing import LossOrGrads, NewValues, Params, Rate
from symrnn.updates.gradients import (
    check_rate,
    each_param,
    get_or_compute_grads,
    running_mean,
    scalar_slot,
    slot,
)


def adam(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate = 0.001,
    beta1: Rate = 0.9,
    beta2: Rate = 0.999,
    epsilon: Rate = 1e-8,
) -> NewValues:
    """Adam: steps scaled by running moments of the gradient [1]_.

    * ``m := beta1 * m + (1 - beta1) * grad``
    * ``v := beta2 * v + (1 - beta2) * grad**2``
    * ``param := param - step_size(t) * m / (sqrt(v) + epsilon)``
    * ``step_size(t) = learning_rate * sqrt(1 - beta2**t) / (1 - beta1**t)``

    Parameters, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    `epsilon` is added to the uncorrected ``sqrt(v)``, as at the end of section 2 of [1]_ and in Lasagne; PyTorch
    corrects first. State: a scalar ``t``, and ``w.m``, ``w.v`` per parameter.

    References
    ----------
    .. [1] Kingma, Ba: Adam, a method for stochastic optimization. ICLR 2015. arXiv:1412.6980

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> _ = pytensor.function([], updates=adam((w**2).sum(), [w], 0.25))()
    >>> w.get_value().round(3)
    array([0.75, 1.75])
    """

    def step(param, grad, step_size, beta1, beta2, epsilon):
        m_prev, m = running_mean(param, "m", grad, beta1)
        v_prev, v = running_mean(param, "v", grad**2, beta2)
        return {m_prev: m, v_prev: v, param: param - step_size * m / (pt.sqrt(v) + epsilon)}

    grads = get_or_compute_grads(loss_or_grads, params)
    t_prev, t = next_count()
    rates = {"beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    step_size = corrected(learning_rate, beta1, beta2, t)
    return {t_prev: t} | each_param(step, params, grads, step_size=step_size, **rates)


def amsgrad(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate = 0.001,
    beta1: Rate = 0.9,
    beta2: Rate = 0.999,
    epsilon: Rate = 1e-8,
) -> NewValues:
    """AMSGrad: Adam that divides by the largest second moment so far [1]_.

    * ``m := beta1 * m + (1 - beta1) * grad``
    * ``v := beta2 * v + (1 - beta2) * grad**2``
    * ``v_max := max(v_max, v)``
    * ``param := param - step_size(t) * m / (sqrt(v_max) + epsilon)``, ``step_size`` as in `adam`

    Parameters, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    With Adam's corrections, which [1]_ leaves out and Lasagne and PyTorch have; `epsilon` as in `adam`. State: a scalar
    ``t``, and ``w.m``, ``w.v``, ``w.v_max`` per parameter.

    References
    ----------
    .. [1] Reddi, Kale, Kumar: On the convergence of Adam and beyond. ICLR 2018.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> _ = pytensor.function([], updates=amsgrad((w**2).sum(), [w], 0.25))()
    >>> w.get_value().round(3)
    array([0.75, 1.75])
    """

    def step(param, grad, step_size, beta1, beta2, epsilon):
        m_prev, m = running_mean(param, "m", grad, beta1)
        v_prev, v = running_mean(param, "v", grad**2, beta2)
        # Of the uncorrected moments, as in Lasagne and PyTorch; the correction is in the step size.
        largest_prev = slot(param, "v_max")
        largest = pt.maximum(largest_prev, v)
        param_next = param - step_size * m / (pt.sqrt(largest) + epsilon)
        return {m_prev: m, v_prev: v, largest_prev: largest, param: param_next}

    grads = get_or_compute_grads(loss_or_grads, params)
    t_prev, t = next_count()
    rates = {"beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    step_size = corrected(learning_rate, beta1, beta2, t)
    return {t_prev: t} | each_param(step, params, grads, step_size=step_size, **rates)


def adamax(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate = 0.002,
    beta1: Rate = 0.9,
    beta2: Rate = 0.999,
    epsilon: Rate = 1e-8,
) -> NewValues:
    """Adamax: Adam with the infinity norm of the past gradients [1]_.

    * ``m := beta1 * m + (1 - beta1) * grad``
    * ``u := max(beta2 * u, abs(grad))``
    * ``param := param - learning_rate / (1 - beta1**t) * m / (u + epsilon)``

    Parameters, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    `epsilon` is added to ``u``, as in Lasagne; PyTorch adds it to ``abs(grad)``, the paper nowhere. State: a scalar
    ``t``, and ``w.m``, ``w.u`` per parameter.

    References
    ----------
    .. [1] Kingma, Ba: Adam, a method for stochastic optimization, section 7.1. ICLR 2015.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> _ = pytensor.function([], updates=adamax((w**2).sum(), [w], 0.25))()
    >>> w.get_value().round(3)
    array([0.75, 1.75])
    """

    def step(param, grad, step_size, beta1, beta2, epsilon):
        m_prev, m = running_mean(param, "m", grad, beta1)
        u_prev = slot(param, "u")
        u = pt.maximum(beta2 * u_prev, abs(grad))
        return {m_prev: m, u_prev: u, param: param - step_size * m / (u + epsilon)}

    grads = get_or_compute_grads(loss_or_grads, params)
    t_prev, t = next_count()
    rates = {"beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    # An infinity norm is no mean, so only the first moment is corrected.
    step_size = corrected(learning_rate, beta1, 0.0, t)
    return {t_prev: t} | each_param(step, params, grads, step_size=step_size, **rates)


def adamw(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate = 0.001,
    beta1: Rate = 0.9,
    beta2: Rate = 0.999,
    epsilon: Rate = 1e-8,
    weight_decay: Rate = 0.01,
) -> NewValues:
    """AdamW: Adam, with weights that decay beside it and not through the gradient [1]_.

    * ``param := adam(param) - learning_rate * weight_decay * param``

    Parameters
    ----------
    weight_decay
        Fraction of the weight that a learning rate of one would take away per step.

    Others, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    The decay is multiplied by the learning rate, as in PyTorch; [1]_ multiplies by the schedule's factor alone.
    `epsilon` and state as in `adam`. The rule to compare with has L2 in its loss:
    ``adam(loss + weight_decay / 2 * sum((w**2).sum() for w in params), params)``; there the decay goes through the
    moments, and weights of large gradients decay less.

    References
    ----------
    .. [1] Loshchilov, Hutter: Decoupled weight decay regularization. ICLR 2019. arXiv:1711.05101

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> _ = pytensor.function([], updates=adamw((w**2).sum(), [w], 0.25, weight_decay=0.1))()
    >>> w.get_value().round(3)
    array([0.725, 1.7  ])
    """

    def step(param, moved, learning_rate, weight_decay):
        return {param: moved - learning_rate * weight_decay * param}

    # The decay is of the value before the step, and added to the moved one: it passes no moment.
    updates = adam(loss_or_grads, params, learning_rate, beta1, beta2, epsilon)
    rates = {"learning_rate": learning_rate, "weight_decay": weight_decay}
    return updates | each_param(step, params, [updates[param] for param in params], **rates)


def nadam(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate = 0.002,
    beta1: Rate = 0.9,
    beta2: Rate = 0.999,
    epsilon: Rate = 1e-8,
    momentum_decay: Rate = 0.004,
) -> NewValues:
    """Nadam: Adam whose first moment is Nesterov's momentum, warmed up [1]_.

    * ``m := beta1 * m + (1 - beta1) * grad``
    * ``v := beta2 * v + (1 - beta2) * grad**2``
    * ``mu(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2)``, ``product(t) = mu(1) * ... * mu(t)``
    * ``look := (1 - mu(t)) / (1 - product(t)) * grad + mu(t+1) / (1 - product(t+1)) * m``
    * ``param := param - learning_rate * look / (sqrt(v / (1 - beta2**t)) + epsilon)``

    Parameters
    ----------
    momentum_decay
        How fast the momentum rises from ``beta1 / 2`` to ``beta1``.

    Others, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    `epsilon` is added to the corrected root, as in [1]_ and PyTorch. The momentum is in the first moment: there is no
    jump to read out. State: scalars ``t`` and ``mu_product``, and ``w.m``, ``w.v`` per parameter.

    References
    ----------
    .. [1] Dozat: Incorporating Nesterov momentum into Adam. ICLR workshop 2016.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> _ = pytensor.function([], updates=nadam((w**2).sum(), [w], 0.25))()
    >>> w.get_value().round(3)
    array([0.736, 1.736])
    """

    def step(param, grad, grad_rate, m_rate, v_rate, beta1, beta2, epsilon):
        m_prev, m = running_mean(param, "m", grad, beta1)
        v_prev, v = running_mean(param, "v", grad**2, beta2)
        look = grad_rate * grad + m_rate * m
        return {m_prev: m, v_prev: v, param: param - look / (pt.sqrt(v * v_rate) + epsilon)}

    grads = get_or_compute_grads(loss_or_grads, params)
    learning_rate = check_rate("learning_rate", learning_rate)
    momentum_decay = check_rate("momentum_decay", momentum_decay)
    t_prev, t = next_count()
    mu, mu_next = (
        check_rate("beta1", beta1) * (1 - 0.5 * 0.96 ** (s * momentum_decay)) for s in (t, t + 1)
    )
    # A product of all past momenta has no closed form in t, so it is state.
    product_prev = scalar_slot("mu_product", 1.0)
    product = product_prev * mu
    rates = {
        "grad_rate": learning_rate * (1 - mu) / (1 - product),
        "m_rate": learning_rate * mu_next / (1 - product * mu_next),
        "v_rate": 1 / (1 - check_rate("beta2", beta2) ** t),
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
    }
    # Momenta may be float64 expressions; the state must keep its dtype.
    state = {t_prev: t, product_prev: pt.cast(product, product_prev.dtype)}
    return state | each_param(step, params, grads, **rates)


def next_count() -> tuple[TensorSharedVariable, TensorVariable]:
    """The number of steps before this one, and with it."""
    # A float, as all powers of it are; whole numbers are exact in float32 up to 16 million steps.
    t_prev = scalar_slot("t")
    return t_prev, t_prev + 1


def corrected(learning_rate: Rate, beta1: Rate, beta2: Rate, t: TensorVariable) -> TensorVariable:
    """The learning rate, corrected for means that have seen only t steps."""
    learning_rate = check_rate("learning_rate", learning_rate)
    beta1, beta2 = check_rate("beta1", beta1), check_rate("beta2", beta2)
    return learning_rate * pt.sqrt(1 - beta2**t) / (1 - beta1**t)
