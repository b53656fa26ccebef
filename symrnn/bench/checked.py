"""What one line of JSON may hold: the answers of a child, and records. Whatever else a line says is refused here.

A child, and a file that others have written, may say anything. What the library computes with is checked: the type of
each field, numbers where a name ends in a unit (``_s``, ``_bytes``), counts. Other values are those of an experiment.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

STATES = ("cold", "warm")
STATUSES = ("ok", "time_limit", "memory_limit", "crash", "error", "garbage")
SAID = ("ok", "error", "memory_limit")  # by a child about itself
DEEPEST = 100  # lists and dictionaries within each other
LARGEST = 1e300  # of numbers, which JSON does not bound
HUGE = "a number has over 300 digits"
AMOUNT = re.compile(r".*_(s|bytes)")  # quantities by their names
COUNTED = ("before", "after", "compile_events", "rewrite_counts", "by_op")
SIZES = {"before", "after", "rewrite_counts", "by_op"}  # counts without times, equal in every round
PRINTED = ("printed", "traceback")
SPECIAL = {*COUNTED, *PRINTED, "rewrites", "spans"}
MACHINE = ("cores", "memory_bytes", "blas_threads", "jobs_at_once", "load_before")
TIMING = ("seconds", "tried", "applied", "created", "pruned", "nodes_before", "nodes_after")


class Malformed(ValueError):
    """What is wrong with a line, in words that follow "since"."""


def parsed(line: str | bytes) -> dict:
    """The JSON object in a line, with nothing in it that could not be read, walked or written again.

    Examples
    --------
    >>> parsed('{"phase": "link"}')
    {'phase': 'link'}
    """
    data = read(line)
    check_type("it", data, dict)
    text = line if isinstance(line, bytes) else line.encode(errors="replace")
    if text.count(b"[") + text.count(b"{") > DEEPEST:  # it may be deep; look
        check_depth(data)
    return data


def read(text: str | bytes) -> Any:
    """What JSON says, of any type; `Malformed` where it is none."""
    try:
        return decoded(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("it is no JSON, or was cut short") from error


def decoded(line: str | bytes) -> Any:
    """The same, with the decoder's own errors. By msgspec: a third of the time, and names are held once.

    msgspec refuses NaN, infinities and lone surrogates, which `json` writes and reads; what the two accept, they
    read alike.
    """
    with suppress(ValueError, RecursionError):
        return msgspec.json.decode(line)
    return json.loads(line.decode() if isinstance(line, bytes) else line)


def check_depth(data: Any) -> None:
    """Refuse what is nested too deeply to be copied."""
    level = [data]
    for _ in range(DEEPEST):
        level = [each for outer in level for each in within(outer)]
        if not level:
            return
    raise Malformed(f"it has lists in lists, over {DEEPEST} deep")


def within(value: Any) -> Iterable:
    """What a JSON value holds."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def check_type(name: str, value: Any, *types: type) -> None:
    """Refuse a value of another type; a truth value is no number."""
    if type(value) not in types:
        known = " or ".join(WORDS[each] for each in types)
        raise Malformed(
            f"{name} must be {known}, but is {WORDS.get(type(value), 'something else')}"
        )


WORDS = {
    str: "a text",
    dict: "an object",
    list: "a list",
    bool: "true or false",
    int: "a whole number",
}
WORDS |= {float: "a number", type(None): "null"}


def check_number(name: str, value: Any) -> None:
    """Refuse what is no number, or not a finite one."""
    check_type(name, value, int, float)
    if not abs(value) <= LARGEST:  # nor is nan
        raise Malformed(
            f"{name} must be finite, but is {value:.3g}" if type(value) is float else HUGE
        )


def check_numbers(name: str, value: Any) -> None:
    """Refuse what is no number, and no list or object of numbers, to any depth; null is none."""
    if type(value) is float and abs(value) <= LARGEST:
        return
    if type(value) in (dict, list):
        try:
            if math.isfinite(sum(within(value))):  # many at once: the common case
                return
        except (TypeError, OverflowError):
            pass
        for each in within(value):
            check_numbers(name, each)
    elif value is not None:
        check_number(name, value)


def check_texts(name: str, value: Any) -> None:
    """Refuse what is no object of texts."""
    check_type(name, value, dict)
    for key, each in value.items():
        check_type(f"{name}.{key}", each, str)


def check_machine(name: str, value: Any) -> None:
    """Refuse what does not describe a machine: texts and numbers by name."""
    check_type(name, value, dict)
    for key, each in value.items():
        check_type(f"{name}.{key}", each, *((int, float) if key in MACHINE else WORDS))
        if isinstance(each, dict | list):
            raise Malformed(f"{name}.{key} must be a text or a number")


def check_values(name: str, values: Any, *, checked: Iterable[str] = ()) -> None:
    """Refuse values that are computed with and are of another type; those `checked` were already."""
    check_type(name, values, dict)
    for key, value in values.items():
        if key in checked:
            continue
        if type(value) is float and abs(value) <= LARGEST and key not in SPECIAL:
            continue  # nearly all of them
        check_of(key)(key, value)


