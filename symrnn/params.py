"""The only maker of shared variables for parameters: static shapes, one dtype, reproducible from a seed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod

import numpy as np
import pytensor
from pytensor.tensor.sharedvar import TensorSharedVariable

from symrnn.errors import UserError
from symrnn.typing import Initializer, Shape

CHECK: ContextVar[Callable[[str, Shape], None]] = ContextVar(
    "CHECK", default=lambda name, shape: None
)


@contextmanager
def of_at_most(values: int, why: str) -> Iterator[None]:
    """Refuse parameters of more values in all meanwhile, before they are drawn: a file may be forged.

    Raises
    ------
    UserError
        At the first parameter that is too much, with its name, its shape, and `why` there are no more values.

    Examples
    --------
    >>> from symrnn.init import zeros
    >>> with of_at_most(10, "the file holds 10"):
    ...     w = param("w", (2, 5), zeros, None)
    """
    drawn = 0

    def refusing(name: str, shape: Shape) -> None:
        nonlocal drawn
        drawn += max(1, prod(shape))  # an empty one takes its time too
        if drawn > values:
            raise UserError(
                f"{name} must be among at most {values} values, for {why}, but has shape {shape}"
            )

    token = CHECK.set(refusing)
    try:
        yield
    finally:
        CHECK.reset(token)


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
    CHECK.get()(name, tuple(shape) if layers is None else (layers, *shape))
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
