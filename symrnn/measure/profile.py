"""What is recorded of a profiled job besides its phases: rewrites, source lines, and a timeline down to the ops."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from pytensor.compile.executor import Function

from symrnn.measure.attribution import Places, attribution, details
from symrnn.measure.compile_events import CompileEvents
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.op_timeline import op_spans
from symrnn.measure.python_nodes import PythonNode, python_nodes
from symrnn.measure.rewrite_profile import rewrite_profile
from symrnn.measure.rewrite_timing import RewriteProfile
from symrnn.measure.source_lines import NOWHERE, Place, SourceLine, full_traces, source_lines
from symrnn.measure.stopwatch import Stopwatch

SHORTEST_COMPILATION_S = 1e-3  # shorter ones leave no span


@dataclass
class Profile:
    """Filled by the hooks that `symrnn.measure.stages.stages` calls."""

    begin: float  # of the timeline, on the clock of `time.perf_counter`
    rewrites: RewriteProfile | None = None
    lines: dict[str, list[SourceLine]] = field(default_factory=dict)
    # spans of one more step, none with Numba and JAX
    ops: list[tuple] = field(default_factory=list)
    specs: Sequence[FunctionSpec] = ()
    python_nodes: list[PythonNode] | None = None  # of native mode alone

    def traces(self) -> AbstractContextManager:
        """The context to build in, so that every node knows its line."""
        return full_traces()

    def hooks(self) -> dict:
        """Arguments for `stages`."""
        return {"rewriting": self.rewriting, "look": self.look, "look_back": self.look_back}

    @contextmanager
    def rewriting(self) -> Iterator[None]:
        """Profile the rewriting in the block."""
        with rewrite_profile() as profile:
            yield
        self.rewrites = profile()

    def look(
        self,
        specs: Sequence[FunctionSpec],
        functions: Sequence[Function],
        lines_before: Sequence[SourceLine] = (),
    ) -> None:
        """Count the nodes by source line, before and after; `lines_before` of what was compiled already."""
        self.specs = specs
        # Of what was compiled elsewhere, none: what it was made from is gone.
        if before := source_lines(list(specs)) if specs else list(lines_before):
            self.lines["lines_before"] = before
        self.lines["lines_after"] = source_lines(
            [o for f in functions for o in f.maker.fgraph.outputs]
        )

    def look_back(self, functions: Sequence[Function], arguments: Sequence[Sequence]) -> None:
        """Take one more step, timed op by op, and some more where native mode leaves nodes to Python."""
        self.ops = op_spans(functions, arguments)
        self.python_nodes = python_nodes(functions, arguments, self.specs)

    @property
    def main_line(self) -> Place:
        """The line that made most nodes; whatever has lost its line, as a graph fused to one node, goes there."""
        known = (each for each in self.lines.get("lines_before", []) if each.path)
        return next(((each.path, each.line, each.text) for each in known), NOWHERE)

    def to_dict(self, watch: Stopwatch, events: CompileEvents) -> dict:
        """JSON values for a record; times count from `begin`."""
        values: dict[str, Any] = {
            name: [asdict(line) for line in lines] for name, lines in self.lines.items()
        }
        if self.python_nodes is not None:
            values["python_nodes"] = [asdict(node) for node in self.python_nodes]
        places = Places(events.ledger.units, self.main_line)
        spans: list[tuple] = [
            ("phase", name, begin, end - begin) for name, begin, end in watch.spans
        ]
        spans += [
            (
                each.backend,
                each.name,
                each.begin_s,
                each.duration_s,
                *([details(each.unit, places)] if each.unit else []),
            )
            for each in events.compilations
            if each.duration_s > SHORTEST_COMPILATION_S
        ]
        spans += self.ops
        if self.rewrites:
            begin = self.rewrites.begin_s
            spans += [(kind, name, begin + at, s) for kind, name, at, s in self.rewrites.spans]
            # Its spans stand in the timeline already; a record would hold tens of thousands of them twice.
            rewrites = self.rewrites.to_dict() | {"begin_s": begin - self.begin, "spans": []}
            values |= {"rewrites": rewrites, "rewrite_counts": self.rewrites.counts()}
        if events.ledger.seconds:
            values["attribution"] = attribution(events.ledger, self.main_line).to_dict()
        shifted = [(kind, name, at - self.begin, s, *more) for kind, name, at, s, *more in spans]
        return values | {"spans": shifted}
