"""A whole PyTensor function as one machine-code module: importing this makes ``mode="NATIVE"`` known to PyTensor."""

from symrnn.native.linker import NativeLinker, register
from symrnn.native.profiled import Spent, native_profile
from symrnn.native.report import NativeReport, native_report, native_text

__all__ = [
    "NativeLinker",
    "NativeReport",
    "Spent",
    "native_profile",
    "native_report",
    "native_text",
    "register",
]

register()
