"""Who a moment of compiling belongs to: seconds by apply node, counted while a backend works.

A *unit* is an apply node as a linker compiles it, with the unit whose body it stands in. Hooks open a block for every
piece of work; each moment is put down to the innermost block that is open, so the seconds of all units add up to the
time within the outermost blocks.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from pytensor.graph.basic import Apply


@dataclass(eq=False)
class Unit:
    """An apply node that is compiled; without one, what belongs to a whole function or to PyTensor itself."""

    node: Apply | None
    around: "Unit | None" = None
    name: str = ""  # of what has no node


FUNCTION = Unit(None, name="the function around its nodes")
START_UP = Unit(None, name="PyTensor's own start-up modules")


class Ledger:
    """Seconds and compilations by unit and kind of work.

    Examples
    --------
    >>> ticks = iter([0.0, 1.0, 3.0, 3.5])
    >>> ledger = Ledger(clock=lambda: next(ticks))
    >>> with ledger.block("numba", FUNCTION):
    ...     with ledger.block("numba", START_UP):
    ...         pass
    >>> ledger.seconds[FUNCTION, "numba"], ledger.seconds[START_UP, "numba"]
    (1.5, 2.0)
    """

    def __init__(self, clock: Callable[[], float] = perf_counter):
        self.seconds: dict[tuple[Unit, str], float] = defaultdict(float)  # by unit and kind
        self.compilations: Counter[Unit] = Counter()
        self.units: dict[Apply, Unit] = {}
        self.made: dict[int, tuple[object, Unit]] = {}  # by the id of what was made for a unit
        self.code_bytes: Counter[Unit] = Counter()  # what a unit brings to the function around it
        self.keyless: list[Unit] = []  # what keeps a function from being kept on the disk
        self.stack: list[tuple[Unit, str]] = []
        self.is_paused = False  # what happens meanwhile is nobody's
        self.clock, self.since = clock, 0.0

    @property
    def unit(self) -> Unit:
        """Whom this moment belongs to."""
        return self.stack[-1][0] if self.stack else FUNCTION

    def of(self, node: Apply) -> Unit:
        """The unit of a node; one that is met for the first time stands in the unit that is open."""
        if node not in self.units:
            around = self.unit if self.unit.node is not None else None
            self.units[node] = Unit(node, around)
        return self.units[node]

    def remember(self, made: object, unit: Unit) -> None:
        """Say that `made` was made for a unit; the first one keeps it."""
        self.made.setdefault(id(made), (made, unit))  # kept, so that its id stays its own

    def maker(self, made: object) -> Unit:
        """The unit that `made` was made for, or else the one that is open."""
        return self.made[id(made)][1] if id(made) in self.made else self.unit

    def without_key(self, unit: Unit) -> None:
        """Say that what was made for a unit cannot be kept on the disk; what only holds such a unit does not count."""
        if unit.node is not None and not any(each.around is unit for each in self.keyless):
            self.keyless.append(unit)

    def brings(self, made: object, code_bytes: Callable[[], int]) -> None:
        """Say that `made`, where it was made for a unit, is compiled once more with the function around it."""
        if id(made) in self.made and (unit := self.made[id(made)][1]).node is not None:
            self.code_bytes[unit] += code_bytes()

    @contextmanager
    def block(self, kind: str, unit: Unit | None = None) -> Iterator[None]:
        """Put the time of the block down to `unit`, or to the one that is open."""
        if self.is_paused:
            yield
            return
        self._turn()
        self.stack.append((unit or self.unit, kind))
        try:
            yield
        finally:
            self._turn()
            self.stack.pop()

    def told(self, kind: str, seconds: float) -> None:
        """Put down to the whole function what is told after it was done, unless a block counted it."""
        if not (self.stack or self.is_paused):
            self.seconds[FUNCTION, kind] += seconds

    def compiled(self) -> None:
        """Count a compilation of the unit that is open."""
        if not self.is_paused:
            self.compilations[self.unit] += 1

    def _turn(self) -> None:
        """Put down the time since the last change."""
        now = self.clock()
        if self.stack:
            self.seconds[self.stack[-1]] += now - self.since
        self.since = now
