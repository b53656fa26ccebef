"""A name of a small graph: the same for the same algebra, another or none where anything differs."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.gradient import disconnected_grad, grad_clip, grad_scale

from symrnn.ops.activations import sigmoid, tanh
from symrnn.ops.recent import Recent
from symrnn.ops.signature import signature

PAIRS = {
    "a number": (lambda x, y: 2 * x + y, lambda x, y: 3 * x + y),
    "the sign of a zero": (
        lambda x, y: x * np.float64(0.0) + y,
        lambda x, y: x * np.float64(-0.0) + y,
    ),
    "a number's dtype": (
        lambda x, y: x * np.float32(2) + y,
        lambda x, y: x * np.float64(2) + y,
    ),
    "a number's rank": (lambda x, y: x * pt.constant(2.0), lambda x, y: x * pt.constant([[2.0]])),
    "a function": (lambda x, y: pt.tanh(x) + y, lambda x, y: pt.sin(x) + y),
    "an order": (lambda x, y: x - y, lambda x, y: y - x),
    "what is used twice": (lambda x, y: (x + y) * x, lambda x, y: (x + y) * y),
    "a slice": (lambda x, y: x[:, :1], lambda x, y: x[:, 1:]),
    "an axis": (lambda x, y: x[None] + y, lambda x, y: x[:, None] + y),
    "an output less": (lambda x, y: [x + y], lambda x, y: [x + y, x]),
    "outputs' order": (lambda x, y: [x + y, x], lambda x, y: [x, x + y]),
}


def name(function, kind="float64"):
    x, y = (pt.matrix(label, dtype=kind) for label in "xy")
    outputs = function(x, y)
    return signature([x, y], outputs if isinstance(outputs, list) else [outputs])


@pytest.mark.parametrize("difference", PAIRS)
def test_what_differs_has_another_name(difference):
    one, other = PAIRS[difference]
    assert name(one) == name(one) is not None
    assert name(one) != name(other)


def test_types_are_part_of_the_name():
    assert name(lambda x, y: x + y) != name(lambda x, y: x + y, "float32")


@pytest.mark.parametrize(
    "view",
    [lambda x: grad_clip(x, -1, 1), lambda x: grad_scale(x, 2), disconnected_grad],
    ids=["clip", "scale", "disconnected"],
)
def test_views_that_change_a_gradient_have_no_name(view):
    """PyTensor calls two of them equal whose bounds differ."""
    assert name(lambda x, y: view(x) * y) is None


def test_what_is_not_given_has_no_name():
    z = pt.matrix("z")
    assert name(lambda x, y: x * z) is None


def test_sums_and_products_have_no_name():
    assert name(lambda x, y: x @ y) is None
    assert name(lambda x, y: x.sum()) is None


def test_the_activations_of_cells_have_a_name():
    assert name(lambda x, y: tanh(x), "float32") != name(lambda x, y: pt.tanh(x), "float32")
    assert name(lambda x, y: sigmoid(x) * tanh(y), "float32") is not None


def test_recent_values_are_kept_and_old_ones_made_again():
    made = []

    def ask(recent, key):
        return recent.get(key, lambda: made.append(key) or object())

    recent = Recent(size=2)
    first = ask(recent, "a")
    assert ask(recent, "a") is first
    ask(recent, "b")
    ask(recent, "a")  # asked for again: b is now the oldest
    ask(recent, "c")
    assert ask(recent, "a") is first
    assert ask(recent, None) is not ask(recent, None)
    ask(recent, "b")
    assert made == ["a", "b", "c", None, None, "b"]
