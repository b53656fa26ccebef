"""A random graph compiled in two ways and called: whether the results agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
import pytensor
from grown import Grown
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.traversal import ancestors
from random_graphs import Graph

from symrnn.native import looked_up, packing
from symrnn.native.linker import EXCLUDED, NativeLinker

REFERENCE = Mode("vm", None)
# what native code begins with
REWRITTEN = Mode(
    "vm",
    RewriteDatabaseQuery(include=["fast_run", *NativeLinker.required_rewrites], exclude=EXCLUDED),
)
MODES = {"rewritten": "NATIVE", "as_built": Mode(NativeLinker(), None)}


@dataclass
class Case:
    """What is compiled, and what it is called with.

    Attributes
    ----------
    calls
        Arguments of each call: twice the same, since a shared variable's second value depends on its first, then
        others whose extents differ.
    """

    inputs: list[Variable]
    outputs: list[Variable]
    updates: list[tuple[Variable, Variable]]
    shared: SharedVariable | None
    start: np.ndarray | None
    calls: list[list[np.ndarray]]

    @property
    def results(self) -> list[Variable]:
        """What each call leaves behind, as it is computed."""
        if self.shared is None:
            return self.outputs
        return [*self.outputs, self.updates[0][1] if self.updates else self.shared]


def case_of(graph: Graph) -> Case:
    """The variables that grew last, and an update of a shared variable where one of them fits."""
    outputs = [g.var for g in graph.grown if g.var.owner is not None][-4:]
    shared = next((g.var for g in graph.grown if isinstance(g.var, SharedVariable)), None)
    fits = [o for o in outputs if shared is not None and shared.type.is_super(o.type)]
    updates = [(shared, fits[-1])] if fits else []
    given = [next(g for g in graph.grown if g.var is var) for var in graph.inputs]
    wider = [
        [widened(value, g, by) for value, g in zip(graph.values, given, strict=True)]
        for by in (1, 2)
    ]
    start = shared.get_value() if shared is not None else None
    calls = [graph.values, graph.values, *wider]
    return Case(graph.inputs, outputs, updates, shared, start, calls)


def widened(value: np.ndarray, g: Grown, by: int) -> np.ndarray:
    """The array with axes of unknown extent, above 1, longer by `by`."""
    lengths = [
        n + by if n > 1 and static is None else n
        for n, static in zip(value.shape, g.var.type.shape, strict=True)
    ]
    return np.resize(value, lengths).astype(value.dtype) if value.size else value


Outcome = list[np.ndarray] | Exception  # of one call


def outcomes(case: Case, mode) -> list[Outcome]:
    """What each call gives: outputs and the shared value, or the exception."""
    if case.shared is not None:
        case.shared.set_value(case.start.copy())
    try:
        function = pytensor.function(
            case.inputs, case.outputs, updates=case.updates, mode=mode, on_unused_input="ignore"
        )
    except Exception as error:
        return [error] * len(case.calls)
    found: list[Outcome] = []
    for values in case.calls:
        try:
            results = list(function(*values))
            results += [case.shared.get_value()] if case.shared is not None else []
            found.append([np.array(value) for value in results])
        except Exception as error:
            found.append(error)
            if case.shared is not None:
                case.shared.set_value(case.start.copy())
    return found


def check_equal(got: Sequence, expected: Sequence, variables: Sequence[Variable]) -> None:
    """Whole numbers must be equal, floats to the precision of the coarsest dtype that they were computed in."""
    for a, b, var in zip(got, expected, variables, strict=True):
        assert a.dtype == var.type.dtype, f"{a.dtype}, not {var.type.dtype}"
        assert a.shape == b.shape, f"{a.shape}, not {b.shape}"
        if a.dtype.kind != "f":
            np.testing.assert_array_equal(a, b)
            continue
        is_coarse = any(getattr(x.type, "dtype", "") == "float32" for x in ancestors([var]))
        precision = 1e-3 if is_coarse else 1e-8
        finite = np.abs(b[np.isfinite(b)])
        scale = float(finite.max()) if finite.size else 1.0
        np.testing.assert_allclose(a, b, rtol=precision, atol=precision * max(1.0, scale))


@patch.object(looked_up, "COPY", 0)  # these products are small
@patch.object(packing, "FEWEST_STEPS", 1)  # and these scans short
def difference(case: Case, mode, reference) -> Exception | None:
    """What differs between two modes in any call; both may raise."""
    for i, (got, expected) in enumerate(
        zip(outcomes(case, mode), outcomes(case, reference), strict=True)
    ):
        if isinstance(got, Exception) or isinstance(expected, Exception):
            if isinstance(got, Exception) and isinstance(expected, Exception):
                continue
            if isinstance(got, Exception):
                return got
            return AssertionError(f"only the reference raises in call {i}: {expected!r}")
        try:
            check_equal(got, expected, case.results)
        except AssertionError as error:
            return AssertionError(f"call {i}: {error}")
    return None
