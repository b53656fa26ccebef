"""The `theano` facade in this process: names, errors, and what differs from PyTensor."""

import collections.abc
import inspect
import sys
import time
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn import compat
from symrnn.compat import flags, numpy_era, sources
from symrnn.errors import UserError
from symrnn.modes import known_mode


@pytest.fixture(autouse=True)
def installed():
    compat.install(old_numpy=False)
    yield
    compat.uninstall()
    assert not [name for name in sys.modules if name.partition(".")[0] in ("theano", "lasagne")]


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
        from theano import gpuarray  # noqa: F401
    with pytest.raises(ImportError, match=r"pytensor\.sparse"):
        import theano.sparse
    assert not hasattr(theano, "gpuarray")


def test_a_name_that_went_elsewhere_is_named_in_full():
    import theano

    for module, name, said in ((theano.gof, "toolbox", "pytensor.graph.features"),
                               (theano.scan_module, "ScanArgs", "pytensor.scan.utils.ScanArgs"),
                               (theano.compile, "orig_function", "pytensor.compile"),
                               (theano.tensor, "ShapeFeature", "rewriting")):  # fmt: skip
        with pytest.raises(AttributeError, match=said):
            getattr(module, name)
    with pytest.raises(AttributeError) as refused:
        _ = theano.tensor.Argmin
    assert "did you mean" not in str(refused.value)  # 'argmin' is the function


def test_names_of_theanos_tests_and_internals_are_there():
    import theano
    from nose.plugins.skip import SkipTest
    from nose.tools import assert_raises, raises
    from theano import tensor
    from theano.compile.pfunc import rebuild_collect_shared  # noqa: F401
    from theano.gof.fg import FunctionGraph  # noqa: F401
    from theano.misc import pkl_utils
    from theano.scan_module.scan_op import Scan
    from theano.tests import unittest_tools as utt

    assert theano._asarray([1], "float32").dtype == "float32"
    assert theano.compile.mode.FAST_RUN == "FAST_RUN"
    assert theano.compat.configparser.ConfigParser
    assert "int8" in tensor.discrete_dtypes
    assert "float32" in tensor.float_dtypes
    assert isinstance(tensor.dot(tensor.matrix(), tensor.matrix()).owner.op, tensor.Dot)
    assert theano.compile.debugmode.DebugMode
    assert theano.gradient.UndefinedGrad
    assert pkl_utils.load
    hs, _ = theano.scan(lambda x, h: x + h, tensor.vector(), tensor.scalar())
    op = hs.owner.inputs[0].owner.op
    assert isinstance(op, Scan)
    assert (op.n_seqs, op.info["n_seqs"], op.n_sit_sot) == (1, 1, 1)
    assert len(op.inputs) == 2
    assert utt.seed_rng() == utt.fetch_seed() == 666
    utt.verify_grad(tensor.tanh, [np.ones(2)], mode=known_mode("NATIVE"))
    with pytest.raises(utt.WrongValue, match=r"1\.0 apart"):
        utt.assert_allclose(np.zeros(2), np.ones(2))
    with assert_raises(SkipTest):
        raise SkipTest
    raises(KeyError)(lambda: {}[1])()
    with pytest.raises(AssertionError):
        raises(KeyError)(lambda: 1)()


def test_flags_are_changed_for_a_while():
    import theano

    with theano.change_flags({"warn.some_bug": True}, compute_test_value="raise"):
        assert theano.config.warn.some_bug
        assert theano.config.compute_test_value == "raise"
    assert not theano.config.warn.some_bug
    assert theano.config.compute_test_value == "off"

    @theano.change_flags(floatX="float32")
    def inside():
        return theano.config.floatX, theano.tensor.vector().dtype

    assert inside() == ("float32", "float32")
    assert theano.config.floatX == "float64"


