"""The activations of the cells.

In float64 they are PyTensor's. In float32 `tanh` and `sigmoid` are a rational function, as in XLA and Eigen: sums and
products vectorise, where the C library's ``tanhf`` is called for one number after another. The largest error of `tanh`
is 3.5e-7, of `sigmoid` 2e-7, and their values stay within the exact functions' bounds, which
``tests/ops/test_activations.py`` checks; ``tests/ops/fit_tanh.py`` made the coefficients.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pytensor.scalar as ps
import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.graph.basic import Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.scalar.math import sigmoid as sigmoid_op
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.variable import TensorVariable

BOUND = 8.0  # tanh of more is 1 within the error
P = (0.999999981, 0.12979226, 0.00298586481, 9.8786883e-06, -1.47043126e-08, 2.3508863e-11)
Q = (1.0, 0.46312542, 0.0240279361, 0.000237203645)


class RationalTanh(ps.UnaryScalarOp):
    """``tanh`` in float32: ``x p(x**2) / q(x**2)``, with x clipped to `BOUND`."""

    # PyTensor reads these where it moves a maximum through the function, and where a matrix is sparse.
    monotonic_increasing = True
    preserves_zero = True
    stands_for = ps.tanh  # to native code, whose own is as fast and nearer
    nfunc_spec = ("tanh", 1, 1)  # the Python linker and JAX vectorise their own

    def impl(self, x: Any) -> Any:
        return np.tanh(x)

    def pullback(
        self, inputs: Sequence[Any], outputs: Sequence[Any], output_grads: Sequence[Any]
    ) -> list[Variable]:
        # From the output, as of the exact tanh: the walk back reads records, and no tanh is computed again.
        y: Any = self(*inputs)
        return [output_grads[0] * (1 - y * y)]

    def c_support_code(self, **kwargs: Any) -> str:
        return C_TANH

    def c_code(
        self,
        node: Any,
        name: str,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        sub: dict[str, Any],
    ) -> str:
        return f"{outputs[0]} = symrnn_tanh({inputs[0]});"

    def c_code_cache_version(self) -> tuple[int, ...]:
        return (1,)


class RationalSigmoid(ps.UnaryScalarOp):
    """``sigmoid`` in float32: ``(1 + tanh(x / 2)) / 2``, with `RationalTanh`."""

    monotonic_increasing = True
    stands_for = sigmoid_op
    nfunc_spec = ("scipy.special.expit", 1, 1)

    def impl(self, x: Any) -> Any:
        return np.float32(0.5) + np.float32(0.5) * np.tanh(np.float32(0.5) * x)

    def pullback(
        self, inputs: Sequence[Any], outputs: Sequence[Any], output_grads: Sequence[Any]
    ) -> list[Variable]:
        # From the output, for the same reason.
        y: Any = self(*inputs)
        return [output_grads[0] * y * (1 - y)]

    def c_support_code(self, **kwargs: Any) -> str:
        return C_TANH

    def c_code(
        self,
        node: Any,
        name: str,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        sub: dict[str, Any],
    ) -> str:
        return f"{outputs[0]} = 0.5f + 0.5f * symrnn_tanh(0.5f * {inputs[0]});"

    def c_code_cache_version(self) -> tuple[int, ...]:
        return (1,)


def _horner(coefficients):
    """The polynomial of these coefficients in ``t``, as an expression of C."""
    *rest, value = (f"{c!r}f" for c in coefficients)
    for c in reversed(rest):
        value = f"({value} * t + {c})"
    return value


C_TANH = f"""
#ifndef SYMRNN_TANH
#define SYMRNN_TANH
static inline float symrnn_tanh(float x) {{
    x = x < -{BOUND}f ? -{BOUND}f : (x > {BOUND}f ? {BOUND}f : x);
    const float t = x * x;
    return x * {_horner(P)} / {_horner(Q)};
}}
#endif
"""


class KnownToNumba(GraphRewriter):
    """Rewrites nothing: lets Numba know the rational functions, in the modes that compile with it.

    Importing what it does takes longer than compiling a small network does in native mode.
    """

    def apply(self, fgraph: FunctionGraph) -> None:
        import_module("symrnn.ops.activations_numba")


optdb.register("rational_activations_known_to_numba", KnownToNumba(), "numba", position=0)


_TANH: Any = Elemwise(RationalTanh(ps.same_out, name="rational_tanh"), name="Tanh")
_SIGMOID: Any = Elemwise(RationalSigmoid(ps.same_out, name="rational_sigmoid"), name="Sigmoid")


def tanh(x: TensorVariable) -> TensorVariable:
    """The hyperbolic tangent; rational in float32.

    Examples
    --------
    >>> round(float(tanh(pt.as_tensor(0.5, dtype="float32")).eval()), 6)
    0.462117
    """
    return _TANH(x) if x.type.dtype == "float32" else pt.tanh(x)


def sigmoid(x: TensorVariable) -> TensorVariable:
    """The logistic function; rational in float32.

    Examples
    --------
    >>> round(float(sigmoid(pt.as_tensor(0.5, dtype="float32")).eval()), 6)
    0.622459
    """
    return _SIGMOID(x) if x.type.dtype == "float32" else pt.sigmoid(x)


def relu(x: TensorVariable) -> TensorVariable:
    """The positive part.

    Examples
    --------
    >>> relu(pt.as_tensor([-1.0, 2.0])).eval()
    array([0., 2.])
    """
    return pt.maximum(x, 0)
