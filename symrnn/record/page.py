"""What a folder of records holds, as one HTML page that needs nothing else."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from symrnn.measure.report_tables import compiling_tables
from symrnn.measure.verdict import counted, percent, seconds
from symrnn.record.compiled import PHASES, Compiled, compiled_in
from symrnn.replacing import replacing
from symrnn.tables import Table, as_html

if TYPE_CHECKING:
    from jinja2 import Environment

NAME = "compiled.html"
COMPILED = ("numba", "c_compiled", "jax", "native")  # counts of events
LOADED = ("numba_loaded", "c_loaded", "native_loaded")
KEPT = ("numba_saved", "c_compiled", "native")
MOST = 200  # functions with a part of their own, the dearest


def write_page(folder: Path) -> Path:
    """Write the page of a folder of records into it; its path.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_page(Path(folder))
    ...     path.name, path.read_text()[:15]
    ('compiled.html', '<!doctype html>')
    """
    path = folder / NAME
    # A path may hold bytes that are no UTF-8, which Python has as lone surrogates.
    text = page(compiled_in(folder))
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def page(functions: Sequence[Compiled]) -> str:
    """The page: the total and what follows, the functions, and what each compiled."""
    dearest = sorted(functions, key=lambda each: -each.seconds)[:MOST]
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            sentences=summary(functions),
            functions=[(each, compiling_tables(values_of(each))) for each in dearest],
            left_out=len(functions) - len(dearest),
            overview=overview(dearest),
            as_html=as_html,
            seconds=seconds,
            title=title,
        )
    )


def summary(functions: Sequence[Compiled]) -> list[str]:
    """The total, the phases, the dearest function, and lines that ask again and again.

    Examples
    --------
    >>> summary([])
    ['No function was compiled.']
    """
    if not functions:
        return ["No function was compiled."]
    total = sum(each.seconds for each in functions)
    dearest = max(functions, key=lambda each: each.seconds)
    phases = {name: sum(each.phases_s.get(name, 0.0) for each in functions) for name in PHASES}
    shares = [f"{percent(s / total)} {name.replace('_', ' ')}" for name, s in phases.items() if s]
    said = [
        f"{counted(len(functions), 'function')} took {seconds(total)} to compile: {', '.join(shares)}.",
        f"The dearest took {seconds(dearest.seconds)}, asked for at {dearest.where}.",
    ]
    # Of one size as well: a line that compiles whatever it is given, as that of a library, asks for different ones.
    (again, times), *_ = Counter((each.asked, each.nodes_before) for each in functions).most_common(
        1
    )
    if times > 2:
        same = [each for each in functions if (each.asked, each.nodes_before) == again]
        line, spent = same[0].where, sum(each.seconds for each in same)
        said.append(
            f"{line} asked for {times} functions of one size, {seconds(spent)}: what differs between them could be"
            " an input, or shared."
        )
    # Each function tells the sum so far of its process, so the last one tells all.
    recording_s = {each.process: each.recording_s for each in functions}
    if total and (spent := sum(recording_s.values())):
        said.append(f"Recording took {seconds(spent)} more, {100 * spent / total:.1f} %.")
    said += [
        f"{title(each)} was not finished: the program ended in it."
        for each in functions
        if not each.is_linked
    ]
    return said


def title(each: Compiled) -> str:
    """``Function 3, train.py:12``."""
    name = f" {each.name}" if each.name else ""
    return f"Function {each.number}{name}, {each.where}"


def overview(functions: Sequence[Compiled]) -> Table:
    """A row a function."""
    head = (
        "function",
        "mode",
        *(name.replace("_", " ") for name in PHASES),
        "sum s",
        "nodes",
        "scans",
        "MB added",
        "peak MB",
        "compiled",
        "from disk",
        "kept",
    )
    rows = [
        (
            title(each),
            each.mode,
            *(f"{each.phases_s.get(name, 0.0):.3f}" for name in PHASES),
            f"{each.seconds:.3f}",
            f"{each.nodes_before} → {each.size.get('nodes', '?')}",
            str(each.size.get("scans", "?")),
            f"{each.rss_bytes / 1e6:.0f}",
            f"{each.peak_rss_bytes / 1e6:.0f}",
            *(
                f"{sum(each.events.get(name, 0) for name in names):.0f}"
                for names in (COMPILED, LOADED, KEPT)
            ),
        )
        for each in functions
    ]
    return Table(head, rows, axes=2, title="")


def values_of(each: Compiled) -> dict:
    """A function as the values of a record."""
    return {"phases_s": each.phases_s, "attribution": each.attribution}


@cache
def environment() -> "Environment":
    """The template of this folder; what it is given is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("symrnn.record", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
