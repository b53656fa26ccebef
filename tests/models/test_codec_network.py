"""Steps of the codec's network: which weights each of them has, in every loop, for those that encode and decode."""

from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symrnn.native
from symrnn.models.codec_network import SIZES, CodecNetwork
from symrnn.ops.scan import plain_scan, scan_loop, static_loop

assert symrnn.native  # makes mode="NATIVE" known
STEPS, OWN = 4, 2
TIED = replace(SIZES["tiny"], own=0)


def network(shape, seed=0, **options):
    return CodecNetwork.create(shape, rng=np.random.default_rng(seed), dtype="float64", **options)


def inputs(batch=1, side=8):
    rng = np.random.default_rng(1)
    xs = rng.uniform(-0.5, 0.5, (batch, 3, side, side))
    us = rng.uniform(0.2, 0.8, (STEPS, batch, TIED.channels, side // 4, side // 4))
    return xs, us


def told(net, loop=scan_loop):
    """Pictures and bits of every step."""
    xs, us = inputs()
    variables = [pt.as_tensor(value) for value in (xs, us)]
    return pytensor.function([], list(net.coded(*variables, loop=loop)), mode="NATIVE")()


def step_by_step(net):
    """The same from networks of one step each, put together by hand."""
    xs, us = inputs()
    carried = [pt.zeros(xs.shape), *net.initial(1, 8, 8)]
    pictures, bits = [], []
    for step in range(STEPS):
        own = [pt.as_tensor(weights.get_value()[min(step, OWN - 1)]) for weights in net.own]
        code, carried = net.at_step(own, net.shared).step(
            pt.as_tensor(xs), pt.as_tensor(us[step]), carried
        )
        pictures.append(carried[0])
        bits.append(code)
    return pytensor.function([], [pt.stack(pictures), pt.stack(bits)], mode="NATIVE")()


@pytest.mark.parametrize("reconstruction", ["additive", "one_shot", "scaled"])
def test_each_step_has_its_own_filters_and_later_ones_the_last(reconstruction):
    net = network(SIZES["tiny"], reconstruction=reconstruction)
    for found, expected in zip(told(net), step_by_step(net), strict=True):
        assert found == pytest.approx(expected, abs=1e-12)


def test_equal_ones_are_those_that_all_steps_share():
    own, tied = network(SIZES["tiny"]), network(TIED, seed=1)
    for ours, theirs in zip(own.params, tied.params, strict=True):
        ours.set_value(np.broadcast_to(theirs.get_value(), ours.type.shape).copy())
    assert [len(own.own), len(own.shared)] == [8, len(own.params) - 8]
    assert [len(tied.own), len(tied.shared)] == [0, len(tied.params)]
    for found, expected in zip(told(own), told(tied), strict=True):
        assert found == pytest.approx(expected, abs=1e-12)
    own.head.w.set_value(own.head.w.get_value() * [[[1.0]], [[2.0]]])
    assert np.abs(told(own)[0] - told(tied)[0]).max(axis=(1, 2, 3, 4)).argmax() > 0


@pytest.mark.parametrize("loop", [static_loop, plain_scan])
def test_loops_with_a_gradient_tell_the_same(loop):
    net = network(SIZES["tiny"])
    for found, expected in zip(told(net, loop), told(net), strict=True):
        assert found == pytest.approx(expected, abs=1e-12)


def test_gradients_of_both_loops_agree_and_reach_every_steps_filters():
    xs, us = inputs()
    found = []
    for loop in (static_loop, plain_scan):
        net = network(SIZES["tiny"])
        loss = (net.coded(pt.as_tensor(xs), pt.as_tensor(us), loop=loop).pictures ** 2).mean()
        found.append(pytensor.function([], pytensor.grad(loss, net.own), mode="NATIVE")())
    for ours, theirs in zip(*found, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-12)
        assert (np.abs(ours).reshape(OWN, -1).max(axis=1) > 0).all()


def test_pictures_follow_from_the_bits_alone():
    net = network(SIZES["tiny"])
    pictures, bits = told(net)
    shown = pytensor.function([], net.shown(pt.as_tensor(bits)), mode="NATIVE")()
    assert shown == pytest.approx(pictures, abs=1e-12)
