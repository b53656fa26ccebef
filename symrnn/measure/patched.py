"""A wrapper in the place of a function of PyTensor or a backend, for what they tell of no other way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def patched(owner: object, name: str, wrapper: Callable[[Callable], object]) -> Iterator[None]:
    """Put ``wrapper(function)`` in the place of the function `name` of a class or module for the ``with`` block.

    Examples
    --------
    >>> import math
    >>> with patched(math, "sqrt", lambda sqrt: lambda x: 2 * sqrt(x)):
    ...     math.sqrt(9)
    6.0
    """
    own = vars(owner)[name]  # not what `getattr` gives: a static method would come back as a method
    setattr(owner, name, wrapper(getattr(owner, name)))
    try:
        yield
    finally:
        setattr(owner, name, own)
