"""`native_profile` names what a call runs and how often, and leaves the function as it was."""

import gc

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.native import native_profile, native_text
from symrnn.native.report import native_function, native_programs

pytestmark = pytest.mark.usefixtures("cold")  # only what is lowered here can be written anew


def walk(steps=5):
    """A scan of a product and tanh, which counts its calls."""
    xs, w = pt.matrix("xs"), pt.matrix("w")
    calls = pytensor.shared(0)
    hs = pytensor.scan(lambda x, h: pt.tanh(x + h @ w), xs, pt.zeros((3, 2)), return_updates=False)
    f = pytensor.function([xs, w], hs.sum(), updates={calls: calls + 1}, mode="NATIVE")
    return f, (np.ones((steps, 2)), np.full((2, 2), 0.1)), calls


def test_statements_in_a_loop_are_counted_at_each_step():
    f, arguments, _ = walk(steps=5)
    spent = {each.name: each.times for each in native_profile(f, *arguments, calls=3)}
    assert spent["dgemm 3 2 2"] == 5
    assert all(f"@{name}(" in native_text(f) for name in spent if not name.startswith("dgemm"))


def test_shares_are_of_the_whole():
    f, arguments, _ = walk()
    spent = native_profile(f, *arguments)
    assert 0 < sum(each.share for each in spent) <= 1
    assert [each.share for each in spent] == sorted((s.share for s in spent), reverse=True)


def test_the_function_is_as_before():
    f, arguments, calls = walk()
    before, text = f(*arguments), native_text(f)
    native_profile(f, *arguments, calls=4)
    assert (
        calls.get_value() == 1 + 1 + 4
    )  # this one, one that makes the programs, and those profiled
    assert native_text(f) == text
    assert f(*arguments) == before


def test_a_function_that_calls_itself_by_machine_code_is_profiled_and_goes_on():
    f, arguments, calls = walk()
    before = [f(*arguments) for _ in range(20)][-1]
    spent = {each.name: each.times for each in native_profile(f, *arguments, calls=20)}
    assert spent["dgemm 3 2 2"] == 5
    gc.collect()  # what was timed is no more
    assert [f(*arguments) for _ in range(20)] == [before] * 20
    assert calls.get_value() == 20 + 1 + 20 + 20


def test_a_call_that_fails_leaves_the_function_as_it_was():
    x, i = pt.vector("x"), pt.lscalar("i")
    f = pytensor.function([x, i], x[i] * 2, mode="NATIVE")
    f(np.ones(3), 0)
    [program] = native_programs(native_function(f))
    module = program.module
    with pytest.raises(IndexError):
        native_profile(f, np.ones(3), 5)
    assert program.module is module
    assert program.is_settled


def test_branches_and_python_are_counted_where_they_run():
    x = pt.vector("x")
    step = pytensor.scan(
        lambda h: pt.sort(h)[::-1], outputs_info=x, n_steps=4, return_updates=False
    )
    f = pytensor.function([x], step[-1], mode="NATIVE")
    spent = {each.name: each.times for each in native_profile(f, np.array([3.0, 1.0, 2.0]))}
    assert spent["Python 0"] == 4


def test_another_mode_is_refused():
    x = pt.vector("x")
    with pytest.raises(TypeError, match="must be compiled in mode NATIVE"):
        native_profile(pytensor.function([x], x + 1, mode="FAST_COMPILE"), np.ones(2))


def test_a_function_from_an_earlier_process_is_refused(monkeypatch):
    f, arguments, _ = walk()
    f(*arguments)
    for program in native_programs(native_function(f)):
        monkeypatch.setattr(
            program,
            "lowered",
            program.lowered.__class__(**{**vars(program.lowered), "routine": None}),
        )
    with pytest.raises(ValueError, match="SYMRNN_NATIVE_WARM=0"):
        native_profile(f, *arguments)


def test_a_function_that_python_runs_alone_has_no_profile():
    x = pt.vector("x")
    f = pytensor.function([x], pt.nonzero(x)[0], mode="NATIVE")
    assert native_profile(f, np.ones(3), calls=2) == []
