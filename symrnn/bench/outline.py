"""A line of records taken apart without reading again what other lines have said.

msgspec checks the types of the fields as it reads, and hands over a case, versions and sizes as their bytes: those of
two rounds are the same bytes, so `symrnn.bench.repeated` finds what it holds of them by comparing alone.
"""

from sys import intern
from typing import Any

import msgspec

from symrnn.bench.checked import DEEPEST, SIZES

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
    values: dict[str, msgspec.Raw] = {}
    versions: msgspec.Raw = msgspec.Raw(b"{}")
    machine: dict[str, Any] = {}
    started_at: str = ""
    wall_s: int | float = 0.0
    profile: bool = False


decode = msgspec.json.Decoder(Outline).decode
decode_any = msgspec.json.Decoder().decode


def outline(line: str | bytes) -> dict[str, Any] | None:
    """The fields of a record, its case, versions and sizes as JSON text; None where the line wants a closer look.

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
        if not text.isascii():
            text.decode()  # msgspec passes over fields that it does not know without reading them
        fields = msgspec.structs.asdict(decode(text))
        # bytes of their own: msgspec hands over views, each of which keeps its whole line
        values = {
            intern(name): bytes(value) if name in SIZES else decode_any(value)
            for name, value in fields["values"].items()
        }
    except (ValueError, RecursionError):
        return None
    for name in TEXTS:
        fields[name] = bytes(fields[name])
    fields["values"] = values
    return fields
