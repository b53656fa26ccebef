"""Python source of a graph: statements as a person would write them, for whichever library computes.

What is read once and is short stands where it is read; whatever else gets a name, the user's own where there is one.
"""

import re
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from symrnn.export.arithmetic import ELEMENTWISE, place
from symrnn.export.graph import Graph, Node, Value, is_number, nodes_before, readers
from symrnn.export.line_breaks import WIDTH, broken
from symrnn.export.names import Names, identifier

INLINED = 44  # characters of an expression that stands where it is read
# The numbers are the order of Python's grammar: comparisons, | ^ &, sums, products, signs (13), powers.
BINARY = {  # operator: its sign, and how tightly it binds
    "Add": ("+", 11),
    "Sub": ("-", 11),
    "Mul": ("*", 12),
    "Div": ("/", 12),
    "FloorDiv": ("//", 12),
    "Mod": ("%", 12),
    "MatMul": ("@", 12),
    "Pow": ("**", 14),
    "And": ("&", 8),
    "Xor": ("^", 7),
    "Or": ("|", 6),
    "Equal": ("==", 5),
    "Less": ("<", 5),
    "LessOrEqual": ("<=", 5),
    "Greater": (">", 5),
    "GreaterOrEqual": (">=", 5),
}
# What the text of a file calls of Python's own: nothing else in it may have these names.
BUILTINS = {
    "bool",
    "len",
    "list",
    "max",
    "min",
    "range",
    "reversed",
    "slice",
    "super",
    "tuple",
    "zip",
}
UNARY = {"Neg": "-", "Not": "~"}
ATOM = 100
HINTS = {  # operator: what its value is called for want of a name
    "MatMul": "product",
    "Dense": "dense",
    "Relu": "rectified",
    "Softmax": "shares",
    "LogSoftmax": "log_shares",
    "Gather": "taken",
    "Concat": "joined",
    "Conv": "convolved",
    "MaxPool": "pooled",
    "BatchNormalization": "normalized",
    "Transpose": "turned",
    "Slice": "part",
    "Expand": "filled",
    "Mul": "scaled",
    "Add": "total",
    "Sub": "difference",
    "Tanh": "squashed",
    "Sigmoid": "opened",
    "Where": "chosen",
    "ReduceMax": "highest",
    "ReduceSum": "summed",
    "ReduceMean": "mean",
    "Cast": "as_type",
    "Equal": "is_equal",
    "Pad": "padded",
}


class Text(str):
    """An expression that knows how tightly it binds."""

    binds: int

    def __new__(cls, text: str, binds: int = ATOM) -> "Text":
        made = super().__new__(cls, text)
        made.binds = binds
        return made

    def within(self, binds: int) -> str:
        """The expression as an operand of what binds so tightly."""
        return str(self) if self.binds >= binds else f"({self})"


