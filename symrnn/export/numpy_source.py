"""A graph as a readable file of NumPy, with its weights beside it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symrnn.export.arithmetic import HELPERS, formula
from symrnn.export.graph import Graph, Node, Value, is_number
from symrnn.export.line_breaks import WIDTH, broken, signature
from symrnn.export.numpy_layers import CALLS, LayerFunction, function_of, source_of
from symrnn.export.python_source import (
    ATOM,
    BUILTINS,
    Source,
    Text,
    described,
    number_text,
    operator_text,
)

RESERVED = {"np", "math", "Path", "weights", *BUILTINS}
# Operators whose first operand has something called or taken of it; all others put theirs between brackets.
RECEIVERS = {"Cast", "Transpose", "Reshape", "Squeeze", "Slice", "Gather", "GatherND", "Dim"}
RECEIVERS |= {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceAll"}
RECEIVERS |= {"ReduceAny", "ArgMax", "CumSum"}


class NumpySource(Source):
    """Statements in NumPy."""

    library = "numpy"
    lacking: Mapping[str, str] = HELPERS  # text of each function that a file may need besides

    def __init__(self, floats: str) -> None:
        super().__init__(RESERVED)
        self.floats = floats
        self.weights: dict[str, np.ndarray] = {}
        self._named: dict[Value, Text] = {}
        self._layers: dict[LayerFunction, str] = {}
        self._needed: dict[str, str] = {}

    def formula(self, node: Node, operands: list[Any]) -> Text:
        if (infix := operator_text(node, operands)) is not None:
            return infix
        if node.op == "Dense":
            return Text(f"{operands[0].within(12)} @ {operands[1]} + {operands[2]}", 11)
        if node.op == "Reciprocal":
            return Text(f"1 / {operands[0].within(13)}", 12)
        if node.op == "Expand" and (filled := self.filled(node, operands)) is not None:
            return filled
        if node.op == "Cast" and node.outputs[0].ndim == 0:  # a length has no `astype`
            kind = node.attributes["to"]
            return Text(f"np.{'bool_' if kind == 'bool' else kind}({operands[0]})")
        if node.op in RECEIVERS:
            operands = [operands[0].within(ATOM), *operands[1:]]
        text = formula(node.op, operands, node.attributes)
        for helper in HELPERS:
            if text.startswith(f"{helper}("):
                text = self.need(helper) + text.removeprefix(helper)
        if node.op == "Where" and all(is_number(each) for each in node.inputs[1:]):
            text += f".astype(np.{node.outputs[0].dtype})"  # of two numbers NumPy makes doubles
        return Text(text)

    def filled(self, node: Node, operands: list[Any]) -> Text | None:
        """A number in every place of a shape."""
        fill: Any = node.inputs[0]
        if fill.constant is None or fill.constant.size != 1:
            return None
        return self.full(operands[1:], fill.constant)

    def full(self, sizes: Sequence[str], number: np.ndarray) -> Text:
        """An array of these sizes that is one number throughout."""
        shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        kind = f"np.{number.dtype}" if number.dtype != "bool" else "bool"
        if not np.any(number):
            return Text(f"np.zeros({shape}, {kind})")
        return Text(f"np.full({shape}, {self.number(number)}, {kind})")

    def number(self, array: np.ndarray) -> Text:
        text = number_text(array)
        return Text(text, 13 if text.startswith("-") else 100)

    def need(self, helper: str) -> str:
        """What a helper is called in the file, which has it from now on."""
        if helper not in self._needed:
            # The file's function, which was named before, and the user's values go first: helpers are called otherwise.
            self._needed[helper] = name = self.names.fresh(helper)
            self.helpers[helper] = re.sub(rf"\b{helper}\b", name, self.lacking[helper], count=1)
        return self._needed[helper]

    def constant(self, value: Value) -> Text:
        array = value.constant
        assert array is not None
        if array.ndim == 0:
            return self.number(array)
        if array.size == 1 and not value.name:
            return self.full([str(size) for size in array.shape], array)
        if value not in self._named:
            self._named[value] = Text(self.weight(value.name or "constant", array))
        return self._named[value]

    def weight(self, name: str, array: np.ndarray) -> str:
        """Keep an array beside the file; the name that it has in it."""
        known = self.names.fresh(name)
        self.weights[known] = array
        return known

    def reads(self, node: Node) -> Sequence[Value | None]:
        # Both directions walk the sequence, which gets a name where it is read twice.
        return [*node.inputs, node.inputs[0]] if node.op == "Bidirectional" else node.inputs

    def layer(self, node: Node) -> None:
        function = function_of(node)
        if node.op == "Recurrent":
            # Two of the three where the layer has no c.
            each = zip(node.outputs, ["hs", "h", "c"], self.used, strict=False)
            outs = [self.bind(out, hint) if used else "_" for out, hint, used in each]
            reverse = node.attributes["reverse"]
            self.call(node, function, outs, node.inputs[1:6], node.inputs[7:], reverse)
            return
        states = node.inputs[12:]
        half = len(states) // 2
        ys = []
        for side, start in (("forward", 0), ("backward", 1)):
            finals = node.outputs[1 + start * half : 1 + (start + 1) * half]
            read = [self.used[node.outputs.index(out)] for out in finals]
            each = zip(finals, "hc", read, strict=False)
            names = [self.bind(v, f"{side}_{s}") if is_read else "_" for v, s, is_read in each]
            ys.append(self.names.fresh(side))
            given = states[start * half : (start + 1) * half]
            weights = node.inputs[1 + 5 * start : 6 + 5 * start]
            self.call(node, function, [ys[-1], *names], weights, given, start == 1)
        self.assign(self.bind(node.outputs[0], "hs"), self.side_by_side(ys))

    def layer_function(self, function: LayerFunction) -> str:
        """The name of a layer's function, which the file then has; weights may be called as its kind is."""
        if function not in self._layers:
            self._layers[function] = self.names.fresh(function.name)
            name = self._layers[function]
            known = CALLS[self.library]
            calls = [known[activation] for activation in function.activations]
            calls = [self.need(call) if call in self.lacking else call for call in calls]
            self.helpers[name] = source_of(function, self.library, name, calls)
        return self._layers[function]

    def side_by_side(self, parts: Sequence[str]) -> str:
        """Outputs of both directions joined."""
        return f"np.concatenate([{', '.join(parts)}], axis=2)"

    def call(
        self, node: Any, function: Any, outs: Any, weights: Any, states: Any, reverse: bool
    ) -> None:
        """Write the call of a layer's function."""
        mask = node.inputs[11 if node.op == "Bidirectional" else 6]
        names = ["w_x", "w_h", "b", "b_n", "p"]
        by_name = dict(zip(names, weights, strict=True))
        width = weights[1].shape[0]
        arguments = [self.text(node.inputs[0])]
        for name in function.weights:
            value = by_name[name]
            if value is None:  # the other direction has one
                zeros = np.zeros(width if name == "b_n" else (3, width), self.floats)
                arguments.append(Text(self.weight(f"no_{name}", zeros)))
            else:
                arguments.append(self.text(value))
        arguments += [self.text(v) for v in [mask, *states] if v is not None]
        if reverse:
            arguments.append(Text("reverse=True"))
        called = self.layer_function(function)
        self.assign(", ".join(outs), f"{called}({', '.join(arguments)})")

    def stacked(self, name: str) -> str:
        return f"np.stack({name})"


