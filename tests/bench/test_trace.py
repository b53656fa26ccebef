"""Timelines, checked against the rules of both formats."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symrnn.bench.checked import Malformed, check_spans
from symrnn.bench.records import Job, Record
from symrnn.bench.trace import Span, chrome_trace, nested, spans_of, speedscope, write_traces
from symrnn.errors import UserError

# rewrite ├────────────────────┤
# pass       ├────────┤  ├──┤
# node         ├──┤
SPANS = [
    Span("phase", "rewrite", 0, 10_000),
    Span("pass", "canonicalize", 1000, 5000),
    Span("node rewrite", "local_add", 2000, 3000),
    Span("pass", "merge", 6000, 8000),
    Span("phase", "link", 10_000, 11_000),
]
any_spans = st.lists(
    st.builds(
        Span.of,
        st.sampled_from(["phase", "pass", "jax"]),
        st.sampled_from("abc"),
        st.floats(0, 100),
        st.floats(0, 100),
    )
)


def check_chrome_trace(trace):
    """The rules of the Trace Event Format that viewers rely on."""
    assert set(trace) >= {"traceEvents"}
    opened = []
    for event in trace["traceEvents"]:
        assert event["ph"] in "XCM"
        assert isinstance(event["name"], str)
        assert isinstance(event["pid"], int)
        if event["ph"] == "X":
            assert event["ts"] >= 0
            assert event["dur"] >= 0
            begin_ns = round(event["ts"] * 1000)  # as Perfetto keeps them
            end_ns = begin_ns + round(event["dur"] * 1000)
            while opened and opened[-1] <= begin_ns:
                opened.pop()
            assert not opened or end_ns <= opened[-1], "slices of a thread must nest"
            opened.append(end_ns)
        if event["ph"] == "C":
            assert all(isinstance(value, int | float) for value in event["args"].values())
    json.dumps(trace, allow_nan=False)


def check_speedscope(file):
    """The rules of speedscope's file format."""
    assert file["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = file["shared"]["frames"]
    assert all(set(frame) <= {"name", "file", "line", "col"} for frame in frames)
    for profile in file["profiles"]:
        assert profile["type"] == "evented"
        assert profile["unit"] in {
            "none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"
        }  # fmt: skip
        stack, now = [], profile["startValue"]
        for event in profile["events"]:
            assert event["at"] >= now
            now = event["at"]
            assert 0 <= event["frame"] < len(frames)
            if event["type"] == "O":
                stack.append(event["frame"])
            else:
                assert event["type"] == "C"
                assert stack.pop() == event["frame"]
        assert stack == []
        assert now <= profile["endValue"]
    json.dumps(file, allow_nan=False)


@settings(deadline=None)
@given(any_spans)
def test_any_spans_become_valid_files(spans):
    check_chrome_trace(chrome_trace(nested(spans)))
    check_speedscope(speedscope(nested(spans)))


def test_times_are_in_microseconds_for_chrome():
    trace = chrome_trace(SPANS, [(0.5, 12)], name="depth")
    name, rewrite, *_, counter = trace["traceEvents"]
    assert name["args"] == {"name": "depth"}
    assert (rewrite["ts"], rewrite["dur"], rewrite["cat"]) == (0.0, 10.0, "phase")
    assert (counter["ph"], counter["ts"], counter["args"]) == ("C", 5e5, {"apply nodes": 12})
    check_chrome_trace(trace)


def test_frames_open_and_close_in_order_for_speedscope():
    file = speedscope(SPANS)
    names = [frame["name"] for frame in file["shared"]["frames"]]
    assert names[:3] == ["rewrite", "canonicalize (pass)", "local_add (node rewrite)"]
    events = [(e["type"], names[e["frame"]].split()[0]) for e in file["profiles"][0]["events"]]
    assert events == [
        ("O", "rewrite"),
        ("O", "canonicalize"),
        ("O", "local_add"),
        ("C", "local_add"),
        ("C", "canonicalize"),
        ("O", "merge"),
        ("C", "merge"),
        ("C", "rewrite"),
        ("O", "link"),
        ("C", "link"),
    ]


def test_a_span_is_cut_off_where_the_one_around_it_ends():
    outer, inner = nested([Span("phase", "a", 0, 2), Span("jax", "b", 1, 6)])
    assert inner.end_ns == outer.end_ns == 2


def test_both_files_of_a_record_are_written(tmp_path):
    values = {
        "spans": [["phase", "rewrite", 0.0, 1.0]],
        "rewrites": {"begin_s": 0.25, "curve": [[0.5, 7]]},
    }
    record = Record.of(Job("depth", {"layers": 2}, profile=True), "ok", values=values)
    trace, scope = (json.loads(path.read_text()) for path in write_traces(record, tmp_path / "new"))
    check_chrome_trace(trace)
    check_speedscope(scope)
    assert trace["traceEvents"][-1]["ts"] == 750000.0
    assert scope["name"] == "depth layers=2 NUMBA cold"
    assert write_traces(record, tmp_path / "new") == sorted((tmp_path / "new").iterdir())[::-1]


def test_a_record_from_elsewhere_writes_into_the_folder_alone(tmp_path):
    """Its key may be a path, and its profile null."""
    spans = [["phase", "rewrite", 0.0, 1.0]]
    record = Record.of(Job("depth"), "ok", values={"spans": spans, "rewrites": None})
    record = replace(record, key="../../outside/\0")
    (tmp_path / "outside").mkdir()
    for path in write_traces(record, tmp_path / "a" / "b"):
        assert path.parent == tmp_path / "a" / "b"
        assert path.is_file()
    assert not any((tmp_path / "outside").iterdir())


def test_a_record_without_a_timeline_is_refused_with_the_way_out():
    with pytest.raises(UserError, match="measure it again with"):
        spans_of(Record.of(Job("depth"), "ok"))


def test_a_compilation_carries_its_op_node_and_line():
    details = {"op": "Scan", "node": "Scan{...}(x)", "line": "model.py:12"}
    span = Span.of("numba", "scan", 0.5, 0.25, details)
    (_, event) = chrome_trace([span])["traceEvents"]
    assert event["args"] == details
    assert speedscope([span])["shared"]["frames"] == [{"name": "scan (numba, Scan, model.py:12)"}]
    outer = Span.of("phase", "first_call", 0.0, 0.6)
    assert nested([span, outer])[1].details == details  # also where it is cut off


WRONG_SPANS = {
    "spans must have 4 parts, but has 2": ["numba", "scan"],
    "spans must have 1 parts, but has 2": ["numba", "scan", 0.5, 0.25, {}, {}],
    "spans": ["numba", "scan", 0.5, 0.25, "model.py:12"],
}


@pytest.mark.parametrize("words", WRONG_SPANS)
def test_what_is_no_span_is_refused(words):
    check_spans("spans", [["numba", "scan", 0.5, 0.25], ["c", "m", 0.5, 0.25, {"op": "Dot"}]])
    with pytest.raises(Malformed, match=words):
        check_spans("spans", [WRONG_SPANS[words]])
