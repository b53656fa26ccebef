"""Does odd_even_form give a naive Nesterov form the size and compile time of the form written by hand?

Expected: the scans and components of the hand-written form, at most one more node a parameter, and the seconds of the
hand-written form plus what the change of variables takes (in the grad phase). The trajectory
stays, to rounding. About an hour
on 2 cores, two minutes with --quick.
"""

from symrnn.study.experiment import grid

BY_HAND = "nesterov_momentum"
NAIVE = ["nesterov_naive_clone", "nesterov_naive_rebuild", "nesterov_naive_per_parameter"]
CURED = [f"{form}, odd_even_form" for form in NAIVE]
RULES = ["sgd", "rmsprop", "adam"]

cases = grid(cell=["rnn", "lstm"], depth=[1, 2, 4], form=[BY_HAND, *NAIVE, *CURED])
quick = grid(cell=["rnn"], depth=[1], form=[BY_HAND, *NAIVE, *CURED])
modes = ["NUMBA", "JAX"]
quick_modes = ["JAX"]
states = ["cold"]
rounds = 3
quick_rounds = 1
time_limit_s = 900
quick_time_limit_s = 90
reference = {"form": BY_HAND}
needs = ["symrnn.models.digit_stack", "symrnn.updates", "symrnn.duplicates.odd_even"]
tasks = {
    "train": {
        "cases": grid(cell=["rnn", "lstm"], depth=[1], rule=RULES, steps=[200]),
        "quick": grid(cell=["rnn"], depth=[1], rule=RULES, steps=[50]),
        "modes": ["JAX"],
    }
}

# at larger rates the scaled rules are chaotic here: rounding grows tenfold every two or three steps,
# between the naive form and the one written by hand as well
LEARNING_RATES = {"sgd": 0.02, "rmsprop": 0.001, "adam": 0.001}
MOMENTUM = 0.9
BATCH = 64


def build(cell, depth, form):
    from symrnn.models.digit_stack import ROWS, digit_stack

    return digit_stack(cell=cell, depth=depth, steps=ROWS, batch=BATCH)


def functions(graph, cell, depth, form, rule="sgd"):
    """A step of `form` that returns the loss: of a naive form at odd values, else at even ones."""
    from symrnn.duplicates.odd_even import odd_even_form
    from symrnn.measure.stages import FunctionSpec

    name, _, cured = form.partition(", ")
    updates = updates_of(graph, name, rule, cell, depth)
    if not cured:
        return [FunctionSpec(graph.inputs, [graph.loss], updates)]
    result = odd_even_form(updates, [graph.loss])
    return [FunctionSpec(graph.inputs, result.outputs, result.updates)]


def updates_of(graph, name, rule, cell, depth):
    """The update dictionary of one form, corrected by `rule`."""
    import symrnn.updates
    from symrnn.models.digit_stack import digit_stack_loss

    def rebuilt(even):
        return digit_stack_loss(even, graph, cell=cell, depth=depth)

    loss = rebuilt if name == "nesterov_naive_rebuild" else graph.loss
    form, correct = getattr(symrnn.updates, name), getattr(symrnn.updates, rule)
    return form(loss, graph.params, LEARNING_RATES[rule], MOMENTUM, rule=correct)


def batch(cell, depth, form):
    from symrnn.models.digit_stack import load_digit_rows

    (xs, labels), _ = load_digit_rows()
    return [xs[:, :BATCH], labels[:BATCH]]


def train(cell, depth, rule, steps):
    """The largest distance between the odd values of each naive form and of its cure."""
    return {
        "largest_difference": max(distance(form, cell, depth, rule, steps) for form in NAIVE),
        "rule": rule,
        "steps": steps,
    }


def distance(form, cell, depth, rule, steps):
    """How far the parameters of a naive form and of its cure are apart after `steps` steps."""
    import numpy as np
    import pytensor

    from symrnn.duplicates.odd_even import odd_even_form

    graph = build(cell, depth, form)
    updates = updates_of(graph, form, rule, cell, depth)
    cured = odd_even_form(updates)
    start = {x: x.get_value() for x in {*updates, *cured.updates}}
    readout = [cured.odd_values[param] for param in graph.params]
    ends = []
    for each, values in ((updates, graph.params), (cured.updates, readout)):
        step = pytensor.function(graph.inputs, updates=each)
        for x, value in start.items():
            x.set_value(value)
        for _ in range(steps):
            step(*batch(cell, depth, form))
        ends.append(pytensor.function([], list(values))())
    return max(float(np.abs(a - b).max()) for a, b in zip(*ends, strict=True))


def figure(records):
    from symrnn.study.figures import bars
    from symrnn.study.quantities import select

    compiled = select(records, task="compile", mode=records[0].mode)
    style = {"x": "depth", "hue": "form", "panel": "cell"}
    return [bars(compiled, y=y, **style) for y in ("after.components", "total_s")]


def answer(records):
    """Components and seconds against the form written by hand, then the trajectories."""
    from symrnn.study.amounts import listing, span, times
    from symrnn.study.quantities import ratio, select, values_of

    lines = []
    for form in (*NAIVE, *CURED):
        found = {
            quantity: ratio(records, quantity, {"form": form}, {"form": BY_HAND})
            for quantity in ("after.components", "total_s")
        }
        if all(found.values()):
            lines.append(
                f"`{form}` has {times(found['after.components'])} the components of the form written"
                f" by hand and takes {times(found['total_s'])} as long to the end of the first step."
            )
    trained = [r for r in select(records, task="train") if r.status == "ok"]
    if trained:
        worst = max(record.values["largest_difference"] for record in trained)
        lines.append(
            f"The parameters of naive forms and of their cures differ by at most {worst:.1e} after"
            f" {span(r.values['steps'] for r in trained)} steps, over {listing(values_of(trained, 'rule'))}."
        )
    return "\n\n".join(lines)
