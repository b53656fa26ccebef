"""A line of JSON may say anything: what is no answer, or no record, is one sentence, and the sweep goes on."""

import json
import math
import warnings
from pathlib import Path

import msgspec
import pytest

from symrnn.bench import records
from symrnn.bench.checked import DEEPEST, Malformed, check_answer, check_values, parsed
from symrnn.bench.records import BadLine, Job, Record, append_record, load_records
from symrnn.bench.runner import run_jobs
from symrnn.errors import UserError

WORKER = (str(Path(__file__).with_name("fake_worker.py")),)
TIMING = {"name": "merge", "kind": "pass", "seconds": 1.0, "tried": 1, "applied": 1, "created": 0}
TIMING |= {"pruned": 0, "nodes_before": 1, "nodes_after": 1, "children": []}
PROFILE = {"wall_s": 2.0, "begin_s": 0.0, "passes": [TIMING], "curve": [[0.1, 3]], "spans": []}

VALUES = {  # what is wrong with some values: (the values, what the sentence says)
    "text as memory": ({"peak_rss_bytes": "1 GB"}, "peak_rss_bytes must be a whole number"),
    "list as memory": (
        {"peak_rss_bytes": [1]},
        "peak_rss_bytes must be a whole number or a number",
    ),
    "truth as memory": ({"peak_rss_bytes": True}, "but is true or false"),
    "text as time": ({"total_s": "1"}, "total_s must be a whole number or a number, but is a text"),
    "texts as times": ({"step_s": [1.0, "2"]}, "step_s must be"),
    "text in phases": ({"phases_s": {"link": "1"}}, "phases_s must be"),
    "no finite time": ({"total_s": float("nan")}, "total_s must be finite"),
    "endless memory": ({"peak_rss_bytes": float("inf")}, "must be finite"),
    "huge number": ({"nodes": 10**2000}, "a number has over 300 digits"),
    "list as sizes": ({"after": [1]}, "after must be an object or null, but is a list"),
    "text as size": ({"after": {"nodes": "many"}}, "after must be a whole number"),
    "text as ops": ({"before": {"by_op": "all"}}, "before must be a whole number"),
    "text as events": ({"compile_events": {"numba": "x"}}, "compile_events must be"),
    "list as print": ({"printed": ["x"]}, "printed must be a text"),
    "text as profile": ({"rewrites": "x"}, "rewrites must be an object, but is a text"),
    "half a profile": ({"rewrites": {"wall_s": 1.0}}, "rewrites has no begin_s"),
    "no time of a profile": ({"rewrites": PROFILE | {"wall_s": 0}}, "must be above 0"),
    "half a pass": (
        {"rewrites": PROFILE | {"passes": [{"name": "x"}]}},
        "a rewrite has no applied",
    ),
    "more than a pass": ({"rewrites": PROFILE | {"passes": [TIMING | {"x": 1}]}}, "has more than"),
    "wrong pass below": (
        {"rewrites": PROFILE | {"passes": [TIMING | {"children": [TIMING | {"seconds": "1"}]}]}},
        "seconds of a rewrite must be",
    ),
    "wrong curve": ({"rewrites": PROFILE | {"curve": [[1.0]]}}, "must have 2 parts, but has 1"),
    "wrong spans": ({"spans": [["phase", "link", "0", 1.0]]}, "spans must be a whole number"),
    "text as values": ("x", "values must be an object, but is a text"),
}
ANSWERS = {name: ({"values": values}, told) for name, (values, told) in VALUES.items()} | {
    "text as versions": ({"versions": "3"}, "versions must be an object"),
    "number as version": ({"versions": {"numpy": 2}}, "versions.numpy must be a text"),
    "text as machine": ({"machine": "a CPU"}, "machine must be an object"),
    "text as cores": ({"machine": {"cores": "two"}}, "machine.cores must be a whole number"),
    "list in machine": ({"machine": {"cpu": ["a"]}}, "machine.cpu must be a text or a number"),
    "list as phase": ({"phase": ["link"]}, "phase must be a text, but is a list"),
    "text as done": ({"done": "ok"}, "done must be an object"),
    "unknown status": ({"done": {"status": "crash"}}, "status must be one of ok, error"),
    "list as status": ({"done": {"status": []}}, "status must be one of ok, error"),
    "no status": ({"done": {}}, "status must be one of ok, error"),
    "object as message": ({"done": {"status": "error", "message": {"a": 1}}}, "message must be a text"),
}  # fmt: skip
LINES = {name: (json.dumps(answer), told) for name, (answer, told) in ANSWERS.items()} | {
    "brackets": ("[" * 60_000, "no JSON, or was cut short"),
    "deep": ('{"values": {"x": ' + "[" * 900 + "]" * 900 + "}}", f"over {DEEPEST} deep"),
    "braces": ('{"a":' * 900 + "1" + "}" * 900, f"over {DEEPEST} deep"),
    "a list": ("[1, 2]", "it must be an object, but is a list"),
    "a number": ("1", "it must be an object, but is a whole number"),
    "many digits": ('{"values": {"n": ' + "9" * 5000 + "}}", "it is no JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_what_is_no_answer_is_one_sentence(name):
    line, told = LINES[name]
    with pytest.raises(Malformed, match=told):
        check_answer(parsed(line))


READ = {  # what both decoders must read alike: (the JSON text of a number or text, what it is)
    "not a number": ("NaN", math.nan),
    "endless": ("-Infinity", -math.inf),
    "over 64 bits": ("18446744073709551616", 2**64),
    "under 64 bits": ("-9223372036854775809", -(2**63) - 1),
    "17 digits": ("0.30000000000000004", 0.1 + 0.2),
    "halfway": ("9007199254740993.0", 2.0**53),
    "least": ("5e-324", 5e-324),
    "lone surrogate": (r'"\ud800"', "\ud800"),
    "pair": (r'"\ud83d\ude00"', "\U0001f600"),
}


def refused(text):
    """A decoder that takes nothing, so that `json` reads."""
    raise ValueError(text)


@pytest.mark.parametrize("as_bytes", [True, False])
@pytest.mark.parametrize("name", READ)
def test_both_decoders_read_it(name, as_bytes, monkeypatch):
    """msgspec and `json`, which reads what msgspec refuses."""
    text, value = READ[name]
    line = f'{{"a": {text}}}'
    line = line.encode() if as_bytes else line
    for decode in (msgspec.json.decode, refused):
        monkeypatch.setattr("msgspec.json.decode", decode)
        found = parsed(line)["a"]
        assert (type(found), repr(found)) == (type(value), repr(value))


@pytest.mark.parametrize(
    "line", [b'{"a": "\xed\xa0\x80"}', '{"a": 1}'.encode("utf-16"), b'{"a": "\xff"}']
)
def test_bytes_that_are_no_utf_8_are_no_json(line, monkeypatch):
    for decode in (msgspec.json.decode, refused):
        monkeypatch.setattr("msgspec.json.decode", decode)
        with pytest.raises(Malformed, match="it is no JSON"):
            parsed(line)


SPOKEN = [
    "brackets",
    "deep",
    "text as memory",
    "list as memory",
    "object as message",
    "wrong spans",
]
SPOKEN += ["list as phase", "number as version", "list as status", "text as cores"]


@pytest.mark.parametrize("name", SPOKEN)
def test_a_child_that_says_it_leaves_a_record_and_the_sweep_goes_on(name, tmp_path):
    jobs = [Job("faults", {"does": "says", "lines": [LINES[name][0]]})]
    jobs += [Job("faults", {"does": "print_garbage"})]
    faulty, after = run_jobs(jobs, tmp_path, worker=WORKER)
    assert (faulty.status, after.status) == ("garbage", "ok")
    assert LINES[name][1] in faulty.message
    told = []
    run_jobs(jobs, tmp_path, worker=WORKER, on_event=lambda event: told.append(event.kind))
    assert told == ["skipped", "skipped"]


def test_what_a_child_says_of_itself_is_kept_as_one_line_for_any_terminal(tmp_path):
    """A lone surrogate, an escape sequence, a newline, a mark that turns the direction of writing."""
    message = "\ud800 \x1b[2J\x1b]0;title\x07\r\n\u202e" + "x" * 10**6
    answer = {"done": {"status": "error", "message": message}}
    (record,) = run_jobs(
        [Job("faults", {"does": "says", "lines": [json.dumps(answer)]})], tmp_path, worker=WORKER
    )
    assert record.message.startswith(r"\ud800 \x1b[2J\x1b]0;title\x07\r\n\u202exxx")
    assert record.message.isprintable()
    assert len(record.message) <= records.LONGEST_MESSAGE + 1
    assert load_records(tmp_path / "faults") == [record]


def lines_with(**fields):
    """A whole record and, after it, one with other `fields`."""
    record = Record.of(Job("x"), "ok")
    return "\n".join([record.to_json(), json.dumps(json.loads(record.to_json()) | fields), ""])


FIELDS = {name: ({"values": values}, told) for name, (values, told) in VALUES.items()} | {
    "number as key": ({"key": 1}, "key must be a text, but is a whole number"),
    "list as key": ({"key": []}, "key must be a text"),
    "text as case": ({"case": "depth"}, "case must be an object, but is a text"),
    "text as round": ({"round": "1"}, "round must be a whole number"),
    "truth as round": ({"round": True}, "round must be a whole number, but is true or false"),
    "unknown status": ({"status": "fine"}, "status must be one of ok, time_limit"),
    "unknown state": ({"state": "hot"}, "state must be one of cold, warm"),
    "object as message": ({"message": {"a": 1}}, "message must be a text, but is an object"),
    "text as wall time": ({"wall_s": "6"}, "wall_s must be a whole number or a number"),
    "text as profile": ({"profile": "no"}, "profile must be true or false"),
    "number as version": ({"versions": {"numpy": 2}}, "versions.numpy must be a text"),
    "list as machine": ({"machine": []}, "machine must be an object"),
    "text as memory": ({"machine": {"memory_bytes": "8"}}, "machine.memory_bytes must be"),
    "text as schema": ({"schema": "1"}, "schema must be a whole number, but is a text"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_a_line_that_is_no_record_is_skipped_with_file_and_line(name, tmp_path):
    fields, told = FIELDS[name]
    path = tmp_path / "records.jsonl"
    path.write_text(lines_with(**fields))
    with pytest.warns(BadLine) as caught:
        assert len(load_records(path)) == 1
    (warning,) = caught
    message = str(warning.message)
    assert message.startswith(f"{path}, line 2: skipped, since it is no record: ")
    assert told in message


@pytest.mark.parametrize(
    "first", [{"after": {"nodes": 1}}, {"total_s": 1.5}], ids=["sizes", "time"]
)
def test_what_stands_behind_a_good_value_is_checked_too(first):
    with pytest.raises(Malformed, match="printed must be a text, but is a whole number"):
        check_values("values", first | {"printed": 5}, checked=["after"])


def test_records_of_the_first_schema_say_so_and_those_of_a_second_are_not_guessed(tmp_path):
    line = json.loads(Record.of(Job("x"), "ok").to_json())
    assert line["schema"] == 1  # files of years: a second one has a reader of its own
    (tmp_path / "records.jsonl").write_text(json.dumps(line | {"schema": 2}) + "\n")
    with pytest.raises(UserError, match="has schema 2, but this symrnn knows up to 1"):
        load_records(tmp_path)


@pytest.mark.parametrize("line", ["[" * 60_000, "{" * 60_000, '{"schema": 1}', "\ud800", "[" * 200])
def test_a_line_that_is_nothing_is_skipped_and_the_next_record_is_written(line, tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_bytes(line.encode(errors="surrogatepass"))
    assert append_record(path, Record.of(Job("x"), "ok"))
    with pytest.warns(BadLine, match="line 1: skipped"):
        assert len(load_records(path)) == 1


def test_every_recorded_measurement_of_the_repository_is_a_record():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in (Path(__file__).parents[1] / "experiments" / "recorded").glob("*.jsonl"):
            assert load_records(path)