OPENED = 'np.load(Path(__file__).with_suffix(".npz"))'


def numpy_source(
    graph: Graph, name: str, floats: str = "float32"
) -> tuple[str, dict[str, np.ndarray]]:
    """The file ``NAME.py``, and the arrays of ``NAME.npz``.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from symrnn.export.matching import matched
    >>> x = pt.matrix("x")
    >>> text, weights = numpy_source(matched([x], [2 * pt.tanh(x) + 1]), "curve")
    >>> print(text)
    \"\"\"curve, in NumPy.\"\"\"
    <BLANKLINE>
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def curve(x):
        \"\"\"output (T, B) from x (T, B).\"\"\"
        return 2.0 * np.tanh(x) + 1.0
    <BLANKLINE>
    """
    source = NumpySource(floats)
    function = source.names.fresh(name)
    inputs = [source.bind(v, "x") for v in graph.inputs]
    source.write(graph)
    results = [source.text(out) for out in graph.outputs]
    returned(source, results)
    body = [*signature(function, inputs), *described(graph, inputs), *source.lines]
    parts = [*source.helpers.values(), "\n".join(body)]
    return "\n\n\n".join([header(source, name), *parts]) + "\n", source.weights


def returned(source: Source, results: Sequence[str]) -> None:
    """Write the return statement; what was assigned in the line before is returned at once."""
    at, target, expression = source.last
    if len(results) == 1 and target == results[0]:
        del source.lines[at:]
        results = [expression]
    line = f"return {', '.join(results)}"
    if len(line) + 4 * source.indent <= WIDTH:
        source.put(line)
        return
    whole = results[0] if len(results) == 1 else f"({', '.join(results)})"
    for each in broken("return ", whole, 80):
        source.put(each)


def docstring(source: NumpySource, title: str, name: str, notes: Sequence[str] = ()) -> list[str]:
    """The lines of a file's docstring: where its weights are, and what is to be said besides."""
    lines = [f'"""{title}']
    if source.weights:
        lines += ["", kept_in(f"{name}.npz")]
    lines += ["", *notes] if notes else []
    return [f'{lines[0]}"""'] if len(lines) == 1 else [*lines, '"""']


def kept_in(name: str) -> str:
    """What a file says of its weights."""
    return f"The weights are those of {quoted(name)} beside this file."


def quoted(name: str) -> str:
    """A file's name within a docstring."""
    return re.sub(r'(["\\])', r"\\\1", name)


def header(source: NumpySource, name: str) -> str:
    """The docstring, imports, and weights."""
    lines = docstring(source, f"{quoted(name)}, in NumPy.", name)
    imports = ["import math"] if "erf" in source.helpers else []
    imports += ["from pathlib import Path"] if source.weights else []
    lines += ["", *imports, *([""] if imports else []), "import numpy as np"]
    if source.weights:
        lines += ["", f"with {OPENED} as weights:"]
        lines += [f'    {known} = weights["{known}"]' for known in source.weights]
    return "\n".join(lines)
