"""Watched memory: errors of the compiler, made by hand, are found."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.native import guarded
from symrnn.native.compiled import Lowered, NativeProgram
from symrnn.native.emit_llvm import llvm_text
from symrnn.native.plan import lifetimes
from symrnn.native.program import Kernel, Routine
from symrnn.native.report import native_programs
from symrnn.native.scalar import arg
from symrnn.native.window import Buffer, Window

X, OUT, CONSTANT = (Buffer("float64", 4, kind, 0) for kind in ("input", "output", "constant"))


@pytest.fixture(autouse=True)
def guard():
    with guarded.turned_on():
        yield


def copied(*steps):
    """A program that copies windows, called with four ones."""
    body = [Kernel(s.shape, [t], [s], [arg(0, "float64")]) for s, t in steps]
    lives = lifetimes(body)
    routine = Routine(body, [life.buffer for life in lives], [X, OUT], [CONSTANT])
    outputs = (((4,), "float64"),)
    text, constants = llvm_text(routine), (np.zeros(4),)
    program = NativeProgram(Lowered(text, 1, outputs, tuple(lives), constants, (), (), (), routine))
    return program([np.ones(4)])


def row(buffer, begin=0, length=4):
    return Window(buffer, (length,), (1,), begin)


def test_what_is_right_passes():
    t = Buffer("float64", 4)
    [out] = copied((row(X), row(t)), (row(t), row(OUT)))
    np.testing.assert_array_equal(out, np.ones(4))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (lambda t: [(row(X), row(t, 1)), (row(t), row(OUT))], "32 bytes from its begin"),
        (lambda t: [(row(X), row(t, -1)), (row(t), row(OUT))], "-8 bytes from its begin"),
        (lambda t: [(row(X), row(OUT, 1))], "beside output 0"),
        (lambda t: [(row(CONSTANT), row(X))], "changed input 0"),
        (lambda t: [(row(X), row(CONSTANT))], "changed constant 0"),
    ],
)
def test_what_is_written_beside_its_place_is_found(steps, message):
    with pytest.raises(guarded.GuardError, match=message):
        copied(*steps(Buffer("float64", 4)))


def test_what_nothing_was_written_to_is_not_a_number():
    t = Buffer("float64", 4)
    [out] = copied((row(X, 0, 3), row(t, 0, 3)), (row(t), row(OUT)))
    np.testing.assert_array_equal(out, [1, 1, 1, np.nan])
    [out] = copied((row(X, 0, 3), row(OUT, 0, 3)))
    np.testing.assert_array_equal(out, [1, 1, 1, np.nan])


def test_a_function_is_watched_for_every_set_of_extents():
    x = pt.matrix("x")
    f = pytensor.function([x], pt.tanh(x).sum(axis=0) @ x.T, mode="NATIVE")
    for n in (3, 4, 5, 3):
        a = np.full((n, 2), 0.5)
        np.testing.assert_allclose(f(a), np.tanh(a).sum(axis=0) @ a.T)
    memories = [m for p in native_programs(f.vm.jit_fn) for m in p.memories.values()]
    assert len(memories) == 3
    assert all(memory.guard is not None for memory in memories)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float32"])
def test_an_output_of_rank_0_is_watched(dtype):
    x = pt.vector("x", dtype=dtype)
    f = pytensor.function([x], x[0] * x[1], mode="NATIVE")
    assert f(np.ones(2, dtype)) == 1


def test_nothing_is_watched_unless_asked(monkeypatch):
    monkeypatch.setattr(guarded, "_is_on", False)
    x = pt.vector("x")
    f = pytensor.function([x], x * 2, mode="NATIVE")
    f([1.0])
    [program] = native_programs(f.vm.jit_fn)
    assert [memory.guard for memory in program.memories.values()] == [None]
