"""A table of graphs and a sample of the contract table as LLVM and as C: the same bits, the Python linker's values."""

import shutil

import numpy as np
import pytensor
import pytest
from comparison import AS_BUILT
from contract import FAMILIES, built, values
from graphs import GRAPHS
from harness import LoadedC, exact

from symrnn.native import native_report, native_text, warm
from symrnn.native.module import LoadedModule
from symrnn.native.report import native_programs

pytestmark = pytest.mark.usefixtures("cold")  # c is written of what was lowered in this process

needs_c = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


def results(function, calls):
    return [[np.array(out) for out in function(*call)] for call in calls]


@needs_c
@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.__name__)
def test_both_texts_come_to_the_same_bits(graph, tmp_path):
    inputs, outputs, calls = graph()
    f = pytensor.function(inputs, outputs, mode="NATIVE")
    expected = results(pytensor.function(inputs, outputs, mode="FAST_COMPILE"), calls)
    for out, right in zip(sum(results(f, calls), []), sum(expected, []), strict=True):
        tolerance = 1e-4 if out.dtype == "float32" else 1e-9
        np.testing.assert_allclose(out, right, rtol=tolerance, atol=tolerance)
    left = {type(node.op).__name__ for node, _ in native_report(f).fallbacks}
    # how long what a loop returns is, is known when it has stopped
    assert left <= {"Ended", "SortOp"}

    assert_same_bits(f, calls, tmp_path)


def assert_same_bits(f, calls, folder):
    """Run the programs of `f` as LLVM and as C makes them."""
    for program in native_programs(f.vm.jit_fn):
        program.module = LoadedModule(exact(program.lowered.text))
    assert_c_comes_to(results(f, calls), f, calls, folder)


def assert_c_comes_to(by_llvm, f, calls, folder):
    programs = native_programs(f.vm.jit_fn)
    assert programs
    for program in programs:
        program.module = LoadedC(program.lowered.routine, folder)
    for a, b in zip(sum(by_llvm, []), sum(results(f, calls), []), strict=True):
        np.testing.assert_array_equal(a, b)  # a NaN is a NaN
        assert (np.signbit(a) == np.signbit(b))[a == a].all() or a.dtype.kind != "f"


# of the contract table, each in one combination of layouts
SAMPLE = [
    ("scalar ops", "float32"), ("scalar ops", "int8"), ("broadcast", "float64"), ("casts", "float64"),
    ("reductions", "int32"), ("extremes", "float32"), ("running", "float64"), ("softmax", "float32"),
    ("reshape", "bool"), ("subtensor", "float64"), ("join", "int32"), ("alloc", "float64"),
    ("inc_subtensor", "int32"), ("read by arrays", "bool"), ("written by arrays", "float64"),
    ("vectors", "float32"), ("stacks", "int64"), ("image convolutions", "float32"),
]  # fmt: skip


@needs_c
@pytest.mark.parametrize(("name", "dtype"), SAMPLE)
def test_both_texts_of_a_family_come_to_the_same_bits(name, dtype, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "symrnn.native.compiled.LoadedModule", lambda text: LoadedModule(exact(text))
    )
    family = FAMILIES[name]
    arrays, inputs, outputs = built(family, dtype, ["strided", "fortran", "repeated"])
    mode = AS_BUILT if family.is_as_built else "NATIVE"
    f = pytensor.function(inputs, list(outputs.values()), mode=mode, on_unused_input="ignore")
    rng = np.random.default_rng(0)
    calls = [values(family, arrays, extents, rng) for extents in family.calls[:2]]
    with np.errstate(all="ignore"):
        assert_c_comes_to(results(f, calls), f, calls, tmp_path)


@needs_c
@pytest.mark.parametrize("language", ["llvm", "c"])
def test_an_index_out_of_bounds_stops_either_text(language, tmp_path):
    x, i = pytensor.tensor.vector("x"), pytensor.tensor.lscalar("i")
    f = pytensor.function([x, i], x[i] * 2, mode="NATIVE")
    assert f([1.0, 2.0], -1) == 4
    [program] = native_programs(f.vm.jit_fn)
    if language == "c":
        program.module = LoadedC(program.lowered.routine, tmp_path)
    for wrong in (2, -3):
        with pytest.raises(IndexError):
            f([1.0, 2.0], wrong)
    assert f([1.0, 2.0], 0) == 2


def test_the_texts_of_a_function_can_be_read():
    x = pytensor.tensor.vector("x")
    f = pytensor.function([x], x.sum(), mode="NATIVE")
    f([1.0, 2.0])
    assert "define internal void @k0(ptr noalias %o0, ptr noalias readonly %i0)" in native_text(f)
    assert native_text(f, "c").splitlines()[4:] == [
        "static void k0(double *o0, const double *i0) {",
        "  double acc;",
        "  acc = (0x0.0p+0);",
        "  for (int64_t r2 = 0; r2 < 2; ++r2) {",
        "    double x3 = i0[r2];",
        "    double x5 = acc;",
        "    double s6_0 = x5 + x3;",
        "    acc = s6_0;",
        "  }",
        "  double x7 = acc;",
        "  o0[0] = x7;",
        "}",
        "int main_(void **arrays, void **memory, int64_t *extents) {",
        "  double *input0 = *(void **)((char *)arrays[0] + 16);",
        "  double *output0 = *(void **)((char *)arrays[1] + 16);",
        "  k0(output0, input0);",
        "  return 0;",
        "}",
    ]


def test_a_kept_program_has_no_c_text(tmp_path, monkeypatch):
    monkeypatch.setattr(warm, "is_on", lambda: True)
    monkeypatch.setattr(warm.object_cache, "folder", lambda: tmp_path)
    x = pytensor.tensor.vector("x")
    for _ in range(2):
        f = pytensor.function([x], pytensor.tensor.exp(x) * 3, mode="NATIVE")
        f([1.0, 2.0])
    assert native_report(f).warm_programs == 1
    assert "define i32 @main" in native_text(f)
    with pytest.raises(ValueError, match="SYMRNN_NATIVE_WARM=0"):
        native_text(f, "c")
