"""Where the backends work for one node: hooks that open blocks of a `Ledger`.

numba    the node's function is made while linking; compiled, loaded and saved at the first call
c        the node's thunk is made while linking; the C++ compiler runs within
jax      the node's function is made while linking; traced at the first call; XLA compiles them together
native   the node is lowered at the first call; LLVM compiles them together
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from typing import Any

from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.basic import JITLinker
from pytensor.link.c.cmodule import GCC_compiler
from pytensor.link.vm import VMLinker

from symrnn.measure.ledger import FUNCTION, START_UP, Ledger, Unit
from symrnn.measure.lines_kept import lines_kept
from symrnn.measure.patched import patched

START_UP_MODULES = ("lazylinker_ext", "cutils_ext", "scan_perform")


@contextmanager
def unit_hooks(ledger: Ledger) -> Iterator[None]:
    """Fill `ledger` in the ``with`` block. Backends that were not imported before are not listened to."""
    with ExitStack() as stack:
        stack.enter_context(lines_kept())
        for needed, hooks in BACKEND_UNITS.items():
            if needed in sys.modules:
                stack.enter_context(hooks(ledger))
        yield


@contextmanager
def c_units(ledger: Ledger) -> Iterator[None]:
    """The machines of C and Python, and linking by whatever linker."""
    with ExitStack() as stack:
        stack.enter_context(patched(JITLinker, "make_all", within(ledger, "link")))
        stack.enter_context(patched(VMLinker, "make_all", within(ledger, "link")))
        stack.enter_context(patched(GCC_compiler, "compile_str", compiling_c(ledger)))
        for kind in thunk_makers():
            stack.enter_context(patched(kind, "make_thunk", making_thunks(ledger)))
        yield


@contextmanager
def numba_units(ledger: Ledger) -> Iterator[None]:
    """Numba: making, compiling and linking the functions of nodes."""
    from numba.core.codegen import CPUCodeLibrary
    from numba.core.dispatcher import Dispatcher
    from pytensor.link.numba.dispatch import basic

    with (
        patched(basic, "numba_funcify_ensure_cache", translating(ledger)),
        patched(Dispatcher, "compile", compiling_numba(ledger)),
        patched(CPUCodeLibrary, "finalize", linking_numba(ledger)),
    ):
        yield


@contextmanager
def jax_units(ledger: Ledger) -> Iterator[None]:
    """JAX: tracing the functions of nodes."""
    from pytensor.link.jax.dispatch import basic

    with patched(basic, "jax_funcify", tracing(ledger)):
        yield


@contextmanager
def native_units(ledger: Ledger) -> Iterator[None]:
    """Native: lowering nodes, and LLVM."""
    # by name: `symrnn.native` stands beside this package, and whoever does not use it does not import it
    lowering_module = sys.modules["symrnn.native.lowering"]
    loaded_module = sys.modules["symrnn.native.module"].LoadedModule
    with (
        patched(lowering_module, "lower_node", lowering(ledger)),
        patched(loaded_module, "__init__", within(ledger, "llvm")),
    ):
        yield


BACKEND_UNITS = {  # by the module that a backend has imported before it compiles
    "pytensor": c_units,
    "pytensor.link.numba.dispatch": numba_units,
    "pytensor.link.jax.dispatch": jax_units,
    "symrnn.native.linker": native_units,
}


def thunk_makers() -> list[type]:
    """Op and the classes of ops that make their thunks in a way of their own."""
    found: list[type] = []
    waiting: list[type] = [Op]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "make_thunk" in vars(kind) and kind not in found:
            found.append(kind)
    return found


def within(ledger: Ledger, kind: str, unit: Unit | None = None) -> Callable[[Callable], Callable]:
    """A wrapper that puts the calls of a function down to `unit`, or to the one that is open."""

    def wrapped(function: Callable) -> Callable:
        @wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            with ledger.block(kind, unit):
                return function(*args, **kwargs)

        return counted

    return wrapped


def making_thunks(ledger: Ledger) -> Callable[[Callable], Callable]:
    """Ops of the C and Python machines: making a node's thunk is the node's."""

    def wrapped(make_thunk: Callable) -> Callable:
        @wraps(make_thunk)
        def made(op: Op, node: Apply, *args: Any, **kwargs: Any) -> Any:
            if (
                not ledger.stack
            ):  # outside of linking: rewriting folds constants, whose nodes are gone then
                return make_thunk(op, node, *args, **kwargs)
            with ledger.block("link", ledger.of(node)):
                return make_thunk(op, node, *args, **kwargs)

        return made

    return wrapped


def compiling_c(ledger: Ledger) -> Callable[[Callable], staticmethod]:
    """The C++ compiler: what it compiles is the open unit's, but for PyTensor's own modules."""

    def wrapped(compile_str: Callable) -> staticmethod:
        def compiled(module_name: str, *args: Any, **kwargs: Any) -> Any:
            is_own = str(module_name).endswith(START_UP_MODULES)
            with ledger.block("c", START_UP if is_own else None):
                ledger.compiled()
                return compile_str(module_name, *args, **kwargs)

        # As `compile_str` is, in whose place it is put.
        return staticmethod(compiled)

    return wrapped


def translating(ledger: Ledger) -> Callable[[Callable], Callable]:
    """Numba: the function that is made for a node is remembered as the node's."""

    def wrapped(funcify: Callable) -> Callable:
        @wraps(funcify)
        def made(op: Any, node: Apply | None = None, **kwargs: Any) -> Any:
            unit = ledger.of(node) if node is not None and isinstance(op, Op) else ledger.unit
            with ledger.block("link", unit):
                function, key = funcify(op, node=node, **kwargs)
            # By the Python function in it, which is what `Dispatcher.compile` knows of itself.
            ledger.remember(getattr(function, "py_func", function), unit)
            if key is None:
                ledger.without_key(unit)
            return function, key

        return made

    return wrapped


