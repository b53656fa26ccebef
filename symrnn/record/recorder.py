"""The wrappers in a recorded program: each function from the moment it is asked for to the end of its first call."""

import importlib
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from operator import sub
from pathlib import Path
from time import perf_counter
from typing import Any, cast

from pytensor.compile import maker as maker_module
from pytensor.compile.executor import Function
from pytensor.compile.maker import FunctionMaker
from pytensor.graph.basic import Constant
from pytensor.graph.fg import FunctionGraph
from pytensor.link.vm import VM

from symrnn.bench.machine import peak_rss_bytes
from symrnn.measure.attribution import attribution
from symrnn.measure.compile_events import (
    CompileEvents,
    c_events,
    jax_events,
    native_events,
    numba_events,
)
from symrnn.measure.ledger import Ledger
from symrnn.measure.lines_kept import lines_kept
from symrnn.measure.memory import held_bytes
from symrnn.measure.modes import backend_of, mode_name
from symrnn.measure.patched import patched
from symrnn.measure.sizes import apply_nodes, graph_size, op_name
from symrnn.measure.source_lines import NOWHERE, PYTENSOR, SYMRNN, is_library
from symrnn.measure.unit_hooks import BACKEND_UNITS
from symrnn.measure.verdict import counted
from symrnn.record.compiled import append

EVENTS = {  # what listens to a backend, by the module that it has imported before it compiles
    "pytensor": c_events,
    "pytensor.link.numba.dispatch": numba_events,
    "pytensor.link.jax.dispatch": jax_events,
    "symrnn.native.linker": native_events,
}
LARGEST_CONSTANT = 10**6  # bytes; above, Numba keeps no function that holds it


class Switched:
    """The ledger of the function that is being compiled."""

    def __init__(self) -> None:
        # The hooks stay for the life of the process and hold this one object; whose ledger it stands for changes.
        self.current = Ledger()  # outside of any function

    def __getattr__(self, name: str) -> Any:
        return getattr(self.current, name)


