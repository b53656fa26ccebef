"""What makes two scans equal to `share_recurrences`: every argument of Scan, every view of a gradient, in pairs.

Whatever the pair, sharing changes no value and no gradient. Pairs that are equal become one scan, others stay two.
"""

import inspect
from dataclasses import fields

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import SameType
from pairs import GENERATORS, OLD, XS, W, check, run, tanh, viewed
from pytensor.compile.builders import OpFromGraph
from pytensor.gradient import disconnected_grad, zero_grad
from pytensor.gradient import grad_clip as pytensors_clip
from pytensor.gradient import grad_scale as pytensors_scale
from pytensor.scan.op import Scan, ScanInfo
from pytensor.scan.utils import until
from pytensor.tensor.type import TensorType

from symrnn.duplicates.explained import explanation
from symrnn.duplicates.found import duplicates
from symrnn.duplicates.kinds import Kind
from symrnn.duplicates.step_key import op_key
from symrnn.ops.gradient_views import grad_clip, grad_scale


def nested(**options):
    def row(x, h, w):
        steps = pytensor.scan(lambda a, s: s * a, x, h[0], return_updates=False, **options)
        return pt.tanh(steps + h @ w)

    return run(row)


def inlined(pullback):
    """A step in which an op stands whose gradient is given."""
    x = pt.dvector("x")
    square = OpFromGraph([x], [x**2], pullback=pullback)
    return run(lambda x, h, w: pt.tanh(square(x + h @ w)))


def doubled(inputs, outputs, gradients):
    return [2 * gradients[0]]


def tripled(inputs, outputs, gradients):
    return [3 * gradients[0]]


def taps(*back):
    start = {"initial": pt.full((3, 2), 0.5, dtype="float64"), "taps": list(back)}
    return pytensor.scan(
        lambda x, *hs: pt.tanh(x + hs[0]), XS, outputs_info=[start], return_updates=False
    )


def recorded(*what):
    """A walk, and what else its step records."""

    def step(x, h, w):
        h = tanh(x, h, w)
        return [*(f(h) for f in what), h]

    start = [*[None] * len(what), pt.full((2,), 0.5, dtype="float64")]
    return pytensor.scan(step, XS, start, W, return_updates=False)


def stopped(by, most=2, grow=1):
    """A while-scan that counts in one state and walks in another."""

    def step(x, count, h, w):
        following = [count + grow, tanh(x, h, w)]
        return (following, until(by(count, x, h, most))) if by else following

    start = [pt.constant(0.0, dtype="float64"), pt.full((2,), 0.5, dtype="float64")]
    return pytensor.scan(step, XS, start, W, return_updates=False)[1]


def by_count(count, x, h, most):
    return pt.ge(count, most)


def by_state(count, x, h, most):
    return pt.ge(h[0], most)


def drawn(seed):
    """A walk that carries a generator."""
    rng = GENERATORS[seed]

    def step(x, h, rng, w):
        rng, noise = pt.random.normal(size=(2,), rng=rng, return_next_rng=True)
        return tanh(x, h, w) + 0 * noise, rng

    start = [pt.full((2,), 0.5, dtype="float64"), rng]
    return pytensor.scan(step, XS, start, W, return_updates=False)[0]


def backward(step=tanh):
    """The scan of a gradient, whose states have several inputs and outputs a step."""
    return pytensor.grad(run(step).sum(), XS)


def built(**options):
    """A map by a Scan op that is made by hand."""
    x = pt.tensor("x", shape=(2,), dtype="float64")
    info = ScanInfo(1, (), (), (), (), 1, 0, 0, False)
    return Scan([x], [x**2 * pt.tanh(x)], info, **options)(XS.shape[0], XS, XS.shape[0])


def of_unknown_shape(shape, dtype):
    return TensorType(dtype, shape=[None] * len(shape))


EQUAL, APART = True, False

