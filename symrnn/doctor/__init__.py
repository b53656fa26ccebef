"""What will compile slowly, or again in every process, and the cure: `doctor`, for any PyTensor graph."""

from importlib import import_module

__all__ = ["Finding", "doctor"]

HOMES = {"Finding": "symrnn.doctor.finding", "doctor": "symrnn.doctor.examination"}


def __getattr__(name):
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
