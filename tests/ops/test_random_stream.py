"""Random tensors that advance by themselves."""

import numpy as np
import pytensor
import pytest

from symrnn.ops.random_stream import RandomStream

DRAWS = {  # name: (draw, mean, deviation)
    "uniform": (lambda s: s.uniform((4000,), low=1.0, high=3.0), 2.0, 1 / np.sqrt(3)),
    "normal": (lambda s: s.normal((4000,), avg=1.0, std=2.0), 1.0, 2.0),
    "truncated": (lambda s: s.truncated_normal((4000,), avg=1.0, std=2.0), 1.0, 1.76),
    "binomial": (lambda s: s.binomial((4000,), p=0.25), 0.25, 0.433),
    "many trials": (lambda s: s.binomial((4000,), n=10, p=0.5), 5.0, 1.58),
    "integers": (lambda s: s.random_integers((4000,), low=1, high=3), 2.0, 0.816),
    "choice": (lambda s: s.choice((4000,), a=3), 1.0, 0.816),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws_follow_their_distribution(name):
    draw, mean, deviation = DRAWS[name]
    values = draw(RandomStream(1)).eval()
    np.testing.assert_allclose([values.mean(), values.std()], [mean, deviation], atol=0.1)


def test_every_call_draws_anew_and_a_seed_repeats():
    stream = RandomStream(3)
    draw = pytensor.function([], stream.normal((3,)))
    first, second = draw(), draw()
    assert (first != second).all()
    stream.seed()
    np.testing.assert_array_equal(draw(), first)
    np.testing.assert_array_equal(pytensor.function([], RandomStream(3).normal((3,)))(), first)


def test_two_draws_of_one_stream_differ():
    stream = RandomStream(3)
    one, other = pytensor.function([], [stream.uniform((3,)), stream.uniform((3,))])()
    assert (one != other).all()


def test_dtype_follows_the_parameters():
    assert RandomStream(1).normal((2,), avg=np.float32(0), std=np.float32(1)).dtype == "float32"
    assert RandomStream(1).uniform((2,)).dtype == pytensor.config.floatX


def test_multinomial_and_permutation():
    stream = RandomStream(1)
    assert stream.multinomial(pvals=np.full((5, 3), 1 / 3)).eval().sum(axis=1).tolist() == [1] * 5
    assert sorted(stream.permutation(n=4).eval().tolist()) == [0, 1, 2, 3]
