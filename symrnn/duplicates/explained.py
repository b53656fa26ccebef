"""What a graph computes twice, in words: which, in what the copies differ, what they cost, what removes them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from pytensor.compile.mode import Mode
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import graph_inputs

from symrnn.duplicates.components import Component
from symrnn.duplicates.found import Duplicates, duplicates, duplicates_in, prepared
from symrnn.duplicates.kinds import Kind
from symrnn.errors import UserError
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.modes import mode_name
from symrnn.measure.sizes import graph_size
from symrnn.measure.source_lines import source_line
from symrnn.measure.stages import linked, rewritten
from symrnn.measure.stopwatch import Stopwatch
from symrnn.measure.target import target_of

MOST = 8  # differences of a group that are shown
# PyTensor's names of a scan that was given none, and of gradients
UNNAMED, GRADIENT = (
    "scan_fn",
    "grad_of_",
)


def explanation(graph: object, *, seconds: bool = False, mode: Mode | str | None = None) -> str:
    """The duplicate recurrences of `graph` as text; one sentence when there are none.

    `graph` is anything that `symrnn.measure.target.target_of` takes. With `seconds` each group is measured: the graph
    is compiled with and without it, in this process.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> print(explanation(pt.exp(pt.vector("x"))))
    0 recurrences in 0 scans, none computed twice.
    """
    found = target_of(graph)
    if seconds and found.compiled:
        raise UserError(
            "graph must not be compiled yet when seconds are asked for, but is a compiled function;"
            " give the outputs it was compiled from"
        )
    size, groups = graph_size(found), duplicates(found)
    head = f"{counted(size.components, 'recurrence')} in {counted(size.scans, 'scan')}"
    if not groups:
        return f"{head}, none computed twice."
    spare = sum(len(group.components) - 1 for group in groups)
    share = f"{sum(group.nodes for group in groups)} of {size.total_nodes} apply nodes"
    lines = [f"{head}, {spare} of them computed again; {share} stand for them alone."]
    costs: Mapping[Duplicates, CompileCost | None] = dict.fromkeys(groups)
    if seconds:
        costs = compile_costs(found, mode)
    numbers = {group.components: number for number, group in enumerate(costs, 1)}
    for group, cost in costs.items():
        lines += ["", *paragraph(group, cost, numbers)]
    return "\n".join(lines)


def counted(count: int, noun: str) -> str:
    """``1 scan``, ``2 scans``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def paragraph(
    group: Duplicates, cost: "CompileCost | None", numbers: Mapping[tuple[Component, ...], int]
) -> Iterator[str]:
    """One group in words; `numbers` are those of the groups, by their members."""
    first, origin = group.components[0], group.follows_from
    where = "packed in one Scan" if group.is_packed else "in scans of their own"
    step = f"the step {step_name(first)}"
    if origin and group.are_gradients:
        step = f"the gradient of the step {step_name(origin.components[0])}"
    yield f"{numbers[group.components]}. {len(group.components)} times {step}, {where}"
    if origin is None or group.kinds == (Kind.EQUAL,):
        yield from differences_in_words(group)
    yield f"   costs {counted(group.nodes, 'apply node')}" + (f", {cost}" if cost else "")
    if origin is None:
        for cure in dict.fromkeys(kind.cure for kind in group.kinds):
            yield f"   to remove it: {cure}"
    elif group.are_gradients:
        number = numbers[origin.components]
        yield f"   follows from {number}: without {number}, and with the gradient taken again, it is gone"
    else:
        number = numbers[origin.components]
        yield f"   follows from {number}, which feeds it: what removes {number} removes it"


def differences_in_words(group: Duplicates) -> Iterator[str]:
    """In what the members of a group differ."""
    if not group.differences:
        yield "   fed the same values"
    for difference in group.differences[:MOST]:
        yield f"   {difference.role}: {difference}"
    if len(group.differences) > MOST:
        yield f"   and {len(group.differences) - MOST} more differences"


def step_name(component: Component) -> str:
    """Where a step stands in the source, and the name that its scan was given.

    ``at train.py:12``, ``'encoder' at train.py:12``; of a rewritten graph, where lines are lost, ``of
    'scan_fn&scan_fn'``.
    """
    # The call of the scan: steps keep lines of their own up to PyTensor 3.2 only. A rewritten scan keeps no other.
    lines = [source_line(component.node), *map(source_line, component.step_nodes)]
    line = next(filter(None, lines), None)
    parts = component.name.removeprefix(GRADIENT).split(
        f"&{GRADIENT}" if GRADIENT in component.name else "&"
    )
    if line is None:
        return f"of {component.name!r}"
    return f"at {line}" if UNNAMED in parts else f"{component.name!r} at {line}"


@dataclass(frozen=True)
class CompileCost:
    """Seconds to rewrite and link a graph with a group of duplicates and without it, medians."""

    with_s: float
    without_s: float
    rounds: int
    mode: str

    def __str__(self) -> str:
        return (
            f"{self.with_s - self.without_s:+.2f} s to compile in mode {self.mode}"
            f" ({self.with_s:.2f} s with, {self.without_s:.2f} s without;"
            f" median of {self.rounds}, in this process)"
        )


def compile_costs(
    graph: object, mode: Mode | str | None = None, rounds: int = 3
) -> dict[Duplicates, CompileCost]:
    """``{group: CompileCost}``: what each group of `duplicates` adds to the seconds of rewriting and linking.

    With and without run in turn. Compiled modules are taken from the caches where they are there, so this is what a
    recompile costs; `symrnn run` measures cold compiles, in fresh processes. Groups inside of steps are left out.
    """
    outputs = prepared(graph)
    return {
        group: compile_cost(outputs, without(outputs, group), mode, rounds)
        for group in duplicates_in(outputs)
    }


def compile_cost(
    outputs: Sequence[Variable], fewer: Sequence[Variable], mode: Mode | str | None, rounds: int
) -> CompileCost:
    """Seconds with and without, A B A B."""
    samples: dict[str, list[float]] = {"with": [], "without": []}
    # In turns, so that what else the machine does meanwhile hits both.
    for _ in range(rounds):
        for name, graph in (("with", outputs), ("without", fewer)):
            samples[name].append(compile_seconds(graph, mode))
    name = mode if isinstance(mode, str) else "default" if mode is None else mode_name(mode)
    return CompileCost(median(samples["with"]), median(samples["without"]), rounds, name)


def compile_seconds(outputs: Sequence[Variable], mode: Mode | str | None) -> float:
    """Seconds to rewrite and link a function of all inputs of `outputs`."""
    inputs = [x for x in graph_inputs(outputs) if is_free(x)]
    watch = Stopwatch()
    with watch("compile"):
        linked(rewritten(FunctionSpec(inputs, outputs), mode))
    return watch.seconds["compile"]


def is_free(x: Variable) -> bool:
    """Whether a function must be given a value for x."""
    return not isinstance(x, Constant) and not hasattr(x, "container")


def without(outputs: Sequence[Variable], group: Duplicates) -> list[Variable]:
    """`outputs` with the results of the copies taken from the component that is kept: the size, not the values."""
    kept, *others = group.components
    by_key = {key: x for x, key in kept.slot_keys.items()}
    replace = {
        x: x.type.filter_variable(by_key[key], allow_convert=True)
        for other in others
        for x, key in other.slot_keys.items()
        if key in by_key and by_key[key].type.dtype == x.type.dtype
    }
    return graph_replace(list(outputs), replace, strict=False)
