"""How many of twenty small recurrent networks learn to add exactly, and what do the forms of their rule cost?

The network, the data and the rule are those of P. Roelants' tutorial: three tanh states, 2000 additions of numbers
below 64 in batches of 100, RMSprop with Nesterov's momentum. The tutorial trains one network for five epochs, 100
steps, and tests five additions; here an exact network adds 1000 unseen pairs of numbers without a mistake.
Expected: not every start finds the way with three states, more do with more; the naive forms hold the scan a second
time; the step is as long as in JAX by hand. About 40 minutes on 2 cores, two with --quick.
"""

from symrnn.study.experiment import grid

FLOOR, ODD_EVEN = "rmsprop", "nesterov_odd_even"
NAIVE = ["nesterov_naive_clone", "nesterov_naive_rebuild", "nesterov_naive_per_parameter"]
FORMS = [FLOOR, "nesterov_momentum", ODD_EVEN, *NAIVE]

cases = grid(form=FORMS)
quick = grid(form=[FLOOR, ODD_EVEN, "nesterov_naive_clone"])
modes = ["NUMBA", "JAX"]
quick_modes = ["JAX"]
rounds = 3
quick_rounds = 1
time_limit_s = 1800
quick_time_limit_s = 120
reference = {"form": FLOOR}
columns = [
    "total_s",
    "step_s",
    "after.nodes",
    "after.components",
    "exact_early",
    "exact",
    "largest_difference",
    "by_hand_step_s",
    "ratio",
]
needs = ["symrnn.models.binary_adder", "symrnn.training.loop"]
tasks = {
    "train": {
        "cases": grid(hidden_size=[3, 4, 8], seeds=[20], steps=[1000]),
        "quick": grid(hidden_size=[3], seeds=[4], steps=[200]),
        "modes": ["JAX"],
    },
    "gradient": {"cases": grid(samples=[100]), "quick": grid(samples=[100]), "modes": ["JAX"]},
    "by_hand": {
        "cases": grid(batch_size=[100]),
        "quick": grid(batch_size=[100]),
        "modes": ["NATIVE", "JAX", "NUMBA"],
        "quick_modes": ["NATIVE", "JAX"],
        "rounds": 3,
        "quick_rounds": 1,
    },
}

RATE, MOMENTUM, RHO, EPSILON = 0.05, 0.8, 0.5, 1e-6
BATCH = 100


def build(form):
    from symrnn.models.binary_adder import binary_adder

    return binary_adder(batch=BATCH)


def functions(graph, form):
    from symrnn.measure.stages import step_functions

    return step_functions(graph, *updates_of(graph, form))


def updates_of(graph, form):
    """The update dictionaries of one step, to be called in turn."""
    import symrnn.updates
    from symrnn.models.binary_adder import binary_adder_loss

    if form == FLOOR:
        return [symrnn.updates.rmsprop(graph.loss, graph.params, RATE, RHO, EPSILON)]
    loss = graph.loss
    if form == "nesterov_naive_rebuild":

        def loss(even):
            return binary_adder_loss(even, graph)

    rule = getattr(symrnn.updates, form)
    updates = symrnn.updates.rmsprop_nesterov(
        loss, graph.params, RATE, MOMENTUM, RHO, EPSILON, form=rule
    )
    return updates if form == ODD_EVEN else [updates]


def batch(form):
    from symrnn.models.binary_adder import BinaryAdder

    recipe = BinaryAdder(batch_size=BATCH)
    return recipe.batch(recipe.data(), 0)


def train(hidden_size, seeds, steps):
    """Networks from `seeds` seeds: how many of 1000 unseen additions each gets wrong, and where it does."""
    import pytensor

    from symrnn.models.binary_adder import BinaryAdder
    from symrnn.training.loop import Training

    recipes = [
        BinaryAdder(hidden_size=hidden_size, seed=seed, steps=steps) for seed in range(seeds)
    ]
    training = Training(recipes[0], recipes[0].data(), mode=pytensor.config.mode)
    network = training.network()
    runs, curves = [], {}
    for recipe in recipes:
        training.restart(recipe, recipe.data())
        wrong_after = {}
        for step in training:
            if step.number in (100, steps):
                network.set_values(training.values())
                wrong_after[step.number] = recipe.test(network, training.data)["wrong"]
        runs.append(
            {
                "wrong_early": wrong_after[100],
                "wrong": wrong_after[steps],
                "mistakes": mistakes(network, training.data.test),
                "lines": list(recipe.predict(network, ("53", "46"))),
            }
        )
        kind = "exact" if not wrong_after[steps] else "inexact"
        curves.setdefault(kind, [float(f"{loss:.4g}") for loss in training.losses])
    return {
        "exact_early": sum(run["wrong_early"] == 0 for run in runs),
        "exact": sum(run["wrong"] == 0 for run in runs),
        "runs": runs,
        "curves": curves,  # of the first of either kind
    }


