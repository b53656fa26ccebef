"""Which network reads handwritten digits best row by row, and what does its graph cost?

Expected: every one reads over 95 % of the 360 held-out digits of scikit-learn, the best over 98 %
(a support vector machine on the whole images reads about 99 %). The odd/even form of Nesterov's
momentum holds every scan once, the naive form twice, packed into as many nodes; the TCN has no
scans to pack, so there the naive form costs nodes. A step takes at most as long as in JAX by hand.
About an hour on 2 cores, three minutes with --quick.

The timeline of one step by op, for Perfetto or chrome://tracing:
``symrnn measure experiments/digit_networks.py:one_step --mode CVM --trace traces``.
"""

from symrnn.study.experiment import grid

ODD_EVEN, NAIVE = "nesterov_odd_even", "nesterov_naive_clone"
NETWORKS = [
    "lstm",
    "two_layer_lstm",
    "bidirectional_lstm",
    "gru",
    "residual",
    "tcn",
    "sequence_to_sequence",
]
EPOCH = 22  # batches of 64 in 1437 digits

cases = grid(network=NETWORKS, form=[ODD_EVEN, NAIVE])
quick = grid(network=["gru"], form=[ODD_EVEN, NAIVE])
modes = ["JAX"]
states = ["cold"]
rounds = 3
quick_rounds = 1
time_limit_s = 1800
quick_time_limit_s = 300
reference = {"form": ODD_EVEN}
columns = ["accuracy", "parameters", "nodes", "scans", "compile_s", "total_s", "step_s",
           "after.nodes", "after.inner_nodes", "after.scans", "after.components",
           "by_hand_step_s", "ratio", "largest_difference"]  # fmt: skip
needs = ["symrnn.models.digit_rows", "symrnn.training.loop", "sklearn.model_selection"]
tasks = {
    "train": {
        "cases": grid(network=NETWORKS, seed=[0, 1, 2], steps=[200 * EPOCH]),
        "quick": grid(network=["gru"], seed=[0], steps=[20 * EPOCH]),
        "modes": ["JAX"],
    },
    "by_hand": {
        "cases": grid(network=NETWORKS),
        "quick": grid(network=["gru"]),
        "modes": ["NATIVE", "JAX", "NUMBA"],
        "quick_modes": ["NATIVE", "JAX"],
    },
}

RATE, MOMENTUM = 0.02, 0.9


def flags(**case):
    return "floatX=float32"


def recipe_for(network, **options):
    from symrnn.models.digit_rows import DigitReader

    return DigitReader(network=network, **options)


def build(network, form):
    return recipe_for(network).graph()


def functions(graph, network, form):
    """A step of `form`: one function, or two for odd/even."""
    import symrnn.updates
    from symrnn.measure.stages import step_functions

    updates = getattr(symrnn.updates, form)(graph.loss, graph.params, RATE, MOMENTUM)
    return step_functions(graph, *(updates if form == ODD_EVEN else [updates]))


def batch(network="tcn", form=ODD_EVEN):
    recipe = recipe_for(network)
    return recipe.batch(recipe.data(), 0)


def one_step(network="tcn"):
    """One training step of a network, for `symrnn measure`."""
    recipe = recipe_for(network)
    graph = recipe.graph()
    return graph.inputs, [graph.loss], recipe.updates(graph)


