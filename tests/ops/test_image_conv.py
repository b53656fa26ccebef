"""Convolution of images: what it computes, its gradients, and that no mode but the native one sees the op."""

import subprocess
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES
from pytensor.compile.mode import Mode

import symrnn.native
from symrnn.convolution import ConvolutionOp, FilterGradient, ImageConvolution, InputGradient
from symrnn.errors import UserError
from symrnn.native import native_report
from symrnn.ops.conv import conv
from symrnn.ops.image_conv import image_conv

assert symrnn.native  # makes mode="NATIVE" known
PYTHON = Mode("py", None)  # the ops by themselves
CASES = [  # rows, columns, channels, filters, window, stride, padding
    (5, 6, 3, 4, (3, 3), 1, "same"),
    (6, 5, 2, 19, (3, 3), 2, "same"),
    (7, 4, 1, 3, (1, 1), 2, 0),
    (4, 7, 2, 1, (2, 3), (1, 3), 1),
    (5, 3, 2, 2, (5, 2), (3, 1), 1),
]


def arrays(case, batch=2):
    rows, columns, channels, count, window, *_ = case
    rng = np.random.default_rng(0)
    return rng.normal(size=(batch, rows, columns, channels)), rng.normal(
        size=(*window, channels, count)
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_gradients_are_those_of_the_convolution_with_channels_first(case):
    *_, window, stride, padding = case
    xs = pt.tensor4("xs")
    filters = pt.tensor("filters", shape=(*window, None, None))
    ours = image_conv(xs, filters, stride=stride, padding=padding)
    half = tuple((k // 2, k // 2) for k in window) if padding == "same" else padding
    theirs = conv(
        xs.transpose(0, 3, 1, 2), filters.transpose(3, 2, 0, 1), stride=stride, padding=half, flip=False
    )  # fmt: skip
    theirs = theirs.transpose(0, 2, 3, 1)
    outputs = []
    for out in (ours, theirs):
        first = pytensor.grad((out**2).sum(), [xs, filters])
        outputs.append([out, *first])
        if case is CASES[1]:
            outputs[-1] += pytensor.grad(sum((g**2).sum() for g in first), [xs, filters])
    values = arrays(case)
    right = pytensor.function([xs, filters], outputs[1], mode=FEW_REWRITES)(*values)
    for mode in (PYTHON, "NATIVE"):
        function = pytensor.function([xs, filters], outputs[0], mode=mode)
        for found, value in zip(function(*values), right, strict=True):
            np.testing.assert_allclose(found, value, rtol=1e-9, atol=1e-9 * abs(value).max())
    assert not native_report(function).fallbacks


def test_other_modes_write_the_ops_out_and_the_native_one_keeps_them():
    xs = pt.tensor("xs", shape=(None, 6, 6, 2))
    filters = pt.tensor("filters", shape=(3, 3, 2, 4))
    out = image_conv(xs, filters, stride=2)
    grads = pytensor.grad((out**2).sum(), [xs, filters])
    functions = {
        mode: pytensor.function([xs, filters], [out, *grads], mode=mode)
        for mode in ("FAST_COMPILE", "NATIVE")
    }
    kept = {
        mode: [type(n.op) for n in f.maker.fgraph.toposort() if isinstance(n.op, ConvolutionOp)]
        for mode, f in functions.items()
    }
    assert kept["FAST_COMPILE"] == []
    assert set(kept["NATIVE"]) == {ImageConvolution, InputGradient, FilterGradient}
    assert len(kept["NATIVE"]) == 3
    values = arrays((6, 6, 2, 4, (3, 3), 2, "same"))
    for a, b in zip(*(f(*values) for f in functions.values()), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)


def test_static_shapes_are_known_where_they_can_be():
    xs = pt.tensor("xs", shape=(None, 7, 32, 3))
    out = image_conv(xs, pt.zeros((3, 3, 3, 5)), stride=(2, 1))
    assert out.type.shape == (None, 4, 32, 5)
    [back] = pytensor.grad(out.sum(), [xs])
    assert back.type.shape == (None, 7, 32, 3)
    assert pt.as_tensor(out.shape[1]).eval({xs: np.zeros((1, 7, 32, 3))}) == 4


@pytest.mark.parametrize(
    ("shape", "filters", "options", "said"),
    [
        ((1, 4, 4, 3), (3, 3, 2, 1), {}, "channels, 3, but see 2"),
        ((1, 4, 4, 1), (2, 2, 1, 1), {}, "'same' needs an odd window"),
        ((1, 4, 4, 1), (3, 3, 1, 1), {"padding": -1}, "'same' or a number from 0"),
        ((1, 4, 4, 1), (3, 3, 1, 1), {"padding": 3}, "padding must be below the filters' 3 rows"),
        ((1, 4, 2, 1), (3, 3, 1, 1), {"padding": 0}, "3 columns where those have 2"),
        ((4, 4, 1), (3, 3, 1, 1), {}, "xs must have 4 axes"),
    ],
)
def test_what_does_not_fit_is_one_sentence(shape, filters, options, said):
    with pytest.raises(UserError, match=said):
        image_conv(np.zeros(shape), np.zeros(filters), **options)


def test_windows_that_are_not_known_and_other_dtypes_are_refused():
    with pytest.raises(UserError, match="must have a known window"):
        image_conv(np.zeros((1, 3, 3, 1)), pt.tensor4("filters"))
    with pytest.raises(UserError, match="must be float32 or float64"):
        image_conv(np.zeros((1, 3, 3, 1), "float32"), np.zeros((3, 3, 1, 1)))


def test_shapes_that_do_not_fit_when_called_are_named_in_native_mode():
    xs, filters = pt.tensor4("xs"), pt.tensor("filters", shape=(3, 3, None, None))
    function = pytensor.function([xs, filters], image_conv(xs, filters), mode="NATIVE")
    assert function(np.ones((1, 3, 3, 2)), np.ones((3, 3, 2, 1)))[0, 1, 1] == 18
    with pytest.raises(ValueError, match="channels, 2, but see 1"):
        function(np.ones((1, 3, 3, 2)), np.ones((3, 3, 1, 1)))


def test_the_rewrite_is_registered_after_native_mode_has_left_it_out():
    """A database that was asked for a name lets nothing be registered by it."""
    code = (
        "import pytensor.tensor as pt, pytensor, symrnn.native; x = pt.vector('x');"
        "pytensor.function([x], x + 1, mode='NATIVE'); import symrnn.ops.image_conv"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
