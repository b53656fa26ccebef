"""Systems, inverses and determinants by LAPACK, beside the Python linker's."""

from itertools import product

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from matrices import MATRIX_LAYOUTS
from pytensor.compile.mode import Mode
from pytensor.tensor.linalg.decomposition.lu import LUFactor, PivotToPermutations
from pytensor.tensor.linalg.inverse import MatrixInverse
from pytensor.tensor.linalg.solvers.general import Solve
from pytensor.tensor.linalg.solvers.psd import CholeskySolve
from pytensor.tensor.linalg.summary import Det, SLogDet

from symrnn.native import native_report
from symrnn.native.linker import NativeLinker

pytestmark = pytest.mark.usefixtures("cold")

PYTHON = Mode("py", None)
AS_BUILT = Mode(NativeLinker(), None)
TOLERANCE = {"float64": 1e-9, "float32": 2e-3, "int64": 1e-9, "int32": 0}
DTYPES = ("float64", "float32", "int64")


def regular(n, dtype, rng):
    """A matrix whose rows have to be exchanged, not symmetric; of whole numbers for a whole dtype."""
    a = rng.integers(-3, 4, size=(n, n)) if dtype == "int64" else rng.normal(size=(n, n))
    return (a + 4 * np.eye(n)[::-1]).astype(dtype)


def positive(n, dtype, rng):
    a = regular(n, dtype, rng)
    return (a @ a.T + n * np.eye(n)).astype(dtype)


def check(inputs, outputs, *calls, programs=None):
    """Every call gives what it gives in Python, and nothing is left to Python."""
    native = pytensor.function(inputs, outputs, mode=AS_BUILT)
    python = pytensor.function(inputs, outputs, mode=PYTHON)
    for arrays in calls:
        for i, (ours, theirs) in enumerate(zip(native(*arrays), python(*arrays), strict=True)):
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), outputs[i]
            tolerance = TOLERANCE[str(arrays[0].dtype)]
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
    report = native_report(native)
    assert report.fallbacks == ()
    assert programs in (None, report.programs)


