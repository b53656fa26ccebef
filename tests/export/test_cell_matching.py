"""Layers are found in foreign graphs by their algebra; what is no layer of a known cell is left a loop."""

import numpy as np
import pytensor.tensor as pt
import pytest
from export.ways_to_write import WAYS, B, H, Weights, cut, scan, sequence, zeros

from symrnn.cells import CELLS
from symrnn.export import matched
from symrnn.export.cell_patterns import CELL_PATTERNS, terms_of
from symrnn.lasagne import layers as lasagne_layers
from symrnn.lasagne import nonlinearities
from symrnn.lasagne.layers import InputLayer, get_output
from symrnn.unroll import bidirectional, scan_unroll, static_unroll


def layers(graph):
    return [node for node in graph.nodes() if node.op in ("Recurrent", "Bidirectional", "Loop")]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_layer_is_found_however_it_was_written(way):
    [node] = layers(matched(*way(Weights())))
    expected = WAYS[way]
    assert node.op == ("Loop" if expected is None else "Recurrent")
    assert expected is None or node.attributes == expected


NOT_THEIRS = {"residual_gru"}  # which no format has a layer of: it stays a loop


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("is_masked", [False, True])
def test_the_librarys_layers_are_found(name, is_masked):
    xs = sequence()
    cells = [CELLS[name].create(3, H, rng=seed, dtype="float32") for seed in (1, 2)]
    mask = {"mask": pt.tensor("mask", dtype="bool", shape=(None, None))} if is_masked else {}
    graph = matched([xs, *mask.values()], [bidirectional(*cells, xs, **mask)])
    if name in NOT_THEIRS:
        assert "Loop" in {node.op for node in layers(graph)}
        return
    [node] = layers(graph)
    assert node.op == "Bidirectional"
    assert (node.inputs[11] is not None) == is_masked == bool(graph.notes)
    assert node.inputs[0] is graph.inputs[0]


LASAGNE = {  # what the layer is called there: keywords, operator, its kind
    "LSTMLayer": ({"peepholes": True}, "LSTM"),
    "GRULayer": ({"backwards": True}, "GRU"),
    "RecurrentLayer": ({"nonlinearity": nonlinearities.rectify}, "RNN"),
}


@pytest.mark.parametrize("name", LASAGNE)
@pytest.mark.parametrize("is_masked", [False, True])
def test_layers_of_the_lasagne_api_are_found(name, is_masked):
    options, kind = LASAGNE[name]
    mask = {"mask_input": InputLayer((None, None))} if is_masked else {}
    below = InputLayer((None, None, 3))
    made = getattr(lasagne_layers, name)(below, H, grad_clipping=5, **mask, **options)
    given = [below.input_var, *(layer.input_var for layer in mask.values())]
    [node] = layers(matched(given, [get_output(made)]))
    assert node.attributes["kind"] == kind
    assert node.attributes["reverse"] == bool(options.get("backwards"))
    assert (node.inputs[6] is not None) == is_masked


def test_layers_of_pytensor_ml_are_found():
    ml = pytest.importorskip("pytensor_ml.layers")
    xs = ml.Input("xs", shape=(None, 7, 3))
    both = ml.Bidirectional(*(ml.LSTM(name, n_in=3, n_hidden=H) for name in ("there", "back")))
    for layer, op, kind in [
        (ml.LSTM("one", n_in=3, n_hidden=H), "Recurrent", "LSTM"),
        (ml.GRU("other", n_in=3, n_hidden=H), "Recurrent", "GRU"),
        (both, "Bidirectional", "LSTM"),
    ]:
        [node] = layers(matched([xs], [layer(xs)]))
        assert (node.op, node.attributes["kind"]) == (op, kind)


def test_a_cell_of_another_formula_stays_a_loop():
    """The forget gate reads what no LSTM's does: the square of the cell."""
    xs, weights = sequence(), Weights()
    w_x, w_h = weights(3, 4 * H), weights(H, 4 * H)

    def step(x, h, c):
        g, i, f, o = cut(x @ w_x + h @ w_h, 0, 1, 2, 3)
        c = pt.sigmoid(f + c**2) * c + pt.sigmoid(i) * pt.tanh(g)
        return pt.sigmoid(o) * pt.tanh(c), c

    h, _ = scan(step, xs, [zeros(xs)] * 2)
    assert [node.op for node in layers(matched([xs], [h]))] == ["Loop"]


def test_a_layer_whose_cells_are_read_at_all_steps_stays_a_loop():
    """No operator of ONNX puts them out."""
    xs, w = sequence(), Weights()
    w_x, w_h = w(3, 2 * H), w(H, 2 * H)

    def step(x, h, c):
        f, g = cut(x @ w_x + h @ w_h, 0, 1)
        c = pt.sigmoid(f) * c + (1 - pt.sigmoid(f)) * pt.tanh(g)
        return pt.sigmoid(f) * pt.tanh(c), c

    _, c = scan(step, xs, [zeros(xs)] * 2)
    assert [node.op for node in layers(matched([xs], [c]))] == ["Loop"]


def test_weights_are_read_in_the_order_of_the_librarys_cells():
    xs, cell = sequence(), CELLS["gru"].create(3, H, rng=0, dtype="float32")
    [node] = layers(matched([xs], [scan_unroll(cell, xs)]))
    for found, param in zip(node.inputs[1:4], cell.params, strict=True):
        np.testing.assert_array_equal(found.constant, param.get_value())


def test_two_layers_in_one_scan_that_do_not_depend_on_each_other_come_apart():
    xs, w = sequence(), Weights()
    w_x, w_h = w(3, H), w(H, H)

    def step(x, h, k):
        return pt.tanh(x @ w_x + h @ w_h), pt.tanh(x @ w_x + k)

    h, k = scan(step, xs, [zeros(xs)] * 2)
    assert len(layers(matched([xs], [h, k]))) == 2


def test_a_written_out_layer_is_arithmetic():
    xs = pt.tensor("xs", dtype="float32", shape=(2, B, 3))
    cell = CELLS["rnn"].create(3, H, rng=0, dtype="float32")
    assert layers(matched([xs], [static_unroll(cell, xs)])) == []


def test_a_pattern_is_multiplied_out():
    assert [number for number, _ in terms_of("(1 - f(U)) * g(N) + f(U) * h")] == [1, -1, 1]
    assert {row.kind for row in CELL_PATTERNS} == {"LSTM", "GRU", "RNN"}
