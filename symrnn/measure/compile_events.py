"""Counts what the backends compile while a block runs, and how long it takes them.

    numba         functions compiled by Numba (its event "numba:compile"); a compilation within
                  another counts, its time does not count twice
    numba_loaded  functions that Numba took from its cache on the disk (with all they call)
    numba_saved   functions that Numba added to its cache on the disk
    c_compiled    calls of the C++ compiler
    c_loaded      C modules that were taken from the cache on the disk
    jax           programs compiled by XLA (JAX's event "backend_compile_duration")
    native        modules of machine code that native mode compiled
    native_loaded modules of machine code that it took from the disk
    native_warm   graphs that it knew from an earlier process, and did not rewrite

Cold or warm follows from these counts, not from what a run was meant to be.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from pytensor.link.c import cmodule
from pytensor.link.c.cmodule import GCC_compiler

from symrnn.measure.ledger import Ledger, Unit
from symrnn.measure.patched import patched
from symrnn.measure.unit_hooks import unit_hooks

JAX_COMPILE = "/jax/core/compile/backend_compile_duration"
JAX_LOWER = "/jax/core/compile/jaxpr_to_mlir_module_duration"
JAX_TRACE = "/jax/core/compile/jaxpr_trace_duration"

OF_CACHES = ("numba_loaded", "numba_saved", "native_loaded", "native_warm")


@dataclass(frozen=True)
class Compilation:
    """One thing that a backend compiled; times on the clock of `perf_counter`."""

    backend: str  # "numba", "c", "jax", "jax_lower", "jax_trace", "native"
    name: str
    begin_s: float
    duration_s: float
    is_nested: bool = False  # within another one of the same backend
    unit: Unit | None = None  # that it was compiled for
    is_aside: bool = False  # for something else, off the clock


@dataclass
class CompileEvents:
    """What was compiled so far; filled while `listen` is active."""

    compilations: list[Compilation] = field(default_factory=list)
    c_loaded: int = 0
    numba_loaded: int = 0
    numba_saved: int = 0
    native_loaded: int = 0
    native_warm: int = 0
    ledger: Ledger = field(default_factory=Ledger)  # empty unless units are asked for
    loaded_before: int | None = None  # C modules, while the events are counted

    @property
    def c_loaded_so_far(self) -> int:
        """`c_loaded`, also while the block runs."""
        return (
            self.c_loaded if self.loaded_before is None else modules_loaded() - self.loaded_before
        )

    def count(self, backend: str) -> int:
        """How many things `backend` compiled."""
        return sum(each.backend == backend and not each.is_aside for each in self.compilations)

    def seconds(self, backend: str) -> float:
        """How long `backend` compiled."""
        mine = (each for each in self.compilations if each.backend == backend)
        return sum(each.duration_s for each in mine if not (each.is_nested or each.is_aside))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Count nothing of the ``with`` block: it compiles for something else (PyMC's initial point, say)."""
        found, loaded = len(self.compilations), modules_loaded()
        counts = {name: getattr(self, name) for name in OF_CACHES}
        self.ledger.is_paused = True
        try:
            yield
        finally:
            self.ledger.is_paused = False
            vars(self).update(counts)
            # Marked and not dropped: a timeline shows them all the same.
            self.compilations[found:] = [
                replace(each, is_aside=True) for each in self.compilations[found:]
            ]
            if self.loaded_before is not None:
                # The cache counts on, so the mark that is counted from moves along.
                self.loaded_before += modules_loaded() - loaded

    @property
    def is_cold(self) -> bool:
        """Whether the run filled a cache, or compiled without one.

        A warm run may compile a little (PyTensor 3.3 gives some small functions no key for Numba's cache), but adds
        nothing to a cache. JAX has no cache on the disk unless one is configured, so its runs are all cold.
        """
        compiled = self.count("numba") + self.count("jax")
        is_filling = self.count("c") + self.count("native") + self.numba_saved > 0
        return is_filling or (compiled > 0 and self.numba_loaded == 0)

    def to_dict(self) -> dict:
        """Counts and seconds, for a record."""
        return {
            "numba": self.count("numba"),
            "numba_s": self.seconds("numba"),
            "numba_loaded": self.numba_loaded,
            "numba_saved": self.numba_saved,
            "c_compiled": self.count("c"),
            "c_compiled_s": self.seconds("c"),
            "c_loaded": self.c_loaded,
            "jax": self.count("jax"),
            "jax_s": self.seconds("jax"),
            "jax_lower_s": self.seconds("jax_lower"),
            "jax_trace_s": self.seconds("jax_trace"),
            "native": self.count("native"),
            "native_s": self.seconds("native"),
            "native_loaded": self.native_loaded,
            "native_warm": self.native_warm,
        }


