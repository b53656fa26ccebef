"""A recognised layer is proved at random points: the step that was written against the cell that was read off."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from symrnn.export.algebra import NUMBERS, Algebra, Blocks, Form, Sum
from symrnn.export.arithmetic import evaluated
from symrnn.export.graph import Node, Value, nodes_before, value_in

POINTS = 4
TOLERANCE = 2e-5  # weights are read in the float32 of the graph
ACTIVATION = {**NUMBERS, "Softplus": lambda x: np.logaddexp(x, 0)}


def is_proved(algebra: Algebra, layer: Any, node: Node, known: Mapping[Value, Sum]) -> bool:
    """Whether the step of a Loop and a layer agree at random inputs, states and masks."""
    rng = np.random.default_rng(0)
    body, count = node.attributes["body"], node.attributes["states"]
    leaves: dict[Any, np.ndarray] = {}

    def drawn(name: Any, width: int) -> np.ndarray:
        if name not in leaves:
            is_mask = layer.mask is not None and name == layer.mask
            draw = (
                rng.integers(0, 2, (POINTS, width)) if is_mask else rng.normal(size=(POINTS, width))
            )
            leaves[name] = np.asarray(draw, float)
        return leaves[name]

    width = layer.w_h.shape[0]
    states = [drawn(body.inputs[i], width) for i in layer.order]
    xs = np.concatenate(
        [drawn(s, s.value.shape[-1] or rows) for s, rows in _sizes(layer)], axis=1
    )  # fmt: skip
    for element in body.inputs[count : count + node.attributes["sequences"]]:
        _leaves(algebra, known[element], drawn)
    is_single = body.inputs[0].ndim == 1
    after = np.array(_stepped(algebra, body, known, leaves, layer, is_single))
    expected = np.array(cell_step(layer, xs, states))
    if layer.mask is not None:
        expected = np.where(leaves[layer.mask] != 0, expected, np.array(states))
    return after.shape == expected.shape and np.allclose(
        after, expected, rtol=TOLERANCE, atol=TOLERANCE
    )


def _sizes(layer: Any) -> list[tuple[Any, int]]:
    total = layer.w_x.shape[0]
    known = [s.value.shape[-1] for s in layer.sources]
    # A sequence of an unknown number of features has the rows of w_x that the others leave.
    spare = total - sum(size or 0 for size in known)
    return [(s, size or spare) for s, size in zip(layer.sources, known, strict=True)]


def _leaves(algebra: Algebra, form: Sum, drawn: Any) -> None:
    """Draw whatever a form reads."""
    for each in form.forms if isinstance(form, Blocks) else [form]:
        for product in each.terms:
            for atom in product:
                _leaves_of_atom(algebra, atom, drawn)


def _leaves_of_atom(algebra: Algebra, atom: Any, drawn: Any) -> None:
    match atom:
        case ("leaf", name, _, high):
            drawn(name, high)
        case ("map", (product, width), _):
            for each in product:
                if each[0] == "leaf":
                    drawn(each[1], max(width, each[3]))
                else:
                    _leaves_of_atom(algebra, each, drawn)
        case ("fn", _, number):
            _leaves(algebra, algebra.forms[number], drawn)


def value_of(algebra: Algebra, form: Sum, leaves: Mapping[Any, np.ndarray]) -> np.ndarray:
    """The value of a form, ``(P, N)``."""
    if isinstance(form, Blocks):
        return np.concatenate([value_of(algebra, each, leaves) for each in form.forms], axis=1)
    total = np.zeros((POINTS, form.width))
    for product, c in form.terms.items():
        term = np.broadcast_to(c, (POINTS, form.width))
        for atom in product:
            term = term * _value_of_atom(algebra, atom, leaves)
        total = total + term
    return total


def _value_of_atom(algebra: Algebra, atom: Any, leaves: Mapping[Any, np.ndarray]) -> np.ndarray:
    match atom:
        case ("leaf", name, low, high):
            return leaves[name][:, low:high]
        case ("map", (product, width), number):
            inner = Form(width, {product: np.ones(width)})
            return value_of(algebra, inner, leaves) @ algebra.matrices[number]
        case ("fn", "nonzero", number):
            return (value_of(algebra, algebra.forms[number], leaves) != 0).astype(float)
        case ("fn", name, number):
            return ACTIVATION[name](value_of(algebra, algebra.forms[number], leaves))
    raise AssertionError(atom)


def _stepped(algebra, body, known, leaves, layer, is_single):
    """The next states by the body itself, in the layer's order."""
    values: dict[Value, Any] = {}
    for var in body.inputs:
        if var in known:
            array = value_of(algebra, known[var], leaves)
            values[var] = array[:, 0] if var.ndim < body.inputs[0].ndim else array
            values[var] = values[var].astype(var.dtype if var.dtype == "bool" else float)
    # A step without a batch multiplies a matrix by a vector, which means something else for several rows.
    rows = range(POINTS) if is_single else [slice(None)]
    results = []
    for row in rows:
        at = {var: array[row] for var, array in values.items()}
        results.append(run(body.outputs, at, [body.outputs[i] for i in layer.order]))
    return [
        np.stack([r[i] for r in results]) if is_single else results[0][i]
        for i in range(len(layer.order))
    ]


def run(outputs: list[Value], values: Mapping[Value, Any], wanted: list[Value]) -> list[np.ndarray]:
    """The values of some outputs of a graph without loops, on these of its inputs."""
    known = dict(values)
    for node in nodes_before(wanted):
        made = evaluated(node.op, [value_in(known, v) for v in node.inputs], node.attributes)
        known[node.outputs[0]] = made
    return [np.asarray(value_in(known, v)) for v in wanted]


def cell_step(layer: Any, x: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
    """One step of a cell, by its own equations."""
    z, r = x @ layer.w_x + layer.b, states[0] @ layer.w_h
    n = layer.w_h.shape[0]
    acts = [ACTIVATION[name] for name in layer.activations]
    if layer.kind == "RNN":
        return [acts[0](z + r)]
    if layer.kind == "GRU":
        f, g = acts
        reset = f(z[:, :n] + r[:, :n])
        update = f(z[:, n : 2 * n] + r[:, n : 2 * n])
        if layer.pattern.reset == "after":
            new = g(z[:, 2 * n :] + reset * (r[:, 2 * n :] + layer.b_n))
        else:
            new = g(z[:, 2 * n :] + (reset * states[0]) @ layer.w_h[:, 2 * n :])
        return [(1 - update) * new + update * states[0]]
    f, g, k = acts
    p = np.zeros((3, n)) if layer.p is None else layer.p
    a, c = z + r, states[1]
    c_new = f(a[:, n : 2 * n] + p[1] * c) * c + f(a[:, :n] + p[0] * c) * g(a[:, 3 * n :])
    return [f(a[:, 2 * n : 3 * n] + p[2] * c_new) * k(c_new), c_new]
