"""Does writing out every step cost more compile time than a scan, and from which length on?

Expected: nodes grow linearly in T when written out and stay constant with scan, so that scan wins
in compile time from a few steps on, and may lose in step time. About an hour on 2 cores, two
minutes with --quick.
"""

from symrnn.study.experiment import grid

cases = grid(cell=["rnn", "lstm"], steps=[2, 4, 8, 16, 32], unroll=["scan", "static"])
quick = grid(cell=["rnn"], steps=[2, 8, 16], unroll=["scan", "static"])
modes = ["JAX", "NUMBA"]
quick_modes = ["JAX"]
rounds = 5
quick_rounds = 1
reference = {"unroll": "scan"}
needs = ["symrnn.cells", "symrnn.unroll", "symrnn.updates"]

B, D, H = 16, 16, 32


def build(cell, steps, unroll):
    import pytensor.tensor as pt

    from symrnn.cells import CELLS
    from symrnn.graph import TrainingGraph
    from symrnn.unroll import scan_unroll, static_unroll

    made = CELLS[cell].create(D, H, rng=0)
    xs = pt.tensor("xs", shape=(steps, B, D))
    hs = {"scan": scan_unroll, "static": static_unroll}[unroll](made, xs)
    return TrainingGraph([xs], (hs**2).mean(), made.params)


def functions(graph, cell, steps, unroll):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.1))]


def batch(cell, steps, unroll):
    import numpy as np

    return [np.random.default_rng(0).normal(size=(steps, B, D))]


def figure(records):
    from symrnn.study.figures import lines
    from symrnn.study.quantities import select

    drawn = select(records, mode=records[0].mode, state="cold")
    style = {"x": "steps", "hue": "unroll", "panel": "cell"}
    return [lines(drawn, y=y, heading=records[0].mode, **style) for y in ("total_s", "after.nodes")]


def answer(records):
    from symrnn.study.quantities import values_of

    told = (
        crossing(records, *pair)
        for pair in dict.fromkeys((r.mode, r.case["cell"]) for r in records)
    )
    growth = [size_of(records, unroll) for unroll in values_of(records, "unroll")]
    return "\n\n".join([" ".join(filter(None, growth)), *told])


def size_of(records, unroll):
    """How many nodes one more step adds in one form."""
    from symrnn.study.amounts import number
    from symrnn.study.quantities import spread_of, values_of

    lengths = sorted(values_of(records, "steps"))
    found = {t: spread_of(records, "after.nodes", steps=t, unroll=unroll) for t in lengths}
    found = {steps: nodes.median for steps, nodes in found.items() if nodes}
    if len(found) < 2:
        return ""
    low, high = min(found), max(found)
    more = (found[high] - found[low]) / (high - low)
    return f"With {unroll}, one more step is {number(more)} apply nodes more after rewriting."


def crossing(records, mode, cell):
    """From which length on scan compiles faster, for one mode and cell."""
    from symrnn.study.amounts import number
    from symrnn.study.quantities import ratio, select, values_of

    records = select(records, mode=mode, cell=cell)
    lengths = sorted(values_of(records, "steps"))
    found = {
        steps: ratio(records, "total_s", {"unroll": "static"}, {"unroll": "scan"}, steps=steps)
        for steps in lengths
    }
    found = {steps: each.median for steps, each in found.items() if each}
    if not found:
        return f"{mode}, {cell}: no pair finished."
    slower = [steps for steps in found if all(found[s] > 1 for s in found if s >= steps)]
    where = f"from {slower[0]} steps on" if slower else "at no length measured"
    told = ", ".join(f"{number(float(f'{r:.3g}'))} at {steps}" for steps, r in found.items())
    return f"{mode}, {cell}: scan compiles faster {where}; written out ÷ scan is {told}."