def train(network, seed, steps):
    """Train, and test ten times on the way."""
    from statistics import median
    from time import perf_counter

    from symrnn.measure.sizes import graph_size
    from symrnn.measure.stages import FunctionSpec, rewritten
    from symrnn.training.loop import Training

    recipe = recipe_for(network, seed=seed, steps=steps)
    data = recipe.data()
    begin = perf_counter()
    training = Training(recipe, data, mode="JAX")
    updates = iter(training)
    next(updates)
    compile_s = perf_counter() - begin
    tested, accuracy, step_s = training.network(), [], []
    for step in updates:
        step_s.append(step.seconds)
        if step.number % (steps // 10) == 0:
            tested.set_values(training.values())
            accuracy.append([step.number, recipe.test(tested, data)["accuracy"]])
    spec = FunctionSpec(training.graph.inputs, [training.graph.loss], training.updates)
    size = graph_size(rewritten(spec, "JAX").fgraph)
    return {
        "accuracy": accuracy[-1][1],
        "accuracy_by_step": accuracy,
        "last_loss": median(training.losses[-EPOCH:]),
        "parameters": sum(param.get_value().size for param in training.graph.params),
        "nodes": size.nodes + size.inner_nodes,
        "scans": size.scans,
        "compile_s": compile_s,
        "step_s": median(step_s),
    }


def by_hand(network):
    """A training step beside the same one in JAX by hand."""
    from by_hand.beside import beside, by_hand_step
    from by_hand.digit_rows import adamw_state, adamw_step, loss_of

    recipe = recipe_for(network, schedule="constant")
    arrays = recipe.batch(recipe.data(), 0)
    step = adamw_step(loss_of(network))
    start = adamw_state([param.get_value() for param in recipe.graph().params])
    hand = by_hand_step(lambda state: step(state, *arrays), start, lambda state: state[1])
    return beside(recipe, arrays, hand)


def figure(records):
    from symrnn.study.figures import bars, curves
    from symrnn.study.quantities import select

    trained = select(records, task="train", status="ok")
    charts = []
    if trained:
        curve = {r.case["network"]: tests_on_the_way(r) for r in trained}
        charts.append(curves(curve, x="epoch", y="held-out digits read right"))
        charts.append(bars(trained, x="seed", y="accuracy", hue="network"))
    if compared := select(records, task="compile"):
        charts.append(bars(compared, x="form", y="after.inner_nodes", hue="network"))
    if timed := select(records, task="by_hand"):
        charts.append(bars(timed, x="mode", y="ratio", hue="network"))
    return charts


def tests_on_the_way(record):
    """``(epochs, accuracies)``."""
    steps, accuracies = zip(*record.values["accuracy_by_step"], strict=True)
    return [step // EPOCH for step in steps], accuracies


def answer(records):
    """How well each reads, what the naive form costs, and how far JAX by hand is."""
    from symrnn.study.against_hand import step_against_hand

    told = [accuracy(records), forms(records), step_against_hand(records)]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def accuracy(records):
    """The accuracies, best first."""
    from symrnn.study.amounts import listing, number
    from symrnn.study.quantities import spread_of, values_of

    def percent(share):
        return number(float(f"{100 * share:.1f}"))

    found = {
        name: spread_of(records, "accuracy", task="train", network=name)
        for name in values_of(records, "network")
    }
    found = {name: each for name, each in found.items() if each}
    if not found:
        return ""
    best_first = sorted(found, key=lambda name: -found[name].median)
    told = listing(
        f"`{name}` {percent(found[name].median)} % ({percent(found[name].low)} to"
        f" {percent(found[name].high)})"
        for name in best_first
    )
    best, worst = (found[best_first[i]].median for i in (0, -1))
    return (
        f"Held-out digits read right, median and range over the seeds: {told}. The best is"
        f" {'above' if best > 0.98 else 'NOT above'} 98 %, the last"
        f" {'above' if worst > 0.95 else 'NOT above'} 95 %."
    )


def forms(records):
    """The naive form against odd/even, network by network."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio, values_of

    quantities = ("total_s", "step_s", "after.nodes", "after.inner_nodes", "after.components")
    told = []
    for name in values_of(records, "network"):
        found = {
            each: ratio(records, each, {"form": NAIVE}, {"form": ODD_EVEN}, network=name)
            for each in quantities
        }
        if found["total_s"]:
            inside = found["after.components"]
            packed = f"{times(inside)} the components" if inside else "no scans either way"
            told.append(
                f"- `{name}`: {times(found['total_s'])} the time to the first step,"
                f" {times(found['step_s'])} the step, {times(found['after.nodes'])} the nodes,"
                f" {packed}."
            )
    return "\n".join(["The naive form of Nesterov's momentum against odd/even:", "", *told]) * bool(
        told
    )
