"""Random draws: the stream that the Python linker draws from the same generator, and generators that go on."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import PLAIN

from symrnn.native.generators import GeneratorCopies

pytestmark = pytest.mark.usefixtures("cold")

DRAWS = {  # name: what is drawn of a generator and a vector
    "normal": lambda rng, v: pt.random.normal(v, 2.0, rng=rng),
    "normal, many": lambda rng, v: pt.random.normal(0, 1, size=(3, 4), rng=rng),
    "uniform": lambda rng, v: pt.random.uniform(0, abs(v) + 1, rng=rng),
    "integers": lambda rng, v: pt.random.integers(0, 10, size=v.shape, rng=rng),
    "bernoulli": lambda rng, v: pt.random.bernoulli(0.3, size=(5,), rng=rng),
    "categorical": lambda rng, v: pt.random.categorical(pt.special.softmax(v), size=(4,), rng=rng),
    "gamma": lambda rng, v: pt.random.gamma(abs(v) + 1, scale=1.5, rng=rng),
    "poisson": lambda rng, v: pt.random.poisson(abs(v), rng=rng),
    "permutation": lambda rng, v: pt.random.permutation(v, rng=rng),
    "multivariate normal": lambda rng, v: pt.random.multivariate_normal(v, pt.eye(3), rng=rng),
    "single precision": lambda rng, v: pt.random.normal(0, 1, size=(4,), dtype="float32", rng=rng),
    "nothing": lambda rng, v: pt.random.normal(0, 1, size=(0, 2), rng=rng),
}


def drawn(build, mode):
    """Three draws, each computed with, from a generator that goes on."""
    rng, v = pytensor.shared(np.random.default_rng(5)), pt.vector("v")
    draw = build(rng, v)
    following = draw.owner.outputs[0] if draw.owner.op.__class__.__name__ != "Cast" else rng
    f = pytensor.function(
        [v], [draw, draw * 2 + 1], updates={rng: following}, mode=mode, on_unused_input="ignore"
    )
    results = [f(np.array([0.5, -1.0, 2.0])) for _ in range(3)]
    return sum(results, []), rng.get_value().bit_generator.state


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
@pytest.mark.parametrize("name", DRAWS)
def test_stream_is_the_python_linkers(name):
    (got, state), (right, right_state) = drawn(DRAWS[name], "NATIVE"), drawn(DRAWS[name], PLAIN)
    for a, b in zip(got, right, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-6)
    assert state == right_state
    assert got[0].size == 0 or name == "permutation" or any(
        not np.array_equal(got[0], later) for later in got[2::2]
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
def test_two_draws_of_one_generator_are_alike_unless_it_goes_on():
    rng = pytensor.shared(np.random.default_rng(5))
    first = pt.random.normal(0, 1, size=(3,), rng=rng)
    again = pt.random.normal(0, 1, size=(3,), rng=rng)
    later = pt.random.normal(0, 1, size=(3,), rng=first.owner.outputs[0])
    f = pytensor.function([], [first, again, later], mode="NATIVE")
    a, b, c = f()
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    np.testing.assert_array_equal(f()[0], a)  # nothing was updated


@pytest.mark.parametrize("bits", ["PCG64", "MT19937", "Philox"])
def test_copies_draw_and_spawn_what_the_original_would_and_are_used_again(bits):
    original = np.random.Generator(getattr(np.random, bits)(5))
    original.integers(10, size=3, dtype=np.int32)  # half a number is buffered
    copies = GeneratorCopies()
    chain = [original]
    for _ in range(4):
        chain.append(copies(chain[-1]))
    draws = [rng.integers(10, size=9, dtype=np.int32).tolist() for rng in chain]
    assert draws == draws[:1] * 5
    assert len({rng.spawn(1)[0].normal() for rng in chain}) == 1
    del chain[1:]
    again = [id(copies(original)) for _ in range(3)]  # each is let go at once
    assert len(set(again)) == 1 or bits != "PCG64"


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
def test_a_generator_that_is_handed_out_stays_as_it_is():
    rng = pytensor.shared(np.random.default_rng(5))
    later, draw = pt.random.normal(0, 1, size=(2,), rng=rng).owner.outputs
    f = pytensor.function([], [later, draw], updates={rng: later}, mode="NATIVE")
    handed_out = [f()[0] for _ in range(4)]
    states = [each.bit_generator.state["state"]["state"] for each in handed_out]
    assert len(set(states)) == 4
    original = np.random.default_rng(5)
    for state in states:
        original.normal(0, 1, size=2)
        assert original.bit_generator.state["state"]["state"] == state
