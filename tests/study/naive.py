"""What does the naive form cost?

Expected: twice as much. Seconds.
"""

from symrnn.study.experiment import grid

cases = grid(depth=[1, 2, 4], form=["sgd", "naive"])
quick = grid(depth=[1], form=["sgd", "naive"])
reference = {"form": "sgd"}
rounds = 2
quick_rounds = 1
modes = ["FAST_COMPILE"]


def build(depth, form):
    import numpy as np
    import pytensor
    import pytensor.tensor as pt

    from symrnn.graph import TrainingGraph

    w = pytensor.shared(np.ones(3), name="w")
    x = pt.vector("x", shape=(3,))
    y = x
    for _ in range(depth):
        y = pt.tanh(w * y)
    return TrainingGraph([x], (y**2).sum(), [w])


def functions(graph, depth, form):
    import pytensor

    from symrnn.measure.stages import FunctionSpec

    (w,) = graph.params
    grad = pytensor.grad(graph.loss, w)
    return [FunctionSpec(graph.inputs, [graph.loss], {w: w - 0.1 * grad})]


def batch(depth, form):
    import numpy as np

    return [np.ones(3)]


def figure(records):
    from symrnn.study.figures import lines

    return lines(records, x="depth", y="total_s", hue="form")


def answer(records):
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio

    found = ratio(records, "total_s", {"form": "naive"}, {"form": "sgd"})
    return f"The naive form takes {times(found)} the time of sgd." if found else "No pair finished."
