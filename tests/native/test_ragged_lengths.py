"""Graph forms whose shapes follow from a length: one program for the first, one for all others."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import PLAIN
from pytensor.tensor.signal import convolve1d

from symrnn.native.report import native_function, native_programs

pytestmark = pytest.mark.usefixtures("cold")

x, m, n, i = pt.dvector("x"), pt.dmatrix("m"), pt.lscalar("n"), pt.lvector("i")
LENGTHS = (8, 12, 16, 20, 24)


def scanned(step, **options):
    return pytensor.scan(step, return_updates=False, **options)


FORMS = {  # of `x` (L,), `m` (L, 3), and the number `n`, L // 2
    "reshape, the first extent unknown": lambda: x.reshape((-1, 2)),
    "reshape, the last extent unknown": lambda: x.reshape((2, -1)),
    "reshape by a number": lambda: x.reshape((n, 2)),
    "reshape by half a length": lambda: x.reshape((x.shape[0] // 2, 2)),
    "reshape of columns": lambda: m[:, 1:].reshape((-1,)),
    "reshape of columns cut up": lambda: m[:, :2].reshape((-1, 2, 2)),
    "reshape of a transpose": lambda: m.T.flatten(),
    "reshape by a product": lambda: m.reshape((m.size,)),
    "tile": lambda: pt.tile(x, (3,)),
    "tile of a matrix": lambda: pt.tile(m, (2, 3)),
    "repeat": lambda: pt.repeat(x, 2),
    "repeat so often": lambda: pt.repeat(x, n),
    "arange": lambda: pt.arange(x.shape[0]),
    "arange between lengths": lambda: pt.arange(x.shape[0], 2 * x.shape[0]),
    "arange by 2": lambda: pt.arange(0, x.shape[0], 2),
    "arange down": lambda: pt.arange(x.shape[0], 0, -3),
    "linspace": lambda: pt.linspace(0.0, 1.0, x.shape[0]),
    "eye": lambda: pt.eye(x.shape[0], x.shape[0] + 1, 1),
    "triangle": lambda: pt.tri(x.shape[0]),
    "concatenate": lambda: pt.concatenate([x, m[:, 0], x[:3]]),
    "stack of windows": lambda: pt.stack([x[k : x.shape[0] - 3 + k] for k in range(3)]),
    "first half": lambda: x[: x.shape[0] // 2],
    "from a number on": lambda: x[n:],
    "all but the last": lambda: x[:-1],
    "every other one": lambda: x[::2],
    "every other one from the end": lambda: x[::-2],
    "every third row": lambda: m[1::3],
    "first half set": lambda: pt.set_subtensor(x[: x.shape[0] // 2], 0.0),
    "middle": lambda: x[x.shape[0] // 2],
    "differences": lambda: pt.diff(x),
    "roll": lambda: pt.roll(x, n),
    "pad": lambda: pt.pad(x, 1),
    "convolution, valid": lambda: convolve1d(x, np.ones(3), mode="valid"),
    "convolution, full": lambda: convolve1d(x, np.ones(3), mode="full"),
    "cumsum": lambda: pt.cumsum(m),
    "sort": lambda: pt.sort(pt.exp(-x)) + 1,
    "argsort": lambda: pt.argsort(-x) * 2,
    "argmax": lambda: pt.argmax(m, axis=0),
    "advanced index": lambda: x[pt.arange(x.shape[0])[::-1]],
    "advanced increment": lambda: pt.inc_subtensor(x[pt.arange(x.shape[0] // 2)], 1.0),
    "scan of so many steps": lambda: scanned(lambda s: s * 2, outputs_info=[x], n_steps=n),
    "scan along a length": lambda: scanned(lambda a, b: a + b, sequences=[x, x[::-1]]),
    "scan along every other one": lambda: scanned(lambda a: a * 2, sequences=x[::2]),
    "scan with taps": lambda: scanned(
        lambda a, b: a + b, sequences=[{"input": x, "taps": [0, -1]}]
    ),
    "gradient of a scan": lambda: pytensor.grad(
        scanned(lambda a, s: s * a, sequences=x / 20, outputs_info=[x[0]])[-1], x
    ),
    "alloc": lambda: pt.alloc(1.5, x.shape[0], 3),
    "alloc by twice a shape": lambda: pt.zeros(x.shape * 2),
    "alloc by a shape and 1": lambda: pt.zeros(m.shape + 1),
    "alloc by a product": lambda: pt.zeros(pt.prod(m.shape)),
    "alloc by bins": lambda: pt.zeros(x.shape[0] // 4 + 1),
    "alloc by what is larger": lambda: pt.zeros(pt.maximum(x.shape[0], m.shape[1])),
    "diagonal": lambda: pt.diag(x),
    "product": lambda: m @ m.T,
    "products": lambda: pt.matmul(m[:, :, None], m[:, None, :]),
    "mean": lambda: m.mean(axis=0),
    "softmax": lambda: pt.special.softmax(m, axis=0),
    "an even length": lambda: pt.eq(x.shape[0] % 2, 0) * x,
}


@pytest.mark.parametrize("form", FORMS)
def test_no_third_length_compiles(form):
    out, inputs = FORMS[form](), [x, m, n]
    f, g = (
        pytensor.function(inputs, out, mode=mode, on_unused_input="ignore")
        for mode in ("NATIVE", PLAIN)
    )
    programs = []
    for length in LENGTHS:
        given = (
            np.arange(1.0, length + 1),
            np.arange(3.0 * length).reshape(length, 3) / length,
            np.array(length // 2),
        )
        found, expected = f(*given), g(*given)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        programs.append(len(native_programs(native_function(f))))
    # What follows a node that Python runs between programs takes one length more: sorting does on PyTensor 3.0.
    is_cut = any(v.following is not None for v in native_function(f).stage.variants)
    assert programs[2:] == [programs[1 + is_cut]] * (len(LENGTHS) - 2)


def test_what_follows_a_node_of_pythons_takes_one_length_more():
    f = pytensor.function([x], pt.sort(x)[x.shape[0] // 2] * 2, mode="NATIVE")
    programs = []
    for length in LENGTHS:
        assert f(np.arange(float(length))[::-1]) == length // 2 * 2
        programs.append(len(native_programs(native_function(f))))
    assert programs[2:] == [programs[2]] * (len(LENGTHS) - 2)


def test_lengths_that_are_not_divided_are_right():
    f = pytensor.function(
        [x], [x[::3], x[: x.shape[0] // 2], pt.arange(x.shape[0], 0, -2)], mode="NATIVE"
    )
    for length in (7, 8, 5, 3, 2, 1, 0, 11, 9):
        given = np.arange(1.0, length + 1)
        expected = given[::3], given[: length // 2], np.arange(length, 0, -2)
        for found, wanted in zip(f(given), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_a_length_that_cannot_be_divided_is_an_error():
    f = pytensor.function([x], x.reshape((-1, 2)) * 2, mode="NATIVE")
    for length in (4, 6, 7, 8, 9, 10):
        given = np.arange(float(length))
        if length % 2:
            with pytest.raises(ValueError, match="cannot reshape"):
                f(given)
        else:
            np.testing.assert_array_equal(f(given), given.reshape(-1, 2) * 2)
    assert len(native_programs(native_function(f))) == 2


def test_vectors_of_numbers_that_decide_a_shape_may_be_of_any_length():
    f = pytensor.function([i], pt.bincount(i), mode="NATIVE")
    for length in (4, 6, 8, 3, 40, 6):
        given = np.arange(length) // 2
        np.testing.assert_array_equal(f(given), np.bincount(given))
