"""Functions and ops of ``theano.tensor.nnet`` that PyTensor has no name for."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.modes import known_mode

pytestmark = pytest.mark.usefixtures("installed")

ROWS = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])
BIAS, TRUE = np.array([0.5, 0.0, -0.5]), np.array([2, 0])


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


def values(*expressions):
    return pytensor.function([], list(expressions), mode="FAST_COMPILE")()


def test_fused_ops_are_called_as_they_were():
    from theano.tensor import nnet

    x, b = pt.as_tensor(ROWS), pt.as_tensor(BIAS)
    p = softmax(ROWS + BIAS)
    loss, rows, best = nnet.CrossentropySoftmaxArgmax1HotWithBias()(x, b, TRUE)
    dy = pt.as_tensor(np.array([1.0, 2.0]))
    dx = nnet.CrossentropySoftmax1HotWithBiasDx()(dy, rows, TRUE)
    found = values(loss, rows, best, dx, nnet.SoftmaxWithBias()(x, b), nnet.Softmax()(x + b),
                   nnet.crossentropy_softmax_max_and_argmax_1hot_with_bias(x, b, TRUE)[2],
                   nnet.CrossentropyCategorical1HotGrad()(dy, rows, TRUE))  # fmt: skip
    hot = np.eye(3)[TRUE]
    expected = [-np.log(p[[0, 1], TRUE]), p, p.argmax(1), [[1.0], [2.0]] * (p - hot), p, p, p.max(1),
                -np.array([[1.0], [2.0]]) * hot / p]  # fmt: skip
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "NATIVE"])
def test_fused_ops_refuse_classes_below_zero(mode):
    from theano.tensor import nnet

    x, b, y = pt.as_tensor(ROWS), pt.as_tensor(BIAS), pt.lvector("y")
    loss = nnet.CrossentropySoftmaxArgmax1HotWithBias()(x, b, y)[0]
    dx = nnet.CrossentropySoftmax1HotWithBiasDx()(pt.ones(2), x, y)
    for out in (loss, dx):
        f = pytensor.function([y], out, mode=known_mode(mode))
        assert np.isfinite(f([2, 0])).all()
        with pytest.raises(ValueError, match="one is below"):
            f([2, -1])


def test_probabilities_in_classes():
    from theano.tensor.nnet import h_softmax

    rng = np.random.default_rng(0)
    x, w1, b1, w2, b2 = (
        rng.normal(size=shape) for shape in ((2, 4), (4, 3), (3,), (3, 4, 2), (3, 2))
    )
    given = [pt.as_tensor(one) for one in (w1, b1, w2, b2)]
    every = h_softmax(pt.as_tensor(x), 2, 5, 3, 2, *given)
    one = h_softmax(pt.as_tensor(x), 2, 5, 3, 2, *given, pt.as_tensor(np.array([4, 1])))
    all_, chosen = values(every, one)
    within = softmax(np.einsum("bd,cdk->bck", x, w2) + b2)
    expected = (softmax(x @ w1 + b1)[:, :, None] * within).reshape(2, 6)
    np.testing.assert_allclose(all_, expected[:, :5])
    np.testing.assert_allclose(chosen, expected[[0, 1], [4, 1]])


@pytest.mark.parametrize("axes", ["per-activation", "spatial"])
def test_batch_normalization(axes):
    import theano
    from theano.tensor.nnet.bn import batch_normalization_test, batch_normalization_train

    x = np.random.default_rng(1).normal(size=(4, 3, 2))
    over = (0,) if axes == "per-activation" else (0, 2)
    shape = x.mean(over, keepdims=True).shape
    gamma, beta = theano.shared(np.full(shape, 2.0)), theano.shared(np.ones(shape))
    mean = theano.shared(np.zeros(shape))
    found = batch_normalization_train(
        pt.as_tensor(x), gamma, beta, axes, 0.0, 0.5, mean, theano.shared(np.ones(shape))
    )
    again = batch_normalization_test(
        pt.as_tensor(x), gamma, beta, found[1], found[2] ** -2, axes, 0.0
    )
    out, _, _, running, variance, tested = values(*found, again)
    np.testing.assert_allclose(
        out, 2 * (x - x.mean(over, keepdims=True)) / x.std(over, keepdims=True) + 1
    )
    np.testing.assert_allclose(tested, out)
    np.testing.assert_allclose(running, 0.5 * x.mean(over, keepdims=True))
    np.testing.assert_allclose(variance, 0.5 + 0.5 * x.var(over, keepdims=True, ddof=1))


def test_patches_of_images():
    from theano.tensor.nnet.neighbours import images2neibs, neibs2images

    x = np.arange(16.0).reshape(1, 1, 4, 4)
    patches = images2neibs(pt.as_tensor(x), (2, 2))
    rows, back, steps = values(
        patches,
        neibs2images(patches, (2, 2), (1, 1, 4, 4)),
        images2neibs(pt.as_tensor(x), (2, 2), (1, 1)),
    )
    assert rows[:2].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7]]
    assert (back == x).all()
    assert steps.shape == (9, 4)


def test_a_probability_of_zero_elsewhere_has_no_part_in_the_gradient():
    from theano.tensor.nnet import categorical_crossentropy

    p = pt.as_tensor(np.array([[0.5, 0.5, 0.0]]))
    x = p + 0.0
    loss = categorical_crossentropy(x, pt.as_tensor(np.array([1]))).sum()
    assert values(pytensor.grad(loss, x))[0].tolist() == [[0.0, -2.0, 0.0]]
