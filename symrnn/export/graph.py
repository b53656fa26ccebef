"""The intermediate graph: values, and nodes named as ONNX names them, that every writer reads.

A `Value` knows the node that makes it, so whatever no output needs is not in the graph. Nodes are made by
`symrnn.export.build.Builder`, which simplifies as it builds, and are never changed afterwards. Operators mean what
ONNX's of that name mean, but for these, which are easier to reason about:

``Slice(x, start, stop; axis, step)``
    one axis of ``x``; ``start`` and ``stop`` are scalars or None.
``Reshape(x, *lengths)``, ``Expand(x, *lengths)``
    lengths are scalars.
``Dim(x; axis)``
    a length of ``x``, a scalar.
``Vector(*scalars)``
    a vector of them.
``Update(x, y, *bounds; slices, add)``
    ``x`` with ``y`` written to, or added at, a slice.
``Gather(x, index; axis)``
    a negative index counts from the end.
``Recurrent(xs, *weights and states; kind, reverse, activations)``
    a layer that was recognised, see `symrnn.export.recurrent`.
``Loop(*states, *sequences, *invariants; body, states, sequences)``
    any other scan; ``body`` is a `Graph` from (states, elements, invariants) to (next states, records), the node puts
    out the last states, then the records ``(T, ...)``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int | None, ...]


@dataclass(eq=False)
class Value:
    """An array in the graph: an input, a constant, or what a node puts out."""

    dtype: str
    shape: Shape
    name: str | None = None
    constant: np.ndarray | None = None
    node: "Node | None" = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        kind = "constant" if self.constant is not None else self.node.op if self.node else "input"
        return f"<{self.name or '?'}: {kind} {self.dtype}{list(self.shape)}>"


@dataclass(eq=False)
class Node:
    """An operator at work; `line` is where the user's source made it, "" where that is lost."""

    op: str
    inputs: tuple[Value | None, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    outputs: list[Value] = field(default_factory=list)
    line: str = ""

    def __repr__(self) -> str:
        return f"<{self.op} {self.attributes}>"


@dataclass(eq=False)
class Graph:
    """Outputs, and the inputs that they are functions of.

    Attributes
    ----------
    inputs, outputs
        In the order of the function; names are unique, and fit for a program.
    notes
        Sentences on what the file takes for granted, for whoever reads it.
    parameters
        Names of the user's shared variables, by shape and bytes.
    """

    inputs: list[Value]
    outputs: list[Value]
    output_names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parameters: dict[tuple[Shape, bytes], str] = field(default_factory=dict)

    def nodes(self) -> list[Node]:
        """Every node, each after those that it reads."""
        return nodes_before(self.outputs)

    def constants(self) -> list[Value]:
        """The constants that nodes and outputs read, in the order of the nodes."""
        read = [v for node in self.nodes() for v in node.inputs if v is not None] + self.outputs
        return [v for v in dict.fromkeys(read) if v.constant is not None]

    def size(self) -> int:
        """Nodes, those of bodies too."""
        return sum(
            1 + (node.attributes["body"].size() if "body" in node.attributes else 0)
            for node in self.nodes()
        )


def is_number(value: Value | None) -> bool:
    """Whether a value is one number that is known."""
    return value is not None and value.constant is not None and value.constant.size == 1


def number_of(value: Value | None) -> int | None:
    """The whole number that a scalar is known to be."""
    return None if value is None or value.constant is None else int(value.constant)


def value_in(known: Mapping[Value, Any], value: Value | None) -> Any:
    """The array of a value: its own, or the one that is `known`."""
    if value is None:
        return None
    return known[value] if value.constant is None else value.constant


Reads = Callable[[Node], Sequence[Value | None]]


def inputs_of(node: Node) -> Sequence[Value | None]:
    """What a node reads."""
    return node.inputs


def nodes_before(outputs: Iterable[Value], reads: Reads = inputs_of) -> list[Node]:
    """The nodes that `outputs` need, each after those that it reads."""
    order: dict[Node, None] = {}
    # A stack of our own: a network of a thousand steps written out is deeper than Python's.
    stack = [(v.node, False) for v in reversed(list(outputs)) if v.node is not None]
    while stack:
        node, is_done = stack.pop()
        if node in order:
            continue
        if is_done:
            order[node] = None
            continue
        stack.append((node, True))
        stack += [
            (v.node, False)
            for v in reversed(reads(node))
            if v is not None and v.node is not None and v.node not in order
        ]
    return list(order)


def depends_on(value: Value, sources: Sequence[Value]) -> set[Value]:
    """Which of `sources` a value is a function of."""
    # Behind a source nothing is looked for: what that depends on is its own matter.
    wanted, found, seen, stack = set(sources), set(), set(), [value]
    while stack:
        each = stack.pop()
        if each in seen:
            continue
        seen.add(each)
        if each in wanted:
            found.add(each)
        elif each.node is not None:
            stack += [v for v in each.node.inputs if v is not None]
    return found


def readers(outputs: Iterable[Value], reads: Reads = inputs_of) -> Counter[Value]:
    """How often each value is read by a node, or is an output."""
    outputs = list(outputs)
    counts = Counter(outputs)
    for node in nodes_before(outputs, reads):
        counts.update(v for v in reads(node) if v is not None)
    return counts
