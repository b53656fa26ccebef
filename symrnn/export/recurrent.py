"""Loops that are layers of a known cell become `Recurrent` nodes.

A step's next states are put in the form of `symrnn.export.algebra`, with the projections that stand outside the loop,
and matched with the rows of `CELL_PATTERNS`. What was found is proved: the step, and the cell with the weights that
were read off, are evaluated at random points and must agree.

A ``Recurrent`` node reads ``xs (T, B, D), w_x (D, G*H), w_h (H, G*H), b (G*H), b_n (H) or None, p (3, H) or None,
mask (T, B) or None, h (B, H)`` and for an LSTM ``c (B, H)``, and puts out ``ys (T, B, H)`` and the last states. Columns
are those of `symrnn.cells`: LSTM ``i f o g``, GRU ``reset update new``; ``b_n`` is within the product that the reset
gate multiplies, ``p`` are peepholes ``i f o``. Attributes: ``kind, reverse, activations``, and ``reset`` of a GRU. Both
sequences are in the order of time whichever way the layer walks; where the mask is false, a state stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

from symrnn.export.algebra import Algebra, Form, NoForm, Sum, form_of
from symrnn.export.build import Builder
from symrnn.export.cell_patterns import (
    CELL_PATTERNS,
    Binding,
    CellPattern,
    Matcher,
    affine,
    without_peephole,
)
from symrnn.export.graph import Node, Value, nodes_before
from symrnn.export.indexing import places_of
from symrnn.export.proof import is_proved

ACTIVATIONS = {"Sigmoid", "Tanh", "Relu", "Softplus"}  # that ONNX has for a layer


@dataclass(frozen=True)
class Source:
    """A sequence that a step reads, and whether it is walked from its end."""

    value: Value
    is_reversed: bool


@dataclass
class Layer:
    """A loop that was recognised."""

    kind: str
    pattern: CellPattern
    activations: tuple[str, ...]
    sources: list[Source]
    w_x: np.ndarray
    w_h: np.ndarray
    b: np.ndarray
    b_n: np.ndarray | None
    p: np.ndarray | None
    mask: Source | None
    order: list[int]  # which of the loop's states is the first of the pattern, and so on

    @property
    def is_reversed(self) -> bool:
        """Whether it walks from the last step to the first."""
        return self.sources[0].is_reversed


def recognised(node: Node, used: list[bool]) -> Layer | None:
    """The layer that a Loop node is, where it puts out no more than a layer does; `used` says of each output whether
    it is read."""
    body, count = node.attributes["body"], node.attributes["states"]
    records = [
        out for out, is_used in zip(body.outputs[count:], used[count:], strict=True) if is_used
    ]
    # Which state is put out is seen from no name; of two, one order is tried after the other.
    for order in permutations(range(count)):
        # An operator of ONNX puts out h at every step and c at the last alone, so a c that is read at all steps is
        # none.
        if all(record is body.outputs[order[0]] for record in records):
            try:
                found = _layer(node, list(order))
            except NoForm:
                continue
            if found is not None:
                return found
    return None


def _layer(node: Node, order: list[int]) -> Layer | None:
    body, count = node.attributes["body"], node.attributes["states"]
    algebra = Algebra()
    states = [body.inputs[i] for i in order]
    known: dict[Value, Sum] = {}
    for state in states:
        known[state] = algebra.leaf(state, _width(state, body.outputs))
    elements = body.inputs[count : count + node.attributes["sequences"]]
    # Behind the sequences stands what every step reads whole, of which there are no elements.
    for element, outer in zip(elements, node.inputs[count:], strict=False):
        known[element] = _sequence(algebra, element, outer, states[0], body.outputs)  # type: ignore[arg-type]
    new = [form_of(algebra, body.outputs[i], dict(known)) for i in order]
    olds = [known[state] for state in states]
    if any(not isinstance(form, Form) for form in [*new, *olds]):
        return None
    mask, forms = _unmasked(algebra, new, olds)  # type: ignore[arg-type]
    for pattern in CELL_PATTERNS:
        if len(pattern.equations) != count:
            continue
        names = list(pattern.equations)
        leaves = {n: next(iter(old.terms)) for n, old in zip(names, olds, strict=True)}  # type: ignore[union-attr]
        matcher = Matcher(algebra, leaves, dict(zip(names, forms, strict=True)))
        # Of several ways to read a step the first that is proved: terms may be taken for one another where weights are
        # equal.
        for binding in matcher.matches(pattern):
            try:
                layer = _read(algebra, pattern, binding, states, matcher, mask, order)
            except NoForm:
                continue
            if layer is not None and is_proved(algebra, layer, node, known):
                return layer
    return None


def _width(state: Value, outputs: list[Value]) -> int:
    """Units of a state: known, or the rows of a matrix that it meets."""
    if state.shape and state.shape[-1] is not None:
        return state.shape[-1]
    for node in nodes_before(outputs):
        if node.op == "MatMul" and node.inputs[0] is state:
            matrix = node.inputs[1]
            if matrix is not None and matrix.constant is not None:
                return int(matrix.constant.shape[0])
    raise NoForm("a state of unknown width")


def _sequence(
    algebra: Algebra, element: Value, outer: Value, state: Value, outputs: list[Value]
) -> Sum:
    """What a step reads of a sequence, on the sequences that it was projected from."""
    if element.ndim < state.ndim - 1:
        raise NoForm("one number for all rows, which no layer reads")
    if element.ndim < state.ndim:  # one number for all units of a row
        return _source(algebra, outer, False, 1)
    try:
        form = _projected(algebra, outer, False)
        if form is not None:
            return form
    except NoForm:
        pass
    return _source(algebra, outer, False, _width(element, outputs))


def _source(algebra: Algebra, value: Value, is_reversed: bool, width: int) -> Form:
    while (node := value.node) is not None and node.op == "Slice":
        if node.attributes != {"axis": 0, "step": -1} or node.inputs[1:] != (None, None):
            break
        value, is_reversed = node.inputs[0], not is_reversed  # type: ignore[assignment]
    # One truth for all units of a row: a mask over single units would leave a state that is half old.
    is_truth = value.dtype == "bool" and width == 1
    return algebra.leaf(Source(value, is_reversed), width, is_truth=is_truth)


def _projected(algebra: Algebra, value: Value, is_reversed: bool) -> Sum | None:
    """The form of a sequence in terms of what is below its projection; None where it is none."""
    node, last = value.node, value.ndim - 1
    # A bias that was added outside of the loop.
    if value.constant is not None and all(n == 1 for n in value.shape[:-1]) and value.shape:
        return algebra.constant(value.constant, value.shape[-1])  # type: ignore[arg-type]
    if node is None:
        return None
    x, attributes = node.inputs[0] if node.inputs else None, node.attributes
    assert x is not None
    if node.op == "Slice" and (attributes["axis"], attributes["step"]) == (0, -1):
        return _projected(algebra, x, not is_reversed)
    if node.op == "Slice" and attributes["axis"] == last and attributes["step"] == 1:
        inside = _projected(algebra, x, is_reversed)
        places = None if inside is None else places_of(node, inside.width)
        return None if places is None else algebra.cut(inside, *places)  # type: ignore[arg-type]
    if node.op in ("Add", "Sub", "Mul", "Concat"):
        parts = [_projected(algebra, v, is_reversed) for v in node.inputs if v is not None]
        if any(part is None for part in parts):
            return None
        if node.op == "Concat":
            return algebra.join(parts) if attributes["axis"] == last else None  # type: ignore[arg-type]
        if node.op == "Mul":
            return algebra.multiply(*parts)  # type: ignore[arg-type]
        left, right = parts
        return algebra.add(left, right, 1.0 if node.op == "Add" else -1.0)  # type: ignore[arg-type]
    if node.op == "MatMul":
        matrix = node.inputs[1]
        assert matrix is not None
        if matrix.constant is not None and matrix.ndim == 2:
            below = _source(algebra, x, is_reversed, matrix.shape[0])  # type: ignore[arg-type]
            return algebra.map(below, matrix.constant)
    return None


def _unmasked(
    algebra: Algebra, new: list[Form], olds: list[Form]
) -> tuple[Source | None, list[Form]]:
    """The mask under which the states stay as they are, or None, and the next states without it."""
    # A mask is where all states are the old ones at 0; then the cell is what they are at 1.
    masks = {a for form in new for p in form.terms for a in p if a in algebra.truths}
    for atom in masks:
        stays = [
            algebra.substituted(form, atom, 0).key() == old.key()
            for form, old in zip(new, olds, strict=True)
        ]
        if all(stays):
            inner = atom if atom[0] == "leaf" else next(iter(algebra.forms[atom[2]].terms))[0]
            if inner[0] == "leaf" and isinstance(inner[1], Source):
                return inner[1], [algebra.substituted(form, atom, 1) for form in new]
    return None, new


def _read(
    algebra: Algebra,
    pattern: CellPattern,
    binding: Binding,
    states: list[Value],
    matcher: Matcher,
    mask: Source | None,
    order: list[int],
) -> Layer | None:
    """The weights that a match says."""
    activations = tuple(binding[f"act:{a}"] for a in "fgk" if f"act:{a}" in binding)
    if not set(activations) <= ACTIVATIONS:
        return None
    gates = _gates(algebra, pattern, binding, matcher)
    sources = list(dict.fromkeys(k for g in gates for k in g.matrices if isinstance(k, Source)))
    h, width = states[0], matcher.new["h"].width
    allowed = {*sources, h}
    # Gates see h by a matrix; c they may see unit by unit alone, which `without_peephole` has taken out.
    if not sources or any(k not in allowed for gate in gates for k in gate.matrices):
        return None
    if len({s.is_reversed for s in sources} | ({mask.is_reversed} if mask else set())) != 1:
        return None
    b_n = None
    recurrent = [_rows(gate, h, width, width) for gate in gates]
    inputs = [
        np.concatenate([_rows(gate, s, _size(gates, s), width) for s in sources]) for gate in gates
    ]
    biases = [gate.bias for gate in gates]
    if pattern.reset == "after":
        # N is of the input and M of the state; each found in the other would need a product of its own.
        if np.any(inputs[3]) or np.any(recurrent[2]):
            return None
        recurrent[2], b_n = recurrent.pop(), biases.pop()
        inputs.pop()
    elif pattern.reset == "before":
        if np.any(recurrent[2]):
            return None
        recurrent[2] = binding["map"]
    w_x, w_h = (np.concatenate(each, axis=1) for each in (inputs, recurrent))
    b, p = np.concatenate(biases), _peepholes(pattern, gates, width)
    return Layer(pattern.kind, pattern, activations, sources, w_x, w_h, b, b_n, p, mask, order)


class Gate(NamedTuple):
    """One gate before its activation: the matrix of each variable that it reads, its bias, and its peephole."""

    matrices: dict[Any, np.ndarray]
    bias: np.ndarray
    peephole: np.ndarray | None


def _gates(
    algebra: Algebra, pattern: CellPattern, binding: Binding, matcher: Matcher
) -> list[Gate]:
    """The gates of a match in the pattern's order; one with a minus before its name is found with the other sign."""
    gates = []
    for each in pattern.gates:
        name, sign = each.removeprefix("-"), -1.0 if each.startswith("-") else 1.0
        form, seen = binding[name], None
        if watched := pattern.peepholes.get(name):
            form, seen = without_peephole(form, _watched(matcher, watched))
        matrices, bias = affine(algebra, form)
        own = {k: sign * v for k, v in matrices.items()}
        gates.append(Gate(own, sign * bias, None if seen is None else sign * seen))
    return gates


