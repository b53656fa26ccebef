"""ONNX files pass its checker, run in onnxruntime and in onnx.reference, and say what PyTensor says."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from export.test_corner_cases import CASES, read_by, value_for
from export.test_operators import ARITHMETIC, FOUND, IMAGES, I, X, Y
from export.ways_to_write import WAYS, Weights, sequence, values_for
from helpers import AS_WRITTEN
from pytensor.graph.traversal import ancestors

from symrnn.errors import UserError
from symrnn.export import export_onnx
from symrnn.models import RECIPES, recipe_class
from symrnn.training.network import inputs_of

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
onnxruntime = pytest.importorskip("onnxruntime")
TOLERANCE = 1e-5


def in_onnxruntime(model, values):
    """The outputs of a model, by onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, fed(model, values))


def in_reference(model, values):
    """The outputs of a model, by the reference that comes with ONNX."""
    return reference.ReferenceEvaluator(model).run(None, fed(model, values))


def fed(model, values):
    each = zip(model.graph.input, values, strict=True)
    return {i.name: v.astype("float32") if v.dtype == "float64" else v for i, v in each}


def assert_agree(inputs, outputs, values, *, opset=20, evaluators=(in_onnxruntime,), **options):
    """A model of the graph, which says what PyTensor says."""
    model = export_onnx(inputs, outputs, opset=opset, **options)
    expected = pytensor.function(inputs, outputs, mode=AS_WRITTEN)(*values)
    for evaluator in evaluators:
        for found, value in zip(evaluator(model, values), expected, strict=True):
            np.testing.assert_allclose(found, value, rtol=TOLERANCE, atol=TOLERANCE)
    return model


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_hand_written_layers_agree(way):
    inputs, outputs = way(Weights())
    model = assert_agree(inputs, outputs, values_for(inputs))
    operators = [node.op_type for node in model.graph.node]
    assert ("Scan" if WAYS[way] is None else WAYS[way]["kind"]) in operators


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
def test_operators_agree_in_onnx(name):
    inputs = [v for v in (X, Y, I, IMAGES) if v in ancestors(ARITHMETIC[name])]
    assert_agree(inputs, ARITHMETIC[name], values_for(inputs))


@pytest.mark.parametrize("name", FOUND)
def test_subgraphs_agree_in_onnx(name):
    output, _ = FOUND[name]
    inputs = [v for v in (X, IMAGES) if v in ancestors([output])]
    assert_agree(inputs, [output], values_for(inputs))


@pytest.mark.parametrize("case", CASES)
def test_corner_cases_agree_in_onnx(case):
    inputs = read_by(CASES[case])
    assert_agree(inputs, [CASES[case]], [value_for(each) for each in inputs])


NETWORKS = [(name, o) for name in RECIPES for o in recipe_class(name).small]


@pytest.mark.parametrize(("name", "options"), NETWORKS, ids=lambda x: str(x)[:40])
def test_the_projects_networks_agree(name, options):
    graph = recipe_class(name)(**options).graph()
    outputs = list(graph.outputs.values())
    inputs = inputs_of(outputs, graph.inputs)
    # onnx.reference leaves `sequence_lens` out, so masks are for onnxruntime alone.
    evaluators = (in_onnxruntime,) if name == "tagger" else (in_onnxruntime, in_reference)
    model = assert_agree(
        inputs, outputs, values_for(inputs), evaluators=evaluators, names=list(graph.outputs)
    )
    assert [out.name for out in model.graph.output] == list(graph.outputs)
    # fo-pooling is no cell of ONNX's
    assert ("Scan" in {node.op_type for node in model.graph.node}) == (name == "qrnn")


@pytest.mark.parametrize("opset", [17, 27])
def test_the_oldest_and_the_newest_opset_are_written(opset):
    xs = sequence()
    y = pt.special.softmax(xs, axis=-1).mean(axis=0) + xs.max(axis=0) - pt.sum(xs[::2], axis=0)
    values = values_for([xs])
    # onnxruntime may be older than the newest opset.
    model = assert_agree([xs], [y], values, opset=opset, evaluators=[in_reference])
    assert model.opset_import[0].version == opset


@pytest.mark.parametrize("opset", [16, 28, "new"])
def test_another_opset_is_refused(opset):
    x = pt.vector("x")
    with pytest.raises(UserError, match="opset must be from 17 to 27"):
        export_onnx([x], x + 1, opset=opset)


def test_a_compiled_function_is_written_as_it_was_built(tmp_path):
    xs = sequence()
    function = pytensor.function([xs], pt.tanh(xs).sum(axis=2), mode=AS_WRITTEN)
    model = export_onnx(function, path=tmp_path / "sum.onnx")
    assert [node.op_type for node in model.graph.node] == ["Tanh", "ReduceSum"]
    assert onnx.load(tmp_path / "sum.onnx") == model
