"""Update rules with Lasagne's names, over `symrnn.updates`: from a loss to an ordered dictionary of new values.

The first argument is a scalar loss, or the list of its gradients in the order of `params`; rates are numbers or
scalar variables.

Examples
--------
>>> import numpy as np, pytensor
>>> w = pytensor.shared(np.zeros(2), name="w")
>>> list(nesterov_momentum(((w - 1) ** 2).sum(), [w], learning_rate=0.1))
[w, w.jump]
"""

from collections import OrderedDict

from pytensor.compile.sharedvalue import SharedVariable

from symrnn import updates as rules

from . import utils

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "amsgrad",
    "apply_momentum",
    "apply_nesterov_momentum",
    "momentum",
    "nesterov_momentum",
    "norm_constraint",
    "rmsprop",
    "sgd",
    "total_norm_constraint",
]


def get_or_compute_grads(loss_or_grads, params):
    """The gradients for `params`: the list that was given, or those of a loss."""
    if any(not isinstance(param, SharedVariable) for param in params):
        raise ValueError("params must contain shared variables only; if it has expressions of them,"
                         " take lasagne.utils.collect_shared_vars(params)")  # fmt: skip
    if not isinstance(loss_or_grads, list):
        return list(rules.get_or_compute_grads(loss_or_grads, list(params)))
    if len(loss_or_grads) != len(params):
        raise ValueError(
            f"Got {len(loss_or_grads)} gradient expressions for {len(params)} parameters"
        )
    return loss_or_grads


def sgd(loss_or_grads, params, learning_rate):
    """Gradient descent; see `symrnn.updates.sgd`."""
    return OrderedDict(
        rules.sgd(get_or_compute_grads(loss_or_grads, params), params, learning_rate)
    )


def apply_momentum(updates, params=None, momentum=0.9):
    """`updates` with momentum; see `symrnn.updates.apply_momentum`."""
    return OrderedDict(rules.apply_momentum(updates, params, momentum))


def momentum(loss_or_grads, params, learning_rate, momentum=0.9):
    """Gradient descent with momentum; see `symrnn.updates.momentum`."""
    return apply_momentum(sgd(loss_or_grads, params, learning_rate), params, momentum)


def apply_nesterov_momentum(updates, params=None, momentum=0.9):
    """`updates` with Nesterov's momentum, look-ahead values stored; see `symrnn.updates.apply_nesterov_momentum`."""
    return OrderedDict(rules.apply_nesterov_momentum(updates, params, momentum))


def nesterov_momentum(loss_or_grads, params, learning_rate, momentum=0.9):
    """Nesterov's momentum, look-ahead values stored; see `symrnn.updates.nesterov_momentum`."""
    return apply_nesterov_momentum(sgd(loss_or_grads, params, learning_rate), params, momentum)


def adagrad(loss_or_grads, params, learning_rate=1.0, epsilon=1e-6):
    """Adagrad; see `symrnn.updates.adagrad`."""
    return OrderedDict(
        rules.adagrad(get_or_compute_grads(loss_or_grads, params), params, learning_rate, epsilon)
    )


def rmsprop(loss_or_grads, params, learning_rate=1.0, rho=0.9, epsilon=1e-6):
    """RMSProp; see `symrnn.updates.rmsprop`."""
    return OrderedDict(
        rules.rmsprop(
            get_or_compute_grads(loss_or_grads, params), params, learning_rate, rho, epsilon
        )
    )


def adadelta(loss_or_grads, params, learning_rate=1.0, rho=0.95, epsilon=1e-6):
    """Adadelta; see `symrnn.updates.adadelta`."""
    return OrderedDict(
        rules.adadelta(
            get_or_compute_grads(loss_or_grads, params), params, learning_rate, rho, epsilon
        )
    )


def adam(loss_or_grads, params, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Adam; see `symrnn.updates.adam`."""
    grads = get_or_compute_grads(loss_or_grads, params)
    return OrderedDict(rules.adam(grads, params, learning_rate, beta1, beta2, epsilon))


def adamax(loss_or_grads, params, learning_rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Adamax; see `symrnn.updates.adamax`."""
    grads = get_or_compute_grads(loss_or_grads, params)
    return OrderedDict(rules.adamax(grads, params, learning_rate, beta1, beta2, epsilon))


def amsgrad(loss_or_grads, params, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """AMSGrad; see `symrnn.updates.amsgrad`."""
    grads = get_or_compute_grads(loss_or_grads, params)
    return OrderedDict(rules.amsgrad(grads, params, learning_rate, beta1, beta2, epsilon))


def norm_constraint(tensor_var, max_norm, norm_axes=None, epsilon=1e-7):
    """A tensor whose norms over `norm_axes` are at most `max_norm`; see `symrnn.updates.norm_constraint`."""
    axes = utils.default_norm_axes(tensor_var.ndim) if norm_axes is None else tuple(norm_axes)
    return rules.norm_constraint(tensor_var, max_norm, axes, epsilon)


def total_norm_constraint(tensor_vars, max_norm, epsilon=1e-7, return_norm=False):
    """Tensors scaled to a common norm of at most `max_norm`; see `symrnn.updates.total_norm_constraint`."""
    return rules.total_norm_constraint(tensor_vars, max_norm, epsilon, return_norm)