PAIRS = {  # what differs: (one scan, the other, whether they are one)
    "nothing": (run, run, EQUAL),
    "outputs": (run, lambda: run(lambda x, h, w: pt.tanh(x - h @ w)), APART),
    "outputs, written by another": (run, lambda: run(lambda a, b, c: pt.tanh(a + b @ c)), EQUAL),
    "inputs": (run, lambda: run(xs=XS.astype("float32")), APART),
    "truncate_gradient": (lambda: run(truncate_gradient=2), run, APART),
    "truncate_gradient, two of them": (
        lambda: run(truncate_gradient=1),
        lambda: run(truncate_gradient=2),
        APART,
    ),
    "truncate_gradient, the same": (
        lambda: run(truncate_gradient=2),
        lambda: run(truncate_gradient=2),
        EQUAL,
    ),
    "truncate_gradient inside": (lambda: nested(truncate_gradient=1), nested, APART),
    "truncate_gradient inside, the same": (
        lambda: nested(truncate_gradient=1),
        lambda: nested(truncate_gradient=1),
        EQUAL,
    ),
    "mode": (run, lambda: run(mode="FAST_COMPILE"), EQUAL),
    "name": (run, lambda: run(name="other"), EQUAL),
    "profile": (run, lambda: run(profile="other"), EQUAL),
    "allow_gc": (lambda: run(allow_gc=True), lambda: run(allow_gc=False), EQUAL),
    "strict": (lambda: built(strict=True), lambda: built(strict=False), EQUAL),
    "typeConstructor": (built, lambda: built(typeConstructor=of_unknown_shape), APART),
    "info.n_seqs": (run, lambda: run(lambda x, y, h, w: tanh(x, h, w) + y, xs=[XS, XS]), APART),
    "info.mit_mot_in_slices": (backward, backward, EQUAL),
    "info.mit_mot_out_slices": (
        backward,
        lambda: backward(lambda x, h, w: pt.sigmoid(x + h @ w)),
        APART,
    ),
    "info.mit_sot_in_slices": (lambda: taps(-2, -1), lambda: taps(-3, -1), APART),
    "info.sit_sot_in_slices": (lambda: taps(-1), lambda: taps(-2), APART),
    "taps, the same": (lambda: taps(-3, -1), lambda: taps(-3, -1), EQUAL),
    "info.n_nit_sot": (run, lambda: recorded(pt.exp)[0], APART),
    "info.n_untraced_sit_sot": (lambda: drawn(0), lambda: drawn(1), APART),
    "generators, the same": (lambda: drawn(0), lambda: drawn(0), EQUAL),
    "info.n_non_seqs": (
        run,
        lambda: run(lambda x, h, w, v: tanh(x, h, w) + v, w=[W, XS[0]]),
        APART,
    ),
    "info.as_while": (lambda: stopped(None), lambda: stopped(by_count), APART),
    "condition": (lambda: stopped(by_count), lambda: stopped(by_state), APART),
    "condition's constant": (lambda: stopped(by_count), lambda: stopped(by_count, most=1), APART),
    "condition's state": (lambda: stopped(by_count), lambda: stopped(by_count, grow=2), APART),
    "condition, the same": (lambda: stopped(by_count), lambda: stopped(by_count), EQUAL),
    "initial state": (run, lambda: run(start=0.25), APART),
    "number of steps": (run, lambda: run(n_steps=2), APART),
    "direction": (run, lambda: run(go_backwards=True), APART),
    "clip": (lambda: viewed(lambda z: grad_clip(z, -0.1, 0.1)), run, APART),
    "clip's bound": (
        lambda: viewed(lambda z: grad_clip(z, -0.1, 0.1)),
        lambda: viewed(lambda z: grad_clip(z, -0.2, 0.2)),
        APART,
    ),
    "clip, the same": (
        lambda: viewed(lambda z: grad_clip(z, -1, 1)),
        lambda: viewed(lambda z: grad_clip(z, -1.0, 1.0)),
        EQUAL,
    ),
    "scale": (
        lambda: viewed(lambda z: grad_scale(z, -1)),
        lambda: viewed(lambda z: grad_scale(z, 0.5)),
        APART,
    ),
    "scale, the same": (
        lambda: viewed(lambda z: grad_scale(z, 0.5)),
        lambda: viewed(lambda z: grad_scale(z, 0.5)),
        EQUAL,
    ),
    "zero": (lambda: viewed(zero_grad), run, APART),
    "stop": (lambda: viewed(disconnected_grad), lambda: viewed(zero_grad), APART),
    "stop, the same": (lambda: viewed(disconnected_grad), lambda: viewed(disconnected_grad), EQUAL),
    "clip of the input": (
        lambda: run(xs=grad_clip(XS, -0.1, 0.1)),
        lambda: run(xs=grad_clip(XS, -0.2, 0.2)),
        APART,
    ),
    "PyTensor's clip of the input": (
        lambda: run(xs=pytensors_clip(XS, -0.1, 0.1)),
        lambda: run(xs=pytensors_clip(XS, -0.2, 0.2)),
        APART,
    ),
    "PyTensor's clip of the input, the same": (
        lambda: run(xs=pytensors_clip(XS, -0.1, 0.1)),
        lambda: run(xs=pytensors_clip(XS, -0.1, 0.1)),
        EQUAL,
    ),
    "PyTensor's scale of the weight": (
        lambda: run(w=pytensors_scale(W, -1.0)),
        lambda: run(w=pytensors_scale(W, 2.0)),
        APART,
    ),
    "gradient of an op in the step": (lambda: inlined(doubled), lambda: inlined(tripled), APART),
    "gradient of an op in the step, the same": (
        lambda: inlined(doubled),
        lambda: inlined(doubled),
        EQUAL,
    ),
}
if OLD:  # since 3.3 both are one node before we see them
    PAIRS |= {
        "PyTensor's clip": (
            lambda: viewed(lambda z: pytensors_clip(z, -0.1, 0.1)),
            lambda: viewed(lambda z: pytensors_clip(z, -0.2, 0.2)),
            APART,
        ),
        "PyTensor's scale": (
            lambda: viewed(lambda z: pytensors_scale(z, -1.0)),
            lambda: viewed(lambda z: pytensors_scale(z, 2.0)),
            APART,
        ),
    }


