"""What a graph computes twice, in words: which, in what the copies differ, what they cost, what
removes them."""

from dataclasses import dataclass
from statistics import median

from pytensor.graph.basic import Constant, Variable
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import graph_inputs

from symrnn.duplicates.found import Duplicates, duplicates, duplicates_in, prepared
from symrnn.errors import UserError
from symrnn.measure.sizes import graph_size
from symrnn.measure.stages import FunctionSpec, Stopwatch, linked, mode_name, rewritten

MOST = 8  # differences of a group that are shown


def explanation(graph, *, seconds=False, mode=None):
    """The duplicate recurrences of `graph` as text; one sentence when there are none.

    With `seconds` each group is measured: the graph is compiled with and without it, in this
    process.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> print(explanation(pt.exp(pt.vector("x"))))
    0 recurrences in 0 scans, none computed twice.
    """
    size, groups = graph_size(graph), duplicates(graph)
    head = f"{counted(size.components, 'recurrence')} in {counted(size.scans, 'scan')}"
    if not groups:
        return f"{head}, none computed twice."
    spare = sum(len(group.recurrences) - 1 for group in groups)
    share = f"{sum(group.nodes for group in groups)} of {size.total_nodes} apply nodes"
    lines = [f"{head}, {spare} of them computed again; {share} stand for them alone."]
    if seconds:
        groups, costs = zip(*compile_costs(graph, mode).items(), strict=True)
    else:
        costs = [None] * len(groups)
    for i, (group, cost) in enumerate(zip(groups, costs, strict=True), 1):
        lines += ["", *paragraph(i, group, cost)]
    return "\n".join(lines)


def counted(count, noun):
    """``1 scan``, ``2 scans``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def paragraph(number, group, cost):
    """One group in words."""
    first = group.recurrences[0]
    where = f"packed in one Scan ({first.name})" if group.is_packed else "in scans of their own"
    yield f"{number}. {len(group.recurrences)} times the step of {first.name!r}, {where}"
    if not group.differences:
        yield "   fed the same values"
    for difference in group.differences[:MOST]:
        yield f"   {difference.role}: {difference}"
    if len(group.differences) > MOST:
        yield f"   and {len(group.differences) - MOST} more differences"
    yield f"   costs {counted(group.nodes, 'apply node')}" + (f", {cost}" if cost else "")
    for kind in group.kinds:
        yield f"   to remove it: {kind.cure}"


@dataclass(frozen=True)
class CompileCost:
    """Seconds to rewrite and link a graph with a group of duplicates and without it, medians."""

    with_s: float
    without_s: float
    rounds: int
    mode: str

    def __str__(self):
        return (
            f"{self.with_s - self.without_s:+.2f} s to compile in mode {self.mode}"
            f" ({self.with_s:.2f} s with, {self.without_s:.2f} s without;"
            f" median of {self.rounds}, in this process)"
        )


def compile_costs(graph, mode=None, rounds=3):
    """``{group: CompileCost}``: what each group of `duplicates` adds to the seconds of rewriting
    and linking.

    With and without run in turn. Compiled modules are taken from the caches where they are there,
    so this is what a recompile costs; `symrnn run` measures cold compiles, in fresh processes.
    Groups inside of steps are left out."""
    if not isinstance(graph, Variable | list | tuple):
        raise UserError(
            "graph must not be compiled yet when seconds are asked for, but is a"
            f" {type(graph).__name__}; give the outputs it was compiled from"
        )
    outputs = prepared(graph)
    return {
        group: compile_cost(outputs, without(outputs, group), mode, rounds)
        for group in duplicates_in(outputs)
    }


def compile_cost(outputs, fewer, mode, rounds):
    """Seconds with and without, A B A B."""
    samples = {"with": [], "without": []}
    for _ in range(rounds):
        for name, graph in (("with", outputs), ("without", fewer)):
            samples[name].append(compile_seconds(graph, mode))
    name = mode if isinstance(mode, str) else "default" if mode is None else mode_name(mode)
    return CompileCost(median(samples["with"]), median(samples["without"]), rounds, name)


def compile_seconds(outputs, mode):
    """Seconds to rewrite and link a function of all inputs of `outputs`."""
    inputs = [x for x in graph_inputs(outputs) if is_free(x)]
    watch = Stopwatch()
    with watch("compile"):
        linked(rewritten(FunctionSpec(inputs, outputs), mode))
    return watch.seconds["compile"]


def is_free(x):
    return not isinstance(x, Constant) and not hasattr(x, "container")


def without(outputs, group: Duplicates):
    """`outputs` with the results of the copies taken from the recurrence that is kept: the size,
    not the values."""
    kept, *others = group.recurrences
    by_key = {key: x for x, key in kept.slot_keys.items()}
    replace = {
        x: x.type.filter_variable(by_key[key], allow_convert=True)
        for other in others
        for x, key in other.slot_keys.items()
        if key in by_key and by_key[key].type.dtype == x.type.dtype
    }
    return graph_replace(list(outputs), replace, strict=False)
