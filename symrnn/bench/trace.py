"""One measurement as a timeline: for Perfetto and chrome://tracing, and for speedscope.

Both are written from the spans of a record: phases, passes, rewrites, compilations, steps, each
with a begin and a duration. Spans are first nested (a child ends no later than its parent), which
both formats ask for.

References
----------
* Trace Event Format: complete events ("X"), counters ("C") and metadata ("M"); times in
  microseconds.
* speedscope file format: an evented profile, whose frames open and close in balanced order.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from symrnn.bench.records import Record
from symrnn.errors import UserError
from symrnn.replacing import replacing

SPEEDSCOPE_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


@dataclass(frozen=True)
class Span:
    """Something that took time; nanoseconds since the begin of the measurement.

    Whole numbers, so that spans which touch do so exactly, and nesting survives arithmetic.
    """

    category: str  # "phase", "pass", "node rewrite", "numba", "c", "jax", ...
    name: str
    begin_ns: int
    end_ns: int
    details: Mapping[str, str] = field(default_factory=dict)  # op, node and line of a compilation

    @classmethod
    def of(
        cls,
        category: str,
        name: str,
        begin_s: float,
        duration_s: float,
        details: Mapping[str, str] | None = None,
    ) -> "Span":
        """The span of these seconds.

        Examples
        --------
        >>> Span.of("phase", "link", 0.5, 0.25)
        Span(category='phase', name='link', begin_ns=500000000, end_ns=750000000, details={})
        """
        begin_ns, end_ns = round(begin_s * 1e9), round((begin_s + duration_s) * 1e9)
        return cls(category, name, begin_ns, end_ns, details or {})


@dataclass(frozen=True)
class CompleteEvent:
    """A span in the Trace Event Format."""

    name: str
    cat: str
    ts: float  # microseconds
    dur: float  # microseconds
    args: dict = field(default_factory=dict)
    ph: str = "X"
    pid: int = 1
    tid: int = 1


@dataclass(frozen=True)
class CounterEvent:
    """A value that changes over time, in the Trace Event Format."""

    name: str
    ts: float  # microseconds
    args: dict
    ph: str = "C"
    pid: int = 1


def spans_of(record: Record) -> list[Span]:
    """The spans of a record that was measured with ``profile=True``, nested.

    Raises
    ------
    UserError
        When the record has none.
    """
    if "spans" not in record.values:
        raise UserError(
            f"record must be measured with profile=True to have a timeline, but {record.key} was"
            " not; measure it again with Job(..., profile=True)"
        )
    return nested(Span.of(*span) for span in record.values["spans"])


def nested(spans: Iterable[Span]) -> list[Span]:
    """The spans by begin, each cut off where the one around it ends.

    Examples
    --------
    >>> inner, outer = Span("pass", "b", 1, 6), Span("phase", "a", 0, 3)
    >>> [(span.name, span.end_ns) for span in nested([inner, outer])]
    [('a', 3), ('b', 3)]
    """
    result: list[Span] = []
    around: list[Span] = []
    # Of those that begin together the longest is the one around the others.
    for span in sorted(spans, key=lambda span: (span.begin_ns, -span.end_ns)):
        while around and around[-1].end_ns <= span.begin_ns:
            around.pop()
        if around:
            # Clocks are read one after the other, so a child may seem to outlive its parent by nanoseconds.
            span = replace(span, end_ns=min(span.end_ns, around[-1].end_ns))
        result.append(span)
        around.append(span)
    return result


def chrome_trace(
    spans: Sequence[Span], curve: Iterable[tuple[float, int]] = (), *, name: str = "symrnn"
) -> dict:
    """The Chrome trace of `spans`, and of the `curve` of graph size (seconds, apply nodes).

    Examples
    --------
    >>> chrome_trace([Span.of("phase", "link", 0.5, 0.25)])["traceEvents"][1]["ts"]
    500000.0
    """
    process = {"ph": "M", "name": "process_name", "pid": 1, "args": {"name": name}}
    events = [
        CompleteEvent(
            span.name,
            span.category,
            span.begin_ns / 1e3,
            (span.end_ns - span.begin_ns) / 1e3,
            dict(span.details),
        )
        for span in spans
    ]
    counters = [CounterEvent("graph size", s * 1e6, {"apply nodes": n}) for s, n in curve]
    timeline = [*map(asdict, events), *map(asdict, counters)]
    return {"traceEvents": [process, *timeline], "displayTimeUnit": "ms"}


def speedscope(spans: Sequence[Span], *, name: str = "symrnn") -> dict:
    """The speedscope file of nested `spans`.

    Examples
    --------
    >>> file = speedscope([Span.of("phase", "link", 0.5, 0.25)])
    >>> [event["type"] for event in file["profiles"][0]["events"]]
    ['O', 'C']
    """
    labels = [label(span) for span in spans]
    frames = {text: number for number, text in enumerate(dict.fromkeys(labels))}
    events = [
        {"type": kind, "frame": frames[text], "at": at} for kind, text, at in opened_closed(spans)
    ]
    profile = {
        "type": "evented",
        "name": name,
        "unit": "nanoseconds",
        "startValue": min((span.begin_ns for span in spans), default=0),
        "endValue": max((span.end_ns for span in spans), default=0),
        "events": events,
    }
    return {
        "$schema": SPEEDSCOPE_SCHEMA,
        "name": name,
        "exporter": "symrnn",
        "shared": {"frames": [{"name": text} for text in frames]},
        "profiles": [profile],
    }


def label(span: Span) -> str:
    """How speedscope names a span: a phase by its name, others with what they are."""
    if span.category == "phase":
        return span.name
    what = [span.category, *(span.details[name] for name in ("op", "line") if name in span.details)]
    return f"{span.name} ({', '.join(what)})"


def opened_closed(spans: Sequence[Span]) -> Iterator[tuple[str, str, int]]:
    """The spans as frames that open ("O") and close ("C"), in balanced order."""
    around: list[Span] = []
    for span in spans:
        while around and around[-1].end_ns <= span.begin_ns:
            yield "C", label(around[-1]), around.pop().end_ns
        yield "O", label(span), span.begin_ns
        around.append(span)
    while around:
        yield "C", label(around[-1]), around.pop().end_ns


def write_traces(record: Record, folder: str | Path) -> list[Path]:
    """Write both files of `record` into `folder`; their paths."""
    spans, folder = spans_of(record), Path(folder)
    rewrites = record.values.get("rewrites") or {}
    begin_s = rewrites.get("begin_s", 0.0)
    curve = [(begin_s + s, nodes) for s, nodes in rewrites.get("curve", [])]
    case = " ".join(f"{name}={value}" for name, value in record.case.items())
    name = f"{record.experiment} {case} {record.mode} {record.state}"
    stem = re.sub(r"\W", "_", record.key)  # of a file of others: it may be a path
    files = {
        folder / f"{stem}.trace.json": chrome_trace(spans, curve, name=name),
        folder / f"{stem}.speedscope.json": speedscope(spans, name=name),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        with replacing(path) as beside:
            beside.write_text(json.dumps(content))
    return list(files)
