"""Arrays that somebody still has, or has changed in kind, when native code might use their memory again."""

import gc
import weakref

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.native.python_ops import Callback
from symrnn.native.report import native_function

OFTEN = 14  # calls, after which machine code takes them


def repeated():
    x = pt.dmatrix("x")
    return pytensor.function([x], x * 2, mode="NATIVE")


def reshaped(array):
    with np.testing.suppress_warnings() as quiet:
        quiet.filter(DeprecationWarning)
        array.shape = (6,)


def retyped(array):
    with np.testing.suppress_warnings() as quiet:
        quiet.filter(DeprecationWarning)
        array.dtype = np.int64


CHANGES = {
    "another shape": reshaped,
    "another dtype": retyped,
    "read-only": lambda array: array.setflags(write=False),
    "another size": lambda array: array.resize((5, 7), refcheck=False),
    "by columns": lambda array: setattr(array, "strides", (8, 16)),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("calls", [1, OFTEN])
@pytest.mark.parametrize("change", CHANGES)
def test_an_output_that_was_changed_in_kind_is_not_handed_out_again(change, calls):
    f, a = repeated(), np.arange(6.0).reshape(2, 3)
    for _ in range(calls):
        f(a)
    for n in range(OFTEN):
        out = f(a + n)
        np.testing.assert_array_equal(out, 2 * (a + n), strict=True)
        assert out.flags.writeable
        assert out.flags.c_contiguous
        CHANGES[change](out)
        del out


@pytest.mark.parametrize("calls", [1, OFTEN])
def test_an_output_to_which_a_weak_reference_leads_keeps_its_values(calls):
    f, a = repeated(), np.arange(6.0).reshape(2, 3)
    for _ in range(calls):
        f(a)
    for n in range(OFTEN):
        kept = weakref.WeakValueDictionary(out=f(a + n))
        f(a + 100)
        out = kept.get("out")
        assert out is None or np.array_equal(out, 2 * (a + n))


@pytest.mark.parametrize("in_a_scan", [False, True])
def test_what_a_function_of_the_users_keeps_stays(in_a_scan):
    seen = []

    def watched(values):
        seen.append(values)
        return values * 1.0

    watch = pytensor.wrap_py(
        [pt.dvector],
        [pt.dvector],
        infer_shape=lambda *graph_node_and_shapes: graph_node_and_shapes[-1],
    )(watched)
    x = pt.dvector("x")
    if in_a_scan:  # whose step calls Python back, with windows of the program's memory
        ys = pytensor.scan(lambda row: watch(pt.exp(row)), x[:, None], return_updates=False)
    else:
        ys = watch(pt.exp(x))
    f = pytensor.function([x], ys.sum(), mode="NATIVE")
    expected = []
    for n in range(6):
        given = np.arange(3.0) + n
        assert f(given) == pytest.approx(np.exp(given).sum())
        expected += list(np.exp(given)[:, None]) if in_a_scan else [np.exp(given)]
    del f
    gc.collect()
    assert len(seen) == len(expected)
    for kept, values in zip(seen, expected, strict=True):
        np.testing.assert_allclose(kept, values)


def test_an_exception_before_a_callback_catches_any_stops_the_program(monkeypatch):
    """A signal's handler may raise on the very first line: without a word, the node's outputs would be garbage."""
    monkeypatch.setattr(Callback, "run", lambda self, table: exec("raise ValueError('early')"))
    told = []
    monkeypatch.setattr("sys.unraisablehook", lambda args: told.append(args.exc_value))
    op = pytensor.wrap_py(
        [pt.dvector],
        [pt.dvector],
        infer_shape=lambda *graph_node_and_shapes: graph_node_and_shapes[-1],
    )(lambda x: x * 2)
    x = pt.dvector("x")
    ys = pytensor.scan(lambda row: op(row), x[:, None], return_updates=False)
    f = pytensor.function([x], ys, mode="NATIVE")
    with pytest.raises(KeyboardInterrupt, match="called Python back"):
        native_function(f)(np.ones(3))
    assert [str(error) for error in told] == ["early"]
