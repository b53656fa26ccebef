"""What a record says is shown, never obeyed: by a terminal, by Markdown, by a browser."""

import html
import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner
from made_records import make_record

from symrnn.bench.records import Record, append_record
from symrnn.commands.cli import cli
from symrnn.study.page import html_report
from symrnn.study.report import markdown_report, pictures, section

STEERING = "\x1b[2J\x1b]0;t\x07\x9b31m\u202e\ud800\r"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
LINKS = "[x](javascript:y)![z](http://w)|cell|`*\\$x_{$"
WORDS = [STEERING, SCRIPT, LINKS, "[bold]markup[/bold][/]", "${{ 7 }}{% x %}", "$x^{"]


def hostile(word):
    """Records with a word in every place that a file of records has for one."""
    made = []
    for form in ("sgd", f"naive{word}"):
        for depth in (1, 2):
            case = {"depth": depth, "form": form}
            made.append(make_record(case, float(depth)))
            made.append(make_record(case | {"depth": 4}, status="error", message=f"no: {word}"))
    made.append(make_record({"depth": 1, "form": "sgd", word: word}, task=f"task{word}"))
    around = {"machine": {"cpu": word, "os": word, word: word}, "versions": {word: word}}
    made = [replace(record, **around) for record in made]
    written = [json.loads(record.to_json()) for record in made]
    return [Record.from_json(json.dumps(each)) for each in written]


def shown(text):
    """Whether a text can be written, and steers nothing."""
    return all(c.isprintable() or c == "\n" for c in text)


@pytest.fixture(params=WORDS, ids=["steering", "script", "links", "markup", "template", "formula"])
def word(request):
    return request.param


@pytest.fixture
def told(experiment, word, tmp_path):
    """The section of hostile records, with figures."""
    records = hostile(word)
    made = section(experiment, records, pictures(experiment, records, tmp_path / "naive"))
    # what an experiment, or a file's name, may say itself
    return replace(
        made, answer=made.answer + f"\n\n{SCRIPT}", question=f"What? {SCRIPT}", about=SCRIPT
    )


def test_a_page_runs_and_loads_nothing(told):
    page = html_report([told])
    assert shown(page)
    assert not re.findall(r"<(?:img|iframe|object|embed|link)\b|<script>alert|\bhref=\"[^#]", page)
    assert page.count("<script") == 1


def test_every_text_of_a_section_is_escaped_in_the_page(experiment, records):
    """Each field by itself, so that none is forgotten."""
    told = section(experiment, records)
    for field in ("question", "about", "answer", "counts", "accounted", "command", "name"):
        page = html_report([replace(told, **{field: f"before {SCRIPT}"})])
        assert SCRIPT not in page, field
        assert html.escape("<script>alert(1)") in page, field
    for field in ("failures", "setups"):
        page = html_report([replace(told, **{field: (SCRIPT,)})])
        assert SCRIPT not in page, field
    for part in ("columns", "rows", "keys"):
        table = told.tables["compile"]
        cells = tuple(SCRIPT for _ in table.columns)
        cells = cells if part == "columns" else tuple(cells for _ in table.rows)
        page = html_report([replace(told, tables={SCRIPT: replace(table, **{part: cells})})])
        assert SCRIPT not in page, part


def test_a_report_in_markdown_has_no_markup_of_a_record(told, tmp_path):
    text = markdown_report([replace(told, answer="", question="", about="")], tmp_path)
    assert shown(text)
    assert not re.search(r"(?<!\\)<", text)
    for line in text.splitlines():
        if line.startswith(("- ", "|", "## ")):
            assert not re.search(r"(?<!\\)\[", line), line
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


@pytest.mark.parametrize("command", ["show", "list", "report"])
def test_a_terminal_is_not_steered(folder, word, tmp_path, command):
    for record in hostile(word):
        append_record(tmp_path / "results" / "naive", record)
    names = ["naive"] if command != "list" else []
    where = ["--experiments", str(folder), "--results", str(tmp_path / "results")]
    done = CliRunner().invoke(cli, [command, *names, *where])
    assert done.exit_code == 0, done.output
    assert shown(done.output)
    if command == "show":
        assert "no: " in done.output


# The command line has its own words for this warning.
@pytest.mark.filterwarnings("always::symrnn.bench.records.BadLine")
def test_a_line_that_is_skipped_is_told(folder, tmp_path):
    for record in hostile("x"):
        append_record(tmp_path / "results" / "naive", record)
    path = tmp_path / "results" / "naive" / "records.jsonl"
    path.write_text(path.read_text() + "[" * 60_000 + "\n")
    where = ["--experiments", str(folder), "--results", str(tmp_path / "results")]
    done = CliRunner().invoke(cli, ["show", "naive", *where])
    assert done.exit_code == 0, done.output
    told = f"note: {path}, line 8: skipped, since it is no record: it is no JSON"
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1


def test_a_word_that_is_an_error_is_one_line(folder, word, tmp_path):
    where = ["--experiments", str(folder), "--results", str(tmp_path)]
    done = CliRunner().invoke(cli, ["show", f"naive{word}", *where])
    assert done.exit_code == 2
    assert shown(done.stderr)
    assert done.stderr.count("\n") == 1


def test_values_of_an_experiment_may_be_of_any_type(experiment, records):
    """Only what the library computes with is checked; the rest is passed over by what computes."""
    odd = [
        {"total_s": 1.0, "after": None, "score": each}
        for each in ("high", [], ["a"], {}, None, True)
    ]
    made = [replace(records[0], round=i, values=values) for i, values in enumerate(odd)]
    experiment.module.columns = ["score", "after.nodes", "total_s", "score+total_s"]
    told = section(experiment, made)
    assert told.tables["compile"].columns[:4] == ("depth", "form", "score", "total")
