"""Indices with arrays of whole numbers, diagonals and running sums, and what may be overwritten."""

from collections import Counter

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import AS_BUILT, PLAIN, same_in_both

from symrnn.native import native_report, warm
from symrnn.native.program import Check, Load, Lookup, Loop, statements
from symrnn.native.report import native_programs

pytestmark = pytest.mark.usefixtures("cold")

v, a, i, j, k = pt.dvector("v"), pt.dtensor3("a"), pt.lvector("i"), pt.lmatrix("j"), pt.iscalar("k")
RNG = np.random.default_rng(0)
VALUES = (
    RNG.normal(size=6),
    RNG.normal(size=(3, 4, 5)),
    np.array([0, -1, 2, 2]),
    np.array([[0, 1], [-1, 2], [2, 2]]),
    np.int32(2),
)
FOUR = np.array([1.0, 2.0, 3.0, 4.0])

CASES = {
    "vector": lambda: v[i],
    "rows": lambda: a[i],
    "matrix of indices": lambda: a[:, j],
    "arrays around a slice": lambda: a[i, :, i],
    "neighbouring arrays": lambda: a[:, i, i],
    "with slices": lambda: a[1:, i, ::-2],
    "with a number": lambda: a[i, 1, i],
    "a number before a slice": lambda: a[k, :, i],
    "two matrices": lambda: a[j, j],
    "broadcast": lambda: a[0][i[:, None], i[None, :]],
    "nothing": lambda: v[i[:0]],
    "set": lambda: pt.set_subtensor(v[i], FOUR),
    "increased, entries twice": lambda: pt.inc_subtensor(v[i], FOUR),
    "increased by a number": lambda: pt.inc_subtensor(a[:, j], 1.0),
    "set across a slice": lambda: pt.set_subtensor(a[i, :, i], np.outer(FOUR, FOUR)),
    "increased beside a slice": lambda: pt.inc_subtensor(a[i, 1:, i], 3.0),
    "set by itself": lambda: pt.set_subtensor(v[i], v[i[::-1]]),
    "running sum": lambda: pt.cumsum(a, 1),
    "running product of all": lambda: pt.cumprod(a, axis=None),
    "diagonal": lambda: pt.diagonal(a, 1, 0, 2),
    "diagonal below": lambda: pt.diagonal(a, -2, 1, 2),
    "diagonal outside": lambda: pt.diagonal(a, 7, 1, 2),
    "eye": lambda: pt.eye(k, 4, 1),
    "eye below": lambda: pt.eye(3, k, -2),
}


@pytest.mark.parametrize("name", CASES)
def test_index(name):
    f = same_in_both([v, a, i, j, k], [CASES[name]()], VALUES)
    assert native_report(f).fallbacks == ()


@pytest.mark.parametrize("index", [[6], [-7], [0, 1, 99]])
def test_index_out_of_bounds(index):
    f = pytensor.function([v, i], [v[i], pt.set_subtensor(v[i], 0.0)], mode="NATIVE")
    f(VALUES[0], [0, 5, -6])
    with pytest.raises(IndexError):
        f(VALUES[0], index)


ENTRIES = {  # of one entry each: what is written, and how many windows of numbers are checked
    "read": (lambda n: v[n], 1),
    "read by two": (lambda n: a[0][n, n], 2),
    "read by a matrix": (lambda n: v[n.reshape((2, 2))], 1),
    "set": (lambda n: pt.set_subtensor(v[n], FOUR), 1),
    "increased": (lambda n: pt.inc_subtensor(v[n], FOUR), 1),
    "increased by two": (lambda n: pt.inc_subtensor(a[0][n, n], 1.0), 2),
}


