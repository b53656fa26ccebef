"""What is known about one measurement, as tables; from the values of a record, without PyTensor."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from symrnn.measure.python_node_table import python_node_table
from symrnn.measure.rewrite_timing import NODE_REWRITE, RewriteProfile
from symrnn.tables import Table

LONGEST = 12  # rows of a table
SIZES = ("nodes", "inner_nodes", "scalar_nodes", "scans", "components", "widest_scan")
EVENTS = (
    "numba",
    "numba_loaded",
    "c_compiled",
    "c_loaded",
    "jax",
    "native",
    "native_loaded",
    "native_warm",
)


def report_tables(values: Mapping) -> list[Table]:
    """The tables of a record's values, the most useful first; without those that would be empty.

    Examples
    --------
    >>> [table.title for table in report_tables({"phases_s": {"link": 0.5}})]
    ['Phases']
    """
    profile = RewriteProfile.from_dict(values["rewrites"]) if values.get("rewrites") else None
    tables = [
        phase_table(values),
        size_table(values),
        *([rewrite_table(profile), idle_table(profile)] if profile else []),
        line_table(values.get("lines_before", []), values.get("lines_after", [])),
        python_node_table(values),
    ]
    return [table for table in tables if table.rows]


def phase_table(values: Mapping) -> Table:
    """Seconds by phase, a step, and what the backends compiled."""
    phases = {name: s for name, s in values.get("phases_s", {}).items() if name != "step"}
    rows = [(name.replace("_", " "), f"{s:.3f}") for name, s in phases.items()]
    if values.get("step_s"):
        rows.append(("a step (median)", f"{median(values['step_s']):.6f}"))
    events = values.get("compile_events", {})
    counts = [f"{name.replace('_', ' ')} {events[name]}" for name in EVENTS if events.get(name)]
    note = ", ".join(counts)
    note = f"compilations: {note}" if note else ""
    return Table(("phase", "seconds"), rows, title="Phases", note=note)


def size_table(values: Mapping) -> Table:
    """The counts of the graph, before and after rewriting."""
    known = [when for when in ("before", "after") if values.get(when)]
    names = [name.replace("_", " ") for name in SIZES]
    counts = [[str(values[when][name]) for name in SIZES] for when in known]
    rows = list(zip(names, *counts, strict=True))
    return Table(("", *known), rows if known else [], title="Size")


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
    return Table(head, rows, title="Rewrites", note=note)


def idle_table(profile: RewriteProfile) -> Table:
    """The node rewrites that were tried most without ever applying."""
    idle = profile.never_applied()
    rows = [(each.name, str(each.tried), f"{each.seconds:.3f}") for each in idle[:LONGEST]]
    seconds = sum(each.seconds for each in idle)
    tried = sum(each.tried for each in idle)
    applied = sum(each.applied > 0 for each in profile.by_name(NODE_REWRITE))
    note = f"{len(idle)} never applied ({tried} tries, {seconds:.3f} s); {applied} did"
    return Table(("rewrite", "tried", "s"), rows, title="Tried, never applied", note=note)


def line_table(lines_before: Sequence[Mapping], lines_after: Sequence[Mapping]) -> Table:
    """Apply nodes by source line, bodies included; the line with most nodes first."""
    sides = [{line_name(line): line for line in lines} for lines in (lines_before, lines_after)]
    lines = {**sides[1], **sides[0]}
    counts = {
        name: tuple(nodes_of(side[name]) if name in side else 0 for side in sides) for name in lines
    }
    largest = sorted(counts, key=lambda name: -sum(counts[name]))[:LONGEST]
    rows = [(name, *map(str, counts[name]), lines[name]["text"]) for name in largest]
    return Table(("line", "before", "after", "source"), rows, title="Nodes by source line")


def line_name(line: Mapping) -> str:
    """``file.py:3``, or what stands for a node without a line."""
    return f"{Path(line['path']).name}:{line['line']}" if line["path"] else "(rewrites)"


def nodes_of(line: Mapping) -> int:
    """Nodes of a line, those in bodies included."""
    return line["nodes"] + line["inner_nodes"]
