"""The only maker of shared variables for parameters: static shapes, one dtype, reproducible from a seed."""

import numpy as np
import pytensor

from symrnn.errors import UserError


def param(name, shape, init, rng, *, dtype=None):
    """A shared variable of static `shape`, filled by ``init(shape, rng)``.

    `dtype` is `pytensor.config.floatX` unless given. The static shape lets PyTensor drop shape arithmetic from the
    graph; the value may change, its shape may not.

    Examples
    --------
    >>> from symrnn.init import zeros
    >>> param("b", (3,), zeros, None).type.shape
    (3,)
    """
    value = np.asarray(init(shape, rng), dtype=dtype or pytensor.config.floatX)
    if value.shape != tuple(shape):
        raise UserError(
            f"init for {name!r} must return shape {tuple(shape)}, but returned {value.shape}"
        )
    return pytensor.shared(value, name=name, shape=value.shape)