def mistakes(network, pairs):
    """Where a network is wrong: ``"1+1+carry": fraction of such bits``, for what it gets wrong at all."""
    from symrnn.models.binary_adder import encoded

    xs, targets = encoded(pairs)
    ones = xs.sum(axis=2)
    carry = abs(targets - ones % 2)
    wrong = (network("y", xs) > 0.5) != (targets > 0.5)
    found = {}
    for count in (0, 1, 2):
        for carried in (0, 1):
            where = (ones == count) & (carry == carried)
            name = ["0+0", "1+0", "1+1"][count] + ("+carry" if carried else "")
            if wrong[where].any():
                found[name] = float(wrong[where].mean())
    return found


def gradient(samples):
    """The largest difference between the gradient and central differences, of all parameters."""
    import numpy as np
    import pytensor

    from symrnn.models.binary_adder import BinaryAdder

    recipe = BinaryAdder(batch_size=samples)
    graph = recipe.graph()
    arrays = recipe.batch(recipe.data(), 0)
    outputs = [graph.loss, *pytensor.grad(graph.loss, graph.params)]
    function = pytensor.function(graph.inputs, outputs, mode="FAST_COMPILE")
    _, *grads = function(*arrays)
    differences = []
    for param, grad in zip(graph.params, grads, strict=True):
        value = param.get_value()
        for place in np.ndindex(value.shape):
            losses = []
            for sign in (1, -1):
                moved = value.copy()
                moved[place] += sign * 1e-5
                param.set_value(moved)
                losses.append(float(function(*arrays)[0]))
            differences.append(abs((losses[0] - losses[1]) / 2e-5 - float(grad[place])))
            param.set_value(value)
    return {"largest_difference": max(differences), "parameters": len(differences)}


def by_hand(batch_size):
    """A training step beside the same one in JAX by hand; float64."""
    import jax
    from by_hand.beside import beside, by_hand_step
    from by_hand.binary_adder import initial, update

    from symrnn.models.binary_adder import BinaryAdder

    jax.config.update("jax_enable_x64", True)  # PyTensor does so in its JAX mode alone
    recipe = BinaryAdder(batch_size=batch_size)
    arrays = recipe.batch(recipe.data(), 0)
    start = initial([param.get_value() for param in recipe.graph().params])
    hand = by_hand_step(lambda state: update(state, *arrays), start, lambda state: state[0])
    return beside(recipe, arrays, hand)


def figure(records):
    from symrnn.study.figures import bars
    from symrnn.study.quantities import select

    charts = [
        cost_curve(each.values["curves"]) for each in select(records, task="train", status="ok")
    ]
    compiled = select(records, task="compile", state="cold")
    if compiled:
        style = {"x": "mode", "hue": "form"}
        charts += [bars(compiled, y=y, **style) for y in ("total_s", "after.components")]
    return charts


def cost_curve(losses):
    """The loss of the first network that adds exactly and of the first that does not."""
    from symrnn.study.figures import curves

    shown = {f"{kind} adder": (range(1, len(each) + 1), each) for kind, each in losses.items()}
    return curves(shown, x="step", y="loss (nats a bit)", logarithmic=True, heading="Cost curve")


def answer(records):
    """Who learns to add, where the others fail, whether the gradient is right, and what the forms cost."""
    from symrnn.study.against_hand import step_against_hand
    from symrnn.study.quantities import select

    runs = select(records, task="train", status="ok")
    parts = [trained(record) for record in runs] + [addition(runs)]
    parts += [checked(record) for record in select(records, task="gradient", status="ok")]
    parts += [step_against_hand(records), forms(records)]
    return "\n\n".join(filter(None, parts)) or "Nothing finished."


def trained(record):
    """How many networks of one size add exactly, and where the others do not."""
    from symrnn.study.amounts import listing

    case, values = record.case, record.values
    text = (
        f"With {case['hidden_size']} states, {values['exact_early']} of {case['seeds']} networks add 1000 unseen pairs"
        f" exactly after the tutorial's 100 steps, {values['exact']} after {case['steps']}."
    )
    failed = [run["mistakes"] for run in values["runs"] if run["wrong"]]
    if not failed:
        return text
    single = sum(len(each) == 1 for each in failed)
    places = listing(sorted({place for each in failed for place in each}))
    return (
        f"{text} The other {len(failed)} say wrong bits where they meet {places}; {single} of them err in one such"
        " situation and in no other."
    )


def addition(runs):
    """An addition by the first network that is exact, as the tutorial prints it."""
    for record in runs:
        for run in record.values["runs"]:
            if not run["wrong"]:
                return "\n".join(f"    {line}" for line in run["lines"])
    return ""


def checked(record):
    """The gradient check."""
    largest = record.values["largest_difference"]
    verdict = "below" if largest < 1e-7 else "NOT below"
    return (
        f"The gradient of all {record.values['parameters']} parameters differs from central differences by at most"
        f" {largest:.1e} ({verdict} 1e-7)."
    )


def forms(records):
    """Each form against odd/even, as a table."""
    from symrnn.study.table import ratio_table

    quantities = ["total_s", "step_s", "after.scans", "after.components", "after.nodes"]
    return ratio_table(records, "form", ODD_EVEN, quantities, state="cold", task="compile")
