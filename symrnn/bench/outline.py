"""Lines of records by their outline: which values they have, by name.

The jobs of a task all write the same names. So the first such line is looked at closely, and from its names follows a
decoder for the others, by which msgspec checks the type of each field as it reads. It hands over a case, versions, a
machine and sizes as they are written: those of two rounds are the same bytes, so `symrnn.bench.repeated` finds what it
holds of them by comparing alone.
"""

from collections.abc import Iterable
from sys import intern
from typing import Annotated, Any, Literal

import msgspec

from symrnn.bench.checked import (
    AMOUNT,
    COUNTED,
    LARGEST,
    PRINTED,
    SIZES,
    SPECIAL,
    STATES,
    STATUSES,
)

MOST = 8  # outlines of a file; each line may be tried with all of them
SAME = ("experiment", "task", "mode")  # texts that lines repeat
WIDEST = 200  # values of a record
DEFAULT = msgspec.Raw(b"{}")

# Whatever these leave out, such as an integer of over 63 bits, is looked at closely.
Float = Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)]
Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Number = Integer | Float
Numbers = Number | list[Number | None] | dict[str, Number | None] | None
Scalar = Number | bool | str | None
Free = Scalar | list[Scalar] | dict[str, Scalar]


class Line(msgspec.Struct):
    """The fields of a `symrnn.bench.records.Record`, but for its values."""

    key: str
    experiment: str
    task: str
    case: msgspec.Raw
    mode: str
    state: Literal[STATES]  # type: ignore[valid-type]
    round: int
    status: Literal[STATUSES]  # type: ignore[valid-type]
    schema: int
    message: str = ""
    versions: msgspec.Raw = DEFAULT
    machine: msgspec.Raw = DEFAULT
    started_at: str = ""
    wall_s: Number = 0.0
    profile: bool = False


class Outlines:
    """The outlines that were seen, the one that fitted last first.

    Examples
    --------
    >>> outlines = Outlines()
    >>> outlines.add(["build_s"])
    >>> outlines.fields(b'{"key": 1}') is None
    True
    """

    def __init__(self) -> None:
        self.outlines: list[Outline] = []

    def add(self, names: Iterable[str]) -> None:
        """Know lines whose values have these names, unless one wants a closer look or there are too many outlines."""
        names = list(names)
        known = any(each.names == names for each in self.outlines)
        if (
            len(self.outlines) < MOST
            and len(names) <= WIDEST
            and not known
            and all(map(is_plain, names))
        ):
            self.outlines.append(Outline(names))

    def fields(self, line: bytes) -> dict[str, Any] | None:
        """The fields of a record, their types checked and its parts as JSON text; None where no outline fits."""
        # msgspec passes over what it does not know and what it hands over as bytes, without decoding it
        if not line.isascii() and not is_utf8(line):
            return None
        for place, outline in enumerate(self.outlines):
            if (found := outline.fields(line)) is not None:
                if place:
                    self.outlines.insert(0, self.outlines.pop(place))
                return found
        return None


class Outline:
    """Lines whose values have some names."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        # The attributes are numbered: a value's name may be that of a method.
        attributes = {f"value_{place}": name for place, name in enumerate(names)}
        values = msgspec.defstruct(
            "Values",
            [(attribute, kind(name)) for attribute, name in attributes.items()],
            rename=attributes,
            forbid_unknown_fields=True,
            gc=False,
        )
        whole = msgspec.defstruct("Whole", [("values", values)], bases=(Line,), kw_only=True)
        self.decode = msgspec.json.Decoder(whole).decode

    def fields(self, line: bytes) -> dict[str, Any] | None:
        """As `Outlines.fields`."""
        try:
            found = msgspec.structs.asdict(self.decode(line))
        except (ValueError, RecursionError):
            return None
        values = dict(zip(self.names, msgspec.structs.astuple(found["values"]), strict=True))
        for name in SAME:
            found[name] = intern(found[name])
        found["values"] = values
        return found


def is_plain(name: str) -> bool:
    """Whether the values of a name can be checked by their type alone."""
    return name.isidentifier() and name.isascii() and name not in SPECIAL - {*COUNTED, *PRINTED}


def kind(name: str) -> Any:
    """The type of the value of a name, as `symrnn.bench.checked.check_of` asks for it."""
    if name in SIZES:
        return msgspec.Raw
    if name in COUNTED:
        return dict[str, Number | None] | None
    if name in PRINTED:
        return str
    if name == "peak_rss_bytes":
        return Number
    return Numbers if AMOUNT.fullmatch(name) else Free


def is_utf8(line: bytes) -> bool:
    """Whether the bytes are a text."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