def _watched(matcher: Matcher, watched: str) -> Form:
    """The state that a peephole looks at, before the step or, as ``c_new``, after it."""
    name = watched.removesuffix("_new")
    if watched.endswith("_new"):
        return matcher.new[name]
    width = matcher.new["h"].width
    return Form(width, {matcher.states[name]: np.ones(width)})


def _peepholes(pattern: CellPattern, gates: list[Gate], width: int) -> np.ndarray | None:
    """``p (3, H)``, zeros for a gate that has none; None where no gate has one."""
    each = [gate.peephole for gate in gates]
    if pattern.name == "LSTM with coupled gates":
        # The input gate is 1 minus the forget gate, so it looks with the other sign.
        each[0] = None if each[1] is None else -each[1]
    if all(seen is None for seen in each):
        return None
    return np.stack([np.zeros(width) if seen is None else seen for seen in each[:3]])


def _size(gates: list[Gate], source: Source) -> int:
    """The features of a sequence."""
    known = source.value.shape[-1]
    return known or max(len(g.matrices[source]) for g in gates if source in g.matrices)


def _rows(gate: Gate, key: Any, size: int, width: int) -> np.ndarray:
    found = gate.matrices.get(key)
    rows = np.zeros((size, width))
    if found is not None:
        rows[: len(found)] = found
    return rows