class Open:
    """A function that was asked for and not called yet."""

    def __init__(self, recorder: "Recorder", number: int):
        self.recorder, self.number, self.ledger = recorder, number, Ledger()
        self.folder = recorder.folder  # its own to the end, whatever is recorded into by then
        self.phases_s: dict[str, float] = {}
        self.begin, self.own_s, self.rss = perf_counter(), recorder.own_s, held_bytes()
        self.reason, self.process = "", os.getpid()
        self.nodes_before = 0
        self.line: dict[str, Any] = {}  # what is written of it so far

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the block as a phase of this function."""
        switch, outside = self.recorder.switch, self.recorder.switch.current
        switch.current = self.ledger
        begin, own_s = perf_counter(), self.recorder.own_s
        try:
            yield
        finally:
            # What recording took within the block is no part of it.
            spent = perf_counter() - begin - (self.recorder.own_s - own_s)
            self.phases_s[name] = self.phases_s.get(name, 0.0) + spent
            switch.current = outside


class Recorder:
    """Writes a line into the folder for each step of each function.

    Attributes
    ----------
    own_s
        Seconds that recording itself took, which belong to no phase.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.switch = Switched()
        self.ledger = cast(Ledger, self.switch)
        self.events = CompileEvents(ledger=self.ledger)
        self.stack = ExitStack()
        self.listened: set[str] = set()
        self.open: Open | None = None
        self.depth = 0  # compiling a function may compile others, for the bodies of scans
        self.counts: Counter[Path] = Counter()  # functions, by their folder
        self.own_s = 0.0
        self.own_before_s = {folder: 0.0}

    def move_to(self, folder: Path) -> None:
        """Record what is asked for from now on into another folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.own_before_s.setdefault(folder, self.own_s)

    def install(self) -> None:
        """Put the wrappers in, for as long as the process lives."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.listen()
        self.stack.enter_context(lines_kept())
        for owner, name, wrapper in (
            (maker_module, "construct_function_ins_and_outs", self.asking("clone")),
            (FunctionMaker, "__init__", self.asking("rewrite")),
            (FunctionMaker, "prepare_fgraph", self.rewriting),
            (FunctionMaker, "create", self.linking),
        ):
            self.stack.enter_context(patched(owner, name, wrapper))

    def listen(self) -> None:
        """Listen to the backends that are imported by now."""
        for needed in BACKEND_UNITS:
            if needed in sys.modules and needed not in self.listened:
                self.listened.add(needed)
                if needed in EVENTS:
                    self.stack.enter_context(EVENTS[needed](self.events))
                self.stack.enter_context(BACKEND_UNITS[needed](self.ledger))

    @contextmanager
    def own_time(self) -> Iterator[None]:
        """Count the block as recording's own."""
        begin = perf_counter()
        try:
            yield
        finally:
            self.own_s += perf_counter() - begin

    def write(self, asked: Open, line: dict[str, Any]) -> None:
        """Append a line to the file of this process, which may be a fork."""
        append(asked.folder / f"functions-{os.getpid()}.jsonl", {"process": os.getpid()} | line)

    def ask(self) -> Open:
        """The function that is being made; a new one is noted down at once."""
        if self.open is None:
            self.counts[self.folder] += 1
            self.open = Open(self, self.counts[self.folder])
            with self.own_time():
                self.open.line = {"number": self.open.number, "asked": who_asked()}
                self.write(self.open, self.open.line)
        return self.open

    def asking(self, phase: str) -> Callable[[Callable], Callable]:
        """Wrap what begins to make a function."""

        def wrapped(function: Callable) -> Callable:
            @wraps(function)
            def asked(*args: Any, **kwargs: Any) -> Any:
                if self.depth:
                    return function(*args, **kwargs)
                self.depth += 1
                try:
                    with self.ask().phase(phase):
                        return function(*args, **kwargs)
                except BaseException:
                    self.give_up()
                    raise
                finally:
                    self.depth -= 1

            return asked

        return wrapped

    def rewriting(self, prepare: Callable) -> staticmethod:
        """Wrap rewriting, to count nodes before it."""

        def prepared(*args: Any, **kwargs: Any) -> Any:
            if self.open is not None and self.depth == 1:
                graphs = (
                    each for each in (*args, *kwargs.values()) if isinstance(each, FunctionGraph)
                )
                self.open.nodes_before = len(next(graphs).apply_nodes)
            return prepare(*args, **kwargs)

        return staticmethod(prepared)

    def linking(self, create: Callable) -> Callable:
        """Wrap linking; the function that comes out is watched until its first call is over."""

        @wraps(create)
        def created(maker: FunctionMaker, *args: Any, **kwargs: Any) -> Function:
            if self.depth:
                return create(maker, *args, **kwargs)
            self.depth += 1
            try:
                asked = self.ask()
                # The import counts as linking: without recording it would come within it.
                with asked.phase("link"):
                    backend = backend_of(maker.mode)
                    for needed in backend.modules if backend else ():
                        importlib.import_module(needed)  # linking would; nothing is heard before
                with self.own_time():
                    self.listen()
                # After listening to a backend that was only imported now: its counts begin here.
                before = counts(self.events)
                with asked.phase("link"):
                    function = create(maker, *args, **kwargs)
                self.linked(asked, function, before)
                return function
            except BaseException:
                self.give_up()
                raise
            finally:
                self.depth -= 1

        return created

    def give_up(self) -> None:
        """Note down how far a function came that was not made."""
        if self.open is not None:
            asked, self.open = self.open, None
            self.write(asked, asked.line | {"phases_s": asked.phases_s})

    def linked(self, asked: Open, function: Function, before: dict[str, float]) -> None:
        """Note a function down, and watch for its first call."""
        self.open = None
        wall_s = perf_counter() - asked.begin - (self.own_s - asked.own_s)
        with self.own_time():
            graph = function.maker.fgraph
            asked.reason = why_not_kept(asked.ledger, graph)
            asked.line |= {
                "name": str(function.name or ""),
                "mode": mode_name(function.maker.mode),
                "phases_s": asked.phases_s,
                "wall_s": wall_s,
                "nodes_before": asked.nodes_before,
                "size": graph_size(graph).to_dict(),
                "is_linked": True,
            } | self.outcome(asked, difference(counts(self.events), before))
            self.write(asked, asked.line)
            function.vm = cast(VM, FirstCall(self, asked, function, before))

    def compiling_s(self, asked: Open) -> tuple[float, float]:
        """Seconds that backends are known to have compiled so far: by their events, and by this function's nodes."""
        by_nodes = (s for (_, kind), s in asked.ledger.seconds.items() if kind != "link")
        return self.events.seconds("numba") + self.events.seconds("jax"), sum(by_nodes)

    def called(
        self, asked: Open, wall_s: float, before: dict[str, float], begin_s: tuple[float, float]
    ) -> None:
        """Note down what the first call compiled, which began when `compiling_s` was `begin_s`."""
        with self.own_time():
            events = difference(counts(self.events), before)
            # The first call also computes, and linking may have compiled: neither is put down to it.
            spent = max(map(sub, self.compiling_s(asked), begin_s))
            first_call = {"first_call": min(wall_s, spent)}
            is_fork = asked.process != os.getpid()  # the parent tells what it did itself
            self.write(
                asked,
                asked.line
                | {
                    "phases_s": first_call if is_fork else asked.phases_s | first_call,
                    "wall_s": wall_s + (0.0 if is_fork else asked.line["wall_s"]),
                    "is_called": True,
                }
                | self.outcome(asked, events),
            )

    def outcome(self, asked: Open, events: dict[str, float]) -> dict[str, Any]:
        """What is known after linking, and better after the first call."""
        path, line, text = (asked.line["asked"] or [NOWHERE])[0]
        found = attribution(asked.ledger, (path, line, text))  # of what rewrites made anew
        return {
            "recording_s": self.own_s - self.own_before_s[asked.folder],
            "events": events,
            "cache": cache_in_words(events, asked.reason),
            "rss_bytes": held_bytes() - asked.rss,
            "peak_rss_bytes": peak_rss_bytes(),
            "attribution": found.to_dict() if found.nodes else {},
        }


