"""How soon does native mode start, and how fast are its steps, beside JAX by hand, Numba and PyTorch?

Five stacks of bidirectional layers with Nesterov's momentum, a training step of every network of this project, and
models that know nothing of it. Expected: native mode starts two layers of LSTM in less than half of JAX's time, all
others in as much at most, its steps take at most 0.8 of JAX's, and a second process has neither to rewrite nor to
compile. Imports are off the clocks and a step is over when its results are there; ratios are of CPU seconds, which
other programs on the machine disturb least. An hour on 2 cores, most of it Numba's; two minutes with --quick, which
leaves Numba out. PyTorch by hand and `pm.sample` through PyMC join in where these are installed.
"""

from importlib.util import find_spec

from symrnn.study.experiment import grid

PLAIN, SCANNED = "plain_bilstm", "tanh_32_as_scan"
STACKS = {  # name: cell, layers, T, B, D, H
    "bilstm": ("lstm", 2, 50, 16, 32, 64),
    "tanh_1": ("rnn", 1, 20, 5, 8, 16),
    "tanh_8": ("rnn", 8, 20, 5, 8, 16),
    SCANNED: ("rnn", 32, 20, 5, 8, 16),  # all layers but the first are one scan
    PLAIN: (
        "lstm",
        2,
        50,
        16,
        32,
        64,
    ),  # as `plain_scan` writes it, differentiated by `pytensor.grad`
}
BY_HAND = ["bilstm", "tanh_1", "tanh_8", SCANNED]  # PLAIN by hand in JAX is the first
DIGITS = ["lstm", "two_layer_lstm", "bidirectional_lstm", "gru", "residual", "tcn",
          "sequence_to_sequence"]  # fmt: skip
NETWORKS = {  # name: the experiment that has it beside JAX by hand, and the case
    **{f"digits_{name}": ("digit_networks", {"network": name}) for name in DIGITS},
    "tagger_1": ("tagger", {"depth": 1}),
    "tagger_2": ("tagger", {"depth": 2}),
    "characters_64": ("character_model", {"hidden_size": 64}),
    "characters_256": ("character_model", {"hidden_size": 256}),
    "adder": ("binary_adder", {"batch_size": 100}),
    "airline": ("airline_passengers", {"months": 120}),
}
IN_FLOAT64 = ["adder", "airline"]
MODELS = ["hierarchical_regression", "radon", "autoregression", "gaussian_process"]

cases = grid(net=[*STACKS])
quick = grid(net=["bilstm", "tanh_8"])
modes = ["NATIVE", "JAX", "NUMBA"]
quick_modes = ["NATIVE", "JAX"]
states = ["cold", "warm"]
rounds = 3
quick_rounds = 1
steps = 100
time_limit_s = 900
columns = ["build_s+grad_s", "rewrite_s", "first_call_s", "total_s", "total_cpu_s", "step_s", "step_cpu_s",
           "after.nodes", "by_hand_step_cpu_s", "cpu_ratio", "largest_difference"]  # fmt: skip
needs = ["symrnn.unroll", "symrnn.updates"]
tasks = {
    "jax_by_hand": {
        "cases": grid(net=BY_HAND),
        "quick": grid(net=["bilstm", "tanh_8"]),
        "modes": ["JAX"],
        "rounds": 3,
        "quick_rounds": 1,
    },
    "networks": {
        "cases": grid(network=[*NETWORKS]),
        "quick": grid(network=["digits_gru", "adder"]),
        "modes": ["NATIVE"],
    },
    "foreign": {
        "cases": grid(model=MODELS),
        "quick": grid(model=["radon", "autoregression"]),
        "modes": ["NATIVE", "NUMBA"],
        "quick_modes": ["NATIVE"],
        "rounds": 3,
        "quick_rounds": 1,
    },
}
if find_spec("torch"):
    tasks["torch_by_hand"] = {
        "cases": grid(net=["bilstm", "tanh_1", "tanh_8"]),
        "quick": grid(net=["bilstm"]),
        "modes": ["PYTORCH"],
        "rounds": 3,
        "quick_rounds": 1,
    }
if find_spec("pymc"):
    tasks["sample"] = {
        "cases": grid(draws=[1, 500]),
        "quick": grid(draws=[1]),
        "modes": ["NATIVE", "NUMBA"],
        "quick_modes": ["NATIVE"],
    }

COLD = {  # net: the largest ratio of cold starts, native against JAX by hand, that native mode is to reach
    "bilstm": 0.4,
    "tanh_8": 0.7,
    SCANNED: 1.0,
}
STEP = {"bilstm": 0.55, "tanh_1": 0.18, "tanh_8": 0.31}  # the same of steps
COLD_OF_NUMBA, WARM_OF_COLD, NETWORK_STEP = 0.01, 0.3, 0.8
FOREIGN = {"total_cpu_s": 0.15, "step_cpu_s": 1.0}  # against Numba


