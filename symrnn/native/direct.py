"""A call like an earlier one, checked and run by machine code alone.

Between PyTensor and a program there is then one C function in Python's calling convention: it compares the arguments
with those of the earlier call (type, dtype, extents, order), takes output arrays that nobody else holds, runs the
program and returns the outputs. Whatever is otherwise than expected, it returns None, and Python takes the call.

It reads CPython's and NumPy's objects at fixed offsets, which both keep stable for compiled extensions.
"""

from __future__ import annotations

import ctypes
import struct
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import numpy as np

from symrnn.native.compiled import MOST_POOLED, Memory, NativeProgram
from symrnn.native.module import LoadedModule

METH_FASTCALL = 0x80
# Bytes from the start of an object: of any, and of NumPy's arrays
REFERENCES, TYPE = 0, 8
DATA, RANK, EXTENTS, DTYPE, FLAGS, WEAK_REFERENCES = 16, 24, 32, 56, 64, 72
C_CONTIGUOUS_AND_ALIGNED = 0x101
WRITEABLE = 0x400

HEADER = (  # of the table that the function is bound to: words of 8 bytes; "at" is a place in the table, in words
    "arguments", "checks", "checks_at", "inputs", "inputs_at", "outputs", "outputs_at", "results",
    "results_at", "arrays_at", "made_at", "memory", "extents", "program", "ndarray", "none",
)  # fmt: skip


def is_possible() -> bool:
    """Whether objects lie as the code expects: CPython with its lock, on a processor with 64 bits, low bytes first."""
    return (
        sys.implementation.name == "cpython"
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        and sys.byteorder == "little"
        and struct.calcsize("P") == 8
    )


