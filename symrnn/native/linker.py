"""The linker that PyTensor calls: ``mode="NATIVE"`` once `symrnn.native` is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytensor import config
from pytensor.compile.mode import (
    fast_run_linkers_to_mode,
    predefined_linkers,
    predefined_modes,
    register_linker,
    register_mode,
)
from pytensor.graph.basic import Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.link.basic import JITLinker

import symrnn.native.empty_slices  # noqa: F401  (a rewrite before traces are shortened)
from symrnn.convolution import WRITTEN_OUT
from symrnn.native.rewrites import NativeMode
from symrnn.native.runtime import NativeFunction

EXCLUDED = (  # what lowering does itself, with the shapes known: fusion, BLAS, in-place, windows; what only C can run
    "fusion",
    "local_careduce_fusion",
    "BlasOpt",
    "inplace",
    "scan_make_inplace",
    # It gives each state one entry more, for machines that write a step's output before they have read its oldest tap.
    "scan_reduce_trace_prealloc",
    "cxx_only",
    WRITTEN_OUT,
)


class NativeLinker(JITLinker):
    """Compiles a function as one machine-code module for each signature of its arguments."""

    # The latter keeps of a trace what is read of it; PyTensor asks for it in JIT modes alone, never with "fast_run".
    required_rewrites = ("minimum_compile", "scan_save_mem_no_prealloc")
    incompatible_rewrites = EXCLUDED

    def fgraph_convert(self, fgraph: FunctionGraph, *_: Any, **__: Any) -> NativeFunction:
        return NativeFunction(fgraph)

    def create_thunk_inputs(self, storage_map: dict[Variable, list]) -> list[list]:
        assert self.fgraph is not None
        return [storage_map[var] for var in self.fgraph.inputs]

    def jit_compile(self, fn: Callable) -> Callable:
        # Nothing yet: the shapes, which code is made for, come with the first call.
        return fn


def accept_in_config() -> None:
    """Let ``pytensor.config.mode`` be ``"NATIVE"`` and ``pytensor.config.linker`` be ``"native"``.

    Their lists of names are PyTensor's own and no call adds to them. Flags in the environment are read before this can
    run: set the mode in the program.
    """
    settings = config._config_var_dict
    settings["linker"].all.add("native")
    mode, pytensors = settings["mode"], settings["mode"]._apply
    mode._apply = lambda value: value if value == "NATIVE" else pytensors(value)


def register() -> None:
    """Make PyTensor know the mode and the linker by name; once is enough.

    Examples
    --------
    >>> import pytensor
    >>> import pytensor.tensor as pt
    >>> register()
    >>> x = pt.vector("x", dtype="float64")
    >>> pytensor.function([x], 2 * x, mode="NATIVE")([1.0, 2.0])
    array([2., 4.])
    """
    if "native" not in predefined_linkers:
        accept_in_config()
        register_linker("native", NativeLinker())
    if "NATIVE" not in predefined_modes:
        mode = NativeMode(NativeLinker(), RewriteDatabaseQuery(include=["fast_run"]))
        register_mode("NATIVE", mode)
        # Where PyTensor looks for FAST_RUN when `config.linker` is "native": without it, that is a KeyError.
        fast_run_linkers_to_mode["native"] = mode
