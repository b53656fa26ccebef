"""The network over the rows of handwritten digits."""

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close, evaluate

from symrnn.cells import CELLS
from symrnn.errors import UserError
from symrnn.models.digit_stack import digit_stack, digit_stack_loss, load_digit_rows


@pytest.mark.parametrize("cell", CELLS)
def test_untrained_network_guesses(cell):
    graph = digit_stack(cell=cell, depth=1, hidden_size=3)
    (xs, labels), _ = load_digit_rows()
    [loss, logits] = evaluate(
        graph.inputs, [graph.loss, graph.outputs["logits"]], [xs[:, :50], labels[:50]]
    )
    assert logits.shape == (50, 10)
    assert abs(loss - np.log(10)) < 0.5


def test_network_built_again_on_its_parameters_is_the_same():
    options = {"cell": "peephole_lstm", "depth": 2, "hidden_size": 3}
    graph = digit_stack(**options)
    again = digit_stack_loss([p * 1 for p in graph.params], graph, **options)
    (xs, labels), _ = load_digit_rows()
    values = evaluate(graph.inputs, [graph.loss, again], [xs[:, :5], labels[:5]])
    assert_all_close(values[:1], values[1:], 0)


def test_layers_as_a_scan_train():
    graph = digit_stack(depth=3, hidden_size=4, layers_as="scan")
    gradients = pytensor.grad(graph.loss, graph.params)
    updates = {p: p - 0.5 * g for p, g in zip(graph.params, gradients, strict=True)}
    step = pytensor.function(graph.inputs, graph.loss, updates=updates, mode=FEW_REWRITES)
    (xs, labels), _ = load_digit_rows()
    losses = [float(step(xs[:, :40], labels[:40])) for _ in range(10)]
    assert losses[-1] < losses[0]


def test_digits_are_split_once_for_all():
    (xs, labels), (test_xs, test_labels) = load_digit_rows(dtype="float32")
    assert xs.shape == (8, 1437, 8)
    assert test_xs.shape == (8, 360, 8)
    assert xs.dtype == "float32"
    assert 0 <= xs.min() < xs.max() == 1
    assert np.bincount(test_labels).min() >= 34
    assert labels.dtype == test_labels.dtype == "int32"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"cell": "lsmt"},
            "cell must be one of rnn, gru, lstm, peephole_lstm, residual_gru, but is 'lsmt'; did you mean",
        ),
        ({"layers_as": "loop"}, "layers_as must be one of subgraphs, scan, but is 'loop'"),
        ({"depth": 0}, "depth must be at least 1, but is 0"),
    ],
)
def test_wrong_option_is_refused(options, message):
    with pytest.raises(UserError) as caught:
        digit_stack(**options)
    assert str(caught.value).startswith(message)
