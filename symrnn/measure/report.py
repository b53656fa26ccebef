"""Where compile time goes, and what made the graph grow, for one function or graph in this process.

``print(compile_report(outputs))``, or the report as the last line of a notebook's cell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

from symrnn.measure.compile_events import compile_events
from symrnn.measure.profile import Profile
from symrnn.measure.report_tables import report_tables
from symrnn.measure.sizes import graph_size
from symrnn.measure.source_lines import full_traces, source_lines
from symrnn.measure.stages import Stopwatch, linked, rewritten, run_step, step_samples
from symrnn.measure.target import function_specs
from symrnn.tables import as_html, as_text


@dataclass(frozen=True)
class CompileReport:
    """Phases, sizes, rewrites, source lines and compilations: the values of a record."""

    values: Mapping

    def __str__(self) -> str:
        return "\n\n".join(as_text(table) for table in report_tables(self.values))

    def _repr_html_(self) -> str:
        return "\n".join(as_html(table) for table in report_tables(self.values))


def compile_report(
    target, *, mode=None, batch: Sequence | None = None, steps: int = 5
) -> CompileReport:
    """Compile `target` in this process, and report where the time went.

    Parameters
    ----------
    target
        Anything that `symrnn.measure.target.function_specs` takes (a graph, or a function that
        builds one: then the lines of its source are known). Of a compiled PyTensor function, the
        size and the lines are reported, since all else is over.
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
    >>> report.values["before"]["nodes"], report.values["after"]["nodes"]
    (3, 1)
    """
    if hasattr(target, "maker"):
        lines = [asdict(line) for line in source_lines(target)]
        return CompileReport({"after": graph_size(target).to_dict(), "lines_after": lines})
    watch, profile = Stopwatch(), Profile(begin=perf_counter())
    with full_traces(), watch("build"):
        specs = function_specs(target)
    values = {"before": sum(graph_size(spec.targets) for spec in specs).to_dict()}
    with compile_events() as events:
        with watch("rewrite"), profile.rewriting():
            makers = [rewritten(spec, mode) for spec in specs]
        with watch("link"):
            functions = [linked(maker) for maker in makers]
        profile.look(specs, functions)
        values["after"] = sum(graph_size(function) for function in functions).to_dict()
        if batch is not None:
            values["step_s"] = called(functions, specs, batch, steps, watch)
    values |= {"phases_s": watch.seconds, "compile_events": events.to_dict()}
    return CompileReport(values | profile.to_dict(watch, events))


def called(functions, specs, batch, steps, watch) -> list[float]:
    """Call the functions once, then time `steps` steps; each takes the batch from its begin."""
    arguments = [list(batch)[: len(spec.inputs)] for spec in specs]
    with watch("first_call"):
        run_step(functions, arguments)
    return step_samples(functions, arguments, steps, 10.0, watch)
