"""Records of which each quantity is read once, however many ratios ask for it.

A report of 200,000 records divides each form by another one quantity after the other. What it reads lies scattered over
a gigabyte, so a `Selection` reads it into a column, in the order of the records, and what is selected of it are places.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import NoneType
from typing import Any

from symrnn.bench.records import Case, Record
from symrnn.bench.spread import is_number
from symrnn.study.readings import knowing_statuses, readings

RUN = ("task", "mode", "state", "round")  # what two records that are divided share beside the case
MACHINE = ("cpu", "cores", "memory_bytes", "os", "jobs_at_once")  # what makes two of them different


class Selection(tuple[Record, ...]):
    """Records, and the columns of those they were selected from.

    Examples
    --------
    >>> Selection([]).where("form", "sgd")
    ()
    """

    root: "Selection"  # those they were selected from
    places: Sequence[int]  # in the root
    columns: dict[Hashable, list[Any]]  # of the root
    groups: dict[Hashable, dict[Any, "Selection"]]

    def __new__(cls, records: Iterable[Record] = ()) -> "Selection":
        """All of these records, none of whose quantities is read yet."""
        self = super().__new__(cls, records)
        self.root, self.places, self.columns, self.groups = self, range(len(self)), {}, {}
        return self

    def __add__(self, others: Iterable[Record]) -> "Selection":  # type: ignore[override]
        """These records and then others, which an experiment may hold in a list."""
        return Selection([*self, *others])

    def __radd__(self, others: Iterable[Record]) -> "Selection":
        """Other records and then these."""
        return Selection([*others, *self])

    def take(self, places: Sequence[int]) -> "Selection":
        """The records at some places of the root."""
        chosen = tuple.__new__(Selection, map(self.root.__getitem__, places))
        chosen.root, chosen.places, chosen.groups = self.root, places, {}
        return chosen

    def column(self, name: Hashable, read: Callable[[Record], Any]) -> list[Any]:
        """What a function says of each record of the root, kept under a name: a text is that of a quantity."""
        return self.kept(name, lambda: list(map(read, self.root)))

    def kept(self, name: Hashable, make: Callable[[], list[Any]]) -> list[Any]:
        """A column of the root, made when it is first asked for."""
        columns = self.root.columns
        if name not in columns:
            columns[name] = make()
        return columns[name]

    def readings(self, quantity: str) -> list[Any]:
        """The value of a quantity in each record of the root."""
        return self.kept(quantity, lambda: readings(self.root, quantity, self.axes()))

    def axes(self) -> list[str]:
        """The axes of all cases of the root."""

        def made():
            cases = {id(record.case): record.case for record in self.root}
            return list(dict.fromkeys(axis for case in cases.values() for axis in case))

        return self.kept(("axes",), made)

    def known(self, quantity: str) -> list[Any]:
        """The same where the record knows it, None elsewhere."""

        def made():
            statuses = self.column(("status",), attrgetter("status"))
            values, knowing = self.readings(quantity), knowing_statuses(quantity)
            if set(statuses) <= set(knowing):  # no second column where all know it
                return values
            pairs = zip(values, statuses, strict=True)
            return [value if status in knowing else None for value, status in pairs]

        return self.kept(("known", quantity), made)

    def numbers(self, quantity: str) -> list[float | None]:
        """The same where it is a number, None elsewhere."""

        def made():
            known = self.known(quantity)
            if set(map(type, known)) <= {float, NoneType}:
                return known
            return [each if is_number(each) else None for each in known]

        return self.kept(("number", quantity), made)

    def hashable(self, quantity: str) -> list[Any]:
        """The value of a quantity in each record of the root, as its text where it is a list or the like."""

        def made():
            # hash, since asking for the abstract class takes five times as long
            return [each if each.__hash__ else repr(each) for each in self.readings(quantity)]

        return self.kept(("hashable", quantity), made)

    def where(self, quantity: str, wanted: Any) -> "Selection":
        """The records whose quantity has a value, or one of a list of values."""
        values = self.readings(quantity)
        if isinstance(wanted, list | tuple | set):
            return self.take([place for place in self.places if values[place] in wanted])
        try:
            return self.by(quantity, values).get(wanted) or self.take([])
        except TypeError:  # a value without a hash, such as a list
            return self.take([place for place in self.places if values[place] == wanted])

    def by(self, name: Hashable, column: Sequence[Any]) -> dict[Any, "Selection"]:
        """The records by their value in a column of the root, kept under a name, as values first appear."""
        if name not in self.groups:
            places: dict[Any, list[int]] = {}
            for place in self.places:
                places.setdefault(column[place], []).append(place)
            self.groups[name] = {value: self.take(each) for value, each in places.items()}
        return self.groups[name]

    def pairs(self, of: Case, to: Case, *, across_versions: bool = False) -> "Pairs":
        """Every two records of one run, one of the cases `of` and one of the cases `to`."""
        keys = self.partner_keys([*of, *to], across_versions=across_versions)
        above, below = self.all_where(of), self.all_where(to)
        # Of several records of one run the last counts, as in a file of records.
        partners = {keys[place]: place for place in below.places}
        found = ((place, partners.get(keys[place])) for place in above.places)
        return Pairs(self.root, [(place, other) for place, other in found if other is not None])

    def partner_keys(self, axes: Iterable[str], *, across_versions: bool) -> list[Hashable]:
        """What each record of the root shares with those that differ from it in some axes alone."""
        axes = frozenset(axes)
        return self.column((axes, across_versions), Partner(axes, across_versions))

    def all_where(self, where: Case) -> "Selection":
        """The records whose quantities all have the values, as `where` finds them."""
        chosen = self
        for quantity, wanted in where.items():
            chosen = chosen.where(quantity, wanted)
        return chosen


@dataclass(frozen=True)
class Pairs:
    """Pairs of records that are divided by each other, as places in the root of a selection."""

    root: Selection
    places: Sequence[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.places)

    def knowing(self, quantity: str) -> Iterator[tuple[Case, float, float]]:
        """``(case, value, value of the partner)`` of those that both know a quantity."""
        numbers, records = self.root.numbers(quantity), self.root
        for place, other in self.places:
            if (over := numbers[place]) is not None and (under := numbers[other]) is not None:
                yield records[place].case, over, under


class Setup:
    """The machine and, unless `across_versions`, the versions of a record, as a function of it.

    The cases, machines and versions of many records are the same objects: each is looked at once.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> record = SimpleNamespace(machine={"cores": 2, "load_before": 0.5}, versions={"python": "3.12"})
    >>> other = SimpleNamespace(machine={"cores": 2, "load_before": 0.7}, versions={"python": "3.11"})
    >>> [setup(record) == setup(other) for setup in (Setup(), Setup(across_versions=True))]
    [False, True]
    """

    def __init__(self, across_versions: bool = False) -> None:
        self.across_versions = across_versions
        # id: the object, which keeps its id, and its part of the key
        self.seen: dict[int, tuple[Case, frozenset]] = {}

    def __call__(self, record: Record) -> tuple[Hashable, ...]:
        versions = () if self.across_versions else self.part(record.versions, dict.items)
        return self.part(record.machine, which_machine), versions

    def part(self, mapping: Case, items: Callable[[Any], Iterable[Any]]) -> frozenset:
        """The items of a mapping as one hashable value."""
        if id(mapping) not in self.seen:
            self.seen[id(mapping)] = mapping, frozenset(items(mapping))
        return self.seen[id(mapping)][1]


def which_machine(machine: Case) -> Iterator[tuple[str, Any]]:
    """What tells a machine from others."""
    return ((name, machine.get(name)) for name in MACHINE)


class Partner(Setup):
    """What two records must share to be divided by each other, as a function of a record."""

    def __init__(self, axes: Iterable[str], across_versions: bool = False) -> None:
        super().__init__(across_versions)
        self.axes = set(axes)
        around = [name for name in RUN if name not in self.axes]
        self.around = attrgetter(*around) if around else lambda record: None

    def __call__(self, record: Record) -> tuple[Hashable, ...]:
        case = self.part(record.case, self.elsewhere)
        return case, *super().__call__(record), self.around(record)

    def elsewhere(self, case: Case) -> list[tuple[str, str]]:
        """The axes that are compared by value, where 1 and True differ."""
        return [(axis, repr(value)) for axis, value in case.items() if axis not in self.axes]
