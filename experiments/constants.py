"""What does a learning rate that is baked into the graph cost a script that compiles again for each new rate?

Expected: a constant is part of the key under which Numba's cache keeps a function, so the next
rate compiles again; a shared variable's value is not, so the second compilation finds everything
in the cache. Ten minutes on 2 cores, two with --quick.
"""

from symrnn.study.experiment import grid

tasks = {
    "compile_twice": {
        "cases": grid(cell=["rnn", "lstm"], rate=["shared", "constant"]),
        "quick": grid(cell=["none"], rate=["shared", "constant"]),
        "modes": ["NUMBA", "CVM", "JAX"],
        "quick_modes": ["NUMBA", "CVM"],
        "rounds": 3,
        "quick_rounds": 1,
    }
}
reference = {"rate": "shared"}
ratio_of = "second_s"
columns = ["first_s", "second_s", "first_compilations", "second_compilations"]
needs = ["symrnn.models.digit_stack", "symrnn.updates", "symrnn.measure.compile_events"]

RATES = [0.1, 0.05]
BATCH = 64


def compile_twice(cell, rate):
    """Seconds and compilations of the training function, for one learning rate and then for another."""
    from time import perf_counter

    from symrnn.measure.compile_events import compile_events

    values = {}
    for name, number in zip(("first", "second"), RATES, strict=True):
        begin = perf_counter()
        with compile_events() as events:
            one_step(network(cell), number, rate)
        found = events.to_dict()
        values[f"{name}_s"] = perf_counter() - begin
        values[f"{name}_compilations"] = found["numba"] + found["c_compiled"] + found["jax"]
    return values


def one_step(graph, number, rate):
    """Compile the training function with a learning rate and call it once."""
    import numpy as np
    import pytensor

    from symrnn.updates import sgd

    learning_rate = (
        number if rate == "constant" else pytensor.shared(np.asarray(number), name="rate")
    )
    step = pytensor.function(
        graph.inputs, graph.loss, updates=sgd(graph.loss, graph.params, learning_rate)
    )
    step(*(np.ones(variable.type.shape, dtype=variable.type.dtype) for variable in graph.inputs))


def network(cell):
    """A layer over the digits' rows; cell "none" is a logistic regression."""
    if cell != "none":
        from symrnn.models.digit_stack import ROWS, digit_stack

        return digit_stack(cell=cell, depth=1, steps=ROWS, batch=BATCH)
    import numpy as np
    import pytensor
    import pytensor.tensor as pt

    from symrnn.graph import TrainingGraph

    w = pytensor.shared(np.zeros(64), name="w", shape=(64,))
    xs = pt.tensor("xs", shape=(BATCH, 64))
    return TrainingGraph([xs], pt.softplus(-(xs @ w)).mean(), [w])


def figure(records):
    from symrnn.study.figures import bars
    from symrnn.study.quantities import select, values_of

    return [
        bars(
            select(records, mode=mode), x="cell", y="second_compilations", hue="rate", heading=mode
        )
        for mode in values_of(records, "mode")
    ]


def answer(records):
    """What the second compilation has to do again, mode by mode."""
    from symrnn.study.quantities import values_of

    return "\n\n".join(filter(None, (again(records, mode) for mode in values_of(records, "mode"))))


def again(records, mode):
    """The second compilation in one mode: how often from scratch, and how long."""
    from symrnn.study.amounts import number, times
    from symrnn.study.quantities import ratio, select, spread_of

    records = select(records, mode=mode)
    counts = {
        rate: spread_of(records, "second_compilations", rate=rate)
        for rate in ("constant", "shared")
    }
    told = [f"{number(each.median)} with a {rate} rate" for rate, each in counts.items() if each]
    seconds = ratio(records, "second_s", {"rate": "constant"}, {"rate": "shared"})
    longer = f" It takes {times(seconds)} as long with a constant." if seconds else ""
    return (
        f"{mode}: for the second rate, functions compiled anew: {' and '.join(told)}.{longer}"
        if told
        else ""
    )
