"""What does a bidirectional LSTM cost as a user of PyTensor writes it, against the assembled gradient?

Two layers, T 50, B 16, D 32, H 64, float32, one thread. "plain" is written by hand with
`pytensor.scan`, a scan for each direction, PyTensor's `tanh` and `sigmoid`, and differentiated by
`pytensor.grad`; "autodiff" is symrnn's own form of the same. Expected: assembled starts in half the
time of plain, as Numba compiles every node by itself, and takes half as long for a step, as it
keeps its activations and their algebra vectorises. Two minutes on 2 cores with --quick.
"""

from symrnn.study.experiment import grid

PLAIN, AUTODIFF, ASSEMBLED = "plain", "autodiff", "assembled"

cases = grid(form=[PLAIN, AUTODIFF, ASSEMBLED])
quick = grid(form=[PLAIN, ASSEMBLED])
modes = ["NATIVE", "NUMBA", "JAX"]
quick_modes = ["NATIVE", "NUMBA"]
states = ["cold", "warm"]
rounds = 3
quick_rounds = 1
steps = 40
time_limit_s = 900
reference = {"form": PLAIN}
columns = ["build_s+grad_s", "rewrite_s", "total_s", "step_s", "after.nodes", "after.inner_nodes"]
needs = ["symrnn.unroll", "symrnn.updates"]

T, B, D, H, LAYERS = 50, 16, 32, 64, 2


def flags(form):
    return "floatX=float32"


def build(form):
    import numpy as np
    import pytensor.tensor as pt

    from symrnn.cells import LSTMCell
    from symrnn.graph import TrainingGraph
    from symrnn.unroll import stack

    rng = np.random.default_rng(0)
    sizes = [D, *[2 * H] * (LAYERS - 1)]
    layers = [[LSTMCell.create(size, H, rng=rng) for _ in range(2)] for size in sizes]
    xs = pt.tensor("xs", shape=(T, B, D))
    ys = plain_stack(layers, xs) if form == PLAIN else stack(layers, xs, gradient=form)
    params = [param for pair in layers for cell in pair for param in cell.params]
    return TrainingGraph([xs], (ys**2).mean(), params)


def plain_stack(layers, xs):
    """The layers through `pytensor.scan`, a scan for each direction."""
    import pytensor.tensor as pt

    for forward, backward in layers:
        xs = pt.concatenate([plain_walk(forward, xs), plain_walk(backward, xs[::-1])[::-1]], axis=2)
    return xs


def plain_walk(cell, xs):
    """One direction; the input projection stands outside the scan."""
    import pytensor
    import pytensor.tensor as pt

    def step(z, h, c, w_h):
        i, f, o, g = ((z + pt.dot(h, w_h))[:, k * H : (k + 1) * H] for k in range(4))
        c = pt.sigmoid(f) * c + pt.sigmoid(i) * pt.tanh(g)
        return pt.sigmoid(o) * pt.tanh(c), c

    zs = pt.dot(xs, cell.w_x) + cell.b
    start = pt.zeros((B, H))
    hs, _ = pytensor.scan(
        step,
        sequences=zs,
        outputs_info=[start, start],
        non_sequences=cell.w_h,
        return_updates=False,
    )
    return hs


def functions(graph, form):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.01))]


def batch(form):
    import numpy as np

    return [np.random.default_rng(0).normal(size=(T, B, D)).astype("float32")]


def figure(records):
    from symrnn.study.figures import bars
    from symrnn.study.quantities import select

    compiled = select(records, task="compile", state="cold")
    return [
        bars(compiled, x="mode", y=quantity, hue="form", heading=heading)
        for quantity, heading in (
            ("total_s", "cold, to the end of the first step"),
            ("step_s", "a step"),
        )
    ]


def answer(records):
    """Assembled against plain: cold total, step and nodes."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio, select, values_of

    lines = []
    for mode in values_of(select(records, task="compile", status="ok"), "mode"):
        found = {
            quantity: ratio(
                records, quantity, {"form": ASSEMBLED}, {"form": PLAIN}, state="cold", mode=mode
            )
            for quantity in ("total_s", "step_s", "after.nodes")
        }
        if all(found.values()):
            lines.append(
                f"In mode {mode}, against plain PyTensor, the assembled gradient takes"
                f" {times(found['total_s'])} as long, cold, to the end of the first step, and"
                f" {times(found['step_s'])} as long for a step, with {times(found['after.nodes'])} the nodes."
            )
    return "\n\n".join(lines) or "No mode has both forms measured, so there is no ratio."
