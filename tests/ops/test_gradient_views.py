"""Views that change a gradient: each by its own numbers, whatever stood in the process before."""

import inspect
import subprocess
import sys

import numpy as np
import pytensor
import pytensor.gradient
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES, make_cell
from pytensor.compile.builders import OpFromGraph
from pytensor.graph.op import Op

from symrnn.errors import UserError
from symrnn.lasagne import layers, nonlinearities
from symrnn.ops.gradient_views import GradClip, GradScale, grad_clip, grad_scale
from symrnn.unroll import scan_unroll, static_unroll

NUMBERS = (0.3, 0.01, 5.0, 0.3, 0.7)  # one after another in one process
X = np.array([0.5, -0.25, 0.75])

VIEWS = {  # name: (view of a value, gradient of the view of a gradient)
    "clip": (lambda x, n: grad_clip(x, -n, n), lambda g, n: np.clip(g, -n, n)),
    "clip to one side": (lambda x, n: grad_clip(x, 0, n), lambda g, n: np.clip(g, 0, n)),
    "scale": (grad_scale, lambda g, n: n * g),
    "reverse": (lambda x, n: grad_scale(x, -n), lambda g, n: -n * g),
}


def plain(view):
    x = pt.dvector("x")
    return x, view(x) * x


def in_a_scan(view):
    x = pt.dvector("x")
    return x, pytensor.scan(lambda e: view(e) * e, sequences=x, return_updates=False)


def in_a_scan_of_scans(view):
    x = pt.dvector("x")

    def row(e):
        return pytensor.scan(lambda a: view(a) * a, sequences=e, return_updates=False)

    return x, pytensor.scan(row, sequences=x[:, None], return_updates=False)


def in_an_op(view):
    x, symbol = pt.dvector("x"), pt.dvector("symbol")
    return x, OpFromGraph([symbol], [view(symbol) * symbol])(x)


@pytest.mark.parametrize("place", [plain, in_a_scan, in_a_scan_of_scans, in_an_op])
@pytest.mark.parametrize("name", VIEWS)
def test_gradient_is_that_of_its_own_number(name, place):
    view, changed = VIEWS[name]
    for number in NUMBERS:
        x, y = place(lambda value, number=number: view(value, number))
        gradient = pytensor.grad(y.sum(), x)
        [value, got] = pytensor.function([x], [y, gradient], mode=FEW_REWRITES)(X)
        np.testing.assert_array_equal(value.ravel(), X**2)
        np.testing.assert_allclose(got, changed(X, number) + X, rtol=1e-12)


def clipped_walk(xs, w_x, w_h, b, bound):
    """The gradients of a tanh walk's summed sines by `w_h`, `b`, the terms of each step bounded."""
    hs = [np.zeros((xs.shape[1], len(w_h)))]
    for x in xs:
        hs.append(np.tanh(x @ w_x + hs[-1] @ w_h + b))
    dw_h, db, dh = 0, 0, 0
    for h, h_prev in zip(hs[:0:-1], hs[-2::-1], strict=True):
        dz = np.clip((dh + np.cos(h)) * (1 - h**2), -bound, bound)
        dh, dw_h, db = dz @ w_h.T, dw_h + h_prev.T @ dz, db + dz.sum(axis=0)
    return dw_h, db


XS = np.random.default_rng(0).normal(size=(5, 4, 3))


def unrolled(unroll, gradient):
    def gradients(bound):
        cell, xs = make_cell("rnn"), pt.tensor("xs", shape=(5, None, 3))
        ys = unroll(cell, xs, gradient=gradient, grad_clipping=bound)
        function = pytensor.function(
            [xs], pytensor.grad(pt.sin(ys).sum(), [cell.w_h, cell.b]), mode=FEW_REWRITES
        )
        return function(XS), [weight.get_value() for weight in (cell.w_x, cell.w_h, cell.b)]

    return gradients


def custom_layer(bound):
    l_in = layers.InputLayer((None, None, 3))
    below = layers.DenseLayer(layers.InputLayer((None, 3)), 2, nonlinearity=None)
    step = layers.DenseLayer(layers.InputLayer((None, 2)), 2, b=None, nonlinearity=None)
    layer = layers.CustomRecurrentLayer(
        l_in, below, step, nonlinearity=nonlinearities.tanh, grad_clipping=bound
    )
    loss = pt.sin(layers.get_output(layer)).sum()
    function = pytensor.function(
        [l_in.input_var], pytensor.grad(loss, [step.W, below.b]), mode=FEW_REWRITES
    )
    weights = [weight.get_value() for weight in (below.W, step.W, below.b)]
    return function(XS.transpose(1, 0, 2)), weights


