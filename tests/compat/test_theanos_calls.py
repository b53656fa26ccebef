"""Calls of Theano's that PyTensor takes otherwise, or gives other numbers for."""

import numpy as np
import pytensor.tensor as pt
import pytest

from symrnn import compat
from symrnn.compat import default_mode
from symrnn.native import native_report

pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture
def in_native():
    default_mode.choose({}, {})
    yield
    default_mode.restore()


def test_a_function_that_is_run_again_stores_its_updates(in_native):
    import theano

    counted = theano.shared(0)
    count = theano.function([], [], updates=[(counted, counted + 1)])
    count._check_for_aliased_inputs = False
    count.fn(n_calls=3)
    count()
    assert counted.get_value() == 4


def test_ops_that_write_over_their_argument_do(in_native):
    import theano
    from theano.tensor.inplace import exp_inplace

    x, values = pt.vector("x"), np.zeros(2)
    theano.function([theano.In(x, mutable=True)], exp_inplace(x), accept_inplace=True)(values)
    assert values.tolist() == [1.0, 1.0]
    native = theano.function([x], x + 1, accept_inplace=True)
    assert type(native.maker.linker).__name__ == "NativeLinker"


OVER = {  # arguments, and what the first of them becomes
    "deg2rad": ([45.0], np.pi / 4),
    "rad2deg": ([np.pi / 4], 45.0),
    "iv": ([0.5, 2.0], np.sinh(2) / np.sqrt(np.pi)),
    "chi2sf": ([1.5, 2.0], np.exp(-0.75)),
}


@pytest.mark.parametrize("name", OVER)
def test_functions_of_several_ops_write_over_their_argument_too(name):
    import theano
    from theano.tensor import inplace

    numbers, expected = OVER[name]
    values = [np.array([number], "float32") for number in numbers]
    given = [theano.In(pt.fvector(), mutable=True), pt.fvector()][: len(values)]
    over = getattr(inplace, f"{name}_inplace")(given[0].variable, *given[1:])
    assert over.dtype == "float32"
    theano.function(given, over, accept_inplace=True)(*values)
    assert values[0] == pytest.approx(expected, rel=1e-6)


def test_elementwise_ops_print_as_they_did():
    import theano.tensor as T

    assert str(T.add) == "Elemwise{add,no_inplace}"
    assert str(T.inv) == "Elemwise{inv,no_inplace}"
    compat.uninstall()
    assert str(pt.add) == "Add"


def test_shared_streams_draw_numpys_numbers(in_native):
    import theano
    from theano.tensor.shared_randomstreams import RandomStreams

    streams = RandomStreams(666)
    draws = [
        streams.uniform((3,), -1, 1),
        streams.binomial((9,), p=0.3),
        streams.binomial((9,), p=0.7),
    ]
    draw = theano.function([], draws)
    seeds = np.random.RandomState(666)
    first, second, third = (np.random.RandomState(seeds.randint(2**30)) for _ in draws)
    for _ in range(2):
        expected = [first.uniform(-1, 1, 3), second.binomial(1, 0.3, 9), third.binomial(1, 0.7, 9)]
        for found, one in zip(draw(), expected, strict=True):
            np.testing.assert_array_equal(found, one)
    streams.seed(666)
    np.testing.assert_array_equal(draw()[0], np.random.RandomState(seeds_of(666)).uniform(-1, 1, 3))
    assert RandomStreams(0).uniform((2,)).type.ndim == RandomStreams().uniform((2,)).type.ndim == 1


def test_a_draw_of_a_shared_stream_is_all_that_native_code_leaves_to_python(in_native):
    import theano
    import theano.tensor as T
    from theano.tensor.shared_randomstreams import RandomStreams

    streams = RandomStreams(3)
    x, w = T.tensor3("x"), theano.shared(np.eye(3))
    mask = streams.binomial(x.shape, p=0.5, dtype="float64")

    def step(x, h):
        return T.tanh(T.dot(h, w)) * streams.uniform((2, 3)) + x

    hs, updates = theano.scan(step, x * mask, [T.zeros((2, 3))])
    gradient = T.grad(T.tanh(T.dot(x * mask, w)).sum(), w)
    train = theano.function([x], [hs, gradient], updates=updates)
    values = np.ones((4, 2, 3))
    first, second = train(values), train(values)
    assert all((a != b).any() for a, b in zip(first, second, strict=True))
    left = {str(node.op) for node, _ in native_report(train).fallbacks}
    assert left == {"TwisterUniform"}
    assert (
        hs.owner.inputs[0].owner.op.info.n_untraced_sit_sot == 1
    )  # as Theano's, a state has no history
    with pytest.raises(TypeError, match="625 words"):
        streams.generators[0].set_value(np.zeros(3))


