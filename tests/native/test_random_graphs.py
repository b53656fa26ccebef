"""Random graphs: native code against PyTensor's Python linker.

Forty in every run, the same ones; ``SYMRNN_RANDOM_GRAPHS=10000`` looks at as many others.
"""

import os
import warnings

import numpy as np
import pytensor
import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, note, settings
from hypothesis import strategies as st
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.traversal import ancestors
from random_graphs import random_graph

import symrnn.native  # noqa: F401
from symrnn.native.linker import EXCLUDED, NativeLinker

EXAMPLES = int(os.environ.get("SYMRNN_RANDOM_GRAPHS", "40"))
REFERENCE = Mode("vm", None)
REWRITTEN = Mode(
    "vm", RewriteDatabaseQuery(include=["fast_run"], exclude=EXCLUDED)
)  # what native code begins with
MODES = {"rewritten": "NATIVE", "as_built": Mode(NativeLinker(), None)}
CALLS = 2  # a shared variable's second value depends on its first


def outcome(graph, outputs, updates, shared, start, mode):
    """What two calls give: outputs and shared values, or the kind of exception."""
    shared.set_value(start.copy()) if shared is not None else None
    function = pytensor.function(
        graph.inputs, outputs, updates=updates, mode=mode, on_unused_input="ignore"
    )
    results = []
    for _ in range(CALLS):
        results += function(*graph.values)
        results += [shared.get_value()] if shared is not None else []
    return [np.array(value) for value in results]


def check_equal(got, expected, variables) -> None:
    """Whole numbers must be equal, floats to the precision of the coarsest dtype that they were computed in."""
    for a, b, var in zip(got, expected, variables * CALLS, strict=True):
        assert a.dtype == var.type.dtype
        assert a.shape == b.shape
        if a.dtype.kind != "f":
            np.testing.assert_array_equal(a, b)
            continue
        is_coarse = any(getattr(x.type, "dtype", "") == "float32" for x in ancestors([var]))
        precision = 1e-3 if is_coarse else 1e-8
        finite = np.abs(b[np.isfinite(b)])
        scale = float(finite.max()) if finite.size else 1.0
        np.testing.assert_allclose(a, b, rtol=precision, atol=precision * max(1.0, scale))


def difference(case, mode, reference) -> BaseException | None:
    """What differs between two modes; both may raise."""
    _, outputs, updates, shared, _ = case
    kept = [] if shared is None else [updates[0][1] if updates else shared]
    try:
        expected = outcome(*case, reference)
    except Exception:
        try:
            outcome(*case, mode)
        except Exception:
            return None
        return AssertionError("only the reference raises")
    try:
        check_equal(outcome(*case, mode), expected, [*outputs, *kept])
    except Exception as error:
        return error
    return None


def case_of(graph):
    """What is compiled: the variables that grew last, and an update of a shared variable where one of them fits."""
    outputs = [g.var for g in graph.grown if g.var.owner is not None][-4:]
    shared = next((g.var for g in graph.grown if isinstance(g.var, SharedVariable)), None)
    start = shared.get_value() if shared is not None else None
    fits = [o for o in outputs if shared is not None and shared.type.is_super(o.type)]
    return graph, outputs, [(shared, fits[-1])] if fits else [], shared, start


@pytest.mark.parametrize("mode", MODES)
@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    derandomize=EXAMPLES == 40,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_native_code_gives_what_the_python_linker_gives(mode, data):
    case = case_of(random_graph(lambda n: data.draw(st.integers(0, n - 1))))
    graph, outputs, updates, _, start = case
    assume(outputs)
    note(pytensor.dprint(outputs, file="str"))
    note(f"inputs {graph.values}, shared {start}, updates {updates}")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = difference(case, MODES[mode], REFERENCE)
        if found is not None and mode == "rewritten":
            alike = difference(case, MODES[mode], REWRITTEN)
            event("PyTensor's rewriting changes it" if alike is None else "native code changes it")
            found = alike
    if found is not None:
        raise found
