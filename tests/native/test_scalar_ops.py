"""Every scalar op of PyTensor's, by dtype, over special values: as `Elemwise.perform` has it, or `Unsupported`."""

import platform
from itertools import product

import numpy as np
import pytensor
import pytensor.scalar as ps
import pytensor.scalar.basic as basic
import pytensor.scalar.loop
import pytensor.scalar.math as math
import pytensor.tensor as pt
import pytensor.tensor.math
import pytest
from harness import compiled
from pytensor.tensor.elemwise import Elemwise

from symrnn.native.scalar import arg, const
from symrnn.native.scalar_ops import DTYPES, RULES, Unsupported, lowered

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
FLOATS = ["float32", "float64"]
FEW = ["bool", "int8", "int64", "uint64", "float32", "float64"]

EXACT, CLOSE, SPECIAL = 0, 8, 1e4  # ulps; SciPy's own errors are wide (a hundred in erfc(7.3))


def special_values(dtype):
    """Numbers at which functions change their minds."""
    if dtype == "bool":
        return np.array([False, True])
    if dtype in INTEGERS:
        info = np.iinfo(dtype)
        near = [info.min, info.min + 1, info.max - 1, info.max]
        return np.array(
            [v for v in {*near, 0, 1, 2, 3, 7, 100, -1, -2, -3, -7} if v >= info.min], dtype
        )
    info = np.finfo(dtype)
    positive = [0, info.smallest_subnormal, info.tiny, 1e-6, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 7.3]
    positive += [20, 88.5, 120.7, 300, 40000, 3e9, 1e10, 1e20, info.max, np.inf]
    beside = [np.nextafter(np.asarray(v, dtype), np.asarray(0, dtype)) for v in (0.5, 1.0)]
    values = np.array([*positive, *beside], dtype)
    return np.concatenate([values, -values, np.array([np.nan], dtype)])


def random_values(dtype, rng):
    if dtype in FLOATS:
        return (rng.normal(size=40) * 3).astype(dtype)
    return rng.integers(0, 2 if dtype == "bool" else 12, 40).astype(dtype)


def grids(dtypes):
    """All combinations of special values (of a sample, for many arguments), then random ones."""
    rng = np.random.default_rng(0)
    values = [special_values(d) for d in dtypes]
    if len(dtypes) > 2:
        values = [v if len(v) < 9 else rng.choice(v, 9, replace=False) for v in values]
    special = [g.ravel() for g in np.meshgrid(*values)]
    return [np.concatenate([s, random_values(d, rng)]) for s, d in zip(special, dtypes)]


CAST_FIRST = (
    "Softplus",
    "Log1mexp",
    "Angle",
)  # else the reference computes small integers in half precision


def performed(op, dtypes, arrays):
    """What PyTensor's Python implementation gives of arrays that are cast to `dtypes`."""
    node = Elemwise(op).make_node(*(pt.vector(dtype=d) for d in dtypes))
    storage = [[None] for _ in node.outputs]
    node.op.prepare_node(node, None, None, "py")
    with np.errstate(all="ignore"):
        node.op.perform(node, [a.astype(d) for a, d in zip(arrays, dtypes)], storage)
    return [s[0] for s in storage]


def reference(op, node, arrays, ulps):
    """`performed`, at a precision that is worth comparing with."""
    dtypes = [v.type.dtype for v in node.inputs]
    if ulps == SPECIAL:
        dtypes = ["float64"] * len(dtypes)
    elif type(op).__name__ in CAST_FIRST and dtypes[0] not in FLOATS:
        dtypes = [node.outputs[0].type.dtype]
    wanted = performed(op, dtypes, arrays)
    with np.errstate(all="ignore"):
        return [w.astype(out.type.dtype) for w, out in zip(wanted, node.outputs)]


def native(op, node):
    dtypes = [v.type.dtype for v in node.inputs]
    out_dtypes = [v.type.dtype for v in node.outputs]
    outputs = lowered(op, [arg(i, d) for i, d in enumerate(dtypes)], out_dtypes)
    assert [out.dtype for out in outputs] == out_dtypes
    return compiled(outputs, dtypes, vectorized=False)  # a third of the code