@pytest.mark.parametrize("layout", MATRIX_LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_systems(dtype, layout):
    as_seen, as_stored = MATRIX_LAYOUTS[layout]
    x, m = pt.matrix("x", dtype=dtype), pt.matrix("m", dtype=dtype)
    v = pt.vector("v", dtype=dtype)
    outputs = []
    for assumed, lower in product(("gen", "sym", "pos"), (False, True)):
        options = {"assume_a": assumed, "lower": lower}
        for b in (v, m, m.T[:, ::-1], m[:, :0]):
            outputs.append(Solve(b_ndim=b.ndim, **options)(as_seen(x), b) * 2)
    for n in (0, 4):
        rng = np.random.default_rng(n)
        arrays = np.arange(n).astype(dtype), regular(n, dtype, rng)
        symmetric = positive(n, dtype, rng)
        check([x, v, m], outputs, (as_stored(symmetric), *arrays))
        check([x, v, m], outputs[:8], (as_stored(regular(n, dtype, rng)), *arrays))


@pytest.mark.parametrize("layout", MATRIX_LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_systems_with_a_factor(dtype, layout):
    as_seen, as_stored = MATRIX_LAYOUTS[layout]
    x, m = pt.matrix("x", dtype=dtype), pt.matrix("m", dtype=dtype)
    outputs = [
        CholeskySolve(b_ndim=b.ndim, lower=lower)(as_seen(x), b)
        for lower in (False, True)
        for b in (m, m[0], m[:, :0])
    ]
    for n in (1, 4):
        rng = np.random.default_rng(n)
        check([x, m], outputs, (as_stored(positive(n, dtype, rng)), regular(n, dtype, rng)))


@pytest.mark.parametrize("layout", MATRIX_LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_inverses_and_determinants(dtype, layout):
    as_seen, as_stored = MATRIX_LAYOUTS[layout]
    x = pt.matrix("x", dtype=dtype)
    outputs = [MatrixInverse()(as_seen(x)).T, Det()(as_seen(x)), *SLogDet()(as_seen(x))]
    for n in (0, 1, 2, 5):
        check([x], outputs, (as_stored(regular(n, dtype, np.random.default_rng(n))),))


def test_odd_and_even_exchanges_of_rows():
    x = pt.dmatrix("x")
    outputs = [Det()(x), *SLogDet()(x)]
    found = pytensor.function([x], outputs, mode=AS_BUILT)
    for rows, sign in (([0, 1, 2], 1), ([1, 0, 2], -1), ([1, 2, 0], 1), ([2, 1, 0], -1)):
        for factor in (2.0, -2.0):
            a = factor * np.eye(3)[rows]
            np.testing.assert_allclose(
                found(a), [sign * factor**3, sign * np.sign(factor), np.log(8)]
            )


def test_no_answer_is_nan_and_no_inverse_an_error():
    x, b = pt.dmatrix("x"), pt.dmatrix("b")
    singular, right = np.ones((3, 3)), np.eye(3)
    solved = [Solve(assume_a=a, b_ndim=2)(x, b) for a in ("gen", "pos", "sym", "her")]
    check([x, b], [*solved, Det()(x), *SLogDet()(x)], (singular, right))
    inverse = pytensor.function([x], MatrixInverse()(x), mode=AS_BUILT)
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        inverse(np.zeros((3, 3)))
    np.testing.assert_array_equal(inverse(2 * np.eye(3)), np.eye(3) / 2)
    assert native_report(inverse).fallbacks == ()


def test_other_extents_need_one_more_program():
    x, b = pt.dmatrix("x"), pt.dmatrix("b")
    rng = np.random.default_rng(0)
    calls = [
        (positive(n, "float64", rng), rng.normal(size=(n, columns)))
        for n, columns in ((3, 2), (4, 5), (6, 3), (9, 8))
    ]
    outputs = [Solve(assume_a=a, b_ndim=2)(x, b) for a in ("gen", "pos", "sym")]
    check([x, b], [*outputs, MatrixInverse()(x), *SLogDet()(x)], *calls, programs=2)


def test_stacks_are_solved_one_by_one():
    x, b = pt.dtensor3("x"), pt.dmatrix("b")
    rng = np.random.default_rng(0)
    stack = np.stack([positive(3, "float64", rng) for _ in range(4)])
    outputs = [pt.linalg.inv(x), pt.linalg.det(x), pt.linalg.solve(x, b, b_ndim=1)]
    check([x, b], outputs, (stack, rng.normal(size=(4, 3))))


def test_gradients_of_solutions_and_determinants_leave_a_sort_to_python():
    x, b = pt.dmatrix("x"), pt.dvector("b")
    cost = pt.linalg.solve(x, b, b_ndim=1).sum() + pt.log(pt.abs(pt.linalg.det(x)))
    f = pytensor.function([x, b], pytensor.grad(cost, [x, b]), mode="NATIVE")
    python = pytensor.function([x, b], pytensor.grad(cost, [x, b]), mode=PYTHON)
    arrays = positive(4, "float64", np.random.default_rng(1)), np.arange(4.0)
    for ours, theirs in zip(f(*arrays), python(*arrays), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    # the gradient solves with the transpose, which puts the rows back by sorting their numbers
    assert {type(node.op).__name__ for node, _ in native_report(f).fallbacks} == {"ArgSortOp"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_factors_and_their_exchanges(dtype):
    x = pt.matrix("x", dtype=dtype)
    pivots = LUFactor()(x)[1]
    outputs = [*LUFactor()(x.T), *(PivotToPermutations(inverse=i)(pivots) for i in (True, False))]
    for n in (0, 1, 2, 6):
        check([x], outputs, (regular(n, dtype, np.random.default_rng(n)),))
    check([x], outputs[:1], (np.ones((3, 3), dtype),))


def test_pivots_that_are_no_rows_are_refused():
    pivots = pt.ivector("pivots")
    outputs = [PivotToPermutations(inverse=i)(pivots) for i in (True, False)]
    check([pivots], outputs, (np.array([2, -1, 2], "int32"),))
    f = pytensor.function([pivots], outputs, mode=AS_BUILT)
    for wrong in (3, -4):
        with pytest.raises(IndexError, match="no row of the matrix"):
            f(np.array([0, wrong, 2], "int32"))


@pytest.mark.parametrize(
    ("build", "a", "b", "message"),
    [
        (lambda x, b: Solve(b_ndim=1)(x, b), (2, 3), 2, "must be square"),
        (lambda x, b: Solve(b_ndim=1)(x, b), (2, 2), 3, "incompatible dimensions"),
        (lambda x, b: CholeskySolve(b_ndim=1)(x, b), (2, 2), 3, "incompatible dimensions"),
        (lambda x, b: MatrixInverse()(x) * b[0], (2, 3), 2, "must be square"),
        (lambda x, b: Det()(x) * b[0], (2, 3), 2, "must be square"),
    ],
)
def test_wrong_shapes_are_refused(build, a, b, message):
    x, y = pt.dmatrix("x"), pt.dvector("y")
    out = build(x, y)
    for mode in (AS_BUILT, PYTHON):
        f = pytensor.function([x, y], out, mode=mode)
        with pytest.raises(ValueError, match=message if mode is AS_BUILT else None):
            f(np.ones(a), np.ones(b))
