"""A graph's name: equal for graphs that are the same computation, whatever process built them.

The name is a hash over ops, types, constants and connections, and over everything that decides what rewriting makes of
them: versions, the machine, flags, the query, the rewrites that are registered. What it does not know, it refuses
(`graph_digest` returns None): a wrong equality would be a wrong result.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytensor
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.mode import optdb
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.op import Op
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.traversal import toposort
from pytensor.graph.type import Type
from pytensor.scalar.basic import Composite, ScalarOp, ScalarType
from pytensor.scan.op import Scan
from pytensor.tensor.type import TensorType

from symrnn.native import draws
from symrnn.native.module import machine_name

FLAGS = (
    "floatX",
    "cast_policy",
    "optimizer",
    "optimizer_excluding",
    "optimizer_including",
    "optimizer_requiring",
    "optdb__max_use_ratio",
    "optdb__position_cutoff",
)
# of a variable, that decide nothing: where it was written, what states of updates belong to, what Lasagne's layers note
SILENT_TAGS = {"trace", "slot_of", "kind", "nominal_id", "walk", "swapped"}

SILENT_OF_SCALARS = {
    "name",
    "nfunc_spec",
    "__doc__",
    "__module__",
    "__epydoc_asRoutine",
    "__oplist_tags",
}


class Undigestible(Exception):
    """Something that might make a difference, and whose meaning isn't known."""


