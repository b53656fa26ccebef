"""PyTensor's modes by name, and ours, which PyTensor knows once `symrnn.native` is imported."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytensor.compile.mode import Mode

NATIVE = "NATIVE"
OWN_MODES = (NATIVE,)  # PyTensor does not know them when it reads its flags


def known_mode(mode: "str | Mode | None") -> "str | Mode | None":
    """`mode`, which PyTensor then knows.

    Examples
    --------
    >>> from pytensor.compile.mode import get_mode
    >>> type(get_mode(known_mode("NATIVE")).linker).__name__
    'NativeLinker'
    """
    if mode == NATIVE:
        import_module("symrnn.native")  # by name: no builder and no instrument depends on it
    return mode
