"""A line of records taken apart without reading again what other lines have said.

msgspec checks the types of the fields as it reads, and hands over a case and versions as the bytes that they are: those
of two rounds are the same bytes, so `symrnn.bench.repeated` finds what it holds of them by comparing alone.
"""

from typing import Any

import msgspec

from symrnn.bench.checked import DEEPEST

TEXTS = ("case", "versions")


class Outline(msgspec.Struct):
    """The fields of a `symrnn.bench.records.Record` in a line."""

    key: str
    experiment: str
    task: str
    case: msgspec.Raw
    mode: str
    state: str
    round: int
    status: str
    schema: int
    message: str = ""
    values: dict[str, Any] = {}
    versions: msgspec.Raw = msgspec.Raw(b"{}")
    machine: dict[str, Any] = {}
    started_at: str = ""
    wall_s: int | float = 0.0
    profile: bool = False


decode = msgspec.json.Decoder(Outline).decode


def outline(line: str | bytes) -> dict[str, Any] | None:
    """The fields of a record, its case and versions as JSON text; None where the line wants a closer look.

    It may be no record, hold what only `json` reads, such as NaN, or be nested too deeply to be copied.

    Examples
    --------
    >>> outline(b'{"key": 1}') is None
    True
    """
    text = line if isinstance(line, bytes) else line.encode(errors="replace")
    if text.count(b"[") + text.count(b"{") > DEEPEST:
        return None
    try:
        fields = msgspec.structs.asdict(decode(text))
    except (ValueError, RecursionError):
        return None
    # bytes of their own: msgspec hands over views, each of which keeps its whole line
    return fields | {name: bytes(fields[name]) for name in TEXTS}
