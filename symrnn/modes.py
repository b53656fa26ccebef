"""PyTensor's modes by name, and ours, which PyTensor knows once `symrnn.native` is imported; the backend of each."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from symrnn.errors import UserError

if TYPE_CHECKING:
    from pytensor.compile.mode import Mode


@dataclass(frozen=True)
class Backend:
    """What a mode compiles with.

    Attributes
    ----------
    linker
        The name of the linker's class, which tells it without an import.
    package
        What to install.
    modules
        What the first compilation imports.
    """

    linker: str
    package: str
    modules: tuple[str, ...]


NATIVE = "NATIVE"
MODES: dict[str, Backend | None] = {  # None: all that it needs comes with PyTensor
    NATIVE: Backend("NativeLinker", "llvmlite", ("symrnn.native", "scipy.linalg.cython_blas")),
    "C": None,
    "CVM": None,
    "NUMBA": Backend("NumbaLinker", "numba", ("numba", "pytensor.link.numba.dispatch")),
    "JAX": Backend("JAXLinker", "jax", ("jax", "pytensor.link.jax.dispatch")),
    "PYTORCH": Backend("PytorchLinker", "torch", ("torch", "pytensor.link.pytorch.dispatch")),
    "MLX": Backend("MLXLinker", "mlx", ("mlx", "pytensor.link.mlx.dispatch")),
    "FAST_COMPILE": None,
    "FAST_RUN": None,
}
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


def check_installed(backend: Backend | None, what: str) -> None:
    """Refuse `what`, such as ``mode JAX``, when its backend is not installed."""
    if backend and find_spec(backend.package) is None:
        raise UserError(
            f"{what} needs the package {backend.package}, which is not installed;"
            f" install it with `pip install {backend.package}`, or take another mode"
        )
