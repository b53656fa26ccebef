"""A training step that starts from nothing, on two clocks: this process's wall and its CPU."""

from time import perf_counter, process_time


def timed(make, state, *, steps=20):
    """The values of a record: from the making of a step to the end of the first one, and later ones.

    ``make()`` returns the step, a function of the state that returns the next one when it is done.
    """
    begin, begin_cpu = perf_counter(), process_time()
    step = make()
    state = step(state)
    values = {
        "total_s": perf_counter() - begin,
        "total_cpu_s": process_time() - begin_cpu,
        "step_s": [],
        "step_cpu_s": [],
    }
    for _ in range(steps):
        state, seconds, cpu_seconds = clocked(step, state)
        values["step_s"].append(seconds)
        values["step_cpu_s"].append(cpu_seconds)
    return values


def clocked(call, *arguments):
    """What a call returns, its seconds and its CPU seconds."""
    begin, begin_cpu = perf_counter(), process_time()
    result = call(*arguments)
    return result, perf_counter() - begin, process_time() - begin_cpu
