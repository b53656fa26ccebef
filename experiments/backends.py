"""Which backend starts a training soonest, which takes the fastest steps, and how far is JAX by hand ahead?

Expected: JAX starts first, the C backend last, as it calls a compiler for every operation; the
network written by hand in JAX starts up to three times sooner than the same network through
PyTensor, and steps as fast. About two hours on 2 cores, a minute with --quick. PyTorch by hand
joins in where it is installed.
"""

from importlib.util import find_spec

from symrnn.study.experiment import grid

cases = grid(cell=["rnn", "lstm"], depth=[1, 2, 4, 8])
quick = grid(cell=["rnn", "lstm"], depth=[2])
modes = ["NATIVE", "JAX", "NUMBA", "CVM"]
quick_modes = ["NATIVE", "JAX"]
rounds = 3
quick_rounds = 2
time_limit_s = 900
needs = ["symrnn.models.digit_stack", "symrnn.updates", "sklearn.model_selection"]
columns = ["total_s", "step_s", "peak_rss_bytes", "after.nodes"]
tasks = {
    "jax_by_hand": {
        "cases": cases,
        "quick": quick,
        "modes": ["JAX"],
        "rounds": 3,
        "quick_rounds": 2,
    },
}
if find_spec("torch"):
    tasks["torch_by_hand"] = {
        "cases": cases,
        "quick": quick,
        "modes": ["PYTORCH"],
        "rounds": 3,
        "quick_rounds": 2,
    }

RATE, BATCH, STEPS = 0.1, 64, 20
H, K = 32, 10


def flags(cell, depth):
    return "floatX=float32"


def build(cell, depth):
    from symrnn.models.digit_stack import ROWS, digit_stack

    return digit_stack(cell=cell, depth=depth, hidden_size=H, steps=ROWS, batch=BATCH)


def functions(graph, cell, depth):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, RATE))]


def batch(cell, depth):
    from symrnn.models.digit_stack import load_digit_rows

    (xs, labels), _ = load_digit_rows(dtype="float32")
    return [xs[:, :BATCH], labels[:BATCH]]


def weights(cell, depth):
    """Three arrays for each direction of each layer, two for the output; float32."""
    import numpy as np
    from by_hand.stacks import drawn_weights

    sizes = [8, *[2 * H] * (depth - 1)]
    w = np.random.default_rng(1).normal(size=(2 * H, K)) / np.sqrt(2 * H)
    return [*drawn_weights(cell, sizes, H), w.astype("float32"), np.zeros(K, "float32")]


def jax_by_hand(cell, depth):
    """The same network and update as a JAX user writes them: `lax.scan` in `jit` of a gradient."""
    import jax
    from by_hand.timed import timed

    jax.block_until_ready(jax.numpy.zeros(1) + 1)  # starts the backend, off the clock
    xs, labels = batch(cell, depth)

    def make():
        gradient = jax.value_and_grad(lambda params: jax_loss(params, xs, labels, cell))

        @jax.jit
        def step(params):
            loss, grads = gradient(params)
            return loss, [param - RATE * grad for param, grad in zip(params, grads, strict=True)]

        return lambda params: jax.block_until_ready(step(params))[1]

    return timed(make, weights(cell, depth), steps=STEPS)


def jax_loss(params, xs, labels, cell):
    """Mean cross entropy of the bidirectional stack."""
    import jax
    import jax.numpy as jnp
    from by_hand.stacks import jax_layer

    *layers, w, b = params
    for i in range(0, len(layers), 6):
        xs = jax_layer(cell, xs, layers[i : i + 6])
    log_p = jax.nn.log_softmax(xs.mean(0) @ w + b)
    return -jnp.take_along_axis(log_p, labels[:, None], axis=1).mean()


def torch_by_hand(cell, depth):
    """The same sizes in PyTorch's own recurrent layers, eager."""
    import torch
    from by_hand.timed import timed

    torch.set_num_threads(1)
    torch.optim.SGD([torch.zeros(1)], lr=RATE)  # imports what PyTorch imports late
    xs, labels = (torch.as_tensor(array) for array in batch(cell, depth))

    def make():
        layer = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}[cell]
        layers, output = (
            layer(8, H, num_layers=depth, bidirectional=True),
            torch.nn.Linear(2 * H, K),
        )
        update = torch.optim.SGD([*layers.parameters(), *output.parameters()], lr=RATE)

        def step(state):
            update.zero_grad()
            torch.nn.functional.cross_entropy(
                output(layers(xs)[0].mean(0)), labels.long()
            ).backward()
            update.step()
            return state

        return step

    return timed(make, None, steps=STEPS)


def figure(records):
    from symrnn.study.figures import lines

    renamed = [backend_named(record) for record in records]
    style = {"x": "depth", "hue": "backend", "panel": "cell", "logarithmic": True}
    return [lines(renamed, y=y, **style) for y in ("total_s", "step_s")]


def backend_named(record):
    """The record with its backend as an axis: a mode, or what was written by hand."""
    from dataclasses import replace

    name = record.mode if record.task == "compile" else record.task.replace("_", " ")
    return replace(record, case={**record.case, "backend": name})


def answer(records):
    """Each backend against JAX by hand, first the start and then the step."""
    from symrnn.study.quantities import values_of

    modes = values_of([record for record in records if record.task == "compile"], "mode")
    told = [against_hand(records, {"task": "compile", "mode": mode}, mode) for mode in modes]
    told.append(
        against_hand(records, {"task": "torch_by_hand", "mode": "PYTORCH"}, "PyTorch by hand")
    )
    return (
        "\n\n".join(filter(None, told))
        or "Nothing finished beside JAX by hand, so there is no ratio."
    )


def against_hand(records, of, name):
    """One backend against JAX by hand, cell by cell."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio, values_of

    to = {"task": "jax_by_hand", "mode": "JAX"}
    told = []
    for cell in values_of(records, "cell"):
        total, step = (ratio(records, q, of, to, cell=cell) for q in ("total_s", "step_s"))
        if total and step:
            told.append(
                f"{cell}: {times(total)} the time to the first step, {times(step)} the step"
            )
    return f"{name} against JAX by hand, {'; '.join(told)}." if told else ""
