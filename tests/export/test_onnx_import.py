"""Layers of ONNX files go on as cells: they compute what PyTorch computed, are trained, and leave again."""

from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from export.ways_to_write import WAYS, Weights, peepholes
from helpers import AS_WRITTEN, FEW_REWRITES

from symrnn.errors import UserError
from symrnn.export import export_onnx, layers_of_onnx
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