def flags(**case):
    is_float64 = "model" in case or "draws" in case or case.get("network") in IN_FLOAT64
    return f"floatX={'float64' if is_float64 else 'float32'}"


def build(net):
    import numpy as np
    import pytensor.tensor as pt

    from symrnn.cells import CELLS
    from symrnn.graph import TrainingGraph
    from symrnn.unroll import stack

    cell, depth, T, B, D, H = STACKS[net]
    rng, deep = np.random.default_rng(0), {"layers": depth - 1} if net == SCANNED else {}
    sizes = [(D, {}), *[(2 * H, deep)] * (1 if deep else depth - 1)]
    layers = [[CELLS[cell].create(n, H, rng=rng, **more) for _ in range(2)] for n, more in sizes]
    xs = pt.tensor("xs", shape=(T, B, D))
    if net == PLAIN:
        from plain_scan import plain_stack

        ys = plain_stack(layers, xs)
    else:
        ys = stack(layers, xs)
    params = [param for pair in layers for each in pair for param in each.params]
    return TrainingGraph([xs], (ys**2).mean(), params)


def functions(graph, net):
    from by_hand.stacks import MOMENTUM, RATE

    from symrnn.measure.stages import step_functions
    from symrnn.updates import nesterov_momentum

    return step_functions(graph, nesterov_momentum(graph.loss, graph.params, RATE, MOMENTUM))


def batch(net):
    import numpy as np

    _, _, T, B, D, _ = STACKS[net]
    return [np.random.default_rng(0).normal(size=(T, B, D)).astype("float32")]


def jax_by_hand(net):
    """The cold start and the steps of the same training in JAX."""
    import jax
    import numpy as np
    from by_hand.stacks import drawn_weights, jax_loss, jax_step
    from by_hand.timed import timed

    jax.block_until_ready(jax.numpy.zeros(1) + 1)  # starts the backend, off the clock
    cell, depth, _, _, D, H = STACKS[net]
    is_scan, [xs] = net == SCANNED, batch(net)
    sizes = [D, *[2 * H] * (0 if is_scan else depth - 1)]
    params = drawn_weights(cell, sizes, H, stacked=depth - 1 if is_scan else 0)
    jumps = [np.zeros_like(param) for param in params]

    def make():
        step = jax_step(lambda params, xs: jax_loss(cell, params, xs, layers_as_scan=is_scan))
        return lambda state: jax.block_until_ready(step(state, xs))[1]

    return timed(make, (params, jumps), steps=steps)


def torch_by_hand(net):
    """The same in PyTorch's recurrent layers, which are fused over steps."""
    import torch
    from by_hand.stacks import torch_step
    from by_hand.timed import timed

    torch.set_num_threads(1)
    torch.optim.SGD([torch.zeros(1)], lr=0.1)  # imports what PyTorch imports late
    cell, depth, _, _, D, H = STACKS[net]
    [xs] = batch(net)
    return timed(lambda: torch_step(cell, depth, D, H, xs), None, steps=steps)


def networks(network):
    """A training step of one of the project's networks beside the same one in JAX by hand, in turns."""
    from importlib import import_module

    experiment, case = NETWORKS[network]
    return import_module(experiment).by_hand(**case)


def foreign(model):
    """The log-density of a model and its gradient: the cold start, and calls."""
    import numpy as np
    import pytensor
    from plain_models.models import MODELS

    from symrnn.measure.stages import FunctionSpec, stages

    def with_gradient(made):
        q, density = made
        return [FunctionSpec([q], [density, pytensor.grad(density, q)], {})]

    def point(made, specs):
        return [[np.random.default_rng(1).normal(0, 0.1, made[0].type.shape)]]

    time = stages(MODELS[model], with_gradient, point, mode=pytensor.config.mode, steps=500)
    return time.to_dict()


def sample(draws):
    """`pm.sample` of varying intercepts and slopes, one chain; with one draw it is all compiling."""
    from by_hand.timed import clocked
    from plain_models.sampling import sampled

    means, total_s, total_cpu_s = clocked(sampled, draws)
    return {"total_s": total_s, "total_cpu_s": total_cpu_s, "means": means}


def figure(records):
    from symrnn.study.figures import bars
    from symrnn.study.quantities import select

    charts = []
    if started := beside(select(records, task=["compile", "jax_by_hand", "torch_by_hand"])):
        cold = select(started, state="cold")
        for y, heading in (
            ("total_cpu_s", "cold, to the end of the first step"),
            ("step_cpu_s", "a step"),
        ):
            charts.append(bars(cold, x="net", y=y, hue="backend", heading=heading))
    if turns := select(records, task="networks"):
        charts.append(bars(turns, x="network", y="cpu_ratio", hue="mode"))
    if calls := select(records, task="foreign"):
        charts.append(bars(calls, x="model", y="total_cpu_s", hue="mode"))
    return charts or [bars(records, x="draws", y="total_cpu_s", hue="mode")]