@contextmanager
def compile_events(*, units: bool = False) -> Iterator[CompileEvents]:
    """Count within the block. Backends that were not imported before are not listened to.

    With `units`, also what each apply node costs, which itself takes a little time.

    Examples
    --------
    >>> with compile_events() as events:
    ...     pass
    >>> events.is_cold
    False
    """
    events = CompileEvents()
    with ExitStack() as stack:
        stack.enter_context(c_events(events))
        # Importing a backend here would charge its import to the block; one that is not loaded compiles nothing.
        if "numba" in sys.modules:
            stack.enter_context(numba_events(events))
        if "jax" in sys.modules:
            stack.enter_context(jax_events(events))
        if "symrnn.native" in sys.modules:
            stack.enter_context(native_events(events))
        if units:
            stack.enter_context(unit_hooks(events.ledger))
        yield events


@contextmanager
def numba_events(events: CompileEvents) -> Iterator[None]:
    """Listen to Numba's own events, and wrap the calls of its cache, for which it has none."""
    from numba.core import event
    from numba.core.caching import Cache

    def counting_loads(load: Callable) -> Callable:
        def counted(self, *args, **kwargs):
            loaded = load(self, *args, **kwargs)
            events.numba_loaded += loaded is not None
            return loaded

        return counted

    def counting_saves(save: Callable) -> Callable:
        def counted(self, *args, **kwargs):
            events.numba_saved += 1
            return save(self, *args, **kwargs)

        return counted

    with (
        patched(Cache, "load_overload", counting_loads),
        patched(Cache, "save_overload", counting_saves),
        event.install_listener("numba:compile", _numba_listener(events)),
    ):
        yield


def _numba_listener(events: CompileEvents) -> Any:
    """Takes down each compilation when it ends."""
    from numba.core import event

    # Compilations nest as calls do: the begins that are left when one ends are those around it.
    class Listener(event.Listener):
        begins: list[float] = []

        def on_start(self, event):
            self.begins.append(perf_counter())
            events.ledger.compiled()

        def on_end(self, event):
            begin = self.begins.pop()
            name = getattr(event.data["dispatcher"].py_func, "__name__", "?")
            span = perf_counter() - begin
            unit = events.ledger.unit
            events.compilations.append(
                Compilation("numba", name, begin, span, is_nested=bool(self.begins), unit=unit)
            )

    return Listener()


@contextmanager
def jax_events(events: CompileEvents) -> Iterator[None]:
    """Listen to JAX's own events; they come with their duration when they end."""
    from jax import monitoring

    backends = {JAX_COMPILE: "jax", JAX_LOWER: "jax_lower", JAX_TRACE: "jax_trace"}

    def on_duration(event: str, duration_secs: float, **details: Any) -> None:
        if event in backends:
            name = str(details.get("fun_name", "?"))
            # The event comes when the work is over and tells how long it took, not when it began.
            begin = perf_counter() - duration_secs
            events.compilations.append(Compilation(backends[event], name, begin, duration_secs))
            if event != JAX_TRACE:  # tracing is counted node by node
                events.ledger.told(backends[event], duration_secs)

    monitoring.register_event_duration_secs_listener(on_duration)
    try:
        yield
    finally:
        monitoring.unregister_event_duration_listener(on_duration)


@contextmanager
def native_events(events: CompileEvents) -> Iterator[None]:
    """Wrap the making of native mode's modules, and its look-up of graphs from earlier processes."""
    # no import of it: measuring knows no backend but by name
    module, warm = (sys.modules[f"symrnn.native.{name}"] for name in ("module", "warm"))

    def timing(init: Callable) -> Callable:
        def timed(self, *args, **kwargs):
            begin = perf_counter()
            init(self, *args, **kwargs)
            if self.was_cached:
                events.native_loaded += 1
                return
            span = perf_counter() - begin
            events.compilations.append(Compilation("native", "module", begin, span))

        return timed

    def counting(load: Callable) -> Callable:
        def counted(digest):
            recorded = load(digest)
            events.native_warm += bool(recorded)
            return recorded

        return counted

    with patched(module.LoadedModule, "__init__", timing), patched(warm, "load", counting):
        yield


@contextmanager
def c_events(events: CompileEvents) -> Iterator[None]:
    """Wrap the call of the C++ compiler, and count what the module cache loads from the disk."""
    # The cache counts since the process began.
    events.loaded_before = modules_loaded()

    def timing(compile_str: Callable) -> staticmethod:
        def timed(module_name, *args, **kwargs):
            begin = perf_counter()
            try:
                return compile_str(module_name, *args, **kwargs)
            finally:
                span = perf_counter() - begin
                unit = events.ledger.unit
                events.compilations.append(
                    Compilation("c", str(module_name), begin, span, unit=unit)
                )

        return staticmethod(timed)

    try:
        with patched(GCC_compiler, "compile_str", timing):
            yield
    finally:
        events.c_loaded, events.loaded_before = events.c_loaded_so_far, None


def modules_loaded() -> int:
    """C modules that this process has loaded from the cache on the disk."""
    cache = cmodule._module_cache
    return 0 if cache is None else cache.stats[1]  # hits in memory, loads, compilations
