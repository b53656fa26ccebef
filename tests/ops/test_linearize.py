"""What is saved, what is recomputed, and what the gradient of slices becomes."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from helpers import evaluate
from pytensor.graph.traversal import ancestors

from symrnn.ops.linearize import linearize


def names(variables):
    return sorted(str(var.owner.op) if var.owner else var.name for var in variables)


def op_count(outputs, kind):
    return sum(type(var.owner.op).__name__ == kind for var in ancestors(outputs) if var.owner)


def lstm_step():
    """Symbols and the next state of a long short-term memory of two units."""
    z, r = (pt.tensor(name, shape=(None, 8)) for name in "zr")
    h, c = (pt.tensor(name, shape=(None, 2)) for name in "hc")
    i, f, g, o = ((z + r)[:, 2 * k : 2 * k + 2] for k in range(4))
    c_next = pt.sigmoid(f) * c + pt.sigmoid(i) * pt.tanh(g)
    return [z, r, h, c], [pt.sigmoid(o) * pt.tanh(c_next), c_next]


def test_lstm_saves_its_activations_and_the_cell_before():
    inputs, outputs = lstm_step()
    line = linearize(inputs, outputs, wrt=inputs, available=inputs[:1])
    assert names(line.residuals) == ["Sigmoid", "Sigmoid", "Sigmoid", "Tanh", "Tanh", "c"]


def test_gradient_of_slices_is_one_join():
    inputs, outputs = lstm_step()
    line = linearize(inputs, outputs, wrt=inputs, available=inputs[:1])
    dz, dr, dh, dc = line.gradients
    assert dz is dr
    assert dh is None
    assert op_count([dz, dc], "Join") == 1
    assert op_count([dz, dc], "IncSubtensor") == 0


def test_contributions_through_another_output_add_up():
    inputs, outputs = lstm_step()
    expected_inputs, expected_outputs = lstm_step()
    line = linearize(inputs, outputs, wrt=inputs, available=inputs[:1])
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(3, 8 if i < 2 else 2)) for i in range(4)]
    cotangents = [rng.normal(size=(3, 2)) for _ in range(2)]
    saved = evaluate(line_inputs := inputs, line.residuals, values)
    found = evaluate(
        [*line_inputs[:1], *line.saved, *line.cotangents], [line.gradients[0], line.gradients[3]],
        [values[0], *saved, *cotangents],
    )  # fmt: skip
    inner = sum(
        (out * weight).sum() for out, weight in zip(expected_outputs, cotangents, strict=True)
    )
    wrt = [expected_inputs[0], expected_inputs[3]]
    expected = evaluate(expected_inputs, pytensor.grad(inner, wrt), values)
    for a, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-12)


def test_what_can_be_computed_from_saved_values_is_not_saved():
    x, y = pt.matrices("xy")
    line = linearize([x, y], [pt.tanh(x) * (1 - pt.tanh(x)) + y], wrt=[x, y])
    assert names(line.residuals) == ["Tanh"]


def test_cheap_function_of_an_unrecorded_input_is_saved_itself():
    x, y = pt.matrices("xy")
    line = linearize([x, y], [pt.maximum(x + y, 0)], wrt=[x, y], available=[x])
    assert len(line.residuals) == 1
    assert line.residuals[0] is not y


def test_gradients_have_the_dtype_of_what_they_are_gradients_of():
    """Behind a switch PyTensor gives a float32 variable a gradient of floatX."""
    x = pt.matrix("x", dtype="float32")
    with pytensor.config.change_flags(floatX="float64"):
        line = linearize([x], [pt.switch(x > 0, x, -1 * x) + x * pt.sqrt(pt.abs(x))], wrt=[x])
    assert [g.type.dtype for g in line.gradients] == ["float32"]
