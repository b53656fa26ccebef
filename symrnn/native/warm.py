"""Warm starts: the programs of a graph are kept on disk under the graph's name, so that another process that builds
the same graph neither rewrites it nor lowers it.

Kept are numbers, text and arrays alone. What can't be kept so (an exception of a user's class) is not kept, and a file
that is damaged or from elsewhere is as good as none.
"""

from __future__ import annotations

import builtins
import io
import json
import operator
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from symrnn.native import object_cache
from symrnn.native.compiled import Lowered
from symrnn.native.plan import Lifetime
from symrnn.native.signatures import Pattern
from symrnn.native.sizes import Atom, Facts, Int, Quotient, Size, Symbol
from symrnn.native.window import Buffer

# of a thread, as others rewrite at the same time
_IS_ON = ContextVar("is_on", default=os.environ.get("SYMRNN_NATIVE_WARM", "1") != "0")


def is_on() -> bool:
    """Whether functions are looked up by their graph before they are rewritten."""
    return _IS_ON.get()


@contextmanager
def turned_off() -> Iterator[None]:
    """Rewrite every graph inside, for what looks at rewritten graphs. `SYMRNN_NATIVE_WARM=0` does so for a process."""
    token = _IS_ON.set(False)
    try:
        yield
    finally:
        _IS_ON.reset(token)


@dataclass(frozen=True)
class Recorded:
    """A function that is one program, for signatures of one pattern.

    Attributes
    ----------
    arrays, promoted
        The function's inputs, by position, whose extents and whose values make up the signature.
    inputs
        Those that the program is given.
    outputs
        For each output of the function, the program's output, or -1 less an input that it is itself.
    """

    pattern: Pattern
    arrays: tuple[int, ...]
    promoted: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    lowered: Lowered | None


def load(digest: str) -> list[Recorded]:
    """What is kept for a graph; nothing where that can't be read."""
    content = object_cache.load(f"graph-{digest}")
    if content is None:
        return []
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            head = json.loads(bytes(arrays["head"]).decode())
            return [_recorded(entry, i, arrays) for i, entry in enumerate(head)]
    except (ValueError, KeyError, TypeError, IndexError, OSError, AttributeError):
        return []


def save(digest: str, recorded: Sequence[Recorded]) -> None:
    """Keep a function's programs."""
    arrays: dict[str, Any] = {}
    try:
        head = json.dumps([_plain(entry, i, arrays) for i, entry in enumerate(recorded)])
    except (TypeError, ValueError, KeyError):
        return
    arrays["head"] = np.frombuffer(head.encode(), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    object_cache.save(f"graph-{digest}", file.getvalue())


def _plain(recorded: Recorded, i: int, arrays: dict[str, Any]) -> dict:
    """A record as JSON, its arrays put aside."""
    facts = recorded.pattern.facts
    entry = {
        "entries": recorded.pattern.entries,
        "facts": facts.values,
        "guards": [
            [test.__name__, _size(size), bool(answer)] for test, size, answer in facts.guards
        ],
        **{name: getattr(recorded, name) for name in ("arrays", "promoted", "inputs", "outputs")},
        "lowered": None,
    }
    lowered = recorded.lowered
    if lowered is not None:
        arrays[f"text{i}"] = np.frombuffer(lowered.text.encode(), np.uint8)
        arrays |= {f"constant{i}.{j}": constant for j, constant in enumerate(lowered.constants)}
        entry["lowered"] = {
            "inputs": lowered.inputs,
            "outputs": [[[_size(n) for n in shape], dtype] for shape, dtype in lowered.outputs],
            "lives": [
                [life.buffer.dtype, _size(life.buffer.size), life.first, life.last]
                for life in lowered.lives
            ],
            "constants": len(lowered.constants),
            "errors": [_error(error) for error in lowered.errors],
            "extents": lowered.extents,
        }
    return entry


def _recorded(entry: dict, i: int, arrays: Mapping[str, np.ndarray]) -> Recorded:
    # One for the guards and all sizes, as they had when they were made: a comparison that is new would go there.
    facts = Facts({str(name): int(value) for name, value in entry["facts"].items()})
    facts.guards = [
        (TESTS[test], _as_size(size, facts), bool(answer)) for test, size, answer in entry["guards"]
    ]
    positions = {
        name: tuple(map(int, entry[name])) for name in ("arrays", "promoted", "inputs", "outputs")
    }
    plain, lowered = entry["lowered"], None
    if plain is not None:
        lowered = Lowered(
            bytes(arrays[f"text{i}"]).decode(),
            int(plain["inputs"]),
            tuple(
                (tuple(_as_size(n, facts) for n in shape), str(np.dtype(dtype)))
                for shape, dtype in plain["outputs"]
            ),
            tuple(
                Lifetime(Buffer(str(np.dtype(dtype)), _as_size(size, facts)), int(first), int(last))
                for dtype, size, first, last in plain["lives"]
            ),
            tuple(arrays[f"constant{i}.{j}"] for j in range(plain["constants"])),
            tuple(_as_error(*error) for error in plain["errors"]),
            tuple(map(str, plain["extents"])),
        )
    return Recorded(Pattern(tuple(entry["entries"]), facts), **positions, lowered=lowered)


TESTS: dict[str, Callable[[int, int], bool]] = {
    test.__name__: test
    for test in (operator.eq, operator.lt, operator.le, operator.gt, operator.ge)
}


def _size(size: Int) -> int | list:
    """A size as JSON."""
    if isinstance(size, int | np.integer):
        return int(size)
    return [[c, [_atom(atom) for atom in atoms]] for atoms, c in size.terms.items()]


def _atom(atom: Atom) -> str | list:
    if isinstance(atom, Quotient):
        return [_size(atom.size), _size(atom.divisor)]
    if not isinstance(atom, Symbol):
        # Remainders are of counters, and stand in the text alone.
        raise TypeError(atom)
    return atom.name


def _as_size(plain: int | list, facts: Facts) -> Int:
    if isinstance(plain, int):
        return plain
    return Size(
        {tuple(_as_atom(atom, facts) for atom in atoms): int(c) for c, atoms in plain}, facts
    )


def _as_atom(plain: str | list, facts: Facts) -> Atom:
    if isinstance(plain, str):
        return Symbol(plain)
    size, divisor = plain
    return Quotient(_as_size(size, facts), _as_size(divisor, facts))


# A file may name these and nothing else, to be made of one message.
KINDS: dict[str, Any] = {**vars(builtins), "LinAlgError": np.linalg.LinAlgError}


def _error(error: Exception) -> list[str]:
    if KINDS.get(type(error).__name__) is not type(error):
        raise TypeError(error)
    return [type(error).__name__, str(error)]


def _as_error(name: str, message: str) -> Exception:
    kind = KINDS[name]
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        raise TypeError(name)
    return kind(message)