def beside(records):
    """The records with their backend as an axis: a mode, or what was written by hand."""
    from backends import backend_named

    return [backend_named(record) for record in records]


def answer(records):
    """Ratios beside what they are to reach: stacks, networks, models of others."""
    told = [stacks(records), networks_table(records), foreign_table(records), sampling(records)]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def stacks(records):
    """Each stack in native mode against everything else, and a second process against the first."""
    native, jax = {"task": "compile", "mode": "NATIVE"}, {"task": "jax_by_hand", "mode": "JAX"}
    numba, ours_in_jax = native | {"mode": "NUMBA"}, native | {"mode": "JAX"}
    torch = {"task": "torch_by_hand", "mode": "PYTORCH"}
    cold, step = "total_cpu_s", "step_cpu_s"
    columns = {
        "cold ÷ JAX by hand": lambda net: (cold, net, jax, COLD.get(net)),
        "step ÷ JAX by hand": lambda net: (step, net, jax, STEP.get(net)),
        "cold ÷ ours in JAX": lambda net: (cold, net, ours_in_jax, None),
        "step ÷ ours in JAX": lambda net: (step, net, ours_in_jax, None),
        "cold ÷ Numba": lambda net: (cold, net, numba, COLD_OF_NUMBA if net == "bilstm" else None),
        "step ÷ Numba": lambda net: (step, net, numba, None),
        "step ÷ PyTorch": lambda net: (step, net, torch, 0.75 if net == "bilstm" else None),
    }

    def against(quantity, net, other, most):
        to = "bilstm" if net == PLAIN and other in (jax, torch) else net
        return cell(of_cold(records, quantity, native | {"net": net}, other | {"net": to}), most)

    def warm(net):
        from symrnn.study.quantities import ratio

        found = ratio(records, cold, {"state": "warm"}, {"state": "cold"}, net=net, **native)
        return cell(found, WARM_OF_COLD if net == "bilstm" else None)

    rows = [(net, *(against(*c(net)) for c in columns.values()), warm(net)) for net in STACKS]
    heading = ("net", *columns, "warm ÷ cold")
    return told_table("Native mode, ratios of CPU seconds:", heading, rows)


def of_cold(records, quantity, of, to):
    """The ratio of a quantity, cold, over repetitions."""
    from symrnn.study.quantities import ratio

    return ratio(records, quantity, of, to, state="cold")


def networks_table(records):
    """A training step of each network against the same one in JAX by hand, in turns."""
    from symrnn.study.amounts import duration
    from symrnn.study.quantities import reading, select, spread_of

    rows = []
    for network in NETWORKS:
        done = select(records, task="networks", network=network, status="ok")
        if found := spread_of(done, "cpu_ratio"):
            seconds = (duration(reading(done[-1], q)) for q in ("step_cpu_s", "by_hand_step_cpu_s"))
            rows.append((network, cell(found, NETWORK_STEP), *seconds))
    heading = ("network", "step ÷ JAX by hand", "native", "JAX by hand")
    return told_table("A training step of each network, CPU seconds, in turns:", heading, rows)


def foreign_table(records):
    """Models that know nothing of symrnn, against Numba mode."""
    rows = []
    for model in MODELS:
        of, to = ({"task": "foreign", "mode": mode, "model": model} for mode in ("NATIVE", "NUMBA"))
        rows.append((model, *(cell(of_cold(records, q, of, to), FOREIGN[q]) for q in FOREIGN)))
    heading = ("model", "cold ÷ Numba", "call ÷ Numba")
    return told_table("Log-density and gradient of models in plain PyTensor:", heading, rows)


def sampling(records):
    """`pm.sample` against Numba mode."""
    rows = []
    for draws in (1, 500):
        of, to = ({"task": "sample", "mode": mode, "draws": draws} for mode in ("NATIVE", "NUMBA"))
        rows.append((str(draws), cell(of_cold(records, "total_cpu_s", of, to), None)))
    return told_table("`pm.sample`, one chain, the whole call:", ("draws", "÷ Numba"), rows)


def cell(found, most):
    """A ratio, and what it is to be at most."""
    from symrnn.study.amounts import goal, number
    from symrnn.study.table import ratio_text

    told = ratio_text(found)
    if found is None or most is None:
        return told
    return f"{told} {goal(f'at most {number(most)}', found.median <= most)}"


def told_table(told, heading, rows):
    """A sentence and a table below it; nothing where no cell has a value, and no column without any."""
    from symrnn.tables import Table, as_markdown

    kept = [i for i in range(len(heading)) if any(row[i] != "–" for row in rows)]
    if kept in ([], [0]):
        return ""
    rows = [[row[i] for i in kept] for row in rows if set(row[1:]) != {"–"}]
    return f"{told}\n\n{as_markdown(Table([heading[i] for i in kept], rows, axes=1))}"