def assert_close(got, wanted, ulps, arrays):
    wide = np.longdouble if wanted.dtype.kind == "f" else object
    with np.errstate(all="ignore"):
        wrong = (got != wanted) & ~((got != got) & (wanted != wanted))
        if ulps and wanted.dtype.kind == "f":
            both = np.isfinite(got) & np.isfinite(wanted)
            spacing = np.spacing(np.maximum(abs(wanted), np.finfo(wanted.dtype).tiny))
            far = abs(got.astype(wide) - wanted.astype(wide)) > ulps * spacing.astype(wide)
            wrong &= far | ~both
    first = [
        (*(a[wrong][i] for a in arrays), got[wrong][i], wanted[wrong][i])
        for i in range(min(4, wrong.sum()))
    ]
    assert not wrong.any(), f"{wrong.sum()} wrong: arguments, got, wanted: {first}"


UNARY = {
    EXACT: "neg abs sgn sqr sqrt reciprocal floor ceil trunc round_half_to_even identity invert isnan isinf "
    "real imag conj",
    CLOSE: "exp exp2 expm1 log log2 log10 log1p tanh sigmoid softplus log1mexp sinh cosh arcsinh arccosh "
    "arctanh sin cos tan arctan arcsin arccos erf angle deg2rad rad2deg",
    SPECIAL: "erfc gamma gammaln psi erfinv erfcinv erfcx ndtri_exp j0 j1 i0 i1",
}
BINARY = {
    EXACT: "add mul sub true_div int_div mod maximum minimum lt le gt ge eq neq and_ or_ xor second",
    CLOSE: "pow arctan2",
    SPECIAL: "jv ive kve gammainc gammaincc gammaincinv gammainccinv gammal gammau owens_t",
}
TERNARY = {EXACT: "clip switch", SPECIAL: "betainc betaincinv"}
QUATERNARY = {SPECIAL: "hyp2f1"}


def scalar_ops(table):
    known = {**vars(basic), **vars(math), "sgn": basic.sign}
    return [
        pytest.param(known[n], u, id=n)
        for u, names in table.items()
        for n in names.split()
        if n in known  # on this lane
    ]


@pytest.mark.parametrize(("op", "ulps"), scalar_ops(UNARY))
def test_unary_op_is_as_performed(op, ulps):
    assert check_op(op, [(d,) for d in (sorted(DTYPES) if ulps == EXACT else FEW)], ulps)


@pytest.mark.parametrize(("op", "ulps"), scalar_ops(BINARY))
def test_binary_op_is_as_performed(op, ulps):
    some = FEW if ulps == EXACT else ["int8", "uint64", "float32", "float64"]
    assert check_op(op, product(some, some), ulps)


@pytest.mark.parametrize(("op", "ulps"), scalar_ops(TERNARY))
def test_ternary_op_is_as_performed(op, ulps):
    few = ["int8", "uint64", "float32"] if ulps == EXACT else FLOATS
    assert check_op(op, product(few, few, few), ulps)


@pytest.mark.parametrize(("op", "ulps"), scalar_ops(QUATERNARY))
def test_quaternary_op_is_as_performed(op, ulps):
    assert check_op(op, product(*[FLOATS] * 4), ulps)


@pytest.mark.parametrize("target", sorted(DTYPES))
def test_cast_is_numpys(target):
    """Floats that don't fit too: they are what the hardware gives."""
    for source in sorted(DTYPES):
        [x], op = grids([source]), basic.Cast(basic.get_scalar_type(target))
        [got] = compiled(lowered(op, [arg(0, source)], [target]), [source])(x)
        with np.errstate(all="ignore"):
            wanted = x.astype(target)
        if (
            platform.machine() not in ("x86_64", "AMD64")
            and source in FLOATS
            and target in INTEGERS
        ):
            info = np.iinfo(target)
            held = (x >= info.min) & (x.astype("float64") < info.max)
            x, got, wanted = x[held], got[held], wanted[held]
        assert_close(got, wanted, EXACT, [x])


