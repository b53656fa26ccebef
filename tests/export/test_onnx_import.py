"""Layers of ONNX files go on as cells: they compute what PyTorch computed, are trained, and leave again."""

from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from export.ways_to_write import WAYS, Weights, peepholes
from helpers import AS_WRITTEN, FEW_REWRITES

from symrnn.cells import GRUCell
from symrnn.cells.gru import GRUState
from symrnn.errors import UserError
from symrnn.export import export_onnx, layers_of_onnx
from symrnn.unroll import scan_unroll
from symrnn.updates import adam

onnx = pytest.importorskip("onnx")
FILES = Path(__file__).parent / "torch_files"  # made by PyTorch, with the script that is there
NAMES = ["lstm", "bidirectional_lstm", "two_layer_gru"]


def through(layers):
    xs = pt.tensor("xs", dtype="float32", shape=(None, None, 3))
    ys = xs
    for layer in layers:
        ys = layer.outputs(ys)
    return xs, ys


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_of_pytorchs_computes_what_it_computed_there(name):
    computed = np.load(FILES / "computed.npz")
    xs, ys = through(layers_of_onnx(FILES / f"{name}.onnx", dtype="float32"))
    found = pytensor.function([xs], ys, mode=AS_WRITTEN)(computed["xs"])
    np.testing.assert_allclose(found, computed[name], rtol=1e-5, atol=1e-6)
    computed.close()


def test_a_layer_of_pytorchs_is_trained_on_and_leaves_again(tmp_path):
    reference = pytest.importorskip("onnx.reference")
    layers = layers_of_onnx(FILES / "two_layer_gru.onnx", dtype="float32")
    params = [param for layer in layers for param in layer.params]
    assert len(params) == 8
    xs, ys = through(layers)
    loss = ((ys - 0.5) ** 2).mean()
    train = pytensor.function([xs], loss, updates=adam(loss, params, 0.05), mode=FEW_REWRITES)
    values = np.random.default_rng(0).normal(size=(5, 2, 3)).astype("float32")
    losses = [float(train(values)) for _ in range(5)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.7 * losses[0]
    path = tmp_path / "trained.onnx"
    model = export_onnx([xs], ys, path)
    assert [node.op_type for node in model.graph.node].count("GRU") == 2
    [found] = reference.ReferenceEvaluator(model).run(None, {"xs": values})
    again_xs, again_ys = through(layers_of_onnx(path, dtype="float32"))
    again = pytensor.function([again_xs], again_ys, mode=AS_WRITTEN)(values)
    np.testing.assert_allclose(again, found, rtol=1e-5, atol=1e-6)


def test_peepholes_come_back(tmp_path):
    inputs, outputs = peepholes(Weights())
    export_onnx(inputs, outputs, tmp_path / "it.onnx")
    [layer] = layers_of_onnx(tmp_path / "it.onnx", dtype="float32")
    values = np.ones((4, 2, 3), "float32")
    expected = pytensor.function(inputs, outputs, mode=AS_WRITTEN)(values)[0]
    xs, ys = through([layer])
    found = pytensor.function([xs], ys, mode=AS_WRITTEN)(values)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_what_is_no_cell_here_is_refused(tmp_path):
    [reset_first] = [way for way in WAYS if way.__name__ == "gru_of_its_paper"]
    export_onnx(*reset_first(Weights()), tmp_path / "it.onnx")
    with pytest.raises(UserError, match=r"GRU .* has its reset gate before the product"):
        layers_of_onnx(tmp_path / "it.onnx")
    x = pt.matrix("x")
    export_onnx([x], x + 1, tmp_path / "sum.onnx")
    with pytest.raises(UserError, match="must have an LSTM, GRU or RNN"):
        layers_of_onnx(tmp_path / "sum.onnx")


def saved(path, kind, arrays, inputs, **attributes):
    """A file of one operator."""
    helper, to_tensor = onnx.helper, onnx.numpy_helper.from_array
    node = helper.make_node(kind, ["xs", *inputs], ["ys"], name="it", **attributes)
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("xs", "ys")
    ]
    tensors = [to_tensor(array, name) for name, array in arrays.items()]
    onnx.save(helper.make_model(helper.make_graph([node], "it", ends[:1], ends[1:], tensors)), path)
    return path


def weights_of(gates, ways, dtype="float32"):
    rng = np.random.default_rng(0)
    shapes = {"w": (gates * 4, 3), "r": (gates * 4, 4), "b": (gates * 8,)}
    return {key: rng.normal(size=(ways, *shape)).astype(dtype) for key, shape in shapes.items()}