class FirstCall:
    """In the place of a function's machine until it was called once; otherwise as that is."""

    def __init__(self, recorder: Recorder, asked: Open, function: Function, before: dict):
        # Past `__setattr__`, which sets everything on the machine.
        vars(self).update(recorder=recorder, asked=asked, function=function, before=before)
        vars(self).update(machine=function.vm)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["machine"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["machine"], name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        own = vars(self)
        # Before the call, so that one which fails is not watched a second time.
        own["function"].vm = own["machine"]
        begin_s = own["recorder"].compiling_s(own["asked"])
        begin = perf_counter()
        try:
            with own["asked"].phase("call"):
                return own["machine"](*args, **kwargs)
        finally:
            own["asked"].phases_s.pop("call", None)
            own["recorder"].called(own["asked"], perf_counter() - begin, own["before"], begin_s)


def who_asked() -> list[tuple[str, int, str]]:
    """Frames outside of PyTensor, symrnn and Python's library, the innermost first."""
    frames = reversed(traceback.extract_stack())
    return [
        (frame.filename, frame.lineno or 0, frame.line or "")
        for frame in frames
        if not is_library(frame.filename)
        and not frame.filename.startswith((PYTENSOR, SYMRNN, "<frozen"))
    ][:8]


def counts(events: CompileEvents) -> dict[str, float]:
    """The counts and seconds so far."""
    return events.to_dict() | {"c_loaded": events.c_loaded_so_far}


def difference(now: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    """What was added."""
    return {name: value - before.get(name, 0) for name, value in now.items()}


def why_not_kept(ledger: Ledger, graph: FunctionGraph) -> str:
    """What keeps Numba from keeping a function on the disk; "" where nothing does."""
    if ledger.keyless:
        ops = dict.fromkeys(op_name(unit.node.op) for unit in ledger.keyless if unit.node)
        return f"no cache key for {', '.join(ops)}"
    large = [
        variable
        for node in apply_nodes(graph.outputs)
        for variable in node.inputs
        if isinstance(variable, Constant) and getattr(variable.data, "nbytes", 0) > LARGEST_CONSTANT
    ]
    return f"a constant of {large[0].data.nbytes / 1e6:.1f} MB" if large else ""


def cache_in_words(events: dict[str, float], reason: str) -> str:
    """What came from the caches, and what they will hold.

    Examples
    --------
    >>> cache_in_words({"numba": 3, "numba_loaded": 1, "numba_saved": 2}, "")
    '3 functions compiled, none like them was kept; 1 taken from the disk; 2 kept on it'
    """
    said = []
    for made, loaded, what in (
        ("numba", "numba_loaded", "function"),
        ("c_compiled", "c_loaded", "module"),
        ("native", "native_loaded", "module"),
    ):
        if events.get(made):
            why = (
                f"never kept: {reason}" if reason and made == "numba" else "none like them was kept"
            )
            said.append(f"{counted(round(events[made]), what)} compiled, {why}")
        if events.get(loaded):
            said.append(f"{events[loaded]:.0f} taken from the disk")
    if events.get("native_warm"):
        said.append("neither rewritten nor lowered, as an earlier process had done both")
    if events.get("numba_saved"):
        said.append(f"{events['numba_saved']:.0f} kept on it")
    return "; ".join(said)
