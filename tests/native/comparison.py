"""Native mode beside PyTensor's Python code without a rewrite."""

import numpy as np
import pytensor
from pytensor.compile.mode import Mode

from symrnn.native import guarded, native_report
from symrnn.native.linker import NativeLinker
from symrnn.native.report import native_programs

PLAIN = Mode("vm", None)
AS_BUILT = Mode(NativeLinker(), None)
TOLERANCES = {"float32": 2e-5, "float64": 1e-10}


def same_in_both(inputs, outputs, *calls, mode="NATIVE"):
    """The native function, after calls whose outputs were those of the Python linker in value, shape and dtype."""
    native = pytensor.function(inputs, outputs, mode=mode, on_unused_input="ignore")
    plain = pytensor.function(inputs, outputs, mode=PLAIN, on_unused_input="ignore")
    for values in calls:
        for got, expected in zip(native(*values), plain(*values), strict=True):
            assert got.shape == expected.shape
            assert got.dtype == expected.dtype
            np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-12)
    return native


def left(function) -> set[str]:
    """The kinds of op that Python runs of a native function."""
    return {
        type(getattr(node.op, "core_op", getattr(node.op, "scalar_op", node.op))).__name__
        for node, _ in native_report(function).fallbacks
    }


def check(
    inputs,
    outputs: dict,
    calls,
    *,
    mode="NATIVE",
    left_to_python=frozenset(),
    unshaped=frozenset(),
):
    """Call in native mode, in memory as planned and in memory that is watched, and as the Python linker does.

    Outputs named in `unshaped` are compared in their first extent alone where that is 0.
    """
    variables = list(outputs.values())
    f = pytensor.function(inputs, variables, mode=mode, on_unused_input="ignore")
    right = pytensor.function(inputs, variables, mode=PLAIN, on_unused_input="ignore")
    with np.errstate(all="ignore"):
        expected = [right(*call) for call in calls]
        for call, results in zip(calls, expected, strict=True):
            compare(outputs, f(*call), results, unshaped)
        for program in native_programs(f.vm.jit_fn):
            program.memories.clear()
        with guarded.turned_on():
            for call, results in zip(calls, expected, strict=True):
                compare(outputs, f(*call), results, unshaped)
    assert left(f) <= left_to_python
    return f


def compare(outputs, found, expected, unshaped=frozenset()):
    """Raise with the name of every output that is not as it should be."""
    wrong = []
    for (name, var), a, b in zip(outputs.items(), found, expected, strict=True):
        tolerance = TOLERANCES.get(var.dtype, 0)
        if name in unshaped and a.shape[0] == b.shape[0] == 0:
            b = np.empty_like(a)
        if a.dtype != var.dtype or a.shape != b.shape:
            wrong.append(f"{name}: {a.dtype}{a.shape}, not {var.dtype}{b.shape}")
        elif not np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True):
            wrong.append(f"{name}: {a.ravel()[:8]}, not {b.ravel()[:8]}")
    assert not wrong, "; ".join(wrong[:8])