@lru_cache(maxsize=1000)
def check_of(key: str) -> Callable[[str, object], None]:
    """How the value of this name is checked."""
    if key == "peak_rss_bytes":
        return check_number
    if AMOUNT.fullmatch(key):
        return check_numbers
    named = {"rewrites": check_rewrites, "spans": check_spans}
    named |= dict.fromkeys(COUNTED, check_counts) | dict.fromkeys(PRINTED, check_text)
    return named.get(key, check_size)


def check_counts(name: str, value: Any) -> None:
    """Refuse what is no object of numbers."""
    check_type(name, value, dict, type(None))
    check_numbers(name, value)


def check_text(name: str, value: Any) -> None:
    """Refuse what is no text."""
    check_type(name, value, str)


def check_size(name: str, value: Any) -> None:
    """Refuse a number beyond all others; everything else is an experiment's own."""
    if type(value) is int and abs(value) > LARGEST:
        raise Malformed(HUGE)


def check_case(name: str, case: Any) -> None:
    """Refuse what is no case: numbers and texts by name."""
    check_type(name, case, dict)
    for axis, value in case.items():
        check_size(axis, value)


def check_rewrites(name: str, value: Any) -> None:
    """Refuse what is no profile of rewriting, as `symrnn.measure.rewrite_timing` writes it."""
    if not value:
        return
    check_keys("rewrites", value, {"wall_s", "begin_s", "passes", "curve", "spans"})
    check_number("rewrites.wall_s", value["wall_s"])
    if value["wall_s"] <= 0:
        raise Malformed("rewrites.wall_s must be above 0")
    check_number("rewrites.begin_s", value["begin_s"])
    check_type("rewrites.curve", value["curve"], list)
    check_numbers("rewrites.curve", value["curve"])
    for pair in value["curve"]:
        check_long("rewrites.curve", pair, 2)
    check_spans("rewrites.spans", value["spans"])
    check_timings(value["passes"])


def check_timings(timings: Any) -> None:
    """Refuse what are no timings of rewrites within each other."""
    check_type("rewrites.passes", timings, list)
    for timing in timings:
        check_keys("a rewrite", timing, {"name", "kind", "children", *TIMING}, exactly=True)
        for name in ("name", "kind"):
            check_type(f"the {name} of a rewrite", timing[name], str)
        for name in TIMING:
            check_number(f"{name} of a rewrite", timing[name])
        check_timings(timing["children"])


def check_spans(name: str, spans: Any) -> None:
    """Refuse what are no spans: two texts and two numbers each, and perhaps texts by name."""
    check_type(name, spans, list)
    for span in spans:
        check_type(name, span, list)
        check_long(name, span[:4], 4)
        for i, each in enumerate(span[:4]):
            check_type(name, each, str) if i < 2 else check_number(name, each)
        check_long(name, span[4:], min(len(span[4:]), 1))
        for more in span[4:]:
            check_texts(name, more)


def check_keys(name: str, value: Any, keys: set[str], *, exactly: bool = False) -> None:
    """Refuse an object that lacks one of the keys or, if `exactly`, has another."""
    check_type(name, value, dict)
    if exactly and set(value) - keys:
        raise Malformed(f"{name} has more than {', '.join(sorted(keys))}")
    if missing := sorted(keys - set(value)):
        raise Malformed(f"{name} has no {missing[0]}")


def check_long(name: str, value: Any, length: int) -> None:
    """Refuse what is no list of so many."""
    check_type(name, value, list)
    if len(value) != length:
        raise Malformed(f"{name} must have {length} parts, but has {len(value)}")


def check_answer(answer: Mapping) -> None:
    """Refuse an answer of a child that does not keep to the protocol of `symrnn.bench.child`."""
    checks: dict[str, Callable[[str, Any], None]] = {
        "values": check_values,
        "versions": check_texts,
        "machine": check_machine,
    }
    for name, check in checks.items():
        if name in answer:
            check(name, answer[name])
    check_type("phase", answer.get("phase", ""), str)
    done = answer.get("done")
    if done is not None:
        check_type("done", done, dict)
        check_type("message", done.get("message", ""), str)
        if done.get("status") not in SAID:
            raise Malformed(f"status must be one of {', '.join(SAID)}")


TEXTS = ("key", "experiment", "task", "mode", "state", "status", "message", "started_at")
REQUIRED = {*TEXTS[:6], "case", "round", "schema"}


def check_record(data: Mapping) -> None:
    """Refuse a line that is no record; its objects are checked by `Repeated`."""
    if not data.keys() >= REQUIRED:
        check_keys("it", data, REQUIRED)
    for name in TEXTS:
        if type(data.get(name, "")) is not str:
            check_type(name, data[name], str)
    for name, known in (("state", STATES), ("status", STATUSES)):
        if data[name] not in known:
            raise Malformed(f"{name} must be one of {', '.join(known)}")
    check_type("round", data["round"], int)
    check_type("profile", data.get("profile", False), bool)
    check_number("wall_s", data.get("wall_s", 0.0))


# of a record's objects, but its values: how each is checked
PARTS = {"case": check_case, "versions": check_texts, "machine": check_machine}
