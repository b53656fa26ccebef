"""What does a stack cost whose lower layers are built again on each path, and not once?

Expected: equal Scan nodes after rewriting, as PyTensor merges or packs what is equal, with more
components where it only packs; and more to rewrite in any case. About an hour on 2 cores, two
minutes with --quick.
"""

from symrnn.study.experiment import grid

cases = grid(cell=["rnn", "lstm"], paths=[2, 3, 4], lower_layers=["once", "again"])
quick = grid(cell=["rnn"], paths=[2, 4], lower_layers=["once", "again"])
modes = ["JAX", "NUMBA"]
quick_modes = ["JAX"]
rounds = 5
quick_rounds = 2
reference = {"lower_layers": "once"}
needs = ["symrnn.cells", "symrnn.unroll", "symrnn.updates"]

T, B, D, H, DEPTH = 8, 16, 8, 16, 2


def build(cell, paths, lower_layers):
    """Paths that share their lower layers, each with an upper layer of its own."""
    import pytensor.tensor as pt

    from symrnn.cells import CELLS
    from symrnn.graph import TrainingGraph
    from symrnn.unroll import scan_unroll, stack

    made = CELLS[cell]
    lower = [made.create(D if i == 0 else H, H, rng=i) for i in range(DEPTH)]
    upper = [made.create(H, H, rng=DEPTH + i) for i in range(paths)]
    xs = pt.tensor("xs", shape=(T, B, D))
    once = stack(lower, xs)
    parts = [
        scan_unroll(top, once if lower_layers == "once" else stack(lower, xs)) for top in upper
    ]
    loss = sum((hs**2).mean() for hs in parts)
    return TrainingGraph([xs], loss, [param for each in lower + upper for param in each.params])


def functions(graph, cell, paths, lower_layers):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.1))]


def batch(cell, paths, lower_layers):
    import numpy as np

    return [np.random.default_rng(0).normal(size=(T, B, D))]


def figure(records):
    from symrnn.study.figures import bars_by_mode

    style = {"x": "paths", "hue": "lower_layers", "panel": "cell"}
    charts = [bars_by_mode(records, y=y, **style) for y in ("total_s", "after.components")]
    return [chart for by_mode in charts for chart in by_mode]


def answer(records):
    from symrnn.study.table import verdict

    return verdict(
        records,
        "lower_layers",
        "again",
        "once",
        of="lower layers built again",
        to="lower layers built once",
    )