def test_each_way_has_its_own_activation(tmp_path):
    options = {"hidden_size": 4, "direction": "bidirectional", "activations": ["Tanh", "Relu"]}
    path = saved(tmp_path / "it.onnx", "RNN", weights_of(1, 2), "wrb", **options)
    [layer] = layers_of_onnx(path)
    assert [cell.activation for cell in layer.cells] == ["tanh", "relu"]
    options["activations"] = ["Tanh", "Softsign"]
    path = saved(tmp_path / "other.onnx", "RNN", weights_of(1, 2), "wrb", **options)
    with pytest.raises(UserError, match="RNN it has the activations Softsign"):
        layers_of_onnx(path)


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_states_to_start_from_are_zeros_or_refused(value, tmp_path):
    arrays = {**weights_of(4, 1), "h": np.full((1, 2, 4), value, "float32")}
    path = saved(tmp_path / "it.onnx", "LSTM", arrays, ["w", "r", "b", "", "h"], hidden_size=4)
    if value:
        with pytest.raises(UserError, match="LSTM it starts from states that are not zeros"):
            layers_of_onnx(path)
    else:
        assert len(layers_of_onnx(path)) == 1


LSTM_ENDS = ["w", "r", "b", "lengths", "h", "c"]


def masked_lstm(path):
    """An LSTM that is given lengths and `h`, and makes `c` of two halves, of which one is zeros."""
    helper, to_tensor = onnx.helper, onnx.numpy_helper.from_array
    zeros = to_tensor(np.zeros(1, "float32"))
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["none"], value=zeros),
        helper.make_node("Concat", ["none", "half"], ["c"], axis=2),
        helper.make_node("LSTM", ["xs", *LSTM_ENDS], ["ys"], name="it", hidden_size=4),
    ]
    kinds = {"xs": 1, "h": 1, "half": 1, "ys": 1, "lengths": 6}
    ends = {name: helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()}
    outputs = [ends.pop("ys")]
    arrays = {**weights_of(4, 1), "shape": np.array([1, 2, 2])}
    tensors = [to_tensor(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "it", [*ends.values()], outputs, tensors)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path
    )
    return path


def test_states_and_lengths_that_a_file_computes_or_is_given_are_asked_for(tmp_path):
    """They were ignored: the layer started from zeros and walked to the end of the padding."""
    [layer] = layers_of_onnx(masked_lstm(tmp_path / "it.onnx"), dtype="float32")
    assert layer.needs == {"initial": "the input h, c", "mask": "the input lengths"}
    xs = pt.tensor("xs", dtype="float32", shape=(None, None, 3))
    with pytest.raises(
        UserError, match="initial must be given to the layer it, whose file has the input h, c"
    ):
        layer.outputs(xs)
    states = [pt.tensor(name, dtype="float32", shape=(None, 4)) for name in ("h", "c")]
    mask = pt.tensor("mask", dtype="bool", shape=(None, None))
    with pytest.raises(UserError, match="mask must be given to the layer it"):
        layer.outputs(xs, initial=tuple(states))
    ys = layer.outputs(xs, initial=layer.cells[0].State(*states), mask=mask)
    rng = np.random.default_rng(1)
    x, h, half = (rng.normal(size=n).astype("float32") for n in ((5, 2, 3), (1, 2, 4), (1, 2, 2)))
    c, lengths = np.concatenate([np.zeros_like(half), half], 2), np.array([5, 3], "int32")
    is_within = np.arange(5)[:, None] < lengths
    found = pytensor.function([xs, *states, mask], ys, mode=AS_WRITTEN)(x, h[0], c[0], is_within)
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(tmp_path / "it.onnx"))
    given = {"xs": x, "h": h, "half": half, "lengths": lengths}
    expected = session.run(None, given)[0][:, 0]
    np.testing.assert_allclose(found[is_within], expected[is_within], rtol=1e-5, atol=1e-6)


def test_zeros_in_a_shape_that_is_computed_are_not_asked_for():
    assert [layer.needs for layer in layers_of_onnx(FILES / "two_layer_gru.onnx")] == [{}, {}]


def test_what_leaves_here_with_states_and_lengths_asks_for_them_again(tmp_path):
    xs = pt.tensor("xs", dtype="float32", shape=(None, None, 3))
    mask = pt.tensor("mask", dtype="bool", shape=(None, None))
    with pytensor.config.change_flags(floatX="float32"):
        cell = GRUCell.create(3, 4, rng=0)
    initial = GRUState(pt.tanh(xs[0, :, :1] + np.zeros(4, "float32")))
    export_onnx([xs, mask], scan_unroll(cell, xs, initial=initial, mask=mask), tmp_path / "it.onnx")
    [layer] = layers_of_onnx(tmp_path / "it.onnx", dtype="float32")
    assert [*layer.needs] == ["initial", "mask"]


def test_the_bias_of_a_new_gate_is_not_rounded(tmp_path):
    arrays = weights_of(3, 1)
    arrays["b"][:, 8:12] = 1e-4  # of the new gate; within the product it is larger
    arrays["b"][:, 20:] = 1000
    options = {"hidden_size": 4, "linear_before_reset": 1}
    [layer] = layers_of_onnx(saved(tmp_path / "it.onnx", "GRU", arrays, "wrb", **options))
    found = layer.cells[0].b.get_value()[8:]
    np.testing.assert_allclose(found, 1e-4, rtol=1e-6)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is none at"):
        layers_of_onnx(tmp_path / "nowhere.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(UserError, match="is none that can be read"):
        layers_of_onnx(tmp_path / "text.onnx")