@pytest.mark.parametrize("kind", ["input", "constant"])
@pytest.mark.parametrize("name", ENTRIES)
def test_single_entries_are_looked_up_in_one_loop(name, kind):
    """By a function for all of them, where once the driver called one for each; a constant has been checked."""
    build, checked = ENTRIES[name]
    numbers = i if kind == "input" else pt.constant(VALUES[2])
    f = same_in_both([v, a, i, j], [build(numbers)], VALUES[:4])
    [program] = native_programs(f.vm.jit_fn)
    kinds = Counter(type(s) for s in statements(program.lowered.routine.body))
    assert kinds[Lookup] == 1
    assert kinds[Loop] == kinds[Load] == 0
    assert kinds[Check] == (checked if kind == "input" else 0)


@pytest.mark.parametrize("build", [entry for entry, _ in ENTRIES.values()], ids=ENTRIES)
def test_of_many_numbers_one_out_of_bounds_stops(build):
    f = pytensor.function([v, a, i, j], build(i), mode="NATIVE", on_unused_input="ignore")
    beyond = [VALUES[0], VALUES[1], np.array([0, 6, 1, 0]), np.array([[0, -7]])]
    with pytest.raises(IndexError):
        f(*beyond)
    f(*VALUES[:4])


OVERLAPS = {
    "forwards": lambda z: pt.set_subtensor(z[1:], z[:-1]),
    "backwards": lambda z: pt.set_subtensor(z[:-1], z[1:]),
    "turned round": lambda z: pt.set_subtensor(z[:], z[::-1]),
    "increased": lambda z: pt.inc_subtensor(z[1:], z[:-1]),
    "through another view": lambda z: pt.set_subtensor(z[2:], z.reshape((2, 3)).T.ravel()[:4]),
}


@pytest.mark.parametrize("mode", ["NATIVE", "as built"])
@pytest.mark.parametrize("name", OVERLAPS)
def test_array_is_changed_by_a_part_of_itself(name, mode):
    mode = AS_BUILT if mode == "as built" else mode
    same_in_both([v], [OVERLAPS[name](v * 2)], VALUES[:1], mode=mode)


def test_copies_are_cast():
    small, large = pt.bvector("small"), pt.dvector("large")
    outs = [
        pt.set_subtensor(large[:2], small[:2]),
        pt.inc_subtensor(large[1:], small[1:]),
        pt.join(0, small, large),
        pt.set_subtensor(large[i], small[i]),
    ]
    same_in_both(
        [small, large, i], outs, (np.arange(4, dtype="int8"), np.ones(4), np.array([1, 1]))
    )


def test_array_is_not_repeated_where_pytensor_forbids_it():
    w = pt.dmatrix("w")
    f = pytensor.function([w, k], pt.alloc(w, 3, k), mode=AS_BUILT)  # rewriting drops the Alloc
    assert f(np.ones((3, 2)), 2).shape == (3, 2)
    with pytest.raises(ValueError, match="Runtime broadcasting not allowed"):
        f(np.ones((3, 1)), 2)


def test_scalar_type_is_a_numpy_scalar():
    f = pytensor.function([k], pt.scalar_from_tensor(k + 1), mode="NATIVE")
    assert type(f(2)) is np.int32 or type(f(2)) is np.int64


@pytest.mark.parametrize("dtypes", [("int64", "int8"), ("bool", "bool"), ("float32", "float64")])
def test_products_of_mixed_dtypes(dtypes):
    left, right = (pt.matrix(dtype=dtype) for dtype in dtypes)
    values = [(RNG.normal(size=(3, 3)) * 9).astype(dtype) for dtype in dtypes]
    f = same_in_both([left, right], [pt.dot(left, right), pt.dot(left[0], right)], values)
    assert native_report(f).fallbacks == ()


@pytest.mark.parametrize("start", [0, 2])
@pytest.mark.parametrize("dtype", ["int64", "int32", "float64"])
def test_whole_numbers_up_to_an_extent_that_changes_are_one_program(start, dtype):
    """And what is made of them: a triangle's mask, a gather."""
    x = pt.dmatrix("x")
    numbers = pt.arange(start, x.shape[0], dtype=dtype)
    outputs = [numbers, numbers[:, None] >= numbers, pt.tril(x), x[pt.arange(x.shape[0]), 0]]
    with warm.turned_off():
        f = pytensor.function([x], outputs, mode="NATIVE")
    g = pytensor.function([x], outputs, mode="FAST_COMPILE")
    for n in (3, 5, 4, 9, 2):
        array = np.arange(float(n * n)).reshape(n, n)
        for found, expected in zip(f(array), g(array), strict=True):
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
    assert native_report(f).fallbacks == ()
    assert native_report(f).programs <= 3


