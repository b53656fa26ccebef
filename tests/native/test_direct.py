"""Calls that machine code takes directly: same values, same refusals, nothing leaked."""

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.native.direct import _definition, direct_call, is_possible
from symrnn.native.repeated import CALLS_BEFORE_DIRECT
from symrnn.native.report import native_function

pytestmark = pytest.mark.skipif(not is_possible(), reason="objects lie otherwise here")
OFTEN = CALLS_BEFORE_DIRECT + 4


def made_direct(inputs, outputs, *arguments, **options):
    """A function that was called often with these arguments."""
    f = pytensor.function(inputs, outputs, mode="NATIVE", **options)
    for _ in range(OFTEN):
        f(*arguments)
    assert native_function(f).repeated.direct is not None
    return f


x, y = pt.dmatrix("x"), pt.dvector("y")
OUTPUTS = [x @ y, x, (x * 2).sum()]
A, V = np.arange(6.0).reshape(2, 3), np.array([1.0, -1.0, 2.0])


def expected(a, v):
    return [a @ v, a, (a * 2).sum()]


def is_direct(f, a, v):
    """Whether machine code takes such arguments, and what it returns."""
    return native_function(f).repeated.direct(a, v) is not None


OTHERS = {
    "wider": (np.ones((2, 5)), np.ones(5)),
    "higher": (np.ones((4, 3)), V),
    "empty": (np.ones((0, 3)), V),
    "by columns": (np.asfortranarray(A), V),
    "every other one": (np.ones((2, 6))[:, ::2], V),
    "reversed": (A, V[::-1]),
    "of another dtype": (A.astype("float32"), V),
    "a list": (A.tolist(), V),
    "misaligned": (np.frombuffer(bytearray(8 * 6 + 1), "u1")[1:].view(float).reshape(2, 3), V),
    "of other bytes": (A.astype(">f8"), V),
    "a subclass": (A.view(np.matrix), V),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_arguments_are_left_to_python(name):
    f = made_direct([x, y], OUTPUTS, A, V, allow_input_downcast=True)
    a, v = OTHERS[name]
    assert not is_direct(f, a, v)
    values = np.asarray(a, float), np.asarray(v, float)
    call = native_function(f) if name == "misaligned" else f  # which PyTensor itself refuses
    for found, wanted in zip(call(a, v), expected(*values), strict=True):
        np.testing.assert_allclose(found, wanted)


def test_read_only_arguments_are_taken():
    f = made_direct([x, y], OUTPUTS, A, V)
    a = A.copy()
    a.flags.writeable = False
    assert is_direct(f, a, V)


def test_nothing_else_than_these_many_arguments_is_taken():
    direct = native_function(made_direct([x, y], OUTPUTS, A, V)).repeated.direct
    assert direct() is direct(A) is direct(A, V, V) is None
    assert direct(None, None) is None
    assert direct(V, A) is None


def test_values_and_what_was_returned_stay():
    f = made_direct([x, y], OUTPUTS, A, V)
    results = [f(A + n, V) for n in range(12)]
    for n, found in enumerate(results):
        for one, wanted in zip(found, expected(A + n, V), strict=True):
            np.testing.assert_allclose(one, wanted)


def test_references_are_counted():
    f = made_direct([x, y], OUTPUTS, A, V)
    direct, a, v = native_function(f).repeated.direct, A.copy(), V.copy()
    before = [sys.getrefcount(thing) for thing in (a, v, a.dtype)]
    for _ in range(1000):
        direct(a, v)
    assert [sys.getrefcount(thing) for thing in (a, v, a.dtype)] == before
    result = direct(a, v)
    count = sys.getrefcount(result[0])
    assert count == 3  # the list's, the pool's and the argument's


def test_an_argument_that_is_an_output_is_handed_on():
    known = native_function(made_direct([x, y], OUTPUTS, A, V)).repeated
    places = known.program, known.memory, 2, known.like, known.inputs
    direct, a = direct_call(*places, (-1, -2, -1)), A.copy()
    before = sys.getrefcount(a)
    results = [direct(a, V) for _ in range(3)]
    assert all(first is third is a and second is V for first, second, third in results)
    assert sys.getrefcount(a) - before == 6  # two in each list
    del results
    assert sys.getrefcount(a) == before


def test_refusals_do_not_use_up_none():
    direct = native_function(made_direct([x, y], OUTPUTS, A, V)).repeated.direct
    before = sys.getrefcount(None)
    for _ in range(1000):
        direct(A)
    assert abs(sys.getrefcount(None) - before) < 500


def test_errors_are_raised_as_before():
    vector, index = pt.dvector("v"), pt.lvector("i")
    f = made_direct([vector, index], vector[index], V, np.array([0, 2]))
    for _ in range(2):
        with pytest.raises(IndexError):
            f(V, np.array([0, 3]))
    np.testing.assert_array_equal(f(V, np.array([2, 0])), V[[2, 0]])


def test_updates_go_on():
    total = pytensor.shared(np.zeros(3), name="total")
    f = pytensor.function([y], total.sum(), updates={total: total + y}, mode="NATIVE")
    sums = [float(f(V)) for _ in range(3 * OFTEN)]
    np.testing.assert_allclose(sums, V.sum() * np.arange(3 * OFTEN))
    kept = total.get_value(borrow=True)
    f(V)
    np.testing.assert_allclose(kept, V * 3 * OFTEN)
    assert native_function(f).repeated.direct is not None


def test_a_function_keeps_the_code_that_it_runs():
    f = made_direct([x, y], OUTPUTS, A, V)
    code = weakref.ref(_definition()[1])
    _definition.cache_clear()  # as another thread does that made one at the same time
    assert code() is not None
    assert is_direct(f, A, V)


def test_threads_call_one_function():
    f = made_direct([x, y], OUTPUTS, A, V)
    wrong = []

    def work(n):
        a = np.full((2, 3), float(n))
        for _ in range(500):
            found = native_function(f)(a, V)
            if not np.array_equal(found[0], a @ V):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


THREADS = """
import sys, threading, numpy as np, pytensor, pytensor.tensor as pt, symrnn.native
from symrnn.native.report import native_function

x, y = pt.dmatrix("x"), pt.dvector("y")
call, V = native_function(pytensor.function([x, y], x @ y, mode="NATIVE")), np.ones(3)
for _ in range(12):
    call(np.ones((2, 3)), V)
assert call.repeated.direct is not None
wrong = [0] * 4
sys.setswitchinterval(1e-5)

def work(n):
    a, kept = np.full((2, 3), float(n)), []
    for _ in range(15000):
        [found] = call(a, V)
        if n % 2:  # more than are pooled: there is no free array, and Python takes the call
            kept = [*kept[-5:], found]
        wrong[n] += not np.array_equal(found, a @ V)

threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(wrong)
"""


def test_threads_that_keep_outputs_call_one_function():
    # In a process of its own: an array of another call that is gone by now ends it by a signal.
    ended = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "[0, 0, 0, 0]\n"), ended.stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="a new list collects no garbage")
