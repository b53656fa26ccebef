"""PyTensor's modes by name, as its registry knows them, and what the backend of a mode needs."""

from pytensor.compile.mode import Mode, get_mode, predefined_modes

from symrnn.errors import UserError, nearest
from symrnn.modes import MODES, OWN_MODES, Backend, check_installed, known_mode


def known_modes() -> list[str]:
    """The names that `mode_of` takes.

    Examples
    --------
    >>> {"FAST_COMPILE", "CVM", "NUMBA", "JAX"} <= set(known_modes())
    True
    """
    return list(dict.fromkeys([*predefined_modes, "FAST_RUN", *OWN_MODES]))


def mode_of(mode: Mode | str | None) -> Mode:
    """The mode of that name, in any case of letters; the default mode for None; a mode as it is.

    Raises
    ------
    UserError
        When PyTensor knows no such mode, or its backend is not installed.

    Examples
    --------
    >>> mode_of("numba") is mode_of("NUMBA")
    True
    """
    try:
        found = get_mode(known_mode(mode.upper()) if isinstance(mode, str) else mode)
    except ValueError:  # PyTensor's own message names no mode that there is
        known = known_modes()
        raise UserError(
            f"mode must be one of {', '.join(known)}, in any case, or a Mode, but is {mode!r};"
            f" {nearest(str(mode).upper(), known)}"
        ) from None
    check_backend(found)
    return found


def backend_of(mode: Mode) -> Backend | None:
    """What `mode` compiles with, None where that comes with PyTensor."""
    linker = type(mode.linker).__name__  # any mode has one, also those that users put together
    return next((each for each in MODES.values() if each and each.linker == linker), None)


def check_backend(mode: Mode) -> None:
    """Refuse a mode whose backend is not installed."""
    check_installed(backend_of(mode), f"mode {mode_name(mode)}")


def mode_name(mode: Mode) -> str:
    """``NUMBA`` for a mode that has a name; linker and rewrite tags for another.

    Examples
    --------
    >>> mode_name(mode_of("CVM"))
    'CVM'
    """
    named = [name for name, known in predefined_modes.items() if known is mode]
    if named:
        return named[0]
    query = mode.provided_optimizer
    if isinstance(query, str):
        return f"{type(mode.linker).__name__} {query}"
    tags = [f"+{tag}" for tag in sorted(map(str, getattr(query, "include", ()) or ()))]
    tags += [f"-{tag}" for tag in sorted(map(str, getattr(query, "exclude", ()) or ()))]
    return " ".join([type(mode.linker).__name__, *(tags or ["without rewrites"])])
