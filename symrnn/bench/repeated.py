"""Parts that the lines of a file repeat, checked once and held once: cases, versions, sizes, the names of values.

A sweep writes the same machine, and in each round the same cases and graph sizes. 200,000 lines are a hundred rounds of
2,000 cases: what they repeat is most of what they hold.
"""

import marshal
from collections.abc import Callable
from sys import intern
from typing import Any

from symrnn.bench.checked import (
    SIZES,
    check_case,
    check_counts,
    check_machine,
    check_texts,
    check_values,
    read,
)

LOAD = "load_before"
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

    def checked(self, data: dict) -> dict:
        """The fields of a record with their objects checked, and shared with other records."""
        values = data.setdefault("values", {})
        check_values("values", values, checked=SIZES)
        for name in SIZES & values.keys():
            values[name] = self.part(name, values[name], check_counts)
        data["case"] = self.part("case", data["case"], check_case)
        data["versions"] = self.part("versions", data.get("versions", {}), check_texts)
        data["machine"] = self.machine(data.get("machine", {}))
        return data

    def machine(self, machine: Any) -> dict:
        """What a record says of its machine; all but its load is shared."""
        load = {}
        if type(machine) is dict and LOAD in machine:
            # The load differs from job to job, so nothing else would be shared if it were a part of it.
            load = {LOAD: machine.pop(LOAD)}
            check_machine("machine", load)
        same = self.part("machine", machine, check_machine)
        return {**same, **load} if load else same

    def part(self, name: str, value: Any, check: Callable) -> dict:
        """An object that is as good as `value`, checked when it was first seen; `value` may be its JSON text."""
        if type(value) is bytes:
            text = check, value
            if text not in self.parts:
                found = self.part(name, read(value), check)
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
            self.parts[key] = {intern(each): inner for each, inner in value.items()}
        return self.parts[key]