@pytest.mark.parametrize("name", ["add", "mul"])
def test_op_of_many_arguments_is_folded_from_the_left(name):
    dtypes = ("int8", "int8", "float32", "int32")
    node = Elemwise(getattr(ps, name)).make_node(*(pt.vector(dtype=d) for d in dtypes))
    arrays = [np.arange(5).astype(d) for d in dtypes]
    [got], [wanted] = (
        native(node.op.scalar_op, node)(*arrays),
        reference(node.op.scalar_op, node, arrays, EXACT),
    )
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 1.0, 2.0, 3.0, 0.5, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint64", "bool"])
def test_power_to_a_known_exponent(dtype, exponent):
    if dtype not in FLOATS and exponent != int(abs(exponent)):
        pytest.skip("no integer")
    kind = dtype if dtype in FLOATS else "int8"
    node = Elemwise(ps.pow).make_node(pt.vector(dtype=dtype), pt.vector(dtype=kind))
    x = np.concatenate([special_values(dtype), random_values(dtype, np.random.default_rng(0))])
    known = lowered(ps.pow, [arg(0, dtype), const(exponent, kind)], [node.outputs[0].type.dtype])
    [got], [wanted] = (
        compiled(known, [dtype])(x),
        performed(ps.pow, [dtype, kind], [x, np.full_like(x, exponent, kind)]),
    )
    assert_close(got, wanted, 2, [x])


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("op", [ps.maximum, ps.minimum])
@pytest.mark.parametrize("bound", [0.0, np.nan])
def test_extreme_with_a_known_bound_keeps_nan(op, bound, swapped):
    x = special_values("float32")
    arguments = [arg(0, "float32"), const(bound, "float32")][:: -1 if swapped else 1]
    [got] = compiled(lowered(op, arguments, ["float32"]), ["float32"])(x)
    assert_close(got, getattr(np, op.nfunc_spec[0])(x, np.float32(bound)), EXACT, [x])


def test_comparison_of_signed_and_uint64_is_exact():
    a, b = (
        np.array([-1, 2**53 + 1, 2**53], "int64"),
        np.array([2**64 - 1, 2**53, 2**53 + 1], "uint64"),
    )
    [got] = compiled(
        lowered(ps.lt, [arg(0, "int64"), arg(1, "uint64")], ["bool"]), ["int64", "uint64"]
    )(a, b)
    np.testing.assert_array_equal(got, [True, False, True])


def test_zeros_keep_their_sign():
    """Where NumPy's have one, which a comparison doesn't see."""
    x = np.array([0.0, -0.0])
    names = "neg abs sqrt reciprocal floor ceil trunc round_half_to_even sin tan tanh arctan expm1 log1p erf"
    for name in names.split():
        op = getattr(ps, name)
        for dtype in FLOATS:
            [got] = compiled(lowered(op, [arg(0, dtype)], [dtype]), [dtype])(x)
            [wanted] = performed(op, [dtype], [x])
            np.testing.assert_array_equal(np.signbit(got), np.signbit(wanted), name)


def test_round_half_away_from_zero_is_c_round():
    for dtype in FLOATS:
        below = np.nextafter(np.asarray(0.5, dtype), np.asarray(0, dtype))
        x = np.array([0.5, -0.5, below, 1.5, 2.5, -2.5, 2**22 + 1, np.inf, -0.0], dtype)
        op = basic.round_half_away_from_zero
        [got] = compiled(lowered(op, [arg(0, dtype)], [dtype]), [dtype])(x)
        np.testing.assert_array_equal(got, [1, -1, 0, 2, 3, -3, 2**22 + 1, np.inf, 0])


def test_mul_without_zeros():
    op = pytensor.tensor.math.MulWithoutZeros(basic.upcast_out, name="mul_without_zeros")
    x, y = grids(["float64", "float64"])
    [got] = compiled(
        lowered(op, [arg(0, "float64"), arg(1, "float64")], ["float64"]), ["float64"] * 2
    )(x, y)
    with np.errstate(all="ignore"):
        assert_close(got, np.where(x == 0, y, np.where(y == 0, x, x * y)), EXACT, [x, y])


