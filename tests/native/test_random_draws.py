"""Random draws: the stream that the Python linker draws from the same generator, and generators that go on."""

import re

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import PLAIN
from pytensor.scan.utils import until
from pytensor.tensor.random.op import RandomVariable

from symrnn.measure.sizes import apply_nodes
from symrnn.native import native_report
from symrnn.native.generators import Generators

pytestmark = pytest.mark.usefixtures("cold")

LEFT_TO_PYTHON = {"whole numbers below 2**64", "categorical", "permutation", "multivariate normal"}
DRAWS = {  # name: what is drawn of a generator and a vector
    "normal": lambda rng, v: pt.random.normal(v, 2.0, rng=rng),
    "normal, many": lambda rng, v: pt.random.normal(0, 1, size=(3, 4), rng=rng),
    "uniform": lambda rng, v: pt.random.uniform(0, abs(v) + 1, rng=rng),
    "integers": lambda rng, v: pt.random.integers(0, 10, size=v.shape, rng=rng),
    "integers of each": lambda rng, v: pt.random.integers(
        -abs(v).astype("int32"), [1, 2**32 - 1, 2**40], rng=rng
    ),
    "all whole numbers": lambda rng, v: pt.random.integers(
        -(2**63), [2**63 - 1, -(2**63) + 1, -(2**63) + 2**32], size=(2, 3), rng=rng
    ),
    "no whole numbers": lambda rng, v: pt.random.integers(3, 2, size=(0,), rng=rng),
    "small whole numbers": lambda rng, v: pt.random.integers(
        0, 300, size=(4,), dtype="int8", rng=rng
    ),
    "whole numbers below 2**64": lambda rng, v: pt.random.integers(
        0, np.uint64(2**62), size=(4,), rng=rng
    ),
    "bernoulli": lambda rng, v: pt.random.bernoulli(0.3, size=(5,), rng=rng),
    "categorical": lambda rng, v: pt.random.categorical(pt.special.softmax(v), size=(4,), rng=rng),
    "gamma": lambda rng, v: pt.random.gamma(abs(v) + 1, scale=1.5, rng=rng),
    "poisson": lambda rng, v: pt.random.poisson(abs(v), rng=rng),
    "permutation": lambda rng, v: pt.random.permutation(v, rng=rng),
    "multivariate normal": lambda rng, v: pt.random.multivariate_normal(v, pt.eye(3), rng=rng),
    "single precision": lambda rng, v: pt.random.normal(0, 1, size=(4,), dtype="float32", rng=rng),
    "exponential": lambda rng, v: pt.random.exponential(abs(v), rng=rng),
    "beta": lambda rng, v: pt.random.beta(abs(v), 2, size=(2, 3), rng=rng),
    "laplace": lambda rng, v: pt.random.laplace(v, 2, rng=rng),
    "logistic": lambda rng, v: pt.random.logistic(v, 2, rng=rng),
    "lognormal": lambda rng, v: pt.random.lognormal(v[:, None], abs(v), rng=rng),
    "weibull": lambda rng, v: pt.random.weibull(abs(v), rng=rng),
    "wald": lambda rng, v: pt.random.wald(abs(v), 2, rng=rng),
    "vonmises": lambda rng, v: pt.random.vonmises(v, 2, rng=rng),
    "poisson of few and many": lambda rng, v: pt.random.poisson(v**2 * 20, size=(2, 3), rng=rng),
    "geometric": lambda rng, v: pt.random.geometric(abs(v) / 3, rng=rng),
    "bernoulli of each": lambda rng, v: pt.random.bernoulli(abs(v) / 3, rng=rng),
    "whole numbers as parameters": lambda rng, v: pt.random.normal(v.astype("int32"), 2, rng=rng),
    "drawn into a part": lambda rng, v: pt.stack([v, pt.random.normal(v, 1.0, rng=rng)], axis=1),
    "a column of parameters": lambda rng, v: pt.random.uniform(
        -1, pt.exp(v)[:, None], size=(3, 4), rng=rng
    ),
    "nothing": lambda rng, v: pt.random.normal(0, 1, size=(0, 2), rng=rng),
}


