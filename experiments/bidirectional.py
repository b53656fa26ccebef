"""Do both directions of a bidirectional layer compile faster in one scan or in two?

Expected: in one scan, since a scan has a fixed cost in rewriting, and each is compiled by itself;
PyTensor would not merge the two, as one walks backwards. About an hour on 2 cores, a minute with
--quick.
"""

from symrnn.study.experiment import grid

cases = grid(cell=["rnn", "lstm"], depth=[1, 2, 4], scans=["one", "two"])
quick = grid(cell=["rnn"], depth=[1, 2], scans=["one", "two"])
modes = ["JAX", "NUMBA"]
quick_modes = ["JAX"]
rounds = 5
quick_rounds = 2
reference = {"scans": "one"}
needs = ["symrnn.models.digit_stack", "symrnn.updates", "sklearn.model_selection"]

BATCH = 64


def build(cell, depth, scans):
    from symrnn.models.digit_stack import ROWS, digit_stack

    return digit_stack(cell=cell, depth=depth, scans=scans, steps=ROWS, batch=BATCH)


def functions(graph, cell, depth, scans):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.1))]


def batch(cell, depth, scans):
    from symrnn.models.digit_stack import load_digit_rows

    (xs, labels), _ = load_digit_rows()
    return [xs[:, :BATCH], labels[:BATCH]]


def figure(records):
    from symrnn.study.figures import bars_by_mode

    return bars_by_mode(records, x="depth", y="total_s", hue="scans", panel="cell")


def answer(records):
    from symrnn.study.table import verdict

    return verdict(records, "scans", "two", "one", of="two scans", to="one scan")
