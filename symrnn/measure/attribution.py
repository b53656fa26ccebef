"""What compiling cost, by apply node, op and source line: the values that a `Ledger` leaves in a record.

What belongs to a whole function (LLVM and XLA compile the code of all its nodes together) is shared out among its
nodes: by the size of their code where the backend tells it, else by their own seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pytensor.graph.basic import Apply

from symrnn.measure.compiled_units import Attribution, CompiledUnit
from symrnn.measure.ledger import FUNCTION, START_UP, Ledger, Unit
from symrnn.measure.sizes import op_name
from symrnn.measure.source_lines import NOWHERE, Place, file_and_line, user_line


def attribution(ledger: Ledger, otherwise: Place = NOWHERE) -> Attribution:
    """What a ledger tells; a node whose line is lost, and that of all nodes near it, is put down to `otherwise`.

    Examples
    --------
    >>> attribution(Ledger()).attributed
    1.0
    """
    own: dict[Unit, float] = defaultdict(float)
    kinds: dict[str, float] = defaultdict(float)
    for (unit, kind), seconds in ledger.seconds.items():
        own[unit] += seconds
        kinds[kind] += seconds
    units = [unit for unit in ledger.units.values() if own[unit] > 0]
    totals = totals_of(units, own)
    shares = shares_of(own[FUNCTION], units, totals, ledger)
    places = Places(ledger.units, otherwise)
    nodes = [
        CompiledUnit(
            op_name(unit.node.op),
            *places.of(unit),
            nodes=1,
            compilations=ledger.compilations[unit],
            self_s=own[unit],
            total_s=totals[unit],
            shared_s=shares.get(unit, 0.0),
        )
        for unit in units
        if unit.node is not None
    ]
    return Attribution(
        direct_s=sum(each.self_s for each in nodes),
        shared_s=own[FUNCTION],
        start_up_s=own[START_UP],
        lost_s=sum(each.seconds for each in nodes if not each.path)
        # Where no unit has a share, nobody can be told for what belongs to the whole function.
        + own[FUNCTION] * (not any(shares.values())),
        kinds=dict(kinds),
        nodes=dearest(nodes),
        ops=dearest(merged(units, nodes, lambda each: (each.op, *NOWHERE))),
        lines=dearest(
            merged(units, nodes, lambda each: ("", each.path, each.line, each.text)),
        ),
    )


def dearest(found: Iterable[CompiledUnit]) -> tuple[CompiledUnit, ...]:
    """The one that cost most first."""
    return tuple(sorted(found, key=lambda each: -each.total_s - each.shared_s))


def totals_of(units: Iterable[Unit], own: Mapping[Unit, float]) -> dict[Unit, float]:
    """Seconds of each unit with all that stands in its body."""
    totals: dict[Unit, float] = defaultdict(float)
    for unit in units:
        around: Unit | None = unit
        while around is not None:
            totals[around] += own[unit]
            around = around.around
    return totals


def shares_of(
    seconds: float, units: Iterable[Unit], totals: Mapping[Unit, float], ledger: Ledger
) -> dict[Unit, float]:
    """What each outermost unit has of `seconds`, which belong to all of them."""
    outermost = [unit for unit in units if unit.around is None]
    weights = {unit: float(ledger.code_bytes[unit]) for unit in outermost}
    if not any(weights.values()):
        weights = {unit: totals[unit] for unit in outermost}
    whole = sum(weights.values())
    return {unit: seconds * weight / whole for unit, weight in weights.items() if whole}


def merged(
    units: Iterable[Unit],
    nodes: Iterable[CompiledUnit],
    key: Callable[[CompiledUnit], tuple[str, str, int, str]],
) -> list[CompiledUnit]:
    """The nodes of one key as one; a total counts once what stands in a body of the same key."""
    keys = {unit: key(node) for unit, node in zip(units, nodes, strict=True)}
    found: dict[tuple[str, str, int, str], CompiledUnit] = {}
    for unit, node in zip(keys, nodes, strict=True):
        own = keys[unit]
        # Its seconds are in the total of the one around it, which has the same key.
        if any(keys.get(around) == own for around in those_around(unit)):
            node = replace(node, total_s=0.0)
        known = found.get(own, CompiledUnit(*own, 0, 0, 0.0, 0.0, 0.0))
        sums = {name: getattr(known, name) + getattr(node, name) for name in AMOUNTS}
        found[own] = CompiledUnit(*own, **sums)
    return [*found.values()]


AMOUNTS = ("nodes", "compilations", "self_s", "total_s", "shared_s")


def those_around(unit: Unit) -> Iterable[Unit]:
    """The units in whose bodies a unit stands, the innermost first."""
    around = unit.around
    while around is not None:
        yield around
        around = around.around


def details(unit: Unit, places: "Places") -> dict[str, str]:
    """Op, node and line of a unit, for a timeline."""
    if unit.node is None:
        return {"op": unit.name}
    path, line, _ = places.of(unit)
    return {
        "op": op_name(unit.node.op),
        "node": f"{unit.node!s:.120}",
        "line": file_and_line(path, line),
    }


class Places:
    """The source lines of units: a node's own, else that of the node around it, else of the nearest that has one."""

    def __init__(self, units: Mapping[Apply, Unit], otherwise: Place = NOWHERE):
        self.units, self.otherwise = units, otherwise
        self.clients: dict[Apply, list[Apply]] = {}
        for node in units:
            for owner in owners(node):
                self.clients.setdefault(owner, []).append(node)

    def of(self, unit: Unit) -> Place:
        """Path, line and text."""
        assert unit.node is not None
        if place := user_line(unit.node):
            return place
        return self.of(unit.around) if unit.around is not None else self.nearest(unit.node)

    def nearest(self, node: Apply) -> Place:
        """The line of the nearest node with one, over inputs and readers: rewrites make nodes without."""
        seen, ring = {node}, [node]
        while ring:
            ring = [
                near
                for each in ring
                for near in (*owners(each), *self.clients.get(each, ()))
                if near not in seen and not seen.add(near)  # type: ignore[func-returns-value]
            ]
            for near in ring:
                if place := user_line(near):
                    return place
        return self.otherwise


def owners(node: Apply) -> list[Apply]:
    """The nodes that made a node's inputs."""
    return [variable.owner for variable in node.inputs if variable.owner is not None]