class _MethodDefinition(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


@cache
def _definition() -> tuple[_MethodDefinition, LoadedModule]:
    """Python's description of the function, and its module; both must stay as long as any function made of them."""
    module = LoadedModule(text(), "call")
    return _MethodDefinition(b"native_call", module.address, METH_FASTCALL, None), module


def direct_call(
    program: NativeProgram,
    memory: Memory,
    arguments: int,
    like: Sequence[tuple[int, np.dtype, tuple[int, ...]]],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> Callable[..., list | None]:
    """A function of as many arguments, for calls like an earlier one. It keeps what it calls alive.

    Parameters
    ----------
    like
        Positions of arguments, with the dtype and the extents that they must have.
    inputs
        The positions of the arguments that the program takes.
    outputs
        The program's outputs that the call returns, or, as ``-1 - i``, arguments.
    """
    checks = [word for i, dtype, shape in like for word in (i, *_kind(dtype, shape))]
    # Outputs too: whoever had one may have given it another shape.
    made = [word for pool in memory.pools for word in _kind(np.dtype(pool.dtype), pool.shape)]
    free_arrays: list[int] = []
    for pool in memory.pools:
        waiting = [id(array) for array in pool.arrays[:MOST_POOLED]]
        # A pool lets no array go, so these live as long as `memory`. Each pool has `MOST_POOLED` words, 0 for none.
        free_arrays += [*waiting, *[0] * (MOST_POOLED - len(waiting))]
    # Where it puts a call's arrays is its own table: it waits for nobody, so it must not write what `NativeProgram` has
    # packed for a call of another thread, which may come to run it only now.
    arrays = [0] * (len(inputs) + len(memory.pools))
    sections = [checks, list(inputs), free_arrays, list(outputs), arrays, made]
    places = [len(HEADER) + sum(map(len, sections[:k])) for k in range(len(sections))]
    table = np.array(
        [
            arguments, len(like), places[0], len(inputs), places[1], len(memory.pools), places[2],
            len(outputs), places[3], places[4], places[5], *memory.addresses, program.module.address,
            id(np.ndarray), id(None), *(word for section in sections for word in section),
        ],
        np.int64,
    )  # fmt: skip
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = (
        ctypes.py_object,
        [ctypes.c_void_p, ctypes.py_object, ctypes.py_object],
    )
    definition, module = _definition()
    # The table has only addresses; Python calls this a function's module. Of the definition, too, there may be several:
    # what is cached is the last one, where threads ask for the first one at once.
    kept = (definition, module, program, program.module, memory)
    return make(ctypes.addressof(definition), table, kept)


def _kind(dtype: np.dtype, shape: Sequence[int]) -> list[int]:
    """What an array must be, in words."""
    return [id(dtype), len(shape), *shape]


class _Writer:
    """Lines of the function, which is one block after another."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.locals: list[str] = []
        self.count = 0
        self.otherwise = "refuse"  # the block that ends a call whose requirement does not hold

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def local(self, name: str) -> None:
        """A variable of one word; all of them stand before the first loop."""
        self.locals.append(f"  %{name} = alloca i64")

    def value(self, text: str) -> str:
        self.count += 1
        self.line(f"%v{self.count} = {text}")
        return f"%v{self.count}"

    def load(self, kind: str, pointer: str, offset: int | str = 0) -> str:
        """What lies `offset` bytes after `pointer`."""
        return self.value(f"load {kind}, ptr {self.gep(pointer, offset)}")

    def gep(self, pointer: str, offset: int | str) -> str:
        return self.value(f"getelementptr i8, ptr {pointer}, i64 {offset}")

    def word(self, pointer: str, index: str, kind: str = "i64") -> str:
        """A word of an array of words."""
        return self.load(kind, self.value(f"getelementptr i64, ptr {pointer}, i64 {index}"))

    def require(self, condition: str) -> None:
        """Refuse the call where it does not hold."""
        self.count += 1
        self.line(f"br i1 {condition}, label %good{self.count}, label %{self.otherwise}")
        self.lines.append(f"good{self.count}:")

    def equal(self, kind: str, left: str, right: str) -> str:
        return self.value(f"icmp eq {kind} {left}, {right}")

    @contextmanager
    def loop(self, limit: str) -> Iterator[str]:
        """A block for each index below the limit."""
        self.count += 1
        name = f"loop{self.count}"
        self.local(name)
        self.line(f"store i64 0, ptr %{name}")
        self.line(f"br label %{name}.head")
        self.lines.append(f"{name}.head:")
        index = self.value(f"load i64, ptr %{name}")
        more = self.value(f"icmp slt i64 {index}, {limit}")
        self.line(f"br i1 {more}, label %{name}.body, label %{name}.end")
        self.lines.append(f"{name}.body:")
        yield index
        self.line(f"store i64 {self.value(f'add i64 {index}, 1')}, ptr %{name}")
        self.line(f"br label %{name}.head")
        self.lines.append(f"{name}.end:")


BEGIN = (
    "declare ptr @PyList_New(i64)",
    "declare i32 @PyList_SetItem(ptr, i64, ptr)",
    "declare void @Py_IncRef(ptr)",
    "declare void @Py_DecRef(ptr)",
    "define ptr @call(ptr %self, ptr %args, i64 %n) {",
    "entry:",
)


def text() -> str:
    """The function as LLVM text: ``PyObject *call(PyObject *self, PyObject *const *args, Py_ssize_t n)``."""
    w = _Writer()
    table = w.load("ptr", "%self", DATA)
    head = {name: w.word(table, str(i)) for i, name in enumerate(HEADER)}
    arrays = w.value(f"getelementptr i64, ptr {table}, i64 {head['arrays_at']}")
    w.require(w.equal("i64", "%n", head["arguments"]))
    _check_arguments(w, table, head)
    results = _list_of_results(w, head)
    _take_outputs(w, table, head, arrays)
    with w.loop(head["inputs"]) as i:
        which = w.word(table, w.value(f"add i64 {head['inputs_at']}, {i}"))
        slot = w.value(f"getelementptr i64, ptr {arrays}, i64 {i}")
        w.line(f"store i64 {w.word('%args', which)}, ptr {slot}")
    run, memory, extents = (
        w.value(f"inttoptr i64 {head[name]} to ptr") for name in ("program", "memory", "extents")
    )
    status = w.value(f"call i32 {run}(ptr {arrays}, ptr {memory}, ptr {extents})")
    # Nothing but outputs that nobody has seen is written by then, so Python may run it once more and raise the error.
    w.require(w.equal("i32", status, "0"))
    _return_results(w, table, head, arrays, results)
    refusal = [
        "drop:",
        f"  call void @Py_DecRef(ptr {results})",
        "  br label %refuse",
        "refuse:",
        f"  %none = inttoptr i64 {head['none']} to ptr",
        "  call void @Py_IncRef(ptr %none)",
        "  ret ptr %none",
    ]
    return "\n".join([*BEGIN, *w.locals, *w.lines, *refusal, "}"])


def _check_arguments(w: _Writer, table: str, head: dict[str, str]) -> None:
    """Refuse a call whose arguments are of other types, or lie otherwise."""
    w.local("cursor")
    w.line(f"store i64 {head['checks_at']}, ptr %cursor")
    with w.loop(head["checks"]):
        start = w.value("load i64, ptr %cursor")
        array = w.word("%args", w.word(table, start), "ptr")
        w.require(w.equal("i64", w.load("i64", array, TYPE), head["ndarray"]))
        flags = w.value(f"and i32 {w.load('i32', array, FLAGS)}, {C_CONTIGUOUS_AND_ALIGNED}")
        w.require(w.equal("i32", flags, str(C_CONTIGUOUS_AND_ALIGNED)))
        _check_kind(w, table, w.value(f"add i64 {start}, 1"), array)


def _check_kind(w: _Writer, table: str, start: str, array: str) -> None:
    """Refuse the call unless an array is as the words say that begin at `start`; the cursor is then behind them."""
    dtype, rank = (w.word(table, w.value(f"add i64 {start}, {k}")) for k in range(2))
    w.require(w.equal("i64", w.load("i64", array, DTYPE), dtype))
    found = w.value(f"sext i32 {w.load('i32', array, RANK)} to i64")
    w.require(w.equal("i64", found, rank))
    extents = w.load("ptr", array, EXTENTS)
    first = w.value(f"add i64 {start}, 2")
    with w.loop(rank) as axis:
        expected = w.word(table, w.value(f"add i64 {first}, {axis}"))
        w.require(w.equal("i64", w.word(extents, axis), expected))
    w.line(f"store i64 {w.value(f'add i64 {first}, {rank}')}, ptr %cursor")


def _list_of_results(w: _Writer, head: dict[str, str]) -> str:
    """An empty list, which a call that is refused from here on drops.

    Before anything is put in the table: a new list may have Python collect garbage, and what that runs may call this.
    """
    found = w.value(f"call ptr @PyList_New(i64 {head['results']})")
    w.count += 1
    w.line(f"br i1 {w.value(f'icmp eq ptr {found}, null')}, label %failed, label %made")
    w.lines += ["failed:", "  ret ptr null", "made:"]
    w.otherwise = "drop"
    return found


def _take_outputs(w: _Writer, table: str, head: dict[str, str], arrays: str) -> None:
    """For each output the first array that only its pool holds; refuse the call where there is none."""
    w.line(f"store i64 {head['made_at']}, ptr %cursor")
    with w.loop(head["outputs"]) as i:
        first = w.value(f"add i64 {head['outputs_at']}, {w.value(f'mul i64 {i}, {MOST_POOLED}')}")
        place = w.value(f"add i64 {head['inputs']}, {i}")
        slot = w.value(f"getelementptr i64, ptr {arrays}, i64 {place}")
        w.line(f"store i64 0, ptr {slot}")
        with w.loop(str(MOST_POOLED)) as k:
            # From the last to the first, so that of several that are free the first one stays.
            back = w.value(f"sub i64 {MOST_POOLED - 1}, {k}")
            array = w.word(table, w.value(f"add i64 {first}, {back}"), "ptr")
            exists = w.value(f"icmp ne ptr {array}, null")
            # Where there is none, of something that can be read in any case.
            readable = w.value(f"select i1 {exists}, ptr {array}, ptr {table}")
            taken = w.value(f"and i1 {exists}, {_is_free(w, readable)}")
            before = w.load("ptr", slot)
            w.line(
                f"store ptr {w.value(f'select i1 {taken}, ptr {array}, ptr {before}')}, ptr {slot}"
            )
        output = w.load("ptr", slot)
        w.require(w.value(f"icmp ne ptr {output}, null"))
        _check_kind(w, table, w.value("load i64, ptr %cursor"), output)


def _is_free(w: _Writer, array: str) -> str:
    """Whether nobody has an array but its pool, nor comes back to it by a weak reference, and it may be written."""
    # Half a word: since Python 3.12 that is the count, and the other half is not.
    is_held_once = w.equal("i32", w.load("i32", array, REFERENCES), "1")
    is_forgotten = w.value(f"icmp eq ptr {w.load('ptr', array, WEAK_REFERENCES)}, null")
    wanted = C_CONTIGUOUS_AND_ALIGNED | WRITEABLE
    flags = w.value(f"and i32 {w.load('i32', array, FLAGS)}, {wanted}")
    is_plain = w.equal("i32", flags, str(wanted))
    return w.value(f"and i1 {w.value(f'and i1 {is_held_once}, {is_forgotten}')}, {is_plain}")


def _return_results(
    w: _Writer, table: str, head: dict[str, str], arrays: str, results: str
) -> None:
    outputs = w.value(f"getelementptr i64, ptr {arrays}, i64 {head['inputs']}")
    with w.loop(head["results"]) as i:
        which = w.word(table, w.value(f"add i64 {head['results_at']}, {i}"))
        is_output = w.value(f"icmp sge i64 {which}, 0")
        source = w.value(f"select i1 {is_output}, ptr {outputs}, ptr %args")
        argument = w.value(f"sub i64 -1, {which}")
        place = w.value(f"select i1 {is_output}, i64 {which}, i64 {argument}")
        item = w.word(source, place, "ptr")
        # The list takes the reference over.
        w.line(f"call void @Py_IncRef(ptr {item})")
        w.value(f"call i32 @PyList_SetItem(ptr {results}, i64 {i}, ptr {item})")
    w.line(f"ret ptr {results}")