def drawn(build, mode):
    """Three draws, each computed with, from a generator that goes on."""
    rng, v = pytensor.shared(np.random.default_rng(5)), pt.vector("v")
    draw = build(rng, v)
    [drawing] = [n for n in apply_nodes([draw]) if isinstance(n.op, RandomVariable)]
    f = pytensor.function(
        [v],
        [draw, draw * 2 + 1],
        updates={rng: drawing.outputs[0]},
        mode=mode,
        on_unused_input="ignore",
    )
    results = [f(np.array([0.5, -1.0, 2.0])) for _ in range(3)]
    return sum(results, []), rng.get_value().bit_generator.state, f


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
@pytest.mark.parametrize("name", DRAWS)
def test_stream_is_the_python_linkers(name):
    got, state, f = drawn(DRAWS[name], "NATIVE")
    right, right_state, _ = drawn(DRAWS[name], PLAIN)
    assert bool(native_report(f).fallbacks) == (name in LEFT_TO_PYTHON)
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
    copies = Generators().copy
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


def walk(rng, mode, *, stops=False):
    """Steps that draw, of a generator that goes on from step to step."""

    def step(h, rng):
        later, draw = pt.random.normal(abs(h), 1.5, rng=rng).owner.outputs
        states = [h * 0.9 + draw], {rng: later}
        return (*states, until(h.sum() > 4)) if stops else states

    hs, updates = pytensor.scan(
        step, outputs_info=pt.zeros(3), non_sequences=[rng], n_steps=9, return_updates=True
    )
    return pytensor.function([], hs, updates=updates, mode=mode)