def test_composite_is_walked():
    x, y = ps.float32("x"), ps.int8("y")
    inner = [ps.tanh(x) * y + 2, ps.switch(ps.gt(x, y), x, ps.sqr(y))]
    op = ps.Composite([x, y], inner)
    node = Elemwise(op).make_node(pt.fvector(), pt.bvector())
    arrays = [np.linspace(-2, 2, 9).astype("float32"), np.arange(-4, 5).astype("int8")]
    for got, want, out in zip(
        native(op, node)(*arrays), reference(node.op.scalar_op, node, arrays, EXACT), node.outputs
    ):
        assert got.dtype == want.dtype == out.type.dtype
        np.testing.assert_allclose(got, want, 1e-6)


@pytest.mark.parametrize(
    ("op", "dtypes", "out", "why"),
    [
        (ps.add, ["complex64", "float32"], "complex64", "complex64"),
        (ps.exp, ["float16"], "float16", "float16"),
        (ps.polygamma, ["int64", "float64"], "float64", "no rule"),
        (ps.pow, ["int64", "int64"], "int64", "negative powers"),
        (ps.sub, ["bool", "bool"], "bool", "booleans"),
    ],
)
def test_what_is_not_known_is_refused(op, dtypes, out, why):
    with pytest.raises(Unsupported, match=why) as error:
        lowered(op, [arg(i, d) for i, d in enumerate(dtypes)], [out])
    assert error.value.op is op


def test_every_rule_is_compared():
    tables = (UNARY, BINARY, TERNARY, QUATERNARY)
    compared = {type(p.values[0]).__name__ for table in tables for p in scalar_ops(table)}
    elsewhere = {"Cast", "RoundHalfAwayFromZero", "MulWithoutZeros"}
    installed = {name for name in RULES if hasattr(basic, name) or hasattr(math, name)}
    assert installed - elsewhere == compared


UNSUPPORTED = {  # class: why
    "Complex": "complex",
    "ComplexFromPolar": "complex",
    "ScalarLoop": "a loop of its own",
    "Grad2F1Loop": "a loop of its own",
    "PolyGamma": "SciPy has no C function",
    "TriGamma": "SciPy has no C function",
}
ABSTRACT = {"UnaryScalarOp", "BinaryScalarOp", "LogicalComparison", "FixedLogicalComparison"}
ABSTRACT |= {"BinaryBitOp", "UnaryBitOp", "ScalarInnerGraphOp"}


def test_every_scalar_op_is_known_or_listed_as_unsupported():
    def below(cls):
        return {cls} | {c for s in cls.__subclasses__() for c in below(s)}

    classes = below(basic.ScalarOp) - {basic.ScalarOp}
    names = {c.__name__ for c in classes if c.__module__.startswith("pytensor.")} - ABSTRACT
    assert names - set(RULES) - set(UNSUPPORTED) - {"Composite"} == set()
    assert set(RULES) & set(UNSUPPORTED) == set()


def check_op(op, combinations, ulps):
    """How many combinations of dtypes were compared."""
    compared = 0
    for dtypes in combinations:
        try:
            node = Elemwise(op).make_node(*(pt.vector(dtype=d) for d in dtypes))
        except TypeError:  # the op has no such dtype
            continue
        arrays = grids(dtypes)
        try:
            wanted = reference(op, node, arrays, ulps)
        except (TypeError, ValueError):  # NumPy has no such dtype, or refuses values
            with pytest.raises(Unsupported):
                native(op, node)
            continue
        try:
            function = native(op, node)
        except Unsupported:
            assert any(v.type.dtype not in DTYPES for v in node.outputs) or refused(op, dtypes), (
                dtypes
            )
            continue
        for got, want in zip(function(*arrays), wanted, strict=True):
            assert_close(got, want, ulps, arrays)
        compared += 1
    return compared


def refused(op, dtypes):
    """A power of an integer to one that may be negative, where a value isn't."""
    return isinstance(op, ps.Pow) and dtypes[1].startswith("int")
