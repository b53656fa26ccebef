"""Subgraphs that are one operator: one row of `SUBGRAPHS` each.

A row has a pattern, as text, and a function that says what stands for what was matched. In a pattern, operators are
called by their names, a lower-case word matches any value (the same one wherever it stands), a number matches constants
that are that number throughout, and an attribute may be bound to a word too. Factors and summands match in either
order.

How to add one: write the row. For a pattern that is no tree of a fixed form, give the operator at its root as
``Root(*)`` and look for the rest in the function, as the convolutions do.

>>> from symrnn.export.build import Builder
>>> b, x = Builder(), Value("float32", (None, 3), "x")
>>> power = b.make("Exp", x)
>>> total = b.make("ReduceSum", power, dtype="float32", shape=(None,), axes=(1,))
>>> found = replaced(b, b.make("Div", power, b.unsqueeze(total, 1)))
>>> found.node.op, found.node.attributes
('Softmax', {'axis': 1})
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np

from symrnn.export.build import Builder
from symrnn.export.convolution import conv_of_columns, conv_of_rows, padded, pooled, pooled_twice
from symrnn.export.graph import Node, Value
from symrnn.export.lengths import length, same

Binding = dict[str, Any]
COMMUTATIVE = {"Add", "Mul", "Max", "Min"}


@dataclass(frozen=True)
class Subgraph:
    """A row: see the module's docstring.

    `result` gets the builder and what the words stand for; ``root`` is the node.
    """

    name: str
    pattern: str
    result: Callable[[Builder, Binding], Value | None]


def _softmax(op: str) -> Callable[[Builder, Binding], Value | None]:
    def result(b: Builder, found: Binding) -> Value | None:
        x, axes = found["x"], found["a"]
        axis = axes if isinstance(axes, int) else axes[0] if len(axes) == 1 else None
        # What is taken off changes nothing only where it is one number along the axis: a maximum over that one, too.
        if axis is None or axis not in found.get("b", (axis,)):
            return None
        return b.make(op, x, dtype=x.dtype, shape=x.shape, axis=axis)

    return result


def _log_sum_exp(b: Builder, found: Binding) -> Value | None:
    x, root = found["x"], found["root"]
    [out] = root.outputs
    return b.make("ReduceLogSumExp", x, dtype=out.dtype, shape=out.shape, axes=found["a"])


def _log_sum_exp_kept(b: Builder, found: Binding) -> Value | None:
    x, axes = found["x"], found["a"]
    shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    made = b.make("ReduceLogSumExp", x, dtype=x.dtype, shape=shape, axes=axes)
    return b.unsqueeze(made, *axes)


def _mean(b: Builder, found: Binding) -> Value | None:
    """``sum(x) / n`` where n is what was summed."""
    x, axes, out = found["x"], found["a"], found["root"].outputs[0]
    number = found["n"]
    # A count is cast to a float, and given axes, before it divides.
    while number.node is not None and number.node.op in ("Unsqueeze", "Cast", "Squeeze"):
        number = number.node.inputs[0]
    sizes = [length(b, x, axis) for axis in axes]
    expected = sizes[0]
    for size in sizes[1:]:
        expected = b.make("Mul", expected, size)
    # The builder makes equal expressions once, so the same product of lengths is the same object.
    is_count = number is expected
    if number.constant is not None and expected.constant is not None:
        is_count = number.constant.size == 1 and number.constant.item() == int(expected.constant)
    if not is_count and not (number.ndim == 0 and same(number, expected)):
        return None
    if out.ndim != x.ndim - len(axes):
        return None
    return b.make("ReduceMean", x, dtype=out.dtype, shape=out.shape, axes=axes)


def _unary(op: str) -> Callable[[Builder, Binding], Value | None]:
    def result(b: Builder, found: Binding) -> Value | None:
        # The constants of a pattern may have more axes than x, and so give it some.
        x = found["x"]
        return b.make(op, x) if x.shape == found["root"].outputs[0].shape else None

    return result


def _dense(b: Builder, found: Binding) -> Value | None:
    """``x @ w + b`` with a weight and a bias that are known."""
    x, w, bias = found["x"], found["w"], found["b"]
    is_known = w.constant is not None and bias.constant is not None and w.ndim == 2 and x.ndim > 1
    if not is_known or bias.constant.size != w.shape[1] or bias.shape[-1:] != (w.shape[1],):
        return None
    if bias.ndim > x.ndim:
        return None
    flat = b.constant(bias.constant.reshape(-1), bias.name)
    out = found["root"].outputs[0]
    return b.make("Dense", x, w, flat, dtype=out.dtype, shape=out.shape)


def _batch_norm(b: Builder, found: Binding) -> Value | None:
    """``(x - mean) * rate + shift``, numbers of a channel, the second axis."""
    x = found["x"]
    parts = [found["mean"], found["rate"], found["shift"]]
    if x.ndim < 3 or any(part.constant is None for part in parts):
        return None
    channels = x.shape[1]
    if channels is None:
        return None
    by_channel = [np.ones((1, channels, *(1,) * (x.ndim - 2)))]
    try:
        arrays = [np.broadcast_to(part.constant, by_channel[0].shape).reshape(-1) for part in parts]
    except ValueError:
        return None
    # Numbers that are the same for all channels are no batch normalisation, but a scale.
    if channels > 1 and all(part.constant.size == 1 for part in parts):
        return None
    mean, rate, shift = (b.constant(array.astype(b.floats)) for array in arrays)
    # The rate holds the variance already: divided by one, it stays as it is.
    variance = b.constant(np.ones(channels, b.floats))
    return b.make(
        "BatchNormalization", x, rate, shift, mean, variance, dtype=x.dtype, shape=x.shape
    )


SUBGRAPHS: tuple[Subgraph, ...] = (
    Subgraph("sigmoid", "Div(1, Add(1, Exp(Neg(x))))", _unary("Sigmoid")),
    Subgraph("sigmoid, by a reciprocal", "Reciprocal(Add(1, Exp(Neg(x))))", _unary("Sigmoid")),
    Subgraph("rectifier, by the modulus", "Mul(0.5, Add(x, Abs(x)))", _unary("Relu")),
    Subgraph("rectifier, by a choice", "Where(Greater(x, 0), x, 0)", _unary("Relu")),
    Subgraph(
        "softmax",
        "Div(Exp(x), Unsqueeze(ReduceSum(Exp(x), axes=a), axes=a))",
        _softmax("Softmax"),
    ),
    Subgraph(
        "softmax of what was moved below zero",
        "Softmax(Sub(x, Unsqueeze(ReduceMax(x, axes=b), axes=b)), axis=a)",
        _softmax("Softmax"),
    ),
    Subgraph("log-softmax", "Log(Softmax(x, axis=a))", _softmax("LogSoftmax")),
    Subgraph(
        "log-softmax, by its sum",
        "Sub(x, Unsqueeze(ReduceLogSumExp(x, axes=a), axes=a))",
        _softmax("LogSoftmax"),
    ),
    Subgraph("logarithm of a sum of powers", "Log(ReduceSum(Exp(x), axes=a))", _log_sum_exp),
    Subgraph(
        "logarithm of a sum of powers, its axis kept",
        "Log(Unsqueeze(ReduceSum(Exp(x), axes=a), axes=a))",
        _log_sum_exp_kept,
    ),
    Subgraph("mean", "Div(ReduceSum(x, axes=a), n)", _mean),
    Subgraph("batch normalisation", "Add(Mul(Sub(x, mean), rate), shift)", _batch_norm),
    Subgraph("dense layer", "Add(MatMul(x, w), b)", _dense),
    Subgraph("padding", "Update(*)", padded),
    Subgraph("convolution over time, of columns joined", "MatMul(*)", conv_of_rows),
    Subgraph("convolution, of windows joined", "Transpose(*)", conv_of_columns),
    Subgraph("maximum of a window", "Max(*)", pooled),
    Subgraph("maxima along several axes", "MaxPool(*)", pooled_twice),
)


def replaced(b: Builder, value: Value) -> Value:
    """What the first row that matches says of a value, again and again; the value itself where none does."""
    while value.node is not None:
        made = _replaced_once(b, value.node)
        if made is None or made is value:
            return value
        value = made
    return value


def _replaced_once(b: Builder, node: Node) -> Value | None:
    for row in SUBGRAPHS:
        tree = _parsed(row.pattern)
        if tree.func.id != node.op:
            continue
        found = next(iter(_call(tree, node, {})), None)
        made = None if found is None else row.result(b, {**found, "root": node})
        if made is not None:
            return made
    return None


@cache
def _parsed(pattern: str) -> Any:
    return ast.parse(pattern.replace("(*)", "()"), mode="eval").body


def _matches(tree: Any, value: Value | None, found: Binding) -> Iterator[Binding]:
    if value is None:
        return
    match tree:
        case ast.Constant(number):
            if value.constant is not None and np.all(value.constant == number):
                yield found
        case ast.Name(word):
            if word not in found:
                yield {**found, word: value}
            elif found[word] is value:
                yield found
        case ast.Call(ast.Name(op)):
            if value.node is not None and value.node.op == op:
                yield from _call(tree, value.node, found)


def _call(tree: Any, node: Node, found: Binding) -> Iterator[Binding]:
    if not tree.args and not tree.keywords:  # written ``Root(*)``
        yield found
        return
    for keyword in tree.keywords:
        given = node.attributes.get(keyword.arg)
        if found.setdefault(keyword.value.id, given) != given:
            return
    orders = permutations(node.inputs) if node.op in COMMUTATIVE else [node.inputs]
    for inputs in orders:
        if len(inputs) == len(tree.args):
            yield from _all(tree.args, list(inputs), dict(found))


def _all(trees: list[Any], values: list[Any], found: Binding) -> Iterator[Binding]:
    if not trees:
        yield found
        return
    for each in _matches(trees[0], values[0], dict(found)):
        yield from _all(trees[1:], values[1:], each)
