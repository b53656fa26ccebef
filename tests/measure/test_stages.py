"""The phases, on a fake clock, and what a step waits for."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.errors import UserError
from symrnn.graph import TrainingGraph
from symrnn.measure.function_spec import FunctionSpec, arguments_of
from symrnn.measure.sizes import GraphSize
from symrnn.measure.stages import CompileTime, run_step, stages, step_samples, wait_for
from symrnn.measure.stopwatch import Stopwatch


class FakeClock:
    """A clock that advances by one second whenever it is read."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def least_squares():
    x, w = pt.vector("x"), pytensor.shared(np.ones(3), name="w")
    return TrainingGraph([x], ((x - w) ** 2).sum(), [w])


def two_functions(graph):
    """A form whose step calls two functions in turn; the first takes no input."""
    (w,) = graph.params
    v = pytensor.shared(np.zeros(3), name="v")
    correct = {w: w - 0.1 * pytensor.grad(graph.loss, w)}
    return [FunctionSpec([], [], {w: w + v}), FunctionSpec(graph.inputs, [graph.loss], correct)]


def zeros(graph, specs):
    return arguments_of(specs, graph.inputs, [np.zeros(3)])


def measured_stages(functions=two_functions, arguments=zeros, **options):
    options = {"mode": "FAST_COMPILE", "steps": 2, **options}
    return stages(least_squares, functions, arguments, **options)


def test_every_phase_takes_what_its_clock_says():
    time = measured_stages(watch=Stopwatch(clock=FakeClock()))
    assert (time.build_s, time.grad_s, time.rewrite_s, time.link_s, time.first_call_s) == (1.0,) * 5
    assert time.step_s == (1.0, 1.0)
    assert time.total_s == 5.0
    assert time.jit_s == 0.0


def test_phases_are_announced_in_their_order():
    phases = []
    measured_stages(watch=Stopwatch(on_phase=phases.append))
    assert [name for name in phases if name not in ("count", "batch")] == [
        "build", "grad", "rewrite", "link", "first_call", "step"
    ]  # fmt: skip


def test_sizes_are_summed_over_the_functions_of_a_form():
    values = {}
    time = measured_stages(on_value=values.update)
    one = measured_stages(lambda graph: two_functions(graph)[:1])
    two = measured_stages(lambda graph: two_functions(graph)[1:])
    assert time.after == one.after + two.after
    assert values == {"before": time.before.to_dict(), "after": time.after.to_dict()}


def test_what_was_known_is_given_before_a_phase_fails():
    values = {}
    with pytest.raises(ZeroDivisionError):
        measured_stages(arguments=lambda graph, specs: 1 / 0, on_value=values.update)
    assert set(values) == {"before", "after"}


def test_a_stopwatch_counts_a_phase_that_fails():
    watch = Stopwatch(clock=FakeClock())
    with pytest.raises(ValueError), watch("link"):
        raise ValueError
    assert watch.seconds == {"link": 1.0}
    assert watch.spans == [("link", 1.0, 2.0)]


class Ready:
    """A function without shared variables."""

    def __call__(self):
        return []

    def get_shared(self):
        return []


@pytest.mark.parametrize(("step_limit_s", "steps"), [(5.0, 5), (0.5, 3), (99.0, 8)])
def test_slow_steps_stop_at_the_limit_but_there_are_three(step_limit_s, steps):
    watch = Stopwatch(clock=FakeClock())  # a step takes one second
    wall, cpu = step_samples([Ready()], [[]], 8, step_limit_s, watch)
    assert wall == (1.0,) * steps
    assert len(cpu) == steps


def test_cpu_seconds_of_the_phases_add_up_in_the_record():
    graph = GraphSize()
    time = CompileTime(1, 1, 1, 1, 1, (1.0,), graph, graph, total_cpu_s=2.5, step_cpu_s=(0.5,))
    assert time.to_dict().items() >= {"total_cpu_s": 2.5, "step_cpu_s": [0.5]}.items()
    without = CompileTime(1, 1, 1, 1, 1, (1.0,), graph, graph).to_dict()
    assert not {"total_cpu_s", "step_cpu_s"} & set(without)


def test_the_first_call_minus_the_median_step_is_the_jit():
    time = CompileTime(1, 1, 1, 1, 5.0, (1.0, 2.0, 9.0), GraphSize(), GraphSize())
    assert time.jit_s == 3.0
    assert time.to_dict()["jit_s"] == 3.0
    assert CompileTime(1, 1, 1, 1, 1.0, (2.0,), GraphSize(), GraphSize()).jit_s == 0.0


class Pending:
    """An array that is still being computed, as JAX returns it."""

    def __init__(self):
        self.is_ready = False

    def block_until_ready(self):
        self.is_ready = True


def test_outputs_are_waited_for_however_they_are_nested():
    one, two, three = Pending(), Pending(), Pending()
    wait_for([one, {"b": (two, np.zeros(2))}, iter([three]), None, "text", 3])
    assert one.is_ready
    assert two.is_ready
    assert three.is_ready


def test_updated_shared_variables_are_waited_for():
    output, updated = Pending(), Pending()
    shared = pytensor.shared(0.0)
    shared.container.storage[0] = updated

    class Function:
        def __call__(self):
            return [output]

        def get_shared(self):
            return [shared]

    run_step([Function()], [[]])
    assert output.is_ready
    assert updated.is_ready


def test_a_step_updates_the_shared_variables():
    graph = least_squares()
    stages(lambda: graph, two_functions, zeros, mode="FAST_COMPILE", steps=3)
    np.testing.assert_allclose(graph.params[0].get_value(), 0.8**4)  # the first call and three


def test_a_batch_of_the_wrong_length_is_refused():
    graph = least_squares()
    with pytest.raises(UserError, match="holds 2; return them in the order"):
        arguments_of([], graph.inputs, [1, 2])


def test_a_function_with_a_foreign_input_is_refused():
    graph = least_squares()
    spec = FunctionSpec([pt.scalar("rate")], [])
    with pytest.raises(UserError, match="but one takes rate; add it to the inputs"):
        arguments_of([spec], graph.inputs, [1])
