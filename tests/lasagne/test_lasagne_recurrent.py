"""Recurrent layers against PyTorch (tests/golden/torch_layers.py) and NumPy loops, and the size of their graphs."""

from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.scan.op import Scan

from symrnn import lasagne
from symrnn.lasagne import layers
from symrnn.lasagne.layers import (
    CustomRecurrentLayer,
    DenseLayer,
    Gate,
    GRULayer,
    InputLayer,
    LSTMLayer,
    RecurrentLayer,
)

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "torch_layers.npz")
tanh = lasagne.nonlinearities.tanh
KINDS = {
    "rnn": lambda l_in, **k: RecurrentLayer(l_in, 4, nonlinearity=tanh, **k),
    "lstm": lambda l_in, **k: LSTMLayer(l_in, 4, **k),
    "gru": lambda l_in, **k: GRULayer(l_in, 4, **k),
    "custom": lambda l_in, **k: CustomRecurrentLayer(
        l_in,
        DenseLayer(InputLayer((None, 3)), 4, nonlinearity=None),
        DenseLayer(InputLayer((None, 4)), 4, b=None, nonlinearity=None),
        nonlinearity=tanh,
        **k,
    ),
}
XS = np.random.default_rng(0).normal(size=(3, 6, 3))
MASK = np.arange(6) < np.array([[6], [2], [4]])


def seeded(kind, **options):
    lasagne.random.set_rng(np.random.RandomState(5))
    l_in, l_mask = InputLayer((None, None, 3)), InputLayer((None, None))
    if options.pop("mask", False):
        options["mask_input"] = l_mask
    return KINDS[kind](l_in, **options), l_in, l_mask


def value(layer, l_in, l_mask, outputs=None):
    given = {l_in.input_var: XS}
    if layer.mask_incoming_index > 0:
        given[l_mask.input_var] = MASK.astype(float)
    outputs = layers.get_output(layer) if outputs is None else outputs
    return pytensor.function(list(given), outputs)(*given.values())


def torch_gates(name, order):
    """PyTorch's stacked weights, gate by gate, transposed to from-to."""
    w_x, w_h = GOLDEN[f"{name}/w_x"], GOLDEN[f"{name}/w_h"]
    b = GOLDEN[f"{name}/b_x"] + GOLDEN.get(f"{name}/b_h", 0)
    blocks = zip(*(np.split(w, len(order)) for w in (w_x, w_h, b)), strict=True)
    return {gate: (x.T, h.T, bias) for gate, (x, h, bias) in zip(order, blocks, strict=True)}


def golden_layer(name, l_in):
    if name == "rnn":
        x, h, b = torch_gates(name, ["h"])["h"]
        return RecurrentLayer(l_in, 4, W_in_to_hid=x, W_hid_to_hid=h, b=b, nonlinearity=tanh)
    if name == "lstm":
        gates = torch_gates(name, ["ingate", "forgetgate", "cell", "outgate"])
        given = {g: Gate(x, h, None, b, tanh if g == "cell" else lasagne.nonlinearities.sigmoid)
                 for g, (x, h, b) in gates.items()}  # fmt: skip
        return LSTMLayer(l_in, 4, peepholes=False, **given)
    gates = torch_gates(name, ["resetgate", "updategate", "hidden_update"])
    x, h, b = gates["updategate"]
    gates["updategate"] = (
        -x,
        -h,
        -b,
    )  # PyTorch's update gate keeps the state, Lasagne's replaces it
    given = {g: Gate(x, h, None, b, tanh if g == "hidden_update" else lasagne.nonlinearities.sigmoid)
             for g, (x, h, b) in gates.items()}  # fmt: skip
    return GRULayer(l_in, 4, **given)


