"""Every function that an unchanged program compiles: who asked for it, what it took, what the caches held.

    hook      begins when PyTensor is imported
    recorder  the wrappers, in the recorded program
    compiled  one function's record, and reading the records of a folder
    page      one HTML page of a folder

``symrnn record SCRIPT.py`` starts a program so; where ``SYMRNN_RECORD`` names a folder, importing symrnn is enough.
"""

__all__ = ["start", "write_page"]

HOMES = {"start": "symrnn.record.hook", "write_page": "symrnn.record.page"}


def __getattr__(name):
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(HOMES[name]), name)