def test_a_call_from_garbage_collection_does_not_disturb_the_one_that_caused_it():
    f = made_direct([x, y], OUTPUTS, A, V)
    kept = [f(A, V) for _ in range(4)]  # so that there are as many arrays for outputs
    del kept
    direct, inner, is_called = native_function(f).repeated.direct, [], False

    def collecting(phase, info):
        if is_called and not inner:
            inner.append(direct(A + 9, V))

    held = [
        [] for _ in range(200)
    ]  # lists that were let go would be taken first, without collecting
    threshold = gc.get_threshold()
    gc.callbacks.append(collecting)
    gc.set_threshold(1)
    try:
        while not inner:
            is_called = True
            found = direct(A, V)
            is_called = False
            held.append(found[:0])
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(collecting)
    for results, wanted in ((found, expected(A, V)), (inner[0], expected(A + 9, V))):
        for one, other in zip(results, wanted, strict=True):
            np.testing.assert_allclose(one, other)


def test_scalars_and_generators_pass_through():
    rng, n = pytensor.shared(np.random.default_rng(0)), pt.lscalar("n")
    f = made_direct([n, y], [n + 1, y * n], np.int64(3), V)
    assert f(np.int64(4), V)[0] == 5
    after, draws = pt.random.normal(size=(3,), rng=rng, return_next_rng=True)
    g = pytensor.function([y], draws + y, updates={rng: after}, mode="NATIVE")
    assert len({float(g(V)[0]) for _ in range(OFTEN)}) == OFTEN
