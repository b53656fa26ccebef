"""What is known about one measurement, as tables; from the values of a record, without PyTensor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import median

from symrnn.measure.compiled_units import Attribution, CompiledUnit
from symrnn.measure.python_node_table import python_node_table
from symrnn.measure.rewrite_timing import NODE_REWRITE, RewriteProfile
from symrnn.measure.verdict import A_LINE, LARGE, percent, place, seconds, share_of, verdict
from symrnn.tables import Table

LONGEST = 12  # rows of a table
LEAST = 0.01  # of what a table is about: smaller rows are left out
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

    What is a small share of the total has its line among the phases, and no table.

    Examples
    --------
    >>> [table.title for table in report_tables({"phases_s": {"link": 0.5}})]
    ['Phases']
    """
    rewrites = values.get("rewrites") if share_of(values, "rewrite") >= A_LINE else None
    profile = RewriteProfile.from_dict(rewrites) if rewrites else None
    rewriting = [rewrite_table(profile), idle_table(profile)] if profile else []
    tables = [
        phase_table(values),
        *compiling_tables(values),
        *([] if share_of(values, "rewrite") < LARGE else rewriting),
        size_table(values),
        *(rewriting if share_of(values, "rewrite") < LARGE else []),
        line_table(values.get("lines_before", []), values.get("lines_after", [])),
        python_node_table(values),
    ]
    return [table for table in tables if table.rows]


def phase_table(values: Mapping) -> Table:
    """Seconds by phase with their shares, a step, and what the backends compiled."""
    phases = {name: s for name, s in values.get("phases_s", {}).items() if name != "step"}
    found = verdict({"phases_s": phases})
    shares = {name: percent(share) for name, _, share in found.shares} if found else {}
    names = [name.replace("_", " ") for name in phases]
    rows = [
        (name, f"{s:.3f}", shares.get(name, ""))
        for name, s in zip(names, phases.values(), strict=True)
    ]
    if values.get("step_s"):
        rows.append(("a step (median)", f"{median(values['step_s']):.6f}", ""))
    events = values.get("compile_events", {})
    counts = [f"{name.replace('_', ' ')} {events[name]}" for name in EVENTS if events.get(name)]
    note = ", ".join(counts)
    note = f"compilations: {note}" if note else ""
    if "compile_peak_bytes" in values:
        peak, kept = (values[f"compile_{name}_bytes"] / 1e6 for name in ("peak", "retained"))
        note = f"{note}; " if note else ""
        note += f"memory: {peak:.0f} MB at the peak, {kept:.0f} MB retained"
    return Table(("phase", "seconds", "share"), rows, title="Phases", note=note)


def compiling_tables(values: Mapping) -> list[Table]:
    """What the backend's seconds went to: ops, source lines, single nodes; none where it took few."""
    found = Attribution.from_dict(values["attribution"]) if values.get("attribution") else None
    compiling = share_of(values, "link") + share_of(values, "first call")
    if found is None or not found.nodes or compiling < A_LINE:
        return []
    note = (
        f"{percent(found.attributed)} of {seconds(found.direct_s + found.shared_s)} is put down to a node"
        f" and a line, {seconds(found.shared_s)} by sharing out what whole functions take"
    )
    if found.start_up_s:
        note += f"; {seconds(found.start_up_s)} more went to PyTensor's own modules"
    return [
        unit_table("Compiling by op", "op", found.ops, lambda each: each.op, note),
        unit_table("Compiling by source line", "line", found.lines, place_and_text),
        unit_table(
            "Compiling by node", "node", found.nodes, lambda e: f"{e.op}  {place_and_text(e)}"
        ),
    ]


def unit_table(
    title: str, head: str, units: Sequence[CompiledUnit], name: Callable, note: str = ""
) -> Table:
    """The dearest units: nodes, functions compiled, own seconds, with bodies, and their share of what is shared."""
    rows = [
        (
            name(each),
            str(each.nodes),
            str(each.compilations),
            f"{each.self_s:.3f}",
            f"{each.total_s:.3f}",
            f"{each.shared_s:.3f}",
        )
        for each in units[:LONGEST]
        if each.total_s + each.shared_s >= LEAST * sum(unit.seconds for unit in units)
    ]
    columns = (head, "nodes", "compilations", "own s", "with body", "shared")
    return Table(columns, rows, title=title, note=note)


def place_and_text(unit: CompiledUnit) -> str:
    """``model.py:3  return pt.exp(x)``."""
    return f"{place(asdict(unit))}  {unit.text.strip()}".strip()


def size_table(values: Mapping) -> Table:
    """The counts of the graph, before and after rewriting; without what it has none of, such as scans.

    Examples
    --------
    >>> from symrnn.measure.sizes import total_size
    >>> import pytensor.tensor as pt
    >>> size_table({"before": total_size([pt.exp(pt.vector())]).to_dict()}).rows
    [('nodes', '1')]
    """
    known = [when for when in ("before", "after") if values.get(when)]
    counts = {name: [values[when][name] for when in known] for name in SIZES if known}
    rows = [
        (name.replace("_", " "), *map(str, numbers))
        for name, numbers in counts.items()
        if any(numbers)
    ]
    return Table(("", *known), rows, title="Size")


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
    """Apply nodes by source line, bodies included; the line with most nodes first.

    Where nothing is known from before rewriting, as of a function that was there already, no column claims zeros.
    """
    # By the whole path: two files of one name are not one line.
    sides = [
        {(line["path"], line["line"]): line for line in lines}
        for lines in (lines_before, lines_after)
    ]
    # A line that is on both sides has its text from before rewriting.
    lines = {**sides[1], **sides[0]}
    counts = {at: tuple(nodes_of(side[at]) if at in side else 0 for side in sides) for at in lines}
    largest = sorted(counts, key=lambda at: -sum(counts[at]))[:LONGEST]
    known = slice(0 if lines_before else 1, None)
    rows = [(place(lines[at]), *map(str, counts[at][known]), lines[at]["text"]) for at in largest]
    head = ("line", *("before", "after")[known], "source")
    return Table(head, rows, title="Nodes by source line")


def nodes_of(line: Mapping) -> int:
    """Nodes of a line, those in bodies included."""
    return line["nodes"] + line["inner_nodes"]