@pytest.mark.filterwarnings(
    "ignore:RandomVariable Ops:DeprecationWarning", "ignore:Scan return:DeprecationWarning"
)
@pytest.mark.parametrize("stops", [False, True])
def test_steps_of_a_scan_draw_without_python(stops):
    found = []
    for mode in ("NATIVE", PLAIN):
        rng = pytensor.shared(np.random.default_rng(5))
        f = walk(rng, mode, stops=stops)
        found.append([*(f() for _ in range(3)), rng.get_value().bit_generator.state])
        if mode == "NATIVE":
            assert not [n for n, _ in native_report(f).fallbacks if "normal" in str(n)]
            assert stops or not native_report(f).fallbacks
    (*got, state), (*right, right_state) = found
    np.testing.assert_allclose(np.concatenate(got), np.concatenate(right), rtol=1e-13)
    assert state == right_state


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda v, **rng: pt.random.normal(0, v, **rng), "scale < 0"),
        (lambda v, **rng: pt.random.uniform(0, v, **rng), "high - low < 0"),
        (lambda v, **rng: pt.random.gamma(v, scale=1, **rng), "shape < 0"),
        (lambda v, **rng: pt.random.beta(1, v, **rng), "b <= 0"),
        (lambda v, **rng: pt.random.poisson(v, **rng), "lam < 0 or lam contains NaNs"),
        (lambda v, **rng: pt.random.poisson(-v * 1e20, **rng), "lam value too large"),
        (lambda v, **rng: pt.random.integers(0, v.astype("int64"), **rng), "high <= 0"),
        (lambda v, **rng: pt.random.integers(7, v.astype("int64"), **rng), "low >= high"),
        (lambda v, **rng: pt.random.geometric(-v, **rng), "p <= 0, p > 1 or p contains NaNs"),
    ],
)
def test_parameters_out_of_range_are_refused_in_numpys_words(build, message):
    v, rng = pt.vector("v"), pytensor.shared(np.random.default_rng(5))
    later, draw = build(v, rng=rng).owner.outputs
    before = rng.get_value().bit_generator.state
    for mode in ("NATIVE", PLAIN):
        f = pytensor.function([v], draw, updates={rng: later}, mode=mode)
        with pytest.raises(ValueError, match=re.escape(message)):
            f([-0.5, -2.0])
    assert rng.get_value().bit_generator.state == before


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
def test_numbers_that_numpy_lets_pass_pass():
    v, rng = pt.vector("v"), pytensor.shared(np.random.default_rng(5))
    draws = [pt.random.normal(v, abs(v), rng=rng), pt.random.weibull(abs(v), rng=rng)]
    given = np.array([np.nan, np.inf, 0.0])
    for draw in draws:
        got, right = (pytensor.function([v], draw, mode=mode)(given) for mode in ("NATIVE", PLAIN))
        np.testing.assert_equal(got, right)
    f = pytensor.function([v], pt.random.uniform(0, v, rng=rng), mode="NATIVE")
    with pytest.raises(OverflowError, match="range exceeds valid bounds"):
        f([1.0, np.inf])


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
@pytest.mark.parametrize("bits", ["PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_other_bit_generators_draw_their_own_numbers(bits):
    v, rng = pt.vector("v"), pytensor.shared(np.random.Generator(getattr(np.random, bits)(5)))
    later, draw = pt.random.normal(v, 2.0, rng=rng).owner.outputs
    f = pytensor.function([v], draw * 2, updates={rng: later}, mode="NATIVE")
    right = np.random.Generator(getattr(np.random, bits)(5))
    for _ in range(2):
        np.testing.assert_array_equal(f([0.0, 1.0]), right.normal([0, 1], 2.0) * 2)
    rng.set_value(np.random.default_rng(5))  # the same function, with a generator that it knows
    right = np.random.default_rng(5)
    np.testing.assert_array_equal(f([0.0, 1.0]), right.normal([0, 1], 2.0) * 2)


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
def test_nodes_that_are_all_left_to_python_are_made_once(monkeypatch):
    made = []
    thunk = RandomVariable.make_thunk
    monkeypatch.setattr(
        RandomVariable, "make_thunk", lambda *a, **k: made.append(1) or thunk(*a, **k)
    )
    rng = pytensor.shared(np.random.Generator(np.random.MT19937(5)))
    f = pytensor.function([], pt.random.normal(0, 1, rng=rng), mode="NATIVE")
    for _ in range(3):
        f()
    assert len(made) == 1


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
def test_children_are_spawned_of_the_seed_that_a_generator_had():
    rngs = [pytensor.shared(np.random.default_rng(seed)) for seed in (5, 6)]
    draws = [pt.random.normal(0, 1, rng=rng).owner.outputs for rng in rngs]
    updates = {rng: later for rng, (later, _) in zip(rngs, draws, strict=True)}
    f = pytensor.function([], [draw for _, draw in draws], updates=updates, mode="NATIVE")
    for _ in range(3):
        f()
    for seed, rng in zip((5, 6), rngs, strict=True):
        [child], [right] = rng.get_value().spawn(1), np.random.default_rng(seed).spawn(1)
        assert child.normal() == right.normal()


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
def test_draws_like_earlier_ones_are_machine_codes_and_keep_the_stream():
    one, two = (pytensor.shared(np.random.default_rng(k)) for k in (1, 2))
    rng = pt.random.normal(0, 1, size=(3,), rng=one), pt.random.poisson(4, size=(2,), rng=two)
    updates = {s: d.owner.outputs[0] for s, d in zip((one, two), rng, strict=True)}
    f = pytensor.function([], rng, updates=updates, mode="NATIVE")
    by_hand = [np.random.default_rng(k) for k in (1, 2)]

    def check():
        normal, poisson = f()
        np.testing.assert_array_equal(normal, by_hand[0].normal(0, 1, size=(3,)))
        np.testing.assert_array_equal(poisson, by_hand[1].poisson(4, size=(2,)))

    for _ in range(30):
        check()
    assert f.vm.jit_fn.repeated.direct is not None
    kept = one.get_value(borrow=True)
    for bits in (np.random.MT19937, np.random.PCG64):  # the first is drawn from by PyTensor
        by_hand[0] = np.random.Generator(bits(7))
        one.set_value(np.random.Generator(bits(7)))
        for _ in range(12):
            check()
    again = np.random.default_rng(1)
    again.normal(0, 1, size=(30, 3))
    assert kept.normal() == again.normal()  # what somebody holds is not drawn from any more
