"""Pickles that hold data, read without running them: NumPy arrays in lists, tuples and dictionaries.

A pickle is a program for a small stack machine. Here that machine knows the instructions that data need, Python 2's
among them, and the few names of `symrnn.data.pickled_arrays`; nothing is imported, no object's method is called.
What a file can make it hold is bounded by the length of the file.
"""

import codecs
import re
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from symrnn.data.files import bytes_of
from symrnn.data.pickled_arrays import NAMES, Kind, Maker, Refused, fill, set_array
from symrnn.errors import UserError, printable

MOST_PROTOCOL = 5
DEEPEST = 100  # containers within containers
WAY_OUT = (
    "only NumPy arrays in plain containers are read. If you trust the file, unpickle it yourself"
)

CONSTANTS = {b"N": None, b"\x88": True, b"\x89": False, b")": ()}
NUMBERS = {b"J": "<i", b"K": "<B", b"M": "<H", b"G": ">d"}  # as `struct` writes them
EMPTY = {b"]": list, b"}": dict}
TUPLES = {b"\x85": 1, b"\x86": 2, b"\x87": 3}


def whole(data: bytes) -> int:
    """A whole number of two's complement, the least byte first."""
    return int.from_bytes(data, "little", signed=True)


def latin1(data: bytes) -> str:
    """A text of Python 2, whose bytes are kept as characters."""
    return data.decode("latin1")


def utf8(data: bytes) -> str:
    """A text; Python lets lone surrogates through."""
    return data.decode("utf-8", "surrogatepass")


COUNTED: dict[bytes, tuple[str, Callable[[bytes], Any]]] = {  # how their number is written, what bytes become
    **{b"\x8a": ("<B", whole), b"\x8b": ("<i", whole)},
    **{b"T": ("<i", latin1), b"U": ("<B", latin1)},
    **{b"X": ("<I", utf8), b"\x8c": ("<B", utf8), b"\x8d": ("<Q", utf8)},
    **{b"B": ("<I", bytes), b"C": ("<B", bytes), b"\x8e": ("<Q", bytes), b"\x96": ("<Q", bytearray)},
}  # fmt: skip


def decimal(line: bytes) -> int:
    """A whole number as text."""
    if not re.fullmatch(rb"[+-]?\d+", line):
        raise Refused("a number that is none")
    return int(line)


def integer(line: bytes) -> int:
    """A whole number as text; ``00`` and ``01`` are the truth values of old pickles."""
    return line == b"01" if line in (b"00", b"01") else decimal(line)


def fraction(line: bytes) -> float:
    """A number as text."""
    if b"_" in line:
        raise Refused("a number that is none")
    return float(line)


def quoted(line: bytes) -> str:
    """A text of Python 2 between its quotes."""
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise Refused("a text without its quotes")
    return latin1(codecs.escape_decode(line[1:-1])[0])


LINES = {  # what a line of text becomes
    b"I": integer,
    b"L": lambda line: decimal(line.removesuffix(b"L")),
    b"F": fraction,
    b"S": quoted,
    b"V": lambda line: line.decode("raw-unicode-escape"),
}


def read_pickle(path: str | Path) -> Any:
    """What the pickle at `path` holds: arrays, numbers, texts and bytes, in lists, tuples and dictionaries.

    Pickles of Python 2 are read too, their texts byte by byte (``latin1``).

    Raises
    ------
    UserError
        When the file cannot be read, is no pickle, is damaged, or holds anything else; nothing of it was run.

    Examples
    --------
    >>> import pathlib, pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "values.pkl")
    ...     _ = path.write_bytes(pickle.dumps({"w": np.arange(3)}))
    ...     read_pickle(path)
    {'w': array([0, 1, 2])}
    """
    try:
        data = bytes_of(path)
    except OSError as error:
        raise UserError(f"{path} must be a file that can be read, but: {error.strerror}") from error
    return data_in_pickle(data, path)


