"""ncnn's files are loaded by ncnn, and what it computes of one sequence is what PyTensor computes."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from export.ways_to_write import WAYS, Weights, sequence, values_for
from helpers import AS_WRITTEN

from symrnn.cells import CELLS
from symrnn.errors import UserError
from symrnn.export import export_ncnn
from symrnn.models import RECIPES, recipe_class
from symrnn.training.network import inputs_of
from symrnn.unroll import scan_unroll

TOLERANCE = 1e-5
REFUSED = {  # ways that ncnn has no layer for, and what is said
    "peepholes": "LSTM with peepholes",
    "gru_of_its_paper": "GRU whose reset gate comes before",
    "rectifier_by_modulus": "RNN of other activations",
    "no_cell": "Loop",
    "two_steps_back": "Loop",
    "reads_a_vector_at_each_step": "Loop",
}
WRITTEN = [way for way in WAYS if way.__name__ not in REFUSED]


def ran(ncnn, folder, inputs, names):
    """What ncnn computes of the files in a folder."""
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.num_threads = 1
    assert net.load_param(str(folder / "net.param")) == 0
    assert net.load_model(str(folder / "net.bin")) == 0
    extractor = net.create_extractor()
    for name, value in inputs.items():
        if name in net.input_names():
            extractor.input(name, ncnn.Mat(np.ascontiguousarray(value)).clone())
    results = [extractor.extract(name) for name in names]
    assert [code for code, _ in results] == [0] * len(names)
    return [np.array(found) for _, found in results]


@pytest.fixture
def ncnn():
    return pytest.importorskip("ncnn")


def assert_agrees(ncnn, folder, inputs, outputs, names):
    values = [
        np.ones_like(value) if var.name == "mask" else value
        for var, value in zip(inputs, values_for(inputs, batch=1), strict=True)
    ]
    expected = pytensor.function(inputs, outputs, mode=AS_WRITTEN)(*values)
    export_ncnn(inputs, outputs, folder / "net.param", names=names)
    fed = {
        var.name: value.astype("float32") if value.dtype == "float64" else value
        for var, value in zip(inputs, values, strict=True)
    }
    for found, value in zip(ran(ncnn, folder, fed, names), expected, strict=True):
        np.testing.assert_allclose(
            found.reshape(value.shape), value, rtol=TOLERANCE, atol=TOLERANCE
        )


@pytest.mark.parametrize("way", WRITTEN, ids=lambda way: way.__name__)
def test_hand_written_layers_agree_in_ncnn(way, ncnn, tmp_path):
    inputs, outputs = way(Weights())
    assert_agrees(ncnn, tmp_path, inputs, outputs, [f"out{i}" for i in range(len(outputs))])


CODECS = ("image_autoencoder", "image_codec")
NETWORKS = [(name, options) for name in RECIPES for options in recipe_class(name).small]
# A decoder that reads what it wrote compares numbers; lips are read in windows over more axes than ncnn's three, and
# images of a residual network are turned with their batch; models of words ask for lengths, and a QRNN's loop is none
# of ncnn's; codecs compare and round.
NETWORKS = [
    (name, options)
    for name, options in NETWORKS
    if name not in ("awd_lstm", "lip_reading", "qrnn", "wide_resnet", *CODECS)
    and options.get("network") != "sequence_to_sequence"
]


@pytest.mark.parametrize(("name", "options"), NETWORKS, ids=lambda x: str(x)[:40])
def test_the_projects_networks_agree_in_ncnn(name, options, ncnn, tmp_path):
    graph = recipe_class(name)(**{**options, "batch_size": 1}).graph()
    # ncnn compares no numbers, as the cost of a target does.
    chosen = {key: out for key, out in graph.outputs.items() if key != "nats"}
    inputs = inputs_of(list(chosen.values()), graph.inputs)
    assert_agrees(ncnn, tmp_path, inputs, list(chosen.values()), list(chosen))


@pytest.mark.parametrize("name", REFUSED)
def test_what_ncnn_has_no_layer_for_is_named(name):
    [way] = [way for way in WAYS if way.__name__ == name]
    with pytest.raises(
        UserError,
        match=rf"ncnn has layers for, but .*{REFUSED[name]}",
    ):
        export_ncnn(*way(Weights()))


def test_a_batch_that_is_not_one_is_refused():
    xs = pt.tensor("xs", dtype="float32", shape=(5, 2, 3))
    cell = CELLS["lstm"].create(3, 4, rng=0, dtype="float32")
    with pytest.raises(UserError, match="a batch that is not one"):
        export_ncnn([xs], scan_unroll(cell, xs))


def test_a_path_of_no_param_is_refused(tmp_path):
    xs = sequence()
    with pytest.raises(
        UserError, match=r"path must end in \.param, but is .*it\.bin; give another"
    ):
        export_ncnn([xs], pt.tanh(xs), tmp_path / "it.bin")


def test_a_blob_that_several_layers_read_is_split():
    xs = sequence()
    text, _ = export_ncnn([xs], [pt.tanh(xs) * xs])
    layers = [line.split() for line in text.splitlines()[2:]]
    assert [layer[0] for layer in layers] == ["Input", "Split", "TanH", "BinaryOp", "Noop"]
    assert text.splitlines()[:2] == ["7767517", f"{len(layers)} 6"]