class Source(ABC):
    """Writes statements; a dialect says how its library spells an operator, a constant and a layer."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self.names = Names(reserved)
        self.lines: list[str] = []
        self.indent = 1
        self.last: tuple[int, str, str] = (0, "", "")  # assignment: its line, target, expression
        self.texts: dict[Value, Text] = {}
        self.helpers: dict[str, str] = {}  # functions that the file needs, by name

    @abstractmethod
    def formula(self, node: Node, operands: list[Any]) -> Text:
        """The expression of a node with one output; operands are `Text`, or None."""

    @abstractmethod
    def constant(self, value: Value) -> Text:
        """The expression of a constant."""

    @abstractmethod
    def number(self, array: np.ndarray) -> Text:
        """The expression of an array of one entry as a number."""

    @abstractmethod
    def layer(self, node: Node) -> None:
        """Write the statements of a recurrent layer."""

    @abstractmethod
    def stacked(self, name: str) -> str:
        """The expression of a list of arrays as one array."""

    def reads(self, node: Node) -> Sequence[Value | None]:
        """What the statements of a node read of its inputs."""
        return node.inputs

    def called_module(self, node: Node) -> Text | None:
        """The call of a module that keeps a node's constants, where the library has one."""
        return None

    def put(self, line: str) -> None:
        """Write a line of the function."""
        self.lines.append("    " * self.indent + line if line else "")

    def assign(self, target: str, expression: str) -> None:
        """Write an assignment, broken where it is too long."""
        self.last = (len(self.lines), target, expression)
        room = WIDTH - 4 * self.indent
        if len(target) + 3 + len(expression) <= room:
            self.put(f"{target} = {expression}")
            return
        for line in broken(f"{target} = ", expression, room):
            self.put(line)

    def text(self, value: Value) -> Text:
        """The expression that stands for a value."""
        if value.constant is not None:
            return self.constant(value)
        return self.texts[value]

    def bind(self, value: Value, wanted: str = "") -> str:
        """Name a value that a statement is about to make."""
        name = self.names.fresh(value.name or wanted or "value")
        self.texts[value] = Text(name)
        return name

    def write(self, graph: Graph) -> None:
        """Write the statements of every node."""
        counts = readers(graph.outputs, self.reads)
        for node in nodes_before(graph.outputs, self.reads):
            if node.op in ("Recurrent", "Bidirectional"):
                self.used = [out in counts for out in node.outputs]
                self.layer(node)
            elif node.op == "Loop":
                self.loop(node, counts)
            else:
                self.one(node, counts)

    def one(self, node: Node, counts: dict[Value, int]) -> None:
        """A node with one output: inline, or assigned."""
        [out] = node.outputs
        made = self.called_module(node)
        if made is None:
            operands = [None if v is None else self.operand(node, v) for v in node.inputs]
            made = self.formula(node, operands)
        is_short = len(made) <= INLINED or node.op in ("Dim", "Squeeze", "Unsqueeze")
        if (counts.get(out, 0) == 1 and is_short and not out.name) or node.op == "Dim":
            self.texts[out] = made
        else:
            self.assign(self.bind(out, self.hint(node)), made)

    def operand(self, node: Node, value: Value) -> Text:
        """What a node reads: an array of one entry as a number, where it gives the result no axes."""
        array = value.constant
        if array is not None and array.size == 1 and not value.name:
            others = (v for v in node.inputs if v is not None and v.ndim and not is_number(v))
            is_free = any(other.ndim >= value.ndim for other in others)
            is_spread = node.op == "Expand" or (node.op == "Update" and value is node.inputs[1])
            if is_spread or (node.op in ELEMENTWISE and is_free):
                return self.number(array)
        return self.text(value)

    def hint(self, node: Node) -> str:
        """What a value is called that has no name."""
        table, index = [*node.inputs, None, None][:2]
        is_lookup = node.op == "Gather" and table is not None and table.constant is not None
        if is_lookup and index is not None and index.ndim:
            return "embedded"
        return HINTS.get(node.op, node.op.lower())

    def loop(self, node: Node, counts: dict[Value, int]) -> None:
        """A loop over time, its body as statements."""
        body, states, sequences = (node.attributes[key] for key in ("body", "states", "sequences"))
        for inner, outer in zip(body.inputs[:states], node.inputs[:states], strict=True):
            # A loop's state is one variable: it is assigned before, replaced at each step, and is the last state
            # afterwards.
            self.assign(self.bind(inner, "state"), self.text(outer))  # type: ignore[arg-type]
        walked = [self.text(v) for v in node.inputs[states : states + sequences]]  # type: ignore[arg-type]
        read = readers(body.outputs, self.reads)
        elements = [
            self.bind(v, "x") if v in read else "_"
            for v in body.inputs[states : states + sequences]
        ]
        walked_inputs = states + sequences
        rest = zip(body.inputs[walked_inputs:], node.inputs[walked_inputs:], strict=True)
        for inner, outer in rest:
            self.texts[inner] = self.text(outer)  # type: ignore[arg-type]
        used = [i for i in range(states, len(node.outputs)) if node.outputs[i] in counts]
        traces = {i: self.bind(node.outputs[i], "hs") for i in used}
        for trace in traces.values():
            self.put(f"{trace} = []")
        whole = walked[0] if len(walked) == 1 else f"zip({', '.join(walked)}, strict=True)"
        self.put(f"for {', '.join(elements)} in {whole}:")
        self.indent += 1
        self.step(body, states, traces)
        self.indent -= 1
        for i, trace in traces.items():
            if counts[node.outputs[i]] == 1:
                self.texts[node.outputs[i]] = Text(self.stacked(trace))
            else:
                self.put(f"{trace} = {self.stacked(trace)}")
        for inner, out in zip(body.inputs[:states], node.outputs[:states], strict=True):
            self.texts[out] = self.texts[inner]

    def step(self, body: Graph, states: int, traces: dict[int, str]) -> None:
        """The statements of one round; `traces` are the lists that take some of its outputs."""
        self.write(
            Graph(body.inputs, [*body.outputs[:states], *map(body.outputs.__getitem__, traces)])
        )
        # Before the states are replaced: a record may be written as an expression of the old ones.
        kept = {i: self.text(body.outputs[i]) for i in traces}
        for i, trace in traces.items():
            self.put(f"{trace}.append({kept[i]})")
        each = zip(body.inputs, body.outputs[:states], strict=False)
        # All at once, as a tuple: a next state may read another old one.
        pairs = [(self.texts[old], self.text(new)) for old, new in each]
        self.assign(", ".join(a for a, _ in pairs), ", ".join(b for _, b in pairs))