@pytest.mark.parametrize("length", [100, 200, 70000])
def test_numbers_go_on_beyond_the_dtype_of_the_first(length):
    x = pt.vector("x")  # the constant zero that arange starts from is an int8
    count = pytensor.function([x], pt.arange(x.shape[0]), mode="NATIVE")
    np.testing.assert_array_equal(count(np.zeros(length)), np.arange(length))


WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
NUMBERS = (-6, -5, -1, 0, 4, 5, 6, 2**8 - 1, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 5, 2**64 - 1)
BY_NUMBER = {
    "an entry": lambda x, i: x[i],
    "entries up to": lambda x, i: x[:i],
    "entries from": lambda x, i: x[i:],
    "each so many": lambda x, i: x[::i],
    "down to": lambda x, i: x[3:i:-1],
    "down from": lambda x, i: x[i::-1],
    "an entry is set": lambda x, i: pt.set_subtensor(x[i], 9.0),
    "entries are set": lambda x, i: pt.set_subtensor(x[:i], 9.0),
}


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("way", BY_NUMBER)
def test_a_number_of_any_dtype_is_an_index(way, dtype):
    """Without a rewrite: PyTensor's stop at some slices that end at a number without a sign."""
    x, i = pt.dvector("x"), pt.scalar("i", dtype=dtype)
    out, a = BY_NUMBER[way](x, i), np.arange(5.0)
    native, plain = (pytensor.function([x, i], out, mode=mode) for mode in (AS_BUILT, PLAIN))
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    for number in (np.array(n, dtype) for n in NUMBERS if least <= n <= most):
        try:
            expected = plain(a, number)
        except (IndexError, OverflowError):  # that it does not fit into Python's index
            with pytest.raises(IndexError):
                native(a, number)
        except ValueError as error:  # a step of 0
            with pytest.raises(ValueError, match=str(error).split("\n")[0]):
                native(a, number)
        else:
            np.testing.assert_array_equal(native(a, number), expected, strict=True)


@pytest.mark.parametrize("dtype", WHOLE)
def test_arrays_of_any_dtype_are_indices(dtype):
    x, i = pt.dvector("x"), pt.vector("i", dtype=dtype)
    outputs = [x[i], pt.inc_subtensor(x[i], 1.0), pt.stack([x, -x])[pt.zeros_like(i), i]]
    native, plain = (pytensor.function([x, i], outputs, mode=mode) for mode in ("NATIVE", PLAIN))
    a, least, most = np.arange(5.0), np.iinfo(dtype).min, np.iinfo(dtype).max
    for numbers in (np.array([0, n, n], dtype) for n in NUMBERS if least <= n <= most):
        try:
            expected = plain(a, numbers)
        except IndexError:
            with pytest.raises(IndexError):
                native(a, numbers)
        else:
            for found, wanted in zip(native(a, numbers), expected, strict=True):
                np.testing.assert_array_equal(found, wanted, strict=True)


@pytest.mark.parametrize("dtype", ["uint8", "uint64"])
def test_a_number_without_a_sign_that_a_step_finds_is_an_index(dtype):
    x, i = pt.dvector("x"), pt.vector("i", dtype=dtype)
    f = pytensor.function(
        [x, i], pytensor.scan(lambda n, x: x[n], i, None, x, return_updates=False), mode="NATIVE"
    )
    a, most = np.arange(5.0), np.iinfo(dtype).max
    np.testing.assert_array_equal(f(a, np.array([4, 0], dtype)), [4, 0])
    for number in (5, most - 2, most):
        with pytest.raises(IndexError):
            f(a, np.array([0, number], dtype))