def test_ops_that_no_graph_holds_are_refused_when_made():
    import theano.tensor as T

    assert not isinstance(T.vector().sum().owner.op, T.MaxAndArgmax)
    with pytest.raises(NotImplementedError, match=r"theano\.tensor\.addbroadcast"):
        T.Rebroadcast((0, True))


def test_an_op_without_perform_says_what_it_lacks():
    import theano

    class InC(theano.gof.Op):
        def make_node(self, x):
            return theano.gof.Apply(self, [x], [x.type()])

        def c_code(self, *args):
            return ""

    x = pt.vector("x")
    y = InC()(x)
    with pytest.raises(Exception, match=r"InC has no perform\(\)"):
        theano.function([x], y, mode="FAST_COMPILE")([1.0])


def test_inputs_with_defaults_may_be_left_out():
    import theano
    import theano.tensor as T

    x, y, z = T.scalars("xyz")
    for one in (theano.In(y, value=2.0), theano.Param(y, default=2.0)):
        f = theano.function([x, one, theano.In(z, value=1.0)], x * y - z)
        assert [
            float(f(3.0)),
            float(f(3.0, 4.0)),
            float(f(3.0, z=0.0)),
            float(f(y=5.0, x=1.0)),
        ] == [5.0, 11.0, 6.0, 4.0]
        assert f.maker.fgraph
        with pytest.raises(TypeError, match="needs x"):
            f(y=1.0)
        with pytest.raises(TypeError, match="given twice"):
            f(1.0, x=1.0)
    with pytest.raises(UserError, match="updates="):
        theano.In(x, value=1.0, update=x + 1)


def test_tensor_types_take_theanos_arguments():
    import theano.tensor as T

    made = T.TensorType("float32", (False, True), "named", sparse_grad=False)
    assert made == pt.TensorType("float32", shape=(None, 1))
    assert isinstance(made, T.TensorType)
    assert not isinstance(1, T.TensorType)
    rng = T.shared_randomstreams.RandomStreams(0)
    assert len(rng.updates()) == 0
    assert rng.uniform((2,)).type.ndim == 1
    assert len(rng.updates()) == 1


def test_the_name_of_an_input_is_no_dtype():
    import lasagne

    for name in ("4x4 image, i4", "float32"):
        layer = lasagne.layers.InputLayer((None, 3), name=name)
        assert layer.input_var.name == f"{name}.input"
        assert layer.input_var.dtype == "float64"


@pytest.mark.parametrize("border_mode", ["full", "half", "valid"])
@pytest.mark.parametrize("form", ["shared", "of shared ones"])
def test_a_convolution_finds_its_window_in_shared_filters(border_mode, form):
    import theano
    import theano.tensor as T

    filters = theano.shared(np.arange(9.0).reshape(1, 1, 3, 3))
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    used = filters if form == "shared" else 1.0 * filters
    found = T.nnet.conv2d(pt.as_tensor(x), used, border_mode=border_mode).eval()
    expected = T.nnet.conv2d(
        pt.as_tensor(x), used, filter_shape=(1, 1, 3, 3), border_mode=border_mode
    ).eval()
    np.testing.assert_array_equal(found, expected)


def test_filters_of_another_window_are_refused_later():
    import theano
    import theano.tensor as T

    filters, x = theano.shared(np.ones((1, 1, 3, 3))), T.tensor4("x")
    convolve = theano.function(
        [x], T.nnet.conv2d(x, filters, border_mode="full"), mode="FAST_COMPILE"
    )
    assert convolve(np.ones((1, 1, 4, 4))).shape == (1, 1, 6, 6)
    filters.set_value(np.ones((1, 1, 5, 5)))
    with pytest.raises(AssertionError, match="SpecifyShape"):
        convolve(np.ones((1, 1, 4, 4)))


