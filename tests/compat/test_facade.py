"""The `theano` facade in this process: names, errors, and what differs from PyTensor."""

import sys
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.configparser import parse_config_string

from symrnn import compat
from symrnn.compat import flags
from symrnn.errors import UserError

pytestmark = pytest.mark.usefixtures("installed")


def test_both_names_are_one_module():
    import lasagne.layers
    import theano.tensor.nnet

    import symrnn.compat.theano.tensor.nnet
    import symrnn.lasagne.layers

    assert lasagne.layers is symrnn.lasagne.layers
    assert theano.tensor.nnet is symrnn.compat.theano.tensor.nnet
    assert theano.tensor.nnet.__spec__.name == "symrnn.compat.theano.tensor.nnet"


@pytest.mark.parametrize(
    "name",
    [
        "theano.tensor.signal.pool",
        "theano.tensor.signal.downsample",
        "theano.tensor.shared_randomstreams",
        "theano.sandbox.rng_mrg",
        "theano.gof.graph",
        "theano.gradient",
        "theano.ifelse",
        "theano.printing",
        "theano.scan_module.scan_utils",
        "theano.compile.mode",
        "theano.compile.nanguardmode",
        "theano.tensor.nlinalg",
        "theano.tensor.slinalg",
        "theano.tensor.extra_ops",
        "theano.updates",
        "theano.tensor.nnet.abstract_conv",
        "theano.tensor.nnet.conv",
        "theano.tensor.nnet.bn",
        "theano.sandbox.gpuarray.dnn",
        "theano.tensor.basic",
        "theano.tensor.sort",
        "theano.tensor.var",
        "theano.compat.python2x",
        "theano.scalar",
        "theano.sparse",
        "theano.configparser",
        "theano.sandbox.cuda.dnn",
        "theano.gpuarray.dnn",
    ],
)
def test_modules_have_entries_of_their_own(name):
    __import__(name)
    assert name in sys.modules


def test_a_missing_name_says_what_to_use():
    import theano

    with pytest.raises(AttributeError, match=r"did you mean 'matrix'"):
        _ = theano.tensor.matrx
    with pytest.raises(ImportError, match="no GPU back-end"):
        from theano.gpuarray import GpuFromHost  # noqa: F401
    with pytest.raises(ImportError, match=r"theano\.typed_list"):
        import theano.typed_list
    assert not hasattr(theano, "typed_list")
    with pytest.raises(ImportError, match=r"pytensor\.graph\.features"):
        import theano.gof.toolbox


def test_gpu_layers_are_refused_where_the_program_says_cpu():
    with pytest.raises(ImportError, match="pylearn2"):
        import lasagne.layers.cuda_convnet
    compat.install(gpu_layers=False, old_numpy=False)
    with pytest.raises(ImportError, match="requires a GPU"):
        import lasagne.layers.dnn  # noqa: F401


def test_a_library_that_came_with_theano_says_where_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.machinery.PathFinder.find_spec", lambda *args: None)
    monkeypatch.delitem(sys.modules, "six", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"pip install symrnn\[compat\]"):
        import six  # noqa: F401


def test_function_takes_and_returns_dictionaries():
    import theano
    import theano.tensor as T

    x = T.matrix("x", "float64")
    f = theano.function(
        [x], {"sum": x.sum(), "max": x.max()}, mode="FAST_RUN", no_default_updates=True
    )
    assert {key: float(value) for key, value in f([[1.0, 2.0]]).items()} == {"sum": 3.0, "max": 2.0}


def test_updates_of_axes_of_size_one_are_taken_both_ways():
    import theano
    import theano.tensor as T

    free, fixed = (
        theano.shared(np.zeros((1, 3))),
        theano.shared(np.zeros((1, 3)), broadcastable=(True, False)),
    )
    row, x = T.row("row"), T.matrix("x")
    theano.function([row, x], updates=[(free, row), (fixed, x)])(
        np.ones((1, 3)), 2 * np.ones((1, 3))
    )
    assert (free.get_value().tolist(), fixed.get_value().tolist()) == ([[1.0] * 3], [[2.0] * 3])


