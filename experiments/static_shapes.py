"""How much smaller does a graph get, and how much faster does it compile, when its shapes are static?

Expected: smaller, because shape arithmetic folds away, and faster to rewrite; JAX refuses
all others. About an hour on 2 cores, a minute with --quick.
"""

from symrnn.study.experiment import grid

cases = grid(cell=["rnn", "lstm"], depth=[1, 2, 4], shapes=["symbolic", "batch", "static"])
quick = grid(cell=["rnn"], depth=[2, 4], shapes=["symbolic", "batch", "static"])
modes = ["CVM", "NUMBA", "JAX"]
quick_modes = ["JAX", "FAST_COMPILE"]
rounds = 5
quick_rounds = 1
reference = {"shapes": "symbolic"}
refusals = ["Shapes must be 1D sequences of concrete values"]  # JAX, of shapes that are not static
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
    """The ratios of the modes that run with both, and what the others refuse."""
    from symrnn.study.amounts import listing
    from symrnn.study.quantities import select, values_of
    from symrnn.study.table import verdict

    refused = {
        mode: values_of(select(records, mode=mode, status="refused"), "shapes")
        for mode in values_of(records, "mode")
    }
    told = [
        f"{mode} refuses {listing(shapes)} shapes: it takes static ones only."
        for mode, shapes in refused.items()
        if shapes
    ]
    both = [record for record in records if not refused[record.mode]]
    found = verdict(both, "shapes", "static", "symbolic", of="static shapes", to="symbolic ones")
    return "\n\n".join(filter(None, [found, *told])) or "Nothing has finished yet."
