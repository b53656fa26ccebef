"""What does the assembled gradient of a stack of bidirectional layers cost against autodiff's?

Expected: on PyTensor 3.0.x the time that `pytensor.grad` needs grows exponentially with the layers, on 3.3.x faster
than linearly, and runs over the limit; the assembled gradient grows linearly and holds fewer nodes a layer. With
layers as a scan, assembled too, the graph does not grow at all. About two hours on 2 cores, two minutes with --quick.
"""

from symrnn.study.experiment import grid

AUTODIFF, ASSEMBLED, DEEP = "autodiff", "assembled", "assembled, layers as a scan"

cases = grid(cell=["rnn", "lstm"], depth=[1, 2, 4, 8, 16], gradient=[AUTODIFF, ASSEMBLED, DEEP])
quick = grid(cell=["rnn"], depth=[2, 4, 8], gradient=[AUTODIFF, ASSEMBLED, DEEP])
modes = ["NUMBA"]
quick_modes = ["FAST_COMPILE"]
rounds = 3
quick_rounds = 1
time_limit_s = 600
quick_time_limit_s = 20
reference = {"gradient": ASSEMBLED}
needs = ["symrnn.models.digit_rows", "symrnn.updates", "sklearn.model_selection"]

BATCH = 64


def build(cell, depth, gradient):
    from symrnn.models.digit_rows import digit_rows

    layers_as = "scan" if gradient == DEEP else "subgraphs"
    form = AUTODIFF if gradient == AUTODIFF else ASSEMBLED
    return digit_rows(cell=cell, depth=depth, gradient=form, layers_as=layers_as)


def functions(graph, cell, depth, gradient):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.1))]


def batch(cell, depth, gradient):
    from symrnn.models.digit_rows import load_digit_rows

    (xs, labels), _ = load_digit_rows()
    return [xs[:, :BATCH], labels[:BATCH]]