WHILE = ("info.as_while", "condition", "condition's constant", "condition's state")
WHILE += ("condition, the same",)


# One pair is about the argument that PyTensor 3.3 deprecates.
@pytest.mark.filterwarnings("ignore:The `mode` argument of `scan`:FutureWarning")
@pytest.mark.parametrize("name", PAIRS)
def test_sharing_merges_what_is_equal_and_changes_no_gradient(name):
    # PyTensor 3.0 does not differentiate while-scans
    check(*PAIRS[name], of_values=OLD and name in WHILE)


def test_every_argument_of_a_scan_is_in_the_table():
    """A new argument of PyTensor's Scan has to be asked whether it makes two scans different."""
    arguments = set(inspect.signature(Scan.__init__).parameters) - {"self", "info"}
    arguments |= {f"info.{field.name}" for field in fields(ScanInfo)}
    assert arguments <= PAIRS.keys()


GRADIENTS_ALONE = {  # pairs that differ in nothing but their gradients: how explain says it
    "truncate_gradient": "truncate_gradient -1 against 2",
    "truncate_gradient inside": "a step against one that changes a gradient",
    "clip": "a step against one that changes a gradient",
    "clip's bound": "a step against one that changes a gradient",
    "scale": "a step against one that changes a gradient",
    "zero": "a step against one that changes a gradient",
    "gradient of an op in the step": "a step against one that changes a gradient",
}


@pytest.mark.parametrize("name", GRADIENTS_ALONE)
def test_explain_says_that_the_gradients_differ(name):
    outputs = [build() for build in PAIRS[name][:2]]
    groups = [group for group in duplicates(outputs) if Kind.GRADIENT in group.kinds]
    assert [group.kinds for group in groups] == [(Kind.GRADIENT,)]
    said = " ".join(str(difference) for difference in groups[0].differences)
    assert said in (
        f"{words} (the same value with another gradient)"
        for words in (GRADIENTS_ALONE[name], "truncate_gradient 2 against -1")
    )
    assert "to remove it: stop or clip the gradient of the result" in explanation(outputs)


@pytest.mark.parametrize("name", [name for name in PAIRS if name.endswith("the same")])
def test_explain_finds_equal_ones_equal(name):
    groups = duplicates([build() for build in PAIRS[name][:2]])
    assert {group.kinds for group in groups} <= {(Kind.EQUAL,)}


class Shift(SameType):
    """An op with an array in its props."""

    __props__ = ("by",)

    def __init__(self, by):
        self.by = by

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0] + self.by


def test_props_are_compared_whole():
    one, other = np.arange(5000.0), np.arange(5000.0)
    assert op_key(Shift(one)) == op_key(Shift(other))
    other[2500] = 0  # where NumPy prints dots
    assert op_key(Shift(one)) != op_key(Shift(other))
    assert op_key(Shift(one)) != op_key(Shift(one.reshape(50, 100)))
    assert op_key(Shift([1, slice(0, 2)])) == op_key(Shift([1, slice(0, 2)]))
    assert op_key(Shift([1, slice(0, 2)])) != op_key(Shift([1, slice(0, 3)]))
    assert op_key(Shift({1, 2})) != op_key(Shift({1, 2}))  # not known to be the same
