"""What PyTensor's Python code refuses, native code refuses with the same kind of exception."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import AS_BUILT, PLAIN

pytestmark = pytest.mark.usefixtures("cold")

x, y, v, i, n = pt.matrix("x"), pt.matrix("y"), pt.vector("v"), pt.lvector("i"), pt.lscalar("n")


def ones(*shape):
    return np.ones(shape)


def grown(start, steps):
    return pytensor.scan(lambda a: a + 1, outputs_info=start, n_steps=steps, return_updates=False)


REFUSED = {  # name: (what is computed, values that it refuses)
    "maximum of nothing": (lambda: x.max(axis=0), {x: ones(0, 2)}),
    "minimum of nothing at all": (lambda: x.min(), {x: ones(2, 0)}),
    "argmax of nothing": (lambda: pt.argmax(x, axis=1), {x: ones(2, 0)}),
    "softmax of nothing": (lambda: pt.special.softmax(x, axis=1), {x: ones(2, 0)}),
    "softmax of nothing, no times": (lambda: pt.special.softmax(x, axis=1), {x: ones(0, 0)}),
    "log-softmax of nothing": (lambda: pt.special.log_softmax(x, axis=0), {x: ones(0, 0)}),
    "sum of other extents": (lambda: x + y, {x: ones(2, 3), y: ones(2, 4)}),
    "sum that repeats an axis": (lambda: x + y, {x: ones(2, 3), y: ones(1, 3)}),
    "product of other extents": (lambda: pt.dot(x, y), {x: ones(2, 3), y: ones(2, 3)}),
    "product with a vector": (lambda: pt.dot(x, v), {x: ones(2, 3), v: ones(2)}),
    "stacks of other extents": (lambda: pt.matmul(x[None], y[None]), {x: ones(2, 3), y: ones(2, 3)}),
    "join of other extents": (lambda: pt.join(0, x, y), {x: ones(2, 3), y: ones(2, 4)}),
    "split of another length": (lambda: pt.split(x, [1, 2], n_splits=2)[0], {x: ones(2, 3)}),
    "split into less than nothing": (lambda: pt.split(x, [n, 3 - n], n_splits=2)[0], {x: ones(3, 1), n: 4}),
    "reshape of another size": (lambda: x.reshape((4, 2)), {x: ones(2, 3)}),
    "reshape with a rest": (lambda: x.reshape((-1, 4)), {x: ones(2, 3)}),
    "reshape that is ambiguous": (lambda: x.reshape((0, -1)), {x: ones(0, 3)}),
    "squeeze of two": (lambda: pt.specify_broadcastable(x, 0), {x: ones(2, 3)}),
    "shape that isn't so": (lambda: pt.specify_shape(x, (None, 4)), {x: ones(2, 3)}),
    "number beyond": (lambda: v[n], {v: ones(3), n: 3}),
    "number far below": (lambda: v[n], {v: ones(3), n: -4}),
    "known number beyond": (lambda: v[3], {v: ones(3)}),
    "array of numbers beyond": (lambda: v[i], {v: ones(3), i: np.array([0, 3])}),
    "written beyond": (lambda: pt.set_subtensor(v[n], 0.0), {v: ones(3), n: 3}),
    "written by an array beyond": (lambda: pt.inc_subtensor(v[i], 1.0), {v: ones(3), i: np.array([-4])}),
    "part of another shape written": (lambda: pt.set_subtensor(x[1:], y), {x: ones(3, 2), y: ones(3, 2)}),
    "alloc of another shape": (lambda: pt.alloc(v, 3, n), {v: ones(3), n: 4}),
    "alloc of less than nothing": (lambda: pt.zeros((n,)), {n: -1}),
    "step of 0": (lambda: v[::n], {v: ones(3), n: 0}),
    "scan of less than nothing": (lambda: grown(v, n), {v: ones(3), n: -1}),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_both_refuse(name):
    build, values = REFUSED[name]
    functions = [
        pytensor.function(list(values), build(), mode=mode, on_unused_input="ignore")
        for mode in (PLAIN, AS_BUILT)
    ]
    raised = []
    for function in functions:
        with pytest.raises(Exception) as error:
            function(*values.values())
        raised.append(error.type)
    assert issubclass(raised[1], raised[0])


def test_assertion_names_what_it_was_told():
    checked = pytensor.raise_op.Assert("v must not be negative")(v, pt.all(v >= 0))
    f = pytensor.function([v], checked * 2, mode="NATIVE")
    np.testing.assert_array_equal(f([1.0]), [2.0])
    with pytest.raises(AssertionError, match="v must not be negative"):
        f([-1.0])
    np.testing.assert_array_equal(f([3.0]), [6.0])


def test_a_squeeze_is_refused_in_the_words_of_pytensors_compiled_code():
    t = pt.tensor3("t", shape=(4, None, 5))
    f = pytensor.function([t], pt.squeeze(t, axis=1), mode=AS_BUILT)
    words = "Attempting to squeeze axes with size not equal to one: axis 1 is of extent 2"
    with pytest.raises(ValueError, match=words):
        f(ones(4, 2, 5))
    assert f(ones(4, 1, 5)).shape == (4, 5)


def test_a_value_that_does_not_fill_an_array_is_refused_in_numpys_words():
    f = pytensor.function([x], pt.alloc(x, 6, 7), mode=AS_BUILT)
    words = r"could not broadcast input array from shape \(3, 7\) into shape \(6, 7\)"
    for _ in range(2):
        with pytest.raises(ValueError, match=words):
            f(ones(3, 7))
    assert f(ones(6, 7)).shape == (6, 7)


NUMBERS = {  # name: (what is computed, calls of which the last is refused, what it must say)
    "product": (lambda: pt.dot(x, y), [(2, 3), (3, 2)], [(2, 7), (8, 2)], r"\(2, 7\) and \(8, 2\)"),
    "join": (
        lambda: pt.join(0, x, y),
        [(2, 3), (4, 3)],
        [(2, 5), (4, 6)],
        r"\(2, 5\) and \(4, 6\)",
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_refused_is_told_in_numbers_of_the_call(name):
    build, taken, refused, message = NUMBERS[name]
    f = pytensor.function([x, y], build(), mode="NATIVE")
    f(*map(np.zeros, taken))
    for _ in range(3):  # shapes become parameters
        with pytest.raises((ValueError, IndexError), match=message):
            f(*map(np.zeros, refused))


def test_an_error_that_is_raised_again_holds_no_frames_of_before():
    f = pytensor.function([v, n], v[n], mode="NATIVE")
    depths = []
    for length in (3, 3, 3, 4, 4):
        with pytest.raises(IndexError, match=f"size {length}") as caught:
            f(ones(length), 9)
        depths.append(len(caught.traceback))
    assert depths[1] == depths[2]
    assert depths[3] >= depths[4]
