"""Draws that choose: the Python linker's stream over shapes, dtypes and sizes, without Python."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import PLAIN

from symrnn.native import native_report

pytestmark = [
    pytest.mark.usefixtures("cold"),
    pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning"),
]


def same_stream(build, *calls, seed=5):
    """The kinds of op that are left to Python, after calls that drew what the Python linker draws."""
    found = []
    for mode in ("NATIVE", PLAIN):
        rng = pytensor.shared(np.random.default_rng(seed))
        inputs = [pt.tensor(dtype=value.dtype, shape=(None,) * value.ndim) for value in calls[0]]
        draw = build(*inputs, rng=rng)
        update = {rng: draw.owner.outputs[0]}
        f = pytensor.function(inputs, [draw, draw + draw], updates=update, mode=mode)
        results = [np.array(out) for call in calls for out in f(*call)]
        found.append((results, rng.get_value().bit_generator.state))
        if mode == "NATIVE":
            left = {type(node.op).__name__ for node, _ in native_report(f).fallbacks}
    (got, state), (right, right_state) = found
    for a, b in zip(got, right, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert state == right_state
    return left


def normal(*shape, dtype="float64"):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def shares(*shape, dtype="float64"):
    odds = np.random.default_rng(sum(shape)).gamma(1.0, size=shape)
    return (odds / odds.sum(axis=-1, keepdims=True)).astype(dtype)


SIZES = {(1,): [None, (), (3,)], (7,): [None, (2, 0), (40, 2)], (200,): [(300,)], (3, 5): [None, (3,), (4, 3)],
         (1, 5): [(6,)], (2, 3, 4): [None, (5, 2, 3)], (0, 3): [None], (4, 1): [None]}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "size"), [(shape, size) for shape in SIZES for size in SIZES[shape]]
)
def test_categories(shape, size, dtype):
    draw = lambda p, rng: pt.random.categorical(p, size=size, rng=rng)  # noqa: E731
    assert not same_stream(draw, *[[shares(*shape, dtype=dtype)]] * 3)


WRONG = {
    "less than all": np.array([0.1, 0.2, 0.1]),
    "below 0": np.array([0.5, -0.45, 0.5, -0.3, 0.5, 0.1, 0.15]),
    "no number": np.array([0.2, np.nan, 0.5]),
    "nothing": np.zeros(0),
    "nothing likely": np.zeros(4),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_adds_up_to_no_distribution_draws_what_python_draws(name):
    draw = lambda p, rng: pt.random.categorical(p, size=(60,), rng=rng)  # noqa: E731
    assert not same_stream(draw, [WRONG[name]])


def test_categories_of_batches_of_any_size():
    draw = lambda p, rng: pt.random.categorical(p, rng=rng)  # noqa: E731
    assert not same_stream(draw, *[[shares(n, 4)] for n in (3, 5, 8, 2)])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64", "bool"])
@pytest.mark.parametrize("shape", [(0,), (1,), (2,), (9,), (300,), (6, 2), (3, 0), (4, 2, 3)])
def test_orders_of_rows(shape, dtype):
    x = (10 * normal(*shape)).astype(dtype)
    assert not same_stream(pt.random.permutation, [x], [x])


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16"])
def test_orders_of_numbers_below_another(dtype):
    calls = [[np.asarray(n, dtype)] for n in (0, 1, 2, 100, 33)]
    assert not same_stream(pt.random.permutation, *calls)


def test_orders_of_rows_of_any_length():
    assert not same_stream(pt.random.permutation, *[[normal(n, 2)] for n in (3, 5, 8, 4)])


CHOSEN = [(1, (1,)), (5, (0,)), (5, (3,)), (5, (5,)), (12, (2, 3)), (10_000, (5_000,)), (10_001, (200,)),
          (10_001, (201,)), (10_050, (201,)), (10_051, (201,)), (12_000, (12_000,))]  # fmt: skip


@pytest.mark.parametrize(("many", "few"), CHOSEN)
def test_some_of_many(many, few):
    choose = lambda a, rng: pt.random.choice(a, size=few, replace=False, rng=rng)  # noqa: E731
    assert not same_stream(choose, *[[np.asarray(many)]] * 2)
    assert not same_stream(choose, *[[normal(many, dtype="float32")]] * 2)


@pytest.mark.parametrize("shape", [(5, 2), (4, 3, 2), (3, 0)])
@pytest.mark.parametrize("few", [(2,), (1, 3)])
def test_some_rows(shape, few):
    choose = lambda a, rng: pt.random.choice(a, size=few, replace=False, rng=rng)  # noqa: E731
    assert not same_stream(choose, *[[normal(*shape)]] * 2)


def test_some_rows_of_any_number():
    choose = lambda a, rng: pt.random.choice(a, size=(3,), replace=False, rng=rng)  # noqa: E731
    assert not same_stream(choose, *[[normal(n, 2)] for n in (3, 5, 8, 4, 20_000)])


def test_choices_that_repeat_are_categories():
    choose = lambda p, rng: pt.random.choice(7, p=p, size=(9,), rng=rng)  # noqa: E731
    assert not same_stream(choose, [shares(7)], [shares(7)])


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda a, rng: pt.random.choice(a, size=(4,), replace=False, rng=rng), "larger sample"),
        (
            lambda a, rng: pt.random.categorical(pt.stack([a, a]), size=(1,), rng=rng),
            "incompatible",
        ),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_numpys_words(draw, message):
    a, rng = pt.vector("a"), pytensor.shared(np.random.default_rng(5))
    for mode in ("NATIVE", PLAIN):
        f = pytensor.function([a], draw(a, rng), mode=mode)
        with pytest.raises(ValueError, match=message):
            f([1.0, 2.0, 3.0])


def test_draws_in_steps_and_into_parts():
    rngs = [pytensor.shared(np.random.default_rng(5)) for _ in range(2)]
    found = []
    for mode, rng in zip(("NATIVE", PLAIN), rngs, strict=True):
        p, v = pt.vector("p"), pt.vector("v")

        def step(rng, p, v):
            rng, k = pt.random.categorical(p, size=(4,), rng=rng, return_next_rng=True)
            rng, order = pt.random.permutation(v, rng=rng, return_next_rng=True)
            return pt.concatenate([order, k.astype(v.dtype)]), rng

        ys, _ = pytensor.scan(
            step, outputs_info=[None, rng], non_sequences=[p, v], n_steps=5, return_updates=False
        )
        f = pytensor.function([p, v], ys, mode=mode)
        found.append(f(shares(3), normal(6)))
        if mode == "NATIVE":
            assert not native_report(f).fallbacks
    np.testing.assert_array_equal(*found)