def compiling_numba(ledger: Ledger) -> Callable[[Callable], Callable]:
    """Numba: whatever a node's function calls is compiled within it."""

    def wrapped(compile_: Callable) -> Callable:
        @wraps(compile_)
        def compiled(self: Any, *args: Any, **kwargs: Any) -> Any:
            unit = ledger.maker(self.py_func)
            known = len(self.overloads)
            with ledger.block("numba", unit):
                entry_point = compile_(self, *args, **kwargs)
            for result in [*self.overloads.values()][known:]:
                # By its library the function around it links it, and tells whose code that is.
                ledger.remember(result.library, unit)
            return entry_point

        return compiled

    return wrapped


def linking_numba(ledger: Ledger) -> Callable[[Callable], Callable]:
    """Numba: LLVM compiles the code of all nodes once more with the function that calls them; each brings some."""

    def wrapped(finalize: Callable) -> Callable:
        @wraps(finalize)
        def finalized(library: Any) -> Any:
            # Nodes within a node are linked in its own time; only here does their code go to the whole.
            if ledger.unit is FUNCTION:
                for part in library._linking_libraries:
                    ledger.brings(part, partial(code_bytes, part))
            return finalize(library)

        return finalized

    return wrapped


def code_bytes(library: Any) -> int:
    """The size of the code that a library of Numba's brings to those that link it."""
    return len(library._get_module_for_linking().as_bitcode())


def tracing(ledger: Ledger) -> Callable[[Callable], Callable]:
    """JAX: a node's function is traced when it is called."""

    def wrapped(funcify: Callable) -> Callable:
        @wraps(funcify)
        def made(op: Any, node: Apply | None = None, **kwargs: Any) -> Any:
            if node is None or not isinstance(op, Op):
                return funcify(op, node=node, **kwargs)
            unit = ledger.of(node)
            with ledger.block("link", unit):
                function = funcify(op, node=node, **kwargs)
            return within(ledger, "jax", unit)(function)

        return made

    return wrapped


def lowering(ledger: Ledger) -> Callable[[Callable], Callable]:
    """Native: lowering a node is the node's; nodes of a step stand in their scan."""

    def wrapped(lower_node: Callable) -> Callable:
        @wraps(lower_node)
        def lowered(node: Apply, builder: Any) -> None:
            with ledger.block("native", ledger.of(node)):
                lower_node(node, builder)

        return lowered

    return wrapped
