"""Where compile time goes, and what made the graph grow, for one function or graph in this process.

``print(compile_report(outputs))``, or the report as the last line of a notebook's cell.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from symrnn.measure.compile_events import CompileEvents, compile_events
from symrnn.measure.graph_size import GraphSize, graph_size
from symrnn.measure.report_tables import Table, as_html, as_text
from symrnn.measure.rewrite_profile import rewrite_profile
from symrnn.measure.rewrite_timing import NODE_REWRITE, RewriteProfile
from symrnn.measure.source_lines import SourceLine, full_traces, source_lines
from symrnn.measure.stages import Stopwatch, linked, rewritten, run_step, step_samples
from symrnn.measure.target import function_specs

LONGEST = 12  # rows of a table


@dataclass(frozen=True)
class CompileReport:
    """Phases, sizes, rewrites, source lines and compilations of one or several functions.

    For a function that is compiled already, only its size and its lines are known.
    """

    after: GraphSize
    lines_after: Sequence[SourceLine]
    before: GraphSize | None = None
    lines_before: Sequence[SourceLine] = ()
    seconds: dict[str, float] | None = None  # by phase
    rewrites: RewriteProfile | None = None
    events: CompileEvents | None = None
    step_s: Sequence[float] = ()

    def tables(self) -> list[Table]:
        """What is known, the most useful first."""
        tables = [phase_table(self)] if self.seconds else []
        tables.append(size_table(self))
        if self.rewrites:
            tables += [rewrite_table(self.rewrites), idle_table(self.rewrites)]
        tables.append(line_table(self))
        return [table for table in tables if table.rows]

    def __str__(self) -> str:
        return "\n\n".join(as_text(table) for table in self.tables())

    def _repr_html_(self) -> str:
        return "\n".join(as_html(table) for table in self.tables())


def compile_report(target, *, mode=None, batch: Sequence | None = None, steps: int = 5):
    """Compile `target` in this process, and report where the time went.

    Parameters
    ----------
    target
        Anything that `symrnn.measure.target.function_specs` takes (a graph, or a function that
        builds one: then the lines of its source are known), or a compiled PyTensor function.
    mode
        A PyTensor mode; the default mode if None.
    batch
        One array for each input; then the function is called as well, so that JIT compilers work.
    steps
        How often it is called after that.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> report = compile_report(lambda: pt.exp(x) * 1, mode="FAST_COMPILE")
    >>> report.before.nodes, report.after.nodes
    (3, 1)
    """
    if hasattr(target, "maker"):
        return CompileReport(graph_size(target), source_lines(target))
    watch = Stopwatch()
    with full_traces(), watch("build"):
        specs = function_specs(target)
    with ExitStack() as stack:
        events = stack.enter_context(compile_events())
        with rewrite_profile() as rewrites, watch("rewrite"):
            makers = [rewritten(spec, mode) for spec in specs]
        with watch("link"):
            functions = [linked(maker) for maker in makers]
        step_s = called(functions, specs, batch, steps, watch) if batch is not None else []
    return CompileReport(
        before=sum(graph_size(spec.targets) for spec in specs),
        after=sum(graph_size(function) for function in functions),
        lines_before=source_lines([out for spec in specs for out in spec.targets]),
        lines_after=source_lines([out for maker in makers for out in maker.fgraph.outputs]),
        seconds=watch.seconds,
        rewrites=rewrites(),
        events=events,
        step_s=step_s,
    )


def called(functions, specs, batch, steps, watch) -> list[float]:
    """Call the functions once, then time `steps` steps; all take the same batch."""
    arguments = [list(batch)[: len(spec.inputs)] for spec in specs]
    with watch("first_call"):
        run_step(functions, arguments)
    return step_samples(functions, arguments, steps, 10.0, watch)


def phase_table(report: CompileReport) -> Table:
    """Seconds by phase, and what the backends compiled."""
    rows = [(name.replace("_", " "), f"{s:.3f}") for name, s in report.seconds.items()]
    if report.step_s:
        rows[-1] = ("a step (median)", f"{median(report.step_s):.6f}")
    counts = report.events.to_dict()
    compiled = {name: counts[name] for name in ("numba", "c_compiled", "c_loaded", "jax")}
    rows += [(f"{name.replace('_', ' ')} (count)", str(n)) for name, n in compiled.items() if n]
    return Table("Phases", ("phase", "seconds"), rows)


def size_table(report: CompileReport) -> Table:
    """The counts of the graph, before and after."""
    names = ("nodes", "inner_nodes", "scalar_nodes", "scans", "components", "widest_scan")
    sizes = [size for size in (report.before, report.after) if size]
    rows = [(name.replace("_", " "), *(str(getattr(s, name)) for s in sizes)) for name in names]
    return Table("Size", ("", *("before", "after")[-len(sizes) :]), rows)


def rewrite_table(profile: RewriteProfile) -> Table:
    """The passes and node rewrites that took most time, and how much no pass accounts for."""
    rows = [
        (each.name, each.kind, f"{each.seconds:.3f}", str(each.tried), str(each.applied))
        for each in profile.by_name()[:LONGEST]
    ]
    note = (
        f"{profile.rewrite_s:.3f} s, of which passes account for {profile.accounted:.1%};"
        f" {profile.remainder_s:.3f} s more for cloning and checking"
    )
    head = ("most expensive", "kind", "own s", "tried", "applied")
    return Table("Rewrites", head, rows, note)


def idle_table(profile: RewriteProfile) -> Table:
    """The node rewrites that were tried most without ever applying."""
    idle = profile.never_applied()
    rows = [(each.name, str(each.tried), f"{each.seconds:.3f}") for each in idle[:LONGEST]]
    seconds = sum(each.seconds for each in idle)
    tried = sum(each.tried for each in idle)
    applied = sum(each.applied > 0 for each in profile.by_name(NODE_REWRITE))
    note = f"{len(idle)} never applied ({tried} tries, {seconds:.3f} s); {applied} did"
    return Table("Tried, never applied", ("rewrite", "tried", "s"), rows, note)


def line_table(report: CompileReport) -> Table:
    """Apply nodes by source line, bodies included."""
    before = {str(each): each for each in report.lines_before}
    after = {str(each): each for each in report.lines_after}
    largest = sorted(
        before | after, key=lambda name: -counted(before.get(name)) - counted(after.get(name))
    )
    rows = [
        (name, count(before.get(name)), count(after.get(name)), (before | after)[name].text)
        for name in largest[:LONGEST]
    ]
    return Table("Nodes by source line", ("line", "before", "after", "source"), rows)


def counted(line: SourceLine | None) -> int:
    """Nodes of a line, those in bodies included; 0 for none."""
    return line.nodes + line.inner_nodes if line else 0


def count(line: SourceLine | None) -> str:
    """`counted` for a table."""
    return str(counted(line)) if line else ""
