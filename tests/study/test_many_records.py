"""What is shown of many records takes work that grows with their number: each is read a bounded number of times."""

import pytest
from made_records import make_record

from symrnn.bench.compare import compare_records
from symrnn.bench.records import Record
from symrnn.commands.terminal import MOST_ROWS, print_table
from symrnn.study.page import html_report
from symrnn.study.quantities import grouped, ratio, select, values_of
from symrnn.study.report import markdown_report, pictures, section
from symrnn.study.table import Comparison, ratio_table, table
from symrnn.tables import Table


class Counted(dict):
    """A case or values that count how often they are looked into."""

    looks = 0

    def look(name):
        def method(self, *args):
            Counted.looks += 1
            return getattr(dict, name)(self, *args)

        return method

    get, __getitem__, items, __contains__ = map(
        look, ("get", "__getitem__", "items", "__contains__")
    )


def many(cases, rounds=2):
    """Records of two forms in each of so many depths."""
    made = [
        make_record({"depth": depth + 1, "form": form}, 1.0 + depth, round=round)
        for round in range(rounds)
        for depth in range(cases)
        for form in ("sgd", "naive")
    ]
    return [
        Record(**vars(each) | {name: Counted(getattr(each, name)) for name in ("case", "values")})
        for each in made
    ]


def looks(work, cases):
    """How often the records of so many cases are looked into by some work."""
    records = many(cases)
    Counted.looks = 0
    work(records)
    return Counted.looks


WORK = {
    "section": lambda experiment, folder: lambda records: section(experiment, records),
    "pictures": lambda experiment, folder: lambda records: pictures(experiment, records, folder),
    "table": lambda experiment, folder: (
        lambda records: table(records, comparison=Comparison({"form": "sgd"}))
    ),
    "compare": lambda experiment, folder: lambda records: compare_records(records, records),
    "report": lambda experiment, folder: (
        lambda records: (
            html_report([section(experiment, records)]),
            markdown_report([section(experiment, records)], folder),
        )
    ),
}


@pytest.mark.parametrize("name", WORK)
def test_twice_the_cases_are_twice_the_work(name, experiment, tmp_path):
    work = WORK[name](experiment, tmp_path)
    work(many(4))  # whatever is done once
    few, double = looks(work, 40), looks(work, 80)
    assert double < 2.2 * few


def test_a_table_of_ratios_looks_for_partners_once_and_not_for_each_quantity():
    def looked(quantities):
        return looks(lambda records: ratio_table(records, "form", "sgd", quantities), 20)

    one, three = looked(["total_s"]), looked(["total_s", "step_s", "after.nodes"])
    assert three - one == 2 * 40 * 2  # each quantity, of 40 pairs: of either, in its values


def test_the_ratios_of_a_table_are_those_of_ratio():
    """Written once for all cases, and once for any two."""
    records = [
        make_record({"depth": d, "form": f}, s, round=r, state=state)
        for r, state in ((0, "cold"), (1, "cold"), (0, "warm"))
        for d in (1, 2)
        for f, s in (("sgd", 1.0 + r), ("naive", 2.0 * d), ("odd", 3.0 + d))
        if (r, d, f) != (1, 2, "sgd")
    ]
    found = table(records, comparison=Comparison({"form": "sgd"}))
    for cells in found.rows:
        depth, form, state = cells[:3]
        where = {"depth": int(depth), "state": state}
        expected = ratio(records, "total_s", {"form": form}, {"form": "sgd"}, **where)
        assert cells[-1] == f"{expected.median:.2f}"


def test_groups_are_what_select_finds():
    records = many(3)
    for name in ("depth", "form", "mode", "round"):
        assert list(grouped(records, name)) == values_of(records, name)
        for value, group in grouped(records, name).items():
            assert group == select(records, **{name: value})
    assert grouped(records, "nothing") == {}


def test_a_long_table_is_printed_whole(capsys):
    rows = [(f"form{i}", f"{i} s") for i in range(MOST_ROWS + 1)]
    print_table(Table(("form", "total"), rows, axes=1, title="long"))
    lines = capsys.readouterr().out.rstrip().splitlines()
    assert lines[:3] == ["long", "form     total", "form0      0 s"]
    assert len(lines) == MOST_ROWS + 3
    assert lines[-1] == "form200  200 s"
