"""LLVM and C, two texts of one expression, agree bit for bit; the texts themselves."""

import shutil

import hypothesis.strategies as st
import numpy as np
import pytest
from harness import compiled, compiled_by_c
from hypothesis import HealthCheck, given, settings

from symrnn.native import elementary, error_function, trigonometric
from symrnn.native.scalar import (
    COMPARISONS,
    arg,
    cast,
    const,
    fma,
    in_order,
    scalar,
    select,
    substituted,
)
from symrnn.native.scalar_division import int_div, mod, truncated
from symrnn.native.scalar_llvm import declarations, llvm_lines

needs_c = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")

DTYPES = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
]
FLOATS = DTYPES[-2:]
OF_BOOLS = ["and", "or", "xor", "not", "eq", "ne", "lt"]
OF_INTEGERS = [
    "add",
    "sub",
    "mul",
    "and",
    "or",
    "xor",
    "neg",
    "not",
    "abs",
    "div",
    "rem",
    "int_div",
    "mod",
]
OF_INTEGERS += ["shl", "lshr", "ashr", *COMPARISONS]
OF_FLOATS = [
    "add",
    "sub",
    "mul",
    "div",
    "rem",
    "neg",
    "abs",
    "sqrt",
    "floor",
    "ceil",
    "trunc",
    "rint",
    "fma",
]
OF_FLOATS += ["int_div", "mod", *COMPARISONS]
ELEMENTARY = [
    elementary.exp,
    elementary.tanh,
    elementary.log1p,
    elementary.softplus,
    elementary.log,
]
ELEMENTARY += [elementary.sinh, trigonometric.arctan, error_function.erf, error_function.erfc]


def applied(op, x, y, z):
    """An operation on operands of one dtype, harmful ones of integers made harmless."""
    if op == "fma":
        return fma(x, y, z)
    if op in ("int_div", "mod"):
        return {"int_div": int_div, "mod": mod}[op](x, y)
    if x.dtype not in FLOATS and op in ("div", "rem"):
        return truncated(x, y)[op == "rem"]
    if op in ("shl", "lshr", "ashr"):
        y = y & (np.dtype(x.dtype).itemsize * 8 - 1)
    unary = ("neg", "not", "abs", "sqrt", "floor", "ceil", "trunc", "rint")
    return scalar(op, x) if op in unary else scalar(op, x, y)


@st.composite
def expressions(draw):
    """Steps from inputs of every dtype; each is an output."""
    values = [arg(i, d) for i, d in enumerate(DTYPES)]
    for _ in range(draw(st.integers(5, 30))):
        x, y, z = (draw(st.sampled_from(values)) for _ in range(3))
        what = draw(st.sampled_from(["op", "op", "op", "cast", "select", "elementary", "const"]))
        if what == "cast":
            new = cast(x, draw(st.sampled_from(DTYPES)))
        elif what == "select":
            new = select(cast(y, "bool"), x, cast(z, x.dtype))
        elif what == "elementary" and x.dtype in FLOATS:
            new = draw(st.sampled_from(ELEMENTARY))(x)
        elif what == "const":
            dtype = draw(st.sampled_from(DTYPES))
            bits = draw(st.binary(min_size=8, max_size=8))
            new = const(np.frombuffer(bits, dtype if dtype != "bool" else "int8")[0], dtype)
            new = scalar("eq", new, cast(x, dtype))
        else:
            kinds = {"bool": OF_BOOLS, "float32": OF_FLOATS, "float64": OF_FLOATS}
            op = draw(st.sampled_from(kinds.get(x.dtype, OF_INTEGERS)))
            if op in ("lshr", "ashr") and op != ("ashr" if x.dtype.startswith("int") else "lshr"):
                op = "shl"
            new = applied(op, x, cast(y, x.dtype), cast(z, x.dtype))
        values.append(new)
    return values[len(DTYPES) :]


def inputs(count=64):
    """Numbers of every dtype, small ones and any bits."""
    rng = np.random.default_rng(3)
    arrays = []
    for dtype in DTYPES:
        if dtype == "bool":
            arrays.append(rng.integers(0, 2, count).astype(bool))
            continue
        size = np.dtype(dtype).itemsize
        wild = np.frombuffer(rng.bytes(size * count // 2), dtype)
        small = (rng.normal(size=count // 2) * 5).astype("int8" if dtype not in FLOATS else dtype)
        arrays.append(np.concatenate([wild, small.astype(dtype)]))
    return arrays


@needs_c
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(outputs=expressions())
def test_llvm_and_c_agree_bit_for_bit(outputs, tmp_path_factory):
    arrays = inputs()
    by_llvm = compiled(outputs, DTYPES, flags="")(*arrays)
    by_c = compiled_by_c(outputs, DTYPES, tmp_path_factory.mktemp("c"))(*arrays)
    for out, a, b in zip(outputs, by_llvm, by_c, strict=True):
        if out.dtype in FLOATS:  # which NaN it is, is nobody's business
            assert (np.isnan(a) == np.isnan(b)).all(), out.op
            a, b = np.where(np.isnan(a), 0, a), np.where(np.isnan(b), 0, b)
        assert a.tobytes() == b.tobytes(), (out.op, out.dtype)


@needs_c
def test_called_function_agrees(tmp_path):
    x = arg(0, "float64")
    out = [scalar("call", x, x * 0.5, data="pow", dtype="float64")]
    values = np.linspace(0.1, 9, 50)
    [a], [b] = compiled(out, ["float64"])(values), compiled_by_c(out, ["float64"], tmp_path)(values)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(a, values ** (values * 0.5), 1e-15)


def test_shared_expression_is_one_instruction():
    x = arg(0, "float32")
    lines, names = llvm_lines([x * x + 1.0, x * x - 1.0], {0: "%x"}, "t")
    assert lines == [
        "%t0 = fmul contract float %x, %x",
        "%t1 = fadd contract float %t0, 0x3FF0000000000000",
        "%t2 = fsub contract float %t0, 0x3FF0000000000000",
    ]
    assert names == ["%t1", "%t2"]


def test_cast_that_keeps_the_bits_is_no_instruction():
    lines, names = llvm_lines([cast(arg(0, "int32"), "uint32")], {0: "%x"})
    assert (lines, names) == ([], ["%x"])


def test_declarations_are_those_of_calls_and_intrinsics():
    x = arg(0, "float32")
    outputs = [fma(x, x, 1.0), abs(arg(1, "int8")), scalar("call", x, data="f"), abs(x)]
    assert declarations(outputs) == {
        "declare float @llvm.fma.f32(float, float, float)",
        "declare i8 @llvm.abs.i8(i8, i1)",
        "declare float @f(float) nounwind willreturn memory(none)",
        "declare float @llvm.fabs.f32(float)",
    }


def test_equal_expressions_are_one_and_inputs_are_replaced():
    x, y = arg(0, "float64"), arg(1, "float64")
    assert elementary.tanh(x) is elementary.tanh(x)
    assert substituted([elementary.tanh(x)], {0: y})[0] is elementary.tanh(y)
    assert (
        len([n for n in in_order([elementary.tanh(x), elementary.tanh(x)]) if n.op == "div"]) == 1
    )