@pytest.mark.parametrize("unroll_scan", [False, True])
@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_outputs_and_gradients_are_pytorchs(name, unroll_scan):
    xs, expected = GOLDEN[f"{name}/xs"], GOLDEN[f"{name}/output"]
    l_in = InputLayer(xs.shape)
    layer = golden_layer(name, l_in)
    layer.unroll_scan = unroll_scan
    output = layers.get_output(layer)
    weight = np.cos(np.arange(expected.size)).reshape(expected.shape)
    grad = pytensor.grad((output * weight).sum(), l_in.input_var)
    found = pytensor.function([l_in.input_var], [output, grad])(xs)
    np.testing.assert_allclose(found[0], expected, atol=1e-10)
    np.testing.assert_allclose(found[1], GOLDEN[f"{name}/grad_xs"], atol=1e-10)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_peepholes_see_the_cell():
    layer, l_in, l_mask = seeded("lstm")
    p = {
        name: getattr(layer, f"W_cell_to_{name}").get_value()
        for name in ("ingate", "forgetgate", "outgate")
    }
    w = {g: [getattr(layer, f"{kind}_{g}").get_value() for kind in ("W_in_to", "W_hid_to", "b")]
         for g in ("ingate", "forgetgate", "cell", "outgate")}  # fmt: skip
    h = c = np.zeros((3, 4))
    for t in range(6):
        z = {g: XS[:, t] @ x + h @ hid + b for g, (x, hid, b) in w.items()}
        i, f = (sigmoid(z[g] + p[g] * c) for g in ("ingate", "forgetgate"))
        c = f * c + i * np.tanh(z["cell"])
        h = sigmoid(z["outgate"] + p["outgate"] * c) * np.tanh(c)
    np.testing.assert_allclose(value(layer, l_in, l_mask)[:, -1], h, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_masked_steps_copy_the_state(kind):
    layer, *ins = seeded(kind, mask=True)
    hs = value(layer, *ins)
    np.testing.assert_array_equal(hs[1, 2:], np.broadcast_to(hs[1, 1], (4, 4)))
    plain, *plain_ins = seeded(kind)
    np.testing.assert_allclose(hs[0], value(plain, *plain_ins)[0], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_backwards_is_forwards_on_the_reversed_sequence(kind):
    layer, *ins = seeded(kind, backwards=True)
    forward, l_in, _ = seeded(kind)
    expected = pytensor.function([l_in.input_var], layers.get_output(forward))(XS[:, ::-1])
    np.testing.assert_allclose(value(layer, *ins), expected[:, ::-1], atol=1e-12)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_only_return_final_is_the_walks_last_output(kind, backwards):
    final, *ins = seeded(kind, only_return_final=True, backwards=backwards, mask=True)
    whole, *whole_ins = seeded(kind, backwards=backwards, mask=True)
    hs = value(whole, *whole_ins)
    np.testing.assert_allclose(value(final, *ins), hs[:, 0] if backwards else hs[:, -1], atol=1e-12)
    assert layers.get_output_shape(final) == (None, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_learnt_initial_states_are_trained_and_reach_the_output(kind):
    layer, l_in, _ = seeded(kind, learn_init=True)
    assert layer.hid_init in layers.get_all_params(layer, trainable=True)
    assert layer.hid_init not in layers.get_all_params(layer, regularizable=True)
    grad = pytensor.grad(layers.get_output(layer).sum(), layer.hid_init)
    assert (pytensor.function([l_in.input_var], grad)(XS) != 0).all()


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru", "custom"])
def test_initial_states_may_come_from_a_layer(kind):
    l_init = InputLayer((None, 4))
    layer, l_in, _ = seeded(kind, hid_init=l_init)
    inputs = {l_in: pt.as_tensor(XS), l_init: pt.zeros((3, 4))}
    plain, *ins = seeded(kind)
    np.testing.assert_allclose(
        layers.get_output(layer, inputs).eval(), value(plain, *ins), atol=1e-12
    )


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_steps_cut_the_gradient(kind):
    layer, l_in, _ = seeded(kind, gradient_steps=2, only_return_final=True)
    grad = pytensor.grad(layers.get_output(layer).sum(), l_in.input_var)
    reached = (pytensor.function([l_in.input_var], grad)(XS) != 0).any(axis=(0, 2))
    assert reached.tolist() == [False] * 4 + [True] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_clipped_step_by_step(kind):
    grads = {}
    for bound in (0, 1e-3):
        layer, l_in, _ = seeded(kind, grad_clipping=bound)
        bias = layers.get_all_params(layer, trainable=True)[2 if kind in ("lstm", "gru") else 1]
        grads[bound] = pytensor.function(
            [l_in.input_var], pytensor.grad(layers.get_output(layer).sum(), bias)
        )(XS)
    assert (abs(grads[1e-3]) <= 1e-3 * 18 + 1e-12).all()
    assert (abs(grads[0]) > abs(grads[1e-3])).any()


def birnn(concat_axis=2, kind="lstm", **options):
    lasagne.random.set_rng(np.random.RandomState(5))
    l_in, l_mask = InputLayer((None, None, 3)), InputLayer((None, None))
    pair = [
        KINDS[kind](l_in, mask_input=l_mask, backwards=backwards, **options)
        for backwards in (False, True)
    ]
    return layers.ConcatLayer(pair, axis=concat_axis), pair, l_in, l_mask


def scans_of(outputs, inputs):
    nodes = pytensor.function(
        inputs, outputs, on_unused_input="ignore", mode="FAST_COMPILE"
    ).maker.fgraph.apply_nodes
    return sum(isinstance(node.op, Scan) for node in nodes)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_both_directions_share_one_scan_and_compute_the_same(kind):
    joined, pair, l_in, l_mask = birnn(kind=kind)
    together = layers.get_output(joined)
    apart = pt.concatenate(layers.get_output(pair), axis=2)
    inputs = [l_in.input_var, l_mask.input_var]
    assert scans_of(together, inputs) == 1
    found, expected = pytensor.function(inputs, [together, apart])(XS, MASK.astype(float))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_direction_that_others_read_keeps_its_own_scan():
    joined, pair, l_in, l_mask = birnn()
    outputs = layers.get_output([joined, pair[0]])
    assert (
        scans_of(outputs, [l_in.input_var, l_mask.input_var]) == 2
    )  # not three: the forward walk is not done twice


def test_final_states_of_both_directions_share_one_scan():
    joined, _, l_in, l_mask = birnn(concat_axis=1, only_return_final=True)
    assert scans_of(layers.get_output(joined), [l_in.input_var, l_mask.input_var]) == 1


def test_custom_layer_draws_anew_inside_the_step():
    hidden = layers.DropoutLayer(DenseLayer(InputLayer((None, 4)), 4, nonlinearity=None), p=0.5)
    layer = CustomRecurrentLayer(
        InputLayer((None, None, 3)), DenseLayer(InputLayer((None, 3)), 4), hidden
    )
    draw = pytensor.function([layer.input_layers[0].input_var], layers.get_output(layer))
    assert (draw(XS) != draw(XS)).any()
    assert np.allclose(*[layers.get_output(layer, XS, deterministic=True).eval() for _ in range(2)])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: LSTMLayer((2, None, 3), 4, unroll_scan=True), "cannot be specified as None"),
        (lambda: GRULayer((2, 5, 3), 4, unroll_scan=True, gradient_steps=2), "must be -1"),
        (lambda: LSTMLayer((2, 5, 3), 4, hid_init=pt.vector()), "should have 2 dimensions"),
    ],
)
def test_options_that_exclude_each_other_are_refused(build, words):
    with pytest.raises(ValueError, match=words):
        build()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mask", [False, True])
def test_a_shared_initial_state_stands_for_every_item(kind, mask):
    rows = np.random.default_rng(3).normal(size=(1, 4))
    found = {}
    for form, given in (("array", rows), ("shared", pytensor.shared(rows))):
        layer, l_in, l_mask = seeded(kind, hid_init=given, mask=mask)
        found[form] = value(layer, l_in, l_mask)
    np.testing.assert_array_equal(found["shared"], found["array"])


def test_a_shared_cell_stands_for_every_item():
    rows = np.random.default_rng(3).normal(size=(1, 4))
    layer, l_in, l_mask = seeded("lstm", cell_init=pytensor.shared(rows))
    other, *inputs = seeded("lstm", cell_init=rows)
    np.testing.assert_array_equal(value(layer, l_in, l_mask), value(other, *inputs))