def operator_text(node: Node, operands: Sequence[Any]) -> Text | None:
    """Infix and prefix operators; None for whatever is no such."""
    if node.op in BINARY:
        sign, binds = BINARY[node.op]
        left, right = operands
        # What binds alike is read from the left, and chained comparisons are none.
        tight = binds + 1 if sign in ("-", "/", "//", "%", "@", "*") or binds == 5 else binds
        # Powers are read from the right, so the left operand needs brackets where others' does not.
        first = left.within(binds + 1 if binds in (5, 14) else binds)
        second = right.within(tight)
        # ruff puts no spaces around a power of two names or numbers.
        if sign == "**" and re.fullmatch(r"[\w.]+", first) and re.fullmatch(r"-?[\w.]+", second):
            return Text(f"{first}**{second}", binds)
        return Text(f"{first} {sign} {second}", binds)
    if node.op in UNARY:
        # Tighter than a power, for -x**2 would be -(x**2).
        return Text(f"{UNARY[node.op]}{operands[0].within(15)}", 13)
    return None


def shape_text(value: Value) -> str:
    """A shape for people: what is not known is a letter of the axis."""
    letters = iter("TBN" if value.ndim > 1 else "N")
    each = []
    for size in value.shape:
        letter = next(letters, "K")
        each.append(letter if size is None else str(size))
    return f"({', '.join(each)}{',' if len(each) == 1 else ''})"


def number_text(value: np.ndarray) -> str:
    """A scalar as a person writes it: the shortest digits that are the same number."""
    scalar = value.reshape(()).item()
    if isinstance(scalar, float) and value.dtype == np.float32:
        # NumPy's text of a float32 is the shortest that comes back to it; as a double 0.1 would be 0.10000000149011612.
        scalar = float(str(value.reshape(())[()]))
    text = repr(scalar)
    return {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(text, text)


def described(graph: Graph, names: Sequence[str], indent: int = 1) -> list[str]:
    """The lines of a docstring that say what comes out of what."""
    outs = [
        f"{identifier(n)} {shape_text(v)}"
        for n, v in zip(graph.output_names, graph.outputs, strict=True)
    ]
    ins = [f"{n} {shape_text(v)}" for n, v in zip(names, graph.inputs, strict=True)]
    margin = "    " * indent
    sentence = f"{listed(outs)}{f' from {listed(ins)}' if ins else ''}."
    if len(margin) + len(sentence) + 6 <= WIDTH:
        return [f'{margin}"""{sentence}"""']
    shapes = [f"{margin}{line}" for line in textwrap.wrap(sentence, WIDTH - len(margin))]
    first = f"{listed([identifier(n) for n in graph.output_names])} from {listed(list(names))}."
    if len(margin) + len(first) + 3 > WIDTH:
        first = f"{len(graph.output_names)} arrays from {len(names)}."
    return [f'{margin}"""{first}', "", *shapes, f'{margin}"""']


def listed(items: Sequence[str]) -> str:
    """Items as a sentence lists them.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


__all__ = ["Source", "Text", "place"]
