"""What records say: a quantity, its spread over repetitions, its ratio between two forms.

A *quantity* is named by a string: an axis of the case (``"depth"``), a field of the record
(``"mode"``), a value (``"rewrite_s"``), a value inside another (``"after.components"``), or a sum
(``"build_s+grad_s"``). A list of samples is read as its median. What a record does not have is
read as None.
"""

from collections.abc import Mapping
from statistics import median

from symrnn.bench.spread import is_number, spread

FIELDS = ("task", "mode", "state", "round", "status", "message", "wall_s")
STOPPED = ("peak_rss_bytes", "total_s", "wall_s")  # of a job that was stopped: not the whole
# what makes two machines different
MACHINE = ("cpu", "cores", "memory_bytes", "os", "jobs_at_once")


def reading(record, quantity):
    """The value of `quantity` in a record, None where it has none.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> values = {"step_s": [3.0, 1.0, 2.0], "after": {"nodes": 9}}
    >>> record = SimpleNamespace(case={"depth": 2}, mode="C", values=values)
    >>> [reading(record, name) for name in ("depth", "mode", "step_s", "after.nodes", "grad_s")]
    [2, 'C', 2.0, 9, None]
    """
    if "+" in quantity:
        parts = [reading(record, part) for part in quantity.split("+")]
        return sum(parts) if all(map(is_number, parts)) else None
    if quantity in record.case:
        return record.case[quantity]
    if quantity in FIELDS:
        return getattr(record, quantity)
    value = record.values
    for name in quantity.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, list):
        return median(value) if value and all(map(is_number, value)) else None
    return value


def known(record, quantity):
    """The value of `quantity` if the record knows it: of a job over its time limit, what it had finished."""
    is_whole = record.status == "ok" or (record.status == "time_limit" and quantity not in STOPPED)
    return reading(record, quantity) if is_whole else None


def select(records, **where):
    """The records whose quantities have the given values; a list of values means any of them.

    Examples
    --------
    >>> select([], status="ok", form=["sgd", "momentum"])
    []
    """

    def fits(record, quantity, wanted):
        wanted = wanted if isinstance(wanted, list | tuple | set) else [wanted]
        return reading(record, quantity) in wanted

    return [record for record in records if all(fits(record, *item) for item in where.items())]


def values_of(records, quantity):
    """The different values of `quantity`, in the order of their first appearance."""
    return list(
        dict.fromkeys(
            value for record in records if (value := reading(record, quantity)) is not None
        )
    )


def spread_of(records, quantity, **where):
    """The `Spread` of `quantity` over the selected records that know it."""
    return spread(known(record, quantity) for record in select(records, **where))


def ratio(records, quantity, of, to, *, across_versions=False, **where):
    """The spread of `quantity` in the cases `of` divided by that in the cases `to`, or None.

    Only records of the same run are divided: the same task, mode, state, round, machine and
    versions, and a case that differs in the axes of `of` and `to` alone.

    Examples
    --------
    >>> ratio([], "total_s", {"form": "naive"}, {"form": "sgd"}) is None
    True
    """
    found = pairs(records, quantity, of, to, across_versions=across_versions, **where)
    return spread(above / below for _, above, below in found if below)


def differences(records, quantity, of, to, **where):
    """``(case, difference)`` of `quantity` for every pair that `ratio` would divide."""
    return [(case, over - under) for case, over, under in pairs(records, quantity, of, to, **where)]


def pairs(records, quantity, of, to, *, across_versions=False, **where):
    """``(case, value in of, value in to)`` for every two records of one run that know both."""
    axes = set(of) | set(to)
    records = select(records, **where)
    partners = {
        partner_key(record, axes, across_versions): known(record, quantity)
        for record in select(records, **to)
    }
    found = [
        (
            record.case,
            known(record, quantity),
            partners.get(partner_key(record, axes, across_versions)),
        )
        for record in select(records, **of)
    ]
    return [pair for pair in found if all(map(is_number, pair[1:]))]


def partner_key(record, axes, across_versions=False):
    """What two records must share to be divided by each other."""
    case = {axis: value for axis, value in record.case.items() if axis not in axes}
    around = {
        name: getattr(record, name)
        for name in ("task", "mode", "state", "round")
        if name not in axes
    }
    return repr((sorted(case.items()), around, setup(record, across_versions=across_versions)))


def setup(record, *, across_versions=False):
    """The machine and, unless `across_versions`, the versions of a record, as text."""
    machine = {name: record.machine.get(name) for name in MACHINE}
    versions = {} if across_versions else record.versions
    return repr((machine, sorted(versions.items())))
