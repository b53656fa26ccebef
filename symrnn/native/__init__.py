"""A whole PyTensor function as one machine-code module: importing this makes ``mode="NATIVE"`` known to PyTensor."""

from symrnn.native.linker import NativeLinker, register

__all__ = ["NativeLinker", "register"]

register()
