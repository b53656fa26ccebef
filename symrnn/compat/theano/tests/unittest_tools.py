"""``theano.tests.unittest_tools``: what Theano's tests, and those of programs, are written with."""

import copy
import functools
import sys
import unittest
from unittest import SkipTest

import numpy as np

from symrnn.compat.missing import missing
from symrnn.compat.nose.plugins.attrib import attr

from .. import compile, config, function, tensor

custom_name_func = None  # of the package parameterized, which then takes its own


def fetch_seed(pseed=None):
    """The seed of a test: `pseed`, or ``config.unittests.rseed``; None for ``"random"``."""
    seed = pseed or config.unittests.rseed
    return None if seed in (None, "random") else int(seed)


def seed_rng(pseed=None):
    """Seed NumPy's global generator, and return the seed."""
    seed = fetch_seed(pseed)
    np.random.seed(seed)
    return seed


def verify_grad(op, pt, n_tests=2, rng=None, *args, **kwargs):
    """Compare the gradients of `op` at the arrays `pt` with finite differences."""
    if rng is None:
        seed_rng()
        rng = np.random.mtrand._rand
    tensor.verify_grad(op, pt, n_tests, rng, *args, **kwargs)


verify_grad.E_grad = tensor.verify_grad.E_grad


class WrongValue(Exception):
    """Two values that should be close, and are not."""

    def __init__(self, expected_val, val, rtol, atol):
        super().__init__()
        self.val1, self.val2, self.rtol, self.atol = expected_val, val, rtol, atol

    def __str__(self):
        with np.errstate(all="ignore"):
            furthest = np.max(np.abs(np.asarray(self.val1) - np.asarray(self.val2)), initial=0)
        return (
            f"expected {self.val1}, got {self.val2}: they are up to {furthest} apart,"
            f" with rtol {self.rtol} and atol {self.atol}"
        )


def assert_allclose(expected, value, rtol=None, atol=None):
    """Raise `WrongValue` unless `value` is close to `expected`, as close as its dtype lets it be."""
    if not tensor.basic._allclose(expected, value, rtol, atol):
        raise WrongValue(expected, value, rtol, atol)


class MockRandomState:
    """A generator that only ever draws `val`, or the end of the range that is nearer to it."""

    def __init__(self, val):
        self.val = val

    def rand(self, *shape):
        return np.full(shape, self.val, dtype="float64")

    def randint(self, minval, maxval=None, size=1):
        low, high = (0, minval) if maxval is None else (minval, maxval)
        return np.full(size, low if self.val == 0 else high - 1, dtype="int64")


class TestOptimizationMixin:
    """Counts of ops in compiled functions."""

    def assertFunctionContains(self, f, op, min=1, max=sys.maxsize):
        found = [node for node in f.maker.fgraph.toposort() if node.op == op]
        assert min <= len(found) <= max, (f.maker.fgraph.toposort(), op, len(found), min, max)

    def assertFunctionContains0(self, f, op):
        self.assertFunctionContains(f, op, 0, 0)

    def assertFunctionContains1(self, f, op):
        self.assertFunctionContains(f, op, 1, 1)

    def assertFunctionContainsN(self, f, op, N):
        self.assertFunctionContains(f, op, N, N)

    def assertFunctionContainsClass(self, f, op, min=1, max=sys.maxsize):
        found = [node for node in f.maker.fgraph.toposort() if isinstance(node.op, op)]
        assert min <= len(found) <= max, (f.maker.fgraph.toposort(), op, len(found), min, max)

    def assertFunctionContainsClassN(self, f, op, N):
        self.assertFunctionContainsClass(f, op, N, N)

    def SkipTest(self, msg="Skip this test"):
        raise SkipTest(msg)


class T_OpContractMixin:
    """Equality and hashes of the ops in ``self.ops``; `clone` must return one like its argument."""

    other_op = tensor.add

    def copy(self, x):
        return copy.copy(x)

    def deepcopy(self, x):
        return copy.deepcopy(x)

    def clone(self, op):
        raise NotImplementedError("return a new instance like `op`")

    def test_eq(self):
        for i, op in enumerate(self.ops):
            assert op == self.copy(op) == self.deepcopy(op) == self.clone(op) != self.other_op
            assert all(op != other for j, other in enumerate(self.ops) if i != j)

    def test_hash(self):
        for op in self.ops:
            assert {hash(op)} == {hash(like(op)) for like in (self.copy, self.deepcopy, self.clone)}
            assert hash(op) != hash(self.other_op)

    def test_name(self):
        assert all(str(op) for op in self.ops)


class InferShapeTester(unittest.TestCase):
    """Shapes that are inferred against those of the values."""

    def setUp(self):
        seed_rng()
        mode = getattr(self, "mode", None) or compile.get_default_mode()
        self.mode = mode.including("canonicalize")

    def _compile_and_check(
        self,
        inputs,
        outputs,
        numeric_inputs,
        cls,
        excluding=None,
        warn=True,
        check_topo=True,
    ):
        """The op `cls` is in the function of `outputs`, and, with `check_topo`, not in that of their shapes."""
        mode = self.mode.excluding(*excluding) if excluding else self.mode
        values = function(inputs, outputs, mode=mode)
        shapes = function(inputs, [o.shape for o in outputs], mode=mode)
        if check_topo:
            assert not any(isinstance(node.op, cls) for node in shapes.maker.fgraph.toposort())
        assert any(isinstance(node.op, cls) for node in values.maker.fgraph.toposort())
        for out, shape in zip(values(*numeric_inputs), shapes(*numeric_inputs), strict=True):
            assert np.all(out.shape == shape), (out.shape, shape)


class AttemptManyTimes:
    """A decorator: the test may fail at some seeds, but must pass `n_req_successes` times in `n_attempts`."""

    def __init__(self, n_attempts, n_req_successes=1):
        self.n_attempts, self.n_req_successes = n_attempts, n_req_successes

    def __call__(self, fct):
        @functools.wraps(fct)
        def attempted(*args, **kwargs):
            passed, first = 0, config.unittests.rseed
            for attempt in range(self.n_attempts):
                try:
                    if first not in (None, "random"):
                        config.unittests.rseed = str(int(first) + attempt)
                    fct(*args, **kwargs)
                    passed += 1
                except Exception:
                    if passed + self.n_attempts - attempt - 1 < self.n_req_successes:
                        raise
                finally:
                    config.unittests.rseed = first
                if passed == self.n_req_successes:
                    return

        return attempted


def assertFailure_fast(f):
    """`f` itself: PyTensor checks for cycles as thoroughly as Theano's ``regular`` did."""
    return f


__getattr__ = missing(__name__)
