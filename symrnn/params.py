"""The only maker of shared variables for parameters: static shapes, one dtype, reproducible from a seed."""

import numpy as np
import pytensor
from pytensor.tensor.sharedvar import TensorSharedVariable

from symrnn.errors import UserError
from symrnn.typing import Initializer, Shape


def param(
    name: str,
    shape: Shape,
    init: Initializer,
    rng: np.random.Generator | None,
    *,
    dtype: str | None = None,
    layers: int | None = None,
) -> TensorSharedVariable:
    """A shared variable of static `shape`, filled by ``init(shape, rng)``.

    `dtype` is `pytensor.config.floatX` unless given. With `layers`, that many are stacked on a leading axis. The static
    shape lets PyTensor drop shape arithmetic from the graph; the value may change, its shape may not.

    Examples
    --------
    >>> from symrnn.init import zeros
    >>> param("b", (3,), zeros, None).type.shape
    (3,)
    """
    # Each layer of a stack is drawn by itself, so that an initialiser sees the fans of one layer.
    if layers is None:
        value = np.asarray(init(shape, rng))
    else:
        value, shape = np.stack([init(shape, rng) for _ in range(layers)]), (layers, *shape)
    if value.shape != tuple(shape):
        raise UserError(
            f"init for {name!r} must return shape {tuple(shape)}, but returned {value.shape}"
        )
    return pytensor.shared(
        value.astype(dtype or pytensor.config.floatX), name=name, shape=value.shape
    )
