"""The rational tanh and sigmoid as Numba compiles them; importing this imports Numba."""

from collections.abc import Callable
from typing import Any

import numpy as np
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key

from symrnn.ops.activations import BOUND, P, Q, RationalSigmoid, RationalTanh


# Made anew for each op: Numba caches a function under the key that is returned beside it.
def _numba_tanh():
    bound = np.float32(BOUND)
    p0, p1, p2, p3, p4, p5 = map(np.float32, P)
    q0, q1, q2, q3 = map(np.float32, Q)

    @numba_njit
    def rational_tanh(x):
        x = min(max(x, -bound), bound)
        t = x * x
        p = ((((p5 * t + p4) * t + p3) * t + p2) * t + p1) * t + p0
        q = ((q3 * t + q2) * t + q1) * t + q0
        # `/` would check for zero, and then LLVM does not vectorise.
        return np.true_divide(x * p, q)

    return rational_tanh


@register_funcify_and_cache_key(RationalTanh)
def numba_rational_tanh(op: Op, node: Any, **kwargs: Any) -> tuple[Callable[..., Any], str]:
    return _numba_tanh(), "symrnn.RationalTanh.2"


@register_funcify_and_cache_key(RationalSigmoid)
def numba_rational_sigmoid(op: Op, node: Any, **kwargs: Any) -> tuple[Callable[..., Any], str]:
    half, rational_tanh = np.float32(0.5), _numba_tanh()

    @numba_njit
    def rational_sigmoid(x):
        return half + half * rational_tanh(half * x)

    return rational_sigmoid, "symrnn.RationalSigmoid.2"