WALKS = {
    "scan, assembled": unrolled(scan_unroll, "assembled"),
    "scan, autodiff": unrolled(scan_unroll, "autodiff"),
    "static, assembled": unrolled(static_unroll, "assembled"),
    "static, autodiff": unrolled(static_unroll, "autodiff"),
    "lasagne's custom layer": custom_layer,
}


@pytest.mark.parametrize("walk", WALKS)
def test_each_bound_of_a_process_clips_its_own_walk(walk):
    for bound in NUMBERS:
        gradients, weights = WALKS[walk](bound)
        for got, wanted in zip(gradients, clipped_walk(XS, *weights, bound), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)


def test_bound_inside_of_a_gru_is_its_own():
    """Lasagne's GRU bounds the gradient of what its nonlinearity gets, inside of the cell."""
    got = {}
    for bound in (*NUMBERS, 1e-3):
        l_in = layers.InputLayer((None, None, 3))
        layer = layers.GRULayer(l_in, 2, grad_clipping=bound)
        # In an order of the test's own: with these weights every bound but the largest clips.
        names = [
            f"{kind}_{gate}"
            for gate in ("resetgate", "updategate", "hidden_update")
            for kind in ("W_in_to", "W_hid_to", "b")
        ]
        for i, name in enumerate([*names, "hid_init"]):
            param = getattr(layer, name)
            param.set_value(np.random.default_rng(i).normal(size=param.get_value().shape))
        bias = layer.b_hidden_update
        gradient = pytensor.grad(layers.get_output(layer).sum(), bias)
        got.setdefault(bound, []).append(
            pytensor.function([l_in.input_var], gradient, mode=FEW_REWRITES)(XS)
        )
    np.testing.assert_array_equal(*got[0.3])
    assert (abs(got[1e-3][0]) <= 1e-3 * 20 + 1e-12).all()
    assert len({value[0].tobytes() for value in got.values()}) == len(got)


def test_theanos_names_are_these():
    code = (
        "from symrnn import compat; compat.install(); import theano.gradient as g;"
        "from symrnn.ops import gradient_views as v;"
        "print(g.grad_clip is v.grad_clip, g.grad_scale is v.grad_scale, g.GradClip is v.GradClip)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True"] * 3


@pytest.mark.parametrize("view", [GradClip(-1, 1), GradScale(2)])
@pytest.mark.parametrize("linker", ["py", "jax"])
def test_views_leave_no_trace_in_a_function(view, linker):
    if linker == "jax":
        pytest.importorskip("jax")
    x = pt.vector("x", dtype="float32")
    gradient = pytensor.grad((view(x) ** 2).sum(), x)
    assert gradient.type.dtype == "float32"
    mode = "JAX" if linker == "jax" else "FAST_COMPILE"
    nodes = pytensor.function([x], [view(x) + 1, gradient], mode=mode).maker.fgraph.apply_nodes
    assert not any(isinstance(node.op, GradClip | GradScale) for node in nodes)


def test_multiplier_may_be_an_expression_or_an_array():
    x, by = pt.dvector("x"), pt.dscalar("by")
    for multiplier, wanted in ((by, [2.0, 2.0]), (np.array([1.0, 3.0]), [1.0, 3.0])):
        gradient = pytensor.grad(grad_scale(x, multiplier).sum(), x)
        function = pytensor.function([x, by], gradient, mode=FEW_REWRITES, on_unused_input="ignore")
        assert function([0.0, 0.0], 2.0).tolist() == wanted


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: grad_clip(pt.scalar(), 1, -1), "lower_bound must be at most upper_bound"),
        (lambda: grad_clip(pt.scalar(), np.nan, 1), "lower_bound must be at most upper_bound"),
        (lambda: grad_clip(pt.scalar(), "a", 1), "lower_bound must be a number, but is 'a'"),
        (lambda: grad_scale(pt.scalar(), None), "multiplier must be a number, but is None"),
    ],
)
def test_wrong_numbers_are_refused(make, message):
    with pytest.raises(UserError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_no_other_view_of_pytensors_keeps_numbers_out_of_its_props():
    """If PyTensor gets one more, it needs a twin here; what is in its props is fine."""
    views = [cls for _, cls in inspect.getmembers(pytensor.gradient, inspect.isclass)]
    hidden = set()
    for cls in (
        cls for cls in views if issubclass(cls, Op) and cls.__module__ == "pytensor.gradient"
    ):
        taken = [name for name in inspect.signature(cls.__init__).parameters if name != "self"]
        if cls.__init__ is not Op.__init__ and set(taken) - {"args", "kwargs"} - set(cls.__props__):
            hidden.add(cls.__name__)
    assert hidden <= {"GradClip", "GradScale"}