def layer_values(
    b: Builder, node: Node, layer: Layer, inputs: list[Any], name: str, given: Mapping[Any, Any]
) -> list[Any]:
    """What stands for a Loop's outputs: last states by their places, and the record of the first.

    Weights are called `name`, or by a variable's own name, which `given` has by shape and bytes.
    """
    count = node.attributes["states"]
    states = [inputs[i] for i in layer.order]
    is_single = states[0].ndim == 1  # a step of one row, without a batch
    # The sources were found in the old graph; `inputs` carries what takes their places.
    xs = [inputs[count + i] for i in range(len(layer.sources))]
    if is_single:
        states = [b.unsqueeze(state, 0) for state in states]
        xs = [b.unsqueeze(x, 1) for x in xs]
    joined = xs[0] if len(xs) == 1 else b.concat(xs, 2)
    mask = inputs[count + len(layer.sources)] if layer.mask else None
    if mask is not None:
        while mask.ndim > 2:
            mask = b.squeeze(mask, mask.ndim - 1)
        mask = b.cast(b.unsqueeze(mask, 1) if is_single else mask, "bool")
    width = layer.w_h.shape[0]
    steps, batch = joined.shape[:2]
    types = [(joined.dtype, (steps, batch, width)), *[(joined.dtype, (batch, width))] * len(states)]
    weights = _constants(b, layer, name, given)
    b.line = node.line
    read = [joined, *weights, mask, *states]
    ys, *finals = b.node("Recurrent", read, types, _attributes(layer))
    if is_single:
        ys, finals = b.squeeze(ys, 1), [b.squeeze(final, 0) for final in finals]
    # A loop records in the order in which it walks, a Recurrent node in that of time.
    if layer.is_reversed:
        ys = b.flip(ys, 0)
    outputs: list[Any] = [None] * len(node.outputs)
    for place, final in zip(layer.order, finals, strict=True):
        outputs[place] = final
    body = node.attributes["body"]
    for i in range(count, len(node.outputs)):
        if body.outputs[i] is body.outputs[layer.order[0]]:
            outputs[i] = ys
    return outputs


def _constants(b: Builder, layer: Layer, name: str, given: Mapping[Any, Any]) -> list[Value | None]:
    """A layer's weights, in the order in which a Recurrent node reads them."""
    weights = {"w_x": layer.w_x, "w_h": layer.w_h, "b": layer.b, "b_n": layer.b_n, "p": layer.p}
    constants = []
    for key, array in weights.items():
        exact = None if array is None else array.astype(b.floats)
        own = None if exact is None else given.get((exact.shape, exact.tobytes()))
        constants.append(None if exact is None else b.constant(exact, own or f"{name}.{key}"))
    return constants


def _attributes(layer: Layer) -> dict[str, Any]:
    found = {
        "kind": layer.kind,
        "reverse": layer.is_reversed,
        "activations": layer.activations,
    }
    return found | ({"reset": layer.pattern.reset} if layer.pattern.reset else {})