def graph_digest(
    inputs: Sequence[Variable], outputs: Sequence[Variable], query: object
) -> str | None:
    """The name of the graph from `inputs` to `outputs`, to be rewritten as `query` says; None where it has none.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> def digest():
    ...     x = pt.vector()
    ...     return graph_digest([x], [pt.tanh(x) * 2], "fast_run")
    >>> digest() == digest()
    True
    """
    try:
        text = "\n".join([*_surroundings(), _query(query), _graph(inputs, outputs)])
    except Undigestible:
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def graph_text(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> str | None:
    """What `graph_digest` hashes of the graph itself: its name within a process and under one query.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x, y = pt.vectors("xy")
    >>> graph_text([x, y], [x - y]) == graph_text([y, x], [y - x]) != graph_text([x, y], [y - x])
    True
    """
    try:
        return _graph(inputs, outputs)
    except Undigestible:
        return None


def _graph(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> str:
    """Every node, with what it reads by number; numbers follow the order of a walk from the outputs."""
    numbers = {var: i for i, var in enumerate(inputs)}
    lines = [f"input {_type(var.type)} {_tags(var)}" for var in inputs]

    def number(var: Variable) -> int:
        if var not in numbers:
            if not isinstance(var, Constant):
                # Neither given nor a constant: nothing says what it holds.
                raise Undigestible(var)
            numbers[var] = len(numbers)
            lines.append(f"constant {_type(var.type)} {_value(var.data)} {_tags(var)}")
        return numbers[var]

    for node in toposort(list(outputs), blockers=list(inputs)):
        read = [number(var) for var in node.inputs]
        types = [f"{_type(out.type)} {_tags(out)}" for out in node.outputs]
        lines.append(f"{_op(node.op)} {read} {types}")
        for out in node.outputs:
            numbers[out] = len(numbers)
    lines.append(f"outputs {[number(out) for out in outputs]}")
    return "\n".join(lines)


def _tags(var: Variable) -> str:
    tags = {k: v for k, v in vars(var.tag).items() if k not in SILENT_TAGS}
    return _value(tags) if tags else ""


def _type(kind: Type) -> str:
    match kind:
        case TensorType():
            return f"{type(kind).__name__} {kind.dtype} {kind.shape}"
        case ScalarType():
            return f"scalar {kind.dtype}"
    if vars(kind):
        return f"{_class(type(kind))} {_value(vars(kind))}"
    return _class(type(kind))


def _op(op: Op) -> str:
    name = _class(type(op))
    match op:
        case Scan():
            inner = _graph(op.fgraph.inputs, op.fgraph.outputs)
            return f"{name} {op.info} {op.destroy_map} {{{inner}}}"
        case OpFromGraph():
            inner = _graph(op.fgraph.inputs, op.fgraph.outputs)
            return f"{name} {op.is_inline} {op.destroy_map} {{{inner}}}"
        case Composite():
            return f"{name} {{{_graph(op.fgraph.inputs, op.fgraph.outputs)}}}"
        case ScalarOp():
            attributes = {k: v for k, v in vars(op).items() if k not in SILENT_OF_SCALARS}
            return f"{name} {_value(attributes)}"
    props = getattr(op, "__props__", None)
    if props is None:
        if vars(op):
            raise Undigestible(op)
        return name
    return f"{name} {[_value(getattr(op, prop)) for prop in props]}"


def _value(value: object) -> str:
    match value:
        case None | bool() | int() | str() | bytes():
            return repr(value)
        case float():
            return value.hex()
        case np.ndarray() | np.generic():
            return _array(np.asarray(value))
        case np.dtype():
            return value.str
        case slice():
            return f"slice {_value((value.start, value.stop, value.step))}"
        case tuple() | list():
            return f"{type(value).__name__}({', '.join(map(_value, value))})"
        case set() | frozenset():
            return f"set({sorted(map(_value, value))})"
        case Variable():  # in a tag or an attribute: it may lead anywhere, to itself too
            raise Undigestible(value)
        case Op():
            return _op(value)
        case Type():
            return _type(value)
        case type():
            return _class(value)
        case FunctionType():
            # A lambda, or what was made within a function: the name does not tell which one.
            if value.__closure__ or "<" in value.__qualname__:
                raise Undigestible(value)
            return f"function {value.__module__}.{value.__qualname__}"
    if hasattr(value, "items"):
        return f"dict({', '.join(f'{_value(k)}: {_value(v)}' for k, v in value.items())})"
    if type(value).__module__.startswith("pytensor.") and hasattr(value, "__dict__"):
        kind: Any = type(value)
        return f"{_class(kind)} {_value(vars(value))}"
    raise Undigestible(value)


def _array(array: np.ndarray) -> str:
    if array.dtype.hasobject:
        raise Undigestible(array)
    data = np.ascontiguousarray(array).tobytes()
    return f"array {array.dtype.str} {array.shape} {hashlib.sha256(data).hexdigest()}"


@cache
def _class(kind: type) -> str:
    """A class by name, one from outside PyTensor with its source."""
    name = f"{kind.__module__}.{kind.__qualname__}"
    if "<" in kind.__qualname__:
        raise Undigestible(kind)
    return (
        name
        # PyTensor's and NumPy's versions are hashed besides.
        if kind.__module__.split(".")[0] in ("pytensor", "builtins", "numpy")
        else f"{name} {_source(kind.__module__)}"
    )


@cache
def _source(module: str) -> str:
    try:
        content = Path(inspect.getfile(sys.modules[module])).read_bytes()
    except (KeyError, TypeError, OSError):
        raise Undigestible(module) from None
    return hashlib.sha256(content).hexdigest()


def _query(query: object) -> str:
    """A query for rewrites, or its name."""
    if isinstance(query, str):
        return query
    if not isinstance(query, RewriteDatabaseQuery) or query.subquery or query.extra_rewrites:
        raise Undigestible(query)
    tags = [sorted(map(str, some or ())) for some in (query.include, query.exclude, query.require)]
    return f"{tags} {query.position_cutoff}"


def _surroundings() -> list[str]:
    """What decides about rewriting and lowering besides the graph."""
    flags = [f"{flag}={getattr(pytensor.config, flag, None)}" for flag in FLAGS]
    # Of the machine: how wide vectors are in the text, and whether draws are calls of NumPy's library.
    machine = [machine_name(), f"draws {draws.is_possible()}"]
    return [pytensor.__version__, np.__version__, _own_source(), *machine, *flags, *_rewrites()]


@cache
def _own_source() -> str:
    """This package's source: what is kept was made by exactly this compiler."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _rewrites() -> list[str]:
    """The names of all registered rewrites."""
    names, databases = [], [optdb]
    while databases:
        database = databases.pop()
        for name, found in sorted(database.__db__.items(), key=lambda item: str(item[0])):
            names.append(str(name))  # None, where it was registered with a tag of None
            databases += [db for db in found if hasattr(db, "__db__")]
    return names
