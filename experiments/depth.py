"""How do the phases of compiling grow with depth?

Expected: all linearly, exponents near 1, with the assembled gradient; rewriting a little faster
than the nodes. About an hour on 2 cores, two minutes with --quick.
"""

from symrnn.study.experiment import grid

cases = grid(cell=["rnn", "lstm"], depth=[1, 2, 4, 8, 16])
quick = grid(cell=["rnn"], depth=[1, 2, 4, 8])
modes = ["JAX", "NUMBA"]
quick_modes = ["JAX"]
rounds = 3
quick_rounds = 2
time_limit_s = 900
needs = ["symrnn.models.digit_stack", "symrnn.updates", "sklearn.model_selection"]

BATCH = 64
QUANTITIES = ["after.nodes", "build_s+grad_s", "rewrite_s", "link_s", "jit_s", "total_s", "step_s"]


def build(cell, depth):
    from symrnn.models.digit_stack import ROWS, digit_stack

    return digit_stack(cell=cell, depth=depth, steps=ROWS, batch=BATCH)


def functions(graph, cell, depth):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.1))]


def batch(cell, depth):
    from symrnn.models.digit_stack import load_digit_rows

    (xs, labels), _ = load_digit_rows()
    return [xs[:, :BATCH], labels[:BATCH]]


def figure(records):
    from symrnn.study.figures import lines

    return [
        lines(records, x="depth", y=y, hue="cell", panel="mode") for y in ("total_s", "after.nodes")
    ]


def answer(records):
    """The fitted exponents, one line a mode and cell."""
    pairs = dict.fromkeys((record.mode, record.case["cell"]) for record in records)
    told = "Fitted exponents p of depth^p, with 95 % intervals; 1 is linear:"
    return "\n\n".join([told, *(exponents(records, *pair) for pair in pairs)])


def exponents(records, mode, cell):
    """The growth of every quantity for one mode and cell."""
    from symrnn.study.amounts import exponent, title
    from symrnn.study.growth import growth

    found = {q: growth(records, "depth", q, mode=mode, cell=cell) for q in QUANTITIES}
    told = [f"{title(q)} {exponent(each)}" for q, each in found.items() if each]
    return f"{mode}, {cell}: {', '.join(told) or 'fewer than three depths finished'}."
