"""What Theano took, had or did, and PyTensor does not: names, inputs with defaults, types, windows, settings, modes."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.measure.sizes import apply_nodes
from symrnn.modes import known_mode

pytestmark = pytest.mark.usefixtures("installed")


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
    assert theano.compile.mode.FAST_RUN.excluding("fusion")
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


def test_what_is_considered_constant_has_a_gradient_of_zero():
    import theano
    import theano.tensor as T

    x = T.vector("x")
    for constant in (
        theano.gradient.consider_constant,
        T.consider_constant,
        theano.gradient.consider_constant_,
    ):
        assert T.grad(constant(x).sum(), x).eval({x: [1.0]}).tolist() == [0.0]
    with pytest.raises(theano.gradient.DisconnectedInputError):
        T.grad(theano.gradient.disconnected_grad(x).sum(), x)


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


def test_the_op_of_join_is_made_and_called_as_it_was():
    import theano.tensor as T

    x = pt.as_tensor(np.ones((1, 2)))
    joined = T.Join()(0, x, x)
    assert isinstance(joined.owner.op, T.Join)
    assert joined.eval().shape == (2, 2)


def test_the_op_of_dimshuffle_is_made_from_axes_of_size_one():
    import theano.tensor as T

    column = pt.col("column")
    vector = T.DimShuffle((False, True), (0,))(column)
    assert vector.eval({column: [[1.0], [2.0]]}, mode="FAST_COMPILE").tolist() == [1.0, 2.0]
    assert isinstance(vector.owner.op, T.elemwise.DimShuffle)
    assert isinstance(pt.matrix().T.owner.op, T.basic.DimShuffle)


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


@pytest.mark.parametrize("border_mode", ["full", "half"])
def test_a_convolution_with_a_window_that_is_an_expression(border_mode):
    import theano
    import theano.tensor as T

    x, filters = T.tensor4("x"), T.tensor4("filters")
    values = np.arange(25.0).reshape(1, 1, 5, 5), np.arange(9.0).reshape(1, 1, 3, 3)
    y = T.nnet.conv2d(x, filters, border_mode=border_mode)
    convolve = theano.function(
        [x, filters], [y, *T.grad((y**2).sum(), [x, filters])], mode="FAST_COMPILE"
    )
    z = T.nnet.conv2d(x, filters, filter_shape=(1, 1, 3, 3), border_mode=border_mode)
    known = theano.function(
        [x, filters], [z, *T.grad((z**2).sum(), [x, filters])], mode="FAST_COMPILE"
    )
    for ours, theirs in zip(convolve(*values), known(*values), strict=True):
        np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize(
    ("shape", "window"), [((2, 2, 5, 20), (3, 20)), ((2, 2, 20, 20), (20, 20))]
)
def test_a_window_as_wide_as_its_images_is_no_slice_for_each_entry(shape, window, flip):
    import theano.tensor as T

    x, w = pt.tensor4("x"), pt.tensor4("w")
    size = (3, 2, *window)
    made, plain = (
        T.nnet.conv2d(x, w, image_shape=known, filter_shape=size, filter_flip=flip)
        for known in (shape, None)
    )
    slices = [
        sum("Subtensor" in str(node.op) for node in apply_nodes([one])) for one in (made, plain)
    ]
    assert slices[0] < 16 < 20 < slices[1]
    values = [np.random.default_rng(0).normal(size=size) for size in (shape, size)]
    asked = [[one, *pytensor.grad((one**2).sum(), [x, w])] for one in (made, plain)]
    found = pytensor.function([x, w], asked[0] + asked[1], mode=known_mode("NATIVE"))(*values)
    for ours, theirs in zip(found[:3], found[3:], strict=True):
        np.testing.assert_allclose(ours, theirs)


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


def test_theanos_c_linkers_are_the_default_mode():
    import theano
    from pytensor.compile.mode import Mode

    from symrnn.compat import default_mode

    default_mode.choose({}, {})
    for linker in ("cvm", "c|py", None):
        mode = theano.Mode(linker=linker, optimizer="fast_compile")
        assert type(mode.linker).__name__ == "NativeLinker"
        assert isinstance(mode, theano.Mode)
    assert type(theano.Mode("py", "fast_run").linker).__name__ == "PerformLinker"
    x = pt.vector("x")
    assert theano.function([x], x + 1, mode=theano.Mode("cvm"))([1.0]).tolist() == [2.0]

    class Own(theano.Mode):
        pass

    assert issubclass(Own, Mode)


def test_compilers_do_not_fill_a_programs_log():
    import logging

    for name in ("numba", "llvmlite"):
        assert not logging.getLogger(f"{name}.core.byteflow").isEnabledFor(logging.DEBUG)


def test_a_size_that_is_known_can_be_forgotten():
    import theano
    import theano.tensor as T

    row = T.constant(np.zeros((1, 3)))
    free = T.unbroadcast(row, 0)
    assert (row.type.shape, free.type.shape) == ((1, 3), (None, 3))
    x = T.tensor3("x")
    hs, _ = theano.scan(lambda x, h: x + h, x, T.unbroadcast(T.constant(np.zeros((1, 2))), 0))
    gradient = theano.function([x], T.grad(hs.sum(), x), mode="FAST_COMPILE")(np.ones((2, 1, 2)))
    assert gradient.tolist() == [[[2.0, 2.0]], [[1.0, 1.0]]]


def test_rewrites_are_left_out_by_theanos_names():
    import theano
    from theano.scan_module.scan_op import Scan

    x = pt.vector("x")
    ys, _ = theano.scan(lambda x: x + 1, x)
    scans = {}
    for name in ("scanOp_pushout_seqs_ops", "scan_push_out_seq", "another"):
        mode = theano.Mode("py", "fast_run").excluding(name)
        nodes = theano.function([x], ys, mode=mode).maker.fgraph.toposort()
        scans[name] = sum(isinstance(node.op, Scan) for node in nodes)
    assert scans == {"scanOp_pushout_seqs_ops": 1, "scan_push_out_seq": 1, "another": 0}


def test_a_mode_optimizes_a_graph():
    import theano

    x = pt.vector("x")
    graph = theano.gof.FunctionGraph([x], [x * 1 + 0], clone=False)
    theano.Mode("py", "fast_run").excluding("inplace").optimizer.optimize(graph)
    assert graph.outputs == [x]


def test_what_theanos_scan_op_answered_for_its_node():
    import theano

    hs, _ = theano.scan(lambda x, h: x + h, pt.vector("x"), pt.scalar("h"))
    node = hs.owner.inputs[0].owner
    assert node.op.outer_seqs(node) == node.op.outer_seqs(node.inputs)
    assert len(node.op.outer_seqs(node)) == 1
    assert node.op.var_mappings["outer_inp_from_outer_out"] == {0: 2}


def test_monitors_take_three_arguments():
    import theano

    seen = []
    mode = theano.compile.MonitorMode(post_func=lambda i, node, fn: seen.append(i))
    x = pt.vector("x")
    theano.function([x], pt.exp(x) + 1, mode=mode)([1.0])
    assert seen


def test_ops_of_rows_are_told_from_those_of_other_places():
    """On PyTensor 3.3 one op takes all that advanced indices say; programs ask for Theano's two.

    3.0 has both, and rewrites to the one of rows when it compiles.
    """
    from theano.tensor import AdvancedIncSubtensor1, AdvancedSubtensor1

    x, rows = pt.matrix("x"), pt.lvector("rows")
    asked = {"rows": x[rows], "columns": x[:, rows], "pairs": x[rows, rows]}
    found = {name: isinstance(part.owner.op, AdvancedSubtensor1) for name, part in asked.items()}
    rows_at_once = not hasattr(pytensor.tensor.subtensor, "AdvancedSubtensor1")
    assert found == {"rows": rows_at_once, "columns": False, "pairs": False}
    added = pt.inc_subtensor(x[rows], 1.0).owner.op
    assert isinstance(added, AdvancedIncSubtensor1) == rows_at_once
    assert not isinstance(added, AdvancedSubtensor1)

    values = np.arange(6.0).reshape(3, 2)
    given = pt.matrix("given")
    assert isinstance(AdvancedSubtensor1()(x, rows).owner.op, AdvancedSubtensor1)
    put = AdvancedIncSubtensor1(set_instead_of_inc=True)(x, given, rows)
    asked = {x: values, given: [[8.0, 9.0], [6.0, 7.0]], rows: [2, 0]}
    assert put.eval(asked, mode="FAST_COMPILE").tolist() == [[6, 7], [2, 3], [8, 9]]


def test_functions_that_were_ops_print_as_those():
    import theano.tensor as T

    names = ["deg2rad", "rad2deg", "iv", "conj", "complex_from_polar"]
    names += ["round_half_to_even", "round_half_away_from_zero", "true_div"]
    assert [str(getattr(T, name)) for name in names] == [
        f"Elemwise{{{name},no_inplace}}" for name in names
    ]
    turned = T.deg2rad(np.array([0.0, 180.0])).eval(mode="FAST_COMPILE")
    assert turned == pytest.approx([0, np.pi])


def test_constants_without_entries_and_products_with_vectors():
    import theano.tensor as T

    with pytest.raises(T.EmptyConstantError):
        T.get_scalar_constant_value(np.zeros(0))
    with pytest.raises(T.NotScalarConstantError):
        T.get_scalar_constant_value(np.arange(2))
    a, b = np.arange(3.0), np.arange(24.0).reshape(3, 2, 2, 2)
    for pair in ((a, b), (b, a)):
        product = T.batched_dot(*pair).eval(mode="FAST_COMPILE")
        assert np.array_equal(product, a[:, None, None, None] * b)
