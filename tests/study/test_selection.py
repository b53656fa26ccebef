"""A selection says what the records say, and reads each quantity of each of them once."""

from collections import Counter
from dataclasses import replace

import pytest

from symrnn.study import readings
from symrnn.study.quantities import grouped, known_numbers, ratio, select, values_of
from symrnn.study.selection import Selection
from symrnn.study.table import table

FORMS = ("sgd", "naive")


@pytest.fixture
def reads(monkeypatch):
    """How often each quantity was read, of one record or of many."""
    counts, read = Counter(), readings.readings

    def counting(records, quantity, axes):
        counts[quantity] += len(records)
        return read(records, quantity, axes)

    monkeypatch.setattr("symrnn.study.selection.readings", counting)
    monkeypatch.setattr("symrnn.study.readings.readings", counting)
    return counts


def test_each_record_is_read_once_however_much_is_asked(records, reads):
    found = Selection(records)
    for _ in range(3):
        for form in FORMS:
            ratio(found, "total_s", {"form": form}, {"form": "sgd"}, state="cold")
            known_numbers(select(found, form=form), "total_s")
    assert reads == dict.fromkeys(("total_s", "form", "state"), len(records))


@pytest.mark.parametrize(
    "where", [{}, {"form": "sgd"}, {"form": ["sgd", "naive"], "state": "cold"}, {"form": None}, {"depth": [7]}]
)  # fmt: skip
def test_what_is_selected_of_a_selection_is_what_is_selected_of_a_list(records, where):
    again = select(select(Selection(records), task="compile"), **where)
    expected = [
        record
        for record in records
        if record.task == "compile"
        and all(
            readings.reading(record, name) in (value if isinstance(value, list) else [value])
            for name, value in where.items()
        )
    ]
    assert list(again) == expected
    for quantity in ("total_s", "after.nodes", "nothing"):
        assert known_numbers(again, quantity) == known_numbers(expected, quantity)
    assert values_of(again, "form") == values_of(expected, "form")
    groups = grouped(expected, "form")
    assert {name: list(group) for name, group in grouped(again, "form").items()} == {
        name: list(group) for name, group in groups.items()
    }


def test_values_without_a_hash_are_selected_by_comparing():
    from types import SimpleNamespace

    records = [SimpleNamespace(case={"sizes": sizes}, values={}) for sizes in ([1], [2], None)]
    assert list(Selection(records).where("sizes", None)) == records[2:]
    assert list(Selection(records).where("sizes", [[1], [2]])) == records[:2]


def test_selections_and_lists_are_put_together(records):
    found = select(records, form="sgd")
    assert list(found + records) == [*found, *records]
    assert list(records + found) == [*records, *found]


def test_an_axis_may_be_called_as_anything(records):
    """Also as what the table keeps of each record for itself."""
    named = [replace(r, case={**r.case, "case": n % 2}) for n, r in enumerate(records)]
    found = Selection(named)
    shown = table(found)
    assert list(found.where("case", 1)) == named[1::2]
    assert shown == table(named)
