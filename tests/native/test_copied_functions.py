"""Functions that are copied, pickled and given other shared variables, beside the Python linker."""

import copy
import pickle

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import PLAIN

A = np.arange(6.0).reshape(2, 3)
OFTEN = 11  # calls: the last ones are machine code's
x = pt.dmatrix("x")


def exchanging(mode):
    """Two shared arrays, each of which becomes the other one, or what adds to it."""
    w, v = (
        pytensor.shared(np.full((2, 3), value), name=name)
        for name, value in (("w", 0.0), ("v", 1.0))
    )
    return w, v, pytensor.function([x], [w + x, x, w], updates={w: v, v: w + x}, mode=mode)


def called(f, given=A):
    """What many calls return, all of it kept until the last one is over."""
    results = [f(given * n) for n in range(OFTEN)]
    return [np.array(out) for result in results for out in result]


def deep_copy(w, v, f):
    return copy.deepcopy(f)


def unpickled(w, v, f):
    # The Python linker's mode has no name to be pickled by; it stands for the same function.
    return pickle.loads(pickle.dumps(f)) if f.maker.mode is not PLAIN else copy.deepcopy(f)


def sharing_memory(w, v, f):
    return f.copy(share_memory=True)


def swapped(w, v, f):
    return f.copy(swap={w: pytensor.shared(np.full((2, 3), 7.0), name="other")})


@pytest.mark.parametrize("made", [deep_copy, unpickled, sharing_memory, swapped])
def test_a_copy_does_what_the_function_does(made):
    logs = []
    for mode in ("NATIVE", PLAIN):
        w, v, f = exchanging(mode)
        log = called(f)
        g = made(w, v, f)
        logs.append([*log, *called(g), *called(f), w.get_value(), v.get_value()])
    for found, expected in zip(*logs, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_shared_arrays_may_take_another_shape_between_calls():
    logs = []
    for mode in ("NATIVE", PLAIN):
        w, v, f = exchanging(mode)
        log = called(f)
        for shape in ((5, 4), (2, 3), (1, 7)):
            for shared in (w, v):
                shared.set_value(np.ones(shape))
            log += called(f, np.ones(shape))
        logs.append(log)
    for found, expected in zip(*logs, strict=True):
        np.testing.assert_array_equal(found, expected)


LAYOUTS = {
    "reversed": lambda: A[:, ::-1],
    "of other bytes": lambda: A.astype(">f8"),
    "repeated": lambda: np.broadcast_to(np.float64(2), (2, 3)),
    "by columns": lambda: np.asfortranarray(A),
    "misaligned": lambda: np.frombuffer(bytearray(49), "u1")[1:].view(float).reshape(2, 3),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_trusted_inputs_may_lie_anyhow(layout):
    given, logs = LAYOUTS[layout](), []
    for mode in ("NATIVE", PLAIN):
        _, _, f = exchanging(mode)
        f.trust_input = True
        logs.append([np.array(out) for n in range(OFTEN) for out in f(given)])
    for found, expected in zip(*logs, strict=True):
        np.testing.assert_array_equal(found, expected)