def test_scan_returns_updates_that_can_be_added():
    import theano
    from theano.sandbox.rng_mrg import MRG_RandomStreams

    stream = MRG_RandomStreams(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draws, found = theano.scan(lambda: stream.uniform((2,)), n_steps=3)
    assert isinstance(found, theano.OrderedUpdates)
    assert len(theano.OrderedUpdates() + found) == 1
    draw = theano.function([], draws, updates=found)
    assert (draw() != draw()).all()


def test_a_variable_is_true_and_a_comparison_refuses():
    x = pt.vector("x")
    assert x
    with pytest.raises(TypeError):
        bool(pt.eq(x, 1))


def test_an_expression_stands_for_values_of_any_size():
    x = pt.matrix("x", shape=(None, 3))
    y = 2 * x
    assert (y + 1).eval({y: np.ones((2, 4))}).tolist() == [[2.0] * 4] * 2
    assert y.eval({y: np.ones((1, 5))}).shape == (1, 5)
    compat.uninstall()
    with pytest.raises(TypeError, match="not compatible"):
        (y + 1).eval({y: np.ones((2, 4))})


def test_graph_inputs_come_in_theanos_order():
    import theano

    x, y, z = (theano.shared(0.0, name=name) for name in "xyz")
    assert theano.gof.graph.inputs([x + (y * z)])[:3] == [x, y, z]
    assert theano.gof.graph.is_same_graph((x + y) * 2, (x + y) * 2)
    assert not theano.gof.graph.is_same_graph(x + y, y - x)


def test_ops_with_theanos_methods_have_gradients():
    import theano

    class Twice(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = 2 * inputs[0]

        def grad(self, inputs, output_grads):
            return [2 * output_grads[0]]

        def infer_shape(self, node, shapes):
            return shapes

    x = pt.vector("x")
    assert pytensor.grad(Twice()(x).sum(), x).eval({x: [1.0, 1.0]}).tolist() == [2.0, 2.0]
    assert Twice()(x).shape.eval({x: [1.0, 1.0]}).tolist() == [2]


def test_renamed_functions():
    import theano
    import theano.tensor as T

    x = pt.as_tensor(np.array([[1.0, -4.0]]))
    assert T.stack(x, x).type.ndim == T.stack([x, x]).type.ndim == 3
    assert T.flatten(x, outdim=1).eval().tolist() == [1.0, -4.0]
    assert T.inv(T.abs_(x)).eval().tolist() == [[1.0, 0.25]]
    assert T.tensor("float32", (False, True)).type.shape == (None, 1)
    assert T.nnet.softmax(x[0]).type.ndim == 2
    assert T.topk(x, 1).eval().tolist() == [[1.0]]
    assert theano.clone(x * 2, {x: x + 1}).eval().tolist() == [[4.0, -6.0]]
    assert isinstance(x, theano.Variable)
    assert T.sort(x).eval().tolist() == T.sort.sort(x).eval().tolist() == [[-4.0, 1.0]]
    assert T.var(x).eval() == 6.25
    assert theano.config.scan.allow_gc is False
    with pytest.raises(AttributeError, match=r"floatY.*floatX"):
        _ = theano.config.floatY


def test_flags_are_translated():
    ours, gpu = flags.translated(
        flags.parsed("floatX=float32,device=cuda0,mode=FAST_RUN,dnn.enabled=True,cxx=")
    )
    assert ours == {"floatX": "float32", "cxx": ""}
    assert gpu == ["device", "dnn.enabled"]
    with pytest.raises(UserError, match="floatY"):
        flags.translated({"floatY": "1"})
    with pytest.raises(UserError, match="name=value"):
        flags.parsed("floatX")
    with pytest.raises(UserError, match=r"name=value.*'device'"):
        flags.parsed("floatX=float32,device")
    with pytest.raises(UserError, match="quote that is not closed"):
        flags.parsed("gcc.cxxflags='-O1")
    environ = {"THEANO_FLAGS": "base_compiledir=/x,device=cpu", "PYTENSOR_FLAGS": "cxx="}
    with pytest.warns(UserWarning, match="too late"):
        flags.apply_environment(environ)


FLAGS = {  # as they are given: what they say
    "gcc.cxxflags=-O1,-g": {"gcc.cxxflags": "-O1,-g"},
    "gcc.cxxflags=-O1,-Wl,-rpath=/a , floatX=float32,": {
        "gcc.cxxflags": "-O1,-Wl,-rpath=/a",
        "floatX": "float32",
    },
    "gcc.cxxflags='-O1,-g',floatX=float32": {"gcc.cxxflags": "-O1,-g", "floatX": "float32"},
    'floatX=float32,blas.ldflags="-L/a b -lc,d=e"': {
        "floatX": "float32",
        "blas.ldflags": "-L/a b -lc,d=e",
    },
    ",, cxx= ,,compiledir=/a#b": {"cxx": "", "compiledir": "/a#b"},
    r"compiledir=C:\a,contexts=dev0->cuda0;dev1->cuda1": {
        "compiledir": r"C:\a",
        "contexts": "dev0->cuda0;dev1->cuda1",
    },
    "": {},
}


@pytest.mark.parametrize("given", FLAGS)
def test_a_comma_may_stand_in_a_flags_value(given):
    assert flags.parsed(given) == FLAGS[given]


def test_pytensor_reads_the_values_that_theano_did(monkeypatch):
    values = {"gcc.cxxflags": r"-O1,-g 'a' \b #c", "floatX": "float32"}
    given = f"""gcc.cxxflags="{values["gcc.cxxflags"]}",floatX=float32"""
    environ = {"THEANO_FLAGS": given, "PYTENSOR_FLAGS": "cxx="}
    monkeypatch.delitem(sys.modules, "pytensor")
    assert flags.apply_environment(environ) == values
    monkeypatch.undo()
    read = parse_config_string(environ["PYTENSOR_FLAGS"])
    assert read == {"gcc__cxxflags": values["gcc.cxxflags"], "floatX": "float32", "cxx": ""}
