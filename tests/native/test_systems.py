"""Cholesky factors and triangular systems by LAPACK, beside the Python linker's."""

from itertools import product

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from matrices import MATRIX_LAYOUTS
from pytensor.compile.mode import Mode
from pytensor.tensor.linalg.decomposition.cholesky import Cholesky
from pytensor.tensor.linalg.solvers.triangular import SolveTriangular

from symrnn.native import native_report

pytestmark = pytest.mark.usefixtures("cold")

PYTHON = Mode("py", None)
TOLERANCE = {"float64": 1e-9, "float32": 1e-3, "int64": 1e-9}


def positive(n, dtype, rng):
    """A positive definite matrix, with whole numbers for a whole dtype."""
    root = rng.integers(-2, 3, size=(n, n)) if dtype == "int64" else rng.normal(size=(n, n))
    return (root @ root.T + n * np.eye(n)).astype(dtype)


def both(inputs, outputs, *arrays):
    """The native outputs and the Python linker's; nothing is left to Python."""
    native = pytensor.function(inputs, outputs, mode="NATIVE")
    found = native(*arrays)
    assert native_report(native).fallbacks == ()
    return found, pytensor.function(inputs, outputs, mode=PYTHON)(*arrays)


def assert_equal(found, expected, dtype):
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("layout", MATRIX_LAYOUTS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_factors(dtype, layout, lower):
    as_seen, as_stored = MATRIX_LAYOUTS[layout]
    x = pt.matrix("x", dtype=dtype)
    for n in (0, 1, 2, 5):
        a = positive(n, dtype, np.random.default_rng(n))
        outputs = [Cholesky(lower=lower)(as_seen(x))]
        assert_equal(*both([x], outputs, as_stored(a)), dtype)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("layout", MATRIX_LAYOUTS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_triangular_systems(dtype, layout, lower):
    as_seen, as_stored = MATRIX_LAYOUTS[layout]
    x, vector, matrix = (
        pt.matrix("x", dtype=dtype),
        pt.vector("v", dtype=dtype),
        pt.matrix("m", dtype=dtype),
    )
    for n, is_unit in product((0, 1, 3), (False, True)):
        rng = np.random.default_rng(n)
        a, columns = positive(n, dtype, rng), positive(n, dtype, rng)
        options = {"lower": lower, "unit_diagonal": is_unit}
        outputs = [
            SolveTriangular(b_ndim=1, **options)(as_seen(x), vector),
            SolveTriangular(b_ndim=2, **options)(as_seen(x), matrix),
            SolveTriangular(b_ndim=2, **options)(as_seen(x), matrix[:, :0]),
            SolveTriangular(b_ndim=2, **options)(as_seen(x), matrix.T[:, ::-1]) * 2,
        ]
        arrays = as_stored(a), np.arange(n).astype(dtype), columns
        assert_equal(*both([x, vector, matrix], outputs, *arrays), dtype)


def test_no_answer_is_nan_everywhere():
    x, b = pt.dmatrix("x"), pt.dvector("b")
    indefinite, singular = np.diag([1.0, -1.0, 1.0]), np.diag([1.0, 0.0, 1.0])
    outputs = [Cholesky()(x), SolveTriangular(b_ndim=1)(x, b)]
    [factor, _], expected = both([x, b], outputs, indefinite, np.ones(3))
    np.testing.assert_array_equal(factor, expected[0])
    [_, solution], expected = both([x, b], outputs, singular, np.ones(3))
    np.testing.assert_array_equal(solution, expected[1])
    assert np.isnan(factor).all()
    assert np.isnan(solution).all()


def test_other_extents_need_one_more_program():
    x, b = pt.dmatrix("x"), pt.dmatrix("b")
    solved = SolveTriangular(lower=True, b_ndim=2)(Cholesky()(x), b).sum()
    outputs = [solved, pytensor.grad(solved, x)]
    native = pytensor.function([x, b], outputs, mode="NATIVE")
    python = pytensor.function([x, b], outputs, mode=PYTHON)
    rng = np.random.default_rng(0)
    for n, columns in ((3, 2), (4, 5), (6, 3), (9, 8), (12, 2)):
        arrays = positive(n, "float64", rng), rng.normal(size=(n, columns))
        assert_equal(native(*arrays), python(*arrays), "float64")
    assert native_report(native).programs == 2


def test_stacks_are_factored_one_by_one():
    x = pt.dtensor3("x")
    rng = np.random.default_rng(0)
    stack = np.stack([positive(3, "float64", rng) for _ in range(6)])
    assert_equal(*both([x], [pt.linalg.cholesky(x)], stack), "float64")


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.ones((2, 3)), np.ones(2), "expected to be square but has the shape: "),
        (np.eye(2), np.ones(3), "are incompatible"),
    ],
)
def test_wrong_shapes_are_refused_as_by_pytensor(a, b, message):
    x, y = pt.dmatrix("x"), pt.dvector("y")
    f = pytensor.function([x, y], SolveTriangular(b_ndim=1)(Cholesky()(x), y), mode="NATIVE")
    with pytest.raises(ValueError, match=message):
        f(a, b)