def data_in_pickle(data: bytes, path: str | Path) -> Any:
    """What the bytes of a pickle hold, as `read_pickle` reads them; `path` is named in its errors.

    Examples
    --------
    >>> data_in_pickle(b"(I1\\nS'one'\\nt.", "one.pkl")
    (1, 'one')
    """
    machine = Machine(data)
    try:
        return machine.run()
    except Name as error:
        raise UserError(f"{path}: the pickle asks for {error}; {WAY_OUT}") from None
    except (Refused, ValueError, OverflowError) as error:
        why = printable(error) if isinstance(error, Refused) else "it is damaged"
        raise UserError(
            f"{path} is not a pickle of data that can be read: {why} (at byte {machine.at}); {WAY_OUT}"
        ) from error


class Name(Exception):
    """A name that is none of data."""


class Machine:
    """The stack machine that a pickle is a program for, as far as data need it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        # A dictionary: a list would have to be as long as the farthest index that a file names.
        self.memo: dict[Any, Any] = {}
        self.unset: dict[int, np.ndarray] = {}  # id: an array that waits for its content
        self.left = 2 * len(data)  # bytes that arrays, and what they are made of, may still take

    def run(self) -> Any:
        """What the program leaves on the stack."""
        while (opcode := self.take(1)) != b".":
            self.step(opcode)
        value = self.pop()
        check_data(value)
        return value

    def step(self, opcode: bytes) -> None:
        """One instruction."""
        if opcode in CONSTANTS:
            self.stack.append(CONSTANTS[opcode])
        elif opcode in NUMBERS:
            self.stack.append(self.number(NUMBERS[opcode]))
        elif opcode in COUNTED:
            count, made = COUNTED[opcode]
            self.stack.append(made(self.take(self.number(count))))
        elif opcode in LINES:
            self.stack.append(LINES[opcode](self.line()))
        elif opcode in EMPTY:
            self.stack.append(EMPTY[opcode]())
        elif opcode in TUPLES:
            self.stack.append(tuple([self.pop() for _ in range(TUPLES[opcode])][::-1]))
        elif opcode in OTHER:
            OTHER[opcode](self)
        else:
            raise Refused(f"it has the instruction {opcode!r}, which data do not need")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        data = self.data[self.at : self.at + count]
        # Old texts have a signed length.
        if count < 0 or len(data) != count:
            raise Refused("it breaks off")
        self.at += count
        return data

    def number(self, written: str) -> Any:
        """The next number, as `struct` would write it."""
        return struct.unpack(written, self.take(struct.calcsize(written)))[0]

    def line(self) -> bytes:
        """The bytes up to the next newline."""
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise Refused("it breaks off")
        return self.take(end + 1 - self.at)[:-1]

    def floor(self) -> int:
        """How much of the stack lies below the last mark."""
        return self.marks[-1] if self.marks else 0

    def pop(self) -> Any:
        """The topmost of the stack."""
        if len(self.stack) <= self.floor():
            raise Refused("it takes from an empty stack")
        return self.stack.pop()

    def top(self, *kinds: type) -> Any:
        """The topmost of the stack, which stays there; of one of the `kinds` where they are given."""
        if len(self.stack) <= self.floor():
            raise Refused("it takes from an empty stack")
        if kinds and type(self.stack[-1]) not in kinds:
            raise Refused("it fills something else than a container")
        return self.stack[-1]

    def since_mark(self) -> list:
        """What lies above the last mark; both are taken away."""
        if not self.marks:
            raise Refused("it has no mark where it needs one")
        floor = self.marks.pop()
        items = self.stack[floor:]
        del self.stack[floor:]
        return items

    def spend(self, count: int) -> None:
        """Account for bytes that what is made takes: no file may make more of them than it has."""
        self.left -= count
        if self.left < 0:
            raise Refused("its arrays hold more bytes than the file")

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def drop(self) -> None:
        if self.marks and len(self.stack) == self.floor():
            self.marks.pop()
        else:
            self.pop()

    def append(self) -> None:
        item = self.pop()
        self.top(list).append(item)

    def extend(self) -> None:
        items = self.since_mark()
        self.top(list).extend(items)

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        fill(self.top(dict, OrderedDict), [key, value])

    def set_items(self) -> None:
        items = self.since_mark()
        fill(self.top(dict, OrderedDict), items)

    def get(self, key: Any) -> None:
        if key not in self.memo:
            raise Refused("it refers to something that it does not have")
        self.stack.append(self.memo[key])

    def put(self, key: Any) -> None:
        self.memo[key] = self.top()

    def ask(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise Refused("it asks for a name that is no text")
        if (module, name) not in NAMES:
            raise Name(printable(f"{module}.{name}"))
        self.stack.append(NAMES[module, name])

    def stack_global(self) -> None:
        name, module = self.pop(), self.pop()
        self.ask(module, name)

    def reduce(self) -> None:
        args, made = self.pop(), self.pop()
        if type(made) is not Maker or type(args) is not tuple:
            raise Refused("it calls something that is no name of NumPy's")
        self.stack.append(made.make(self, args))

    def build(self) -> None:
        state = self.pop()
        made = self.top()
        if type(made) is Kind:
            made.set(state)
        elif type(made) is np.ndarray and self.unset.pop(id(made), None) is not None:
            set_array(self, made, state)
        else:
            raise Refused("it sets the state of something that is no array")

    def protocol(self) -> None:
        if (number := self.number("<B")) > MOST_PROTOCOL:
            raise Refused(f"it is of protocol {number}, but {MOST_PROTOCOL} is the newest known")

    def inst(self) -> None:
        raise Name(printable(latin1(self.line() + b"." + self.line())))

    def persistent(self) -> None:
        raise Refused("it refers to objects outside itself")


OTHER = {
    b"(": Machine.mark,
    b"0": Machine.drop,
    b"1": lambda machine: machine.since_mark(),
    b"2": lambda machine: machine.stack.append(machine.top()),
    b"a": Machine.append,
    b"e": Machine.extend,
    b"s": Machine.set_item,
    b"u": Machine.set_items,
    b"l": lambda machine: machine.stack.append(machine.since_mark()),
    b"t": lambda machine: machine.stack.append(tuple(machine.since_mark())),
    b"d": lambda machine: machine.stack.append(fill({}, machine.since_mark())),
    b"g": lambda machine: machine.get(decimal(machine.line())),
    b"h": lambda machine: machine.get(machine.number("<B")),
    b"j": lambda machine: machine.get(machine.number("<I")),
    b"p": lambda machine: machine.put(decimal(machine.line())),
    b"q": lambda machine: machine.put(machine.number("<B")),
    b"r": lambda machine: machine.put(machine.number("<I")),
    b"\x94": lambda machine: machine.put(len(machine.memo)),
    b"c": lambda machine: machine.ask(latin1(machine.line()), latin1(machine.line())),
    b"\x93": Machine.stack_global,
    b"R": Machine.reduce,
    b"b": Machine.build,
    b"\x80": Machine.protocol,
    b"\x95": lambda machine: machine.take(8),  # how long a frame is: of use to a stream alone
    b"i": Machine.inst,
    b"P": Machine.persistent,
    b"Q": Machine.persistent,
}  # fmt: skip


def check_data(value: Any) -> None:
    """Refuse what is no data, or cannot be walked through: a container within itself, or too many in each other."""
    # By identity: what stands in many places is walked once a level, or a few bytes would take for ever.
    level = {id(value): value}
    for _ in range(DEEPEST):
        level = {id(each): each for outer in level.values() for each in within(outer)}
        if not level:
            return
    raise Refused(f"its containers lie within each other, over {DEEPEST} deep")


def within(value: Any) -> Any:
    """What a container holds; nothing for any other value."""
    if type(value) in (Kind, Maker):
        raise Refused("it holds a type, and no array of it")
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, np.ndarray):
        return value.ravel().tolist() if value.dtype.kind == "O" else ()
    return value if isinstance(value, list | tuple) else ()