def test_a_shared_stream_draws_the_shape_that_it_is_given():
    import theano
    import theano.tensor as T
    from theano.tensor.shared_randomstreams import RandomStreams

    streams, x = RandomStreams(3), pt.matrix("x")
    shapes = [
        streams.uniform((2, 1)),
        streams.uniform(x.shape),
        streams.uniform(low=x, high=1.0),
        streams.uniform(3),
    ]
    assert [one.type.shape for one in shapes] == [(2, 1), (None, None), (None, None), (3,)]
    with pytest.raises(theano.gradient.DisconnectedInputError):
        T.grad(streams.uniform(x.shape).sum(), x)


def test_classes_without_replacement(in_native):
    from theano.sandbox.rng_mrg import MRG_RandomStreams

    chosen = (
        MRG_RandomStreams(1)
        .multinomial_wo_replacement(n=2, pvals=np.array([[0.5, 0.5, 0.0]] * 9))
        .eval()
    )
    assert (np.sort(chosen, axis=1) == [0, 1]).all()


def seeds_of(seed):
    return np.random.RandomState(seed).randint(2**30)


SHAPES = [
    ((3, 2, 4), (3, 4, 5)),
    ((3, 4), (3, 4, 5)),
    ((3, 2, 4), (3, 4)),
    ((3, 4), (3, 4)),
    ((3,), (3, 4, 5)),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_batched_products(shapes):
    import theano.tensor as T

    x, y = (np.arange(np.prod(shape), dtype="float64").reshape(shape) for shape in shapes)
    found = T.batched_dot(pt.as_tensor(x), pt.as_tensor(y)).eval(mode="FAST_COMPILE")
    np.testing.assert_array_equal(found, [np.dot(a, b) for a, b in zip(x, y, strict=True)])


def test_arguments_by_place_as_theano_took_them():
    import theano.tensor as T

    x = pt.as_tensor(np.arange(3.0))
    first, rest = T.split(x, [1, 2], 2, 0)
    assert (first.eval().tolist(), rest.eval().tolist()) == ([0.0], [1.0, 2.0])
    assert [one.eval().size for one in T.Split(2)(x, 0, [1, 2])] == [1, 2]
    assert T.tile(x, (2,), ndim=2).eval().shape == (1, 6)
    assert T.reshape(x, pt.as_tensor([1, 3]), 2).type.ndim == 2
    assert T.get_scalar_constant_value(np.ones(3)) == 1.0
    assert T.argtopk(x, 1).eval().tolist() == [2]
    with pytest.raises(ValueError, match="ndim must be from 1 to 1"):
        T.flatten(x, 2)
    assert T.TensorType.values_eq_approx
    assert T.inc_subtensor(x[0], 2.0, tolerate_inplace_aliasing=True).eval().tolist() == [
        2.0,
        1.0,
        2.0,
    ]
    assert T.set_subtensor(x[0], 2.0, False, True).owner.op.set_instead_of_inc
    assert isinstance(T.join(0, x, x).owner.op, T.Join().__class__)


def test_gpu_modules_are_as_without_a_gpu():
    import theano
    import theano.sandbox.cuda.dnn as dnn
    from theano.sandbox.cuda.basic_ops import gpu_contiguous

    assert not theano.sandbox.cuda.cuda_available
    assert not theano.gpuarray.pygpu_activated
    with pytest.warns(UserWarning, match="runs on the CPU"):
        theano.sandbox.cuda.use("gpu0")
    images, filters = (
        pt.as_tensor(np.arange(9.0).reshape(1, 1, 3, 3)),
        np.arange(4.0).reshape(1, 1, 2, 2),
    )
    assert (
        dnn.dnn_conv(gpu_contiguous(images), filters, conv_mode="cross").eval()[0, 0, 0, 0]
        == 1 + 2 * 3 + 3 * 4
    )


def test_settings_that_a_program_adds():
    import theano
    from theano.configparser import AddConfigVar, StrParam

    AddConfigVar("mine.path", "where", StrParam("here"))
    assert theano.config.mine.path == "here"
    theano.config.mine.path = "there"
    assert theano.config.mine.path == "there"


def test_sparse_matrices():
    import theano.sparse
    from scipy.sparse import csr_matrix

    x = theano.sparse.csr_matrix("x", dtype="float64")
    product = theano.sparse.structured_dot(x, pt.as_tensor(np.ones((2, 1))))
    given = csr_matrix([[1.0, 2.0]])
    assert product.eval({x: given}).tolist() == [[3.0]]
