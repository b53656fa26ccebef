"""Where compile time goes, and what made the graph grow, for one function or graph in this process.

``print(compile_report(outputs))``, or the report as the last line of a notebook's cell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from time import perf_counter
from typing import Any

from markupsafe import escape
from pytensor.compile.executor import Function
from pytensor.compile.mode import Mode

from symrnn.measure.compile_events import compile_events
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.modes import backend_of, mode_of
from symrnn.measure.profile import Profile
from symrnn.measure.report_tables import report_tables
from symrnn.measure.sizes import total_size
from symrnn.measure.source_lines import full_traces
from symrnn.measure.stages import linked, rewritten, run_step, step_samples
from symrnn.measure.stopwatch import Stopwatch
from symrnn.measure.target import target_of
from symrnn.measure.verdict import Verdict, verdict
from symrnn.measure.within_build import phases_within
from symrnn.tables import as_html, as_text


@dataclass(frozen=True)
class CompileReport:
    """What it took and why, phases, sizes, rewrites, source lines and compilations: the values of a record."""

    values: Mapping

    @property
    def verdict(self) -> Verdict | None:
        """The total, the shares, and what follows from them; None where nothing was compiled."""
        return verdict(self.values)

    def __str__(self) -> str:
        said = [str(self.verdict)] if self.verdict else []
        return "\n\n".join([*said, *(as_text(table) for table in report_tables(self.values))])

    def _repr_html_(self) -> str:
        said = [self.verdict.head, *self.verdict.sentences] if self.verdict else []
        paragraphs = [f"<p>{escape(sentence)}</p>" for sentence in said]
        return "\n".join([*paragraphs, *(as_html(table) for table in report_tables(self.values))])


def compile_report(
    target: object,
    *,
    mode: Mode | str | None = None,
    batch: Sequence | None = None,
    steps: int = 5,
) -> CompileReport:
    """Compile `target` in this process, and report where the time went.

    Parameters
    ----------
    target
        Anything that `symrnn.measure.target.target_of` takes: a graph, or a function that builds one (then the lines of
        its source are known), or the name of either. A compiled function is not compiled again; where
        `target` is a function that compiles it, the phases are those of that.
    mode
        A PyTensor mode; the default mode if None.
    batch
        One array for each input; then the functions are called as well, so that JIT compilers work. A PyMC model brings
        its initial point, a named target the arrays of the function ``batch()`` beside it.
    steps
        How often they are called after that.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> report = compile_report(lambda: pt.exp(x) * 1, mode="FAST_COMPILE")
    >>> report.values["before"]["nodes"], report.values["after"]["nodes"]
    (3, 1)
    """
    backend = backend_of(mode_of(mode))
    for needed in backend.modules if backend else ():
        import_module(needed)  # linking would, and nothing of it is heard before
    watch, profile = Stopwatch(), Profile(begin=perf_counter())
    with compile_events(units=True) as events:
        with full_traces(), watch("build"), phases_within(watch, profile.rewriting) as within:
            found = target_of(target)
        if batch is not None:
            found = replace(found, batch=lambda: batch)
        if found.compiled is not None:
            specs: Sequence[FunctionSpec] = []
            functions = [found.compiled]
            before, lines = within.before(found.compiled)
        else:
            specs, lines = found.functions, []
            before = total_size(specs)
            with watch("rewrite"), profile.rewriting():
                makers = [rewritten(spec, mode) for spec in specs]
            with watch("link"):
                functions = [linked(maker) for maker in makers]
        profile.look(specs, functions, lines)
        sizes = {"before": before, "after": total_size(functions)}
        values: dict[str, Any] = {name: size.to_dict() for name, size in sizes.items() if size}
        if found.batch is not None:
            with events.aside():
                arguments = found.arguments()
            # Still among the events: a JIT compiler works when the function is called.
            values["step_s"] = called(functions, arguments, steps, watch)
    if profile.rewrites is None:  # a function that was there already: looking at it is no phase
        del watch.seconds["build"]
    values |= {"phases_s": watch.seconds, "compile_events": events.to_dict()}
    return CompileReport(values | profile.to_dict(watch, events))


def called(
    functions: Sequence[Function], arguments: Sequence[Sequence], steps: int, watch: Stopwatch
) -> list[float]:
    """Call the functions once, then time `steps` steps."""
    with watch("first_call"):
        run_step(functions, arguments)
    seconds, _ = step_samples(functions, arguments, steps, 10.0, watch)
    return list(seconds)
