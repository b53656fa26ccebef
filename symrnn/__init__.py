"""Recurrent networks as PyTensor graphs that stay small.

Nothing heavy is imported here: take `symrnn.cells`, `symrnn.unroll`, `symrnn.updates`, `symrnn.models`,
`symrnn.measure`, `symrnn.duplicates`, `symrnn.guard` or `symrnn.lasagne` when you need them.
"""

__all__ = ["__version__"]
__version__ = "0.1.0"