def test_programs_default_to_native_mode():
    from symrnn.compat import default_mode

    assert pytensor.config.mode != "NATIVE"  # the tests' flags name a linker
    default_mode.choose({}, {"PYTENSOR_FLAGS": "floatX=float32"})
    assert pytensor.config.mode == "NATIVE"
    default_mode.restore()
    default_mode.choose({"mode": "FAST_RUN"}, {})
    assert pytensor.config.mode == "NATIVE"
    default_mode.restore()
    for theanos, own in (
        ({"mode": "FAST_COMPILE"}, {}),
        ({"linker": "py"}, {}),
        ({}, {"PYTENSOR_FLAGS": "mode=JAX"}),
    ):
        default_mode.choose(theanos, own)
        assert pytensor.config.mode != "NATIVE"


def test_compilers_do_not_fill_a_programs_log():
    import logging

    for name in ("numba", "llvmlite"):
        assert not logging.getLogger(f"{name}.core.byteflow").isEnabledFor(logging.DEBUG)


def test_gpu_layers_are_refused_where_the_program_says_cpu():
    with pytest.raises(ImportError, match="pylearn2"):
        import lasagne.layers.cuda_convnet
    compat.install(gpu_layers=False, old_numpy=False)
    with pytest.raises(ImportError, match="requires a GPU"):
        import lasagne.layers.dnn  # noqa: F401


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
    environ = {"THEANO_FLAGS": "base_compiledir=/x,device=cpu", "PYTENSOR_FLAGS": "cxx="}
    with pytest.warns(UserWarning, match="too late"):
        flags.apply_environment(environ)


def run_old(source, **scope):
    tree = sources.with_old_indices(sources.parsed(source.encode(), "x.py"))
    exec(compile(tree, "x.py", "exec"), scope)
    return scope


def test_lists_of_slices_are_indices_in_old_programs():
    source = '"""Doc."""\nfrom __future__ import division\ny = x[k]'
    scope = run_old(source, x=np.arange(6).reshape(2, 3), k=[slice(None), slice(1, 2)])
    assert scope["y"].tolist() == [[1], [4]]
    assert numpy_era.as_index([0, 1]) == [0, 1]


NUMPY = {  # a program with its result in y, and the result
    "ragged rows are lists": ("y = np.array([[1, 2], [3]]).tolist()", [[1, 2], [3]]),
    "ragged rows of a dtype are refused": (
        "try:\n    np.array([[1, 2], [3]], 'float32')\nexcept ValueError:\n    y = 1",
        1,
    ),
    "copy=False copies where it must": ("y = np.array([1], copy=False).tolist()", [1]),
    "an array of one entry is an element": (
        "y = np.zeros(2)\ny[0] = np.array([3.])\ny = y.tolist()",
        [3.0, 0.0],
    ),
    "a dictionary keeps it": ("y = {}\ny[0] = np.array([3.])\ny = y[0].shape", (1,)),
    "an array of one entry is a number": (
        "from math import sqrt\ny = float(np.array([4.])), int(np.ones((1, 1))), sqrt(np.array([4]))",
        (4.0, 1, 2.0),
    ),
    "and is formatted as one": ("y = '%d %.1f' % (np.array([4.]), np.array([.5]))", "4 0.5"),
    "bytes": ("y = np.fromstring(np.ones(1).tostring())[0]", 1.0),
}


@pytest.mark.parametrize("what", NUMPY)
def test_numpy_is_that_of_the_time(what):
    source, y = NUMPY[what]
    assert run_old(source, np=np)["y"] == y


def test_names_of_numpy_and_of_the_library_are_back(monkeypatch):
    for module, name in ((np, "cast"), (np, "float"), (np.testing, "dec"), (time, "clock"), (collections, "Mapping"),
                         (inspect, "getargspec")):  # fmt: skip
        monkeypatch.delattr(module, name, raising=False)
    options = np.get_printoptions()
    compat.install()
    np.set_printoptions(**options)
    assert np.cast["int32"](1.5).dtype == "int32"
    assert (np.float, collections.Mapping) == (float, collections.abc.Mapping)
    assert time.clock() > 0
    assert inspect.getargspec(lambda a, b=1: a).defaults == (1,)
