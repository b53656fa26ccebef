"""``theano.tensor.nnet.bn``."""

import pytensor.tensor as pt

from symrnn.compat.missing import missing
from symrnn.ops.nnet import batch_normalization


def batch_normalization_train(inputs, gamma, beta, axes="per-activation", epsilon=1e-4, running_average_factor=0.1,
                              running_mean=None, running_var=None):  # fmt: skip
    """`inputs` normalized by their own mean and variance over `axes`; the mean, and one over the standard deviation.

    With running averages, their new values come after these. Parameters have size one along `axes`, or lack them.
    """
    axes = axes_of(axes, inputs.ndim)
    gamma, beta = (along(one, axes, inputs.ndim) for one in (gamma, beta))
    mean, variance = inputs.mean(axes, keepdims=True), inputs.var(axes, keepdims=True)
    inverse = pt.reciprocal(pt.sqrt(variance + epsilon))
    found = [(inputs - mean) * (gamma * inverse) + beta, mean, inverse]
    kept = 1 - running_average_factor
    if running_mean is not None:
        found.append(along(running_mean, axes, inputs.ndim) * kept + mean * running_average_factor)
    if running_var is not None:
        count = pt.cast(pt.prod(pt.stack([inputs.shape[axis] for axis in axes])), variance.dtype)
        # As in Theano and cuDNN, the running variance is the unbiased one.
        unbiased = variance * (count / (count - 1))
        found.append(
            along(running_var, axes, inputs.ndim) * kept + unbiased * running_average_factor
        )
    return tuple(found)


def batch_normalization_test(inputs, gamma, beta, mean, var, axes="per-activation", epsilon=1e-4):
    """`inputs` normalized by a given mean and variance."""
    axes = axes_of(axes, inputs.ndim)
    gamma, beta, mean, var = (along(one, axes, inputs.ndim) for one in (gamma, beta, mean, var))
    return (inputs - mean) * (gamma / pt.sqrt(var + epsilon)) + beta


def axes_of(axes, ndim):
    """The axes that statistics are taken over."""
    if axes == "per-activation":
        return (0,)
    if axes == "spatial":
        return (0, *range(2, ndim))
    return tuple(axes)


def along(parameter, axes, ndim):
    """A parameter with an axis of size one for each of `axes`."""
    parameter = pt.as_tensor(parameter)
    if parameter.ndim < ndim:
        kept = iter(range(parameter.ndim))
        return parameter.dimshuffle(*("x" if axis in axes else next(kept) for axis in range(ndim)))
    # A size of one broadcasts only where the type says it.
    free = [axis for axis in axes if parameter.type.shape[axis] != 1]
    return pt.specify_broadcastable(parameter, *free) if free else parameter


__getattr__ = missing(__name__)
