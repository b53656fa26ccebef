"""Parts that the lines of a file repeat, checked once and held once: cases, versions, sizes, the names of values.

A sweep writes the same machine, and in each round the same cases and graph sizes. 200,000 lines are a hundred rounds of
2,000 cases: what they repeat is most of what they hold.
"""

import marshal
from collections.abc import Callable
from sys import intern
from typing import Any

from msgspec import Raw

from symrnn.bench.checked import (
    PARTS,
    SIZES,
    check_counts,
    check_depth,
    check_values,
    read,
)
from symrnn.bench.outline import Outlines

MOST = 50_000  # different parts that are kept


class Repeated:
    """The different parts seen so far.

    Examples
    --------
    >>> repeated, lines = Repeated(), [{"case": {"depth": 1}}, {"case": {"depth": 1}}]
    >>> first, second = (repeated.checked(data) for data in lines)
    >>> first["case"] is second["case"]
    True
    """

    def __init__(self) -> None:
        self.parts: dict[tuple, dict] = {}
        self.outlines = Outlines()

    def known(self, line: str | bytes) -> dict[str, Any] | None:
        """The fields of a record whose line is like one before, checked and shared; else None."""
        text = line if isinstance(line, bytes) else line.encode(errors="surrogatepass")
        data = self.outlines.fields(text)
        return None if data is None else self.shared(data)

    def checked(self, data: dict) -> dict:
        """The fields of a record with their objects checked, and shared with other records."""
        values = data.setdefault("values", {})
        check_values("values", values, checked=SIZES)
        for name in ("versions", "machine"):
            data.setdefault(name, {})
        self.outlines.add(values)
        return self.shared(data)

    def shared(self, data: dict) -> dict:
        """The fields of a record with its objects, all but its values, checked and shared."""
        values = data["values"]
        for name in SIZES & values.keys():
            values[name] = self.part(name, values[name], check_counts)
        for name, check in PARTS.items():
            data[name] = self.part(name, data[name], check)
        return data

    def part(self, name: str, value: Any, check: Callable) -> dict:
        """An object that is as good as `value`, checked when it was first seen; `value` may be its JSON text."""
        if type(value) is Raw:
            # bytes of their own: a view of msgspec's keeps its whole line
            text = check, bytes(value)
            if text not in self.parts:
                found = read(text[1])
                check_depth(found)
                found = self.part(name, found, check)
                if len(self.parts) >= MOST:
                    return found
                self.parts[text] = found
            return self.parts[text]
        if type(value) is not dict:
            check(name, value)
            return value
        key = check, marshal.dumps(value, 2)  # version 2 writes equal values alike
        if key not in self.parts:
            check(name, value)
            # A file in which nothing repeats must not be held twice.
            if len(self.parts) >= MOST:
                return value
            # texts too: machines that differ by their load alone say the same
            self.parts[key] = {
                intern(each): intern(inner) if type(inner) is str else inner
                for each, inner in value.items()
            }
        return self.parts[key]
