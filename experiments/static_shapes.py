"""How much smaller does a graph get, and how much faster does it compile, when its shapes are static?

Expected: smaller, because shape arithmetic folds away, and faster to rewrite; the mode JAX can't
do without. About an hour on 2 cores, a minute with --quick.
"""

from symrnn.study.experiment import grid

cases = grid(cell=["rnn", "lstm"], depth=[1, 2, 4], shapes=["symbolic", "batch", "static"])
quick = grid(cell=["rnn"], depth=[2, 4], shapes=["symbolic", "batch", "static"])
modes = ["CVM", "NUMBA", "JAX"]
quick_modes = ["JAX", "FAST_COMPILE"]
rounds = 5
quick_rounds = 1
reference = {"shapes": "symbolic"}
needs = ["symrnn.models.digit_stack", "symrnn.updates", "sklearn.model_selection"]

BATCH = 64


def build(cell, depth, shapes):
    from symrnn.models.digit_stack import ROWS, digit_stack

    steps = ROWS if shapes == "static" else None
    return digit_stack(
        cell=cell, depth=depth, steps=steps, batch=None if shapes == "symbolic" else BATCH
    )


def functions(graph, cell, depth, shapes):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.1))]


def batch(cell, depth, shapes):
    from symrnn.models.digit_stack import load_digit_rows

    (xs, labels), _ = load_digit_rows()
    return [xs[:, :BATCH], labels[:BATCH]]


def figure(records):
    from symrnn.study.figures import bars_by_mode

    return bars_by_mode(records, x="depth", y="after.nodes", hue="shapes", panel="cell")


def answer(records):
    from symrnn.study.quantities import select, values_of
    from symrnn.study.table import verdict

    lost = [
        f"{mode} does not run with {shapes} shapes."
        for mode in values_of(records, "mode")
        for shapes in values_of(records, "shapes")
        if (tried := select(records, mode=mode, shapes=shapes)) and not select(tried, status="ok")
    ]
    found = verdict(records, "shapes", "static", "symbolic", of="static shapes", to="symbolic ones")
    return "\n\n".join(filter(None, [found, " ".join(lost)]))
