"""Recurrent networks as PyTensor graphs that stay small.

Nothing heavy is imported here: take `symrnn.cells`, `symrnn.unroll`, `symrnn.updates`, `symrnn.models`,
`symrnn.measure`, `symrnn.duplicates`, `symrnn.guard` or `symrnn.lasagne` when you need them.
"""

import os

__all__ = ["__version__"]
__version__ = "0.2.0"

if folder := os.environ.get(
    "SYMRNN_RECORD"
):  # in a notebook, a test run, or a program of `symrnn record`
    from symrnn.record.hook import start

    start(folder)
