"""Do bidirectional layers tell the shape of the word that a character stands in, and what do the layers cost?

Lines of the standard library's documentation, of different lengths in one batch, masked beyond their ends. Expected:
nearly every character right, where the character alone tells about four in five; two scans a layer, forward and
backward, and no more for the mask; the naive form of Nesterov's momentum doubles the components; a step takes at most
as long as in JAX by hand. Ten minutes on 2 cores, three with --quick.
"""

from symrnn.study.experiment import grid

ODD_EVEN, NAIVE = "nesterov_odd_even", "nesterov_naive_clone"
T, B = 80, 32

cases = grid(depth=[1, 2, 4], form=[ODD_EVEN, NAIVE])
quick = grid(depth=[2], form=[ODD_EVEN, NAIVE])
modes = ["JAX"]
time_limit_s = 3600
quick_time_limit_s = 600
reference = {"form": ODD_EVEN}
needs = ["symrnn.models.tagger", "symrnn.training.loop"]
columns = ["accuracy", "of_the_commonest_tag", "of_the_commonest_tag_of_the_character", "train_s", "total_s",
           "step_s", "after.nodes", "after.inner_nodes", "after.scans", "after.components",
           "by_hand_step_s", "ratio", "largest_difference"]  # fmt: skip
tasks = {
    "train": {
        "cases": grid(depth=[1, 2], steps=[800]),
        "quick": grid(depth=[1], steps=[200]),
        "modes": ["JAX"],
    },
    "by_hand": {
        "cases": grid(depth=[1, 2]),
        "quick": grid(depth=[2]),
        "modes": ["NATIVE", "JAX", "NUMBA"],
        "quick_modes": ["NATIVE", "JAX"],
    },
}


def flags(**case):
    return "floatX=float32"


def build(depth, form):
    from symrnn.models.tagger import tagger

    return tagger(depth=depth, steps=T, batch=B)


def functions(graph, depth, form):
    """A step of `form`: one function, or two for odd/even."""
    import symrnn.updates
    from symrnn.measure.stages import step_functions

    updates = getattr(symrnn.updates, form)(graph.loss, graph.params, 0.1, 0.9)
    return step_functions(graph, *(updates if form == ODD_EVEN else [updates]))


def batch(depth, form):
    """Lines of 10 to 80 random characters."""
    import numpy as np

    rng = np.random.default_rng(0)
    mask = np.arange(T)[:, None] < rng.integers(10, T + 1, B)
    symbols, tags = (rng.integers(0, most, (T, B)).astype("int32") for most in (97, 8))
    return [symbols, mask, tags]


def train(depth, steps):
    """The accuracies after training, and its seconds."""
    import pytensor

    from symrnn.models.tagger import Tagger
    from symrnn.training.loop import Training

    recipe = Tagger(depth=depth, steps=steps)
    training = Training(recipe, recipe.data(), mode=pytensor.config.mode)
    seconds = [step.seconds for step in training]
    readings = recipe.test(training.network(), training.data)
    curve = training.losses[:: max(steps // 50, 1)]
    named = {name.replace(" ", "_"): value for name, value in readings.items()}
    return named | {"train_s": sum(seconds[1:]), "losses": curve}


def by_hand(depth):
    """A training step beside the same one in JAX by hand."""
    import jax
    from by_hand import text
    from by_hand.beside import beside, by_hand_step

    from symrnn.models.tagger import Tagger

    recipe = Tagger(depth=depth, schedule="constant")
    arrays = batch(depth, ODD_EVEN)
    rates = {name: getattr(recipe, name) for name in ("learning_rate", "weight_decay", "max_norm")}

    @jax.jit
    def update(state):
        loss, grads = jax.value_and_grad(text.tagger_loss)(state[1], *arrays)
        return loss, text.adamw(state, grads, **rates)

    start = text.initial([p.get_value() for p in recipe.graph().params])
    return beside(recipe, arrays, by_hand_step(update, start, lambda state: state[1]))


def figure(records):
    from symrnn.study.figures import bars, lines
    from symrnn.study.quantities import select

    losses = [point for record in select(records, task="train", status="ok") for point in points(record)]  # fmt: skip
    compiled = select(records, task="compile")
    charts = [lines(losses, x="step", y="loss", hue="depth")] if losses else []
    if compiled:
        charts.append(bars(compiled, x="depth", y="after.components", hue="form"))
    return charts or [bars(records, x="depth", y="step_s", hue="mode")]


def points(record):
    """One record for each loss on the way."""
    from dataclasses import replace

    losses = record.values["losses"]
    every = max(record.case["steps"] // 50, 1)
    for i, loss in enumerate(losses):
        case = {"depth": record.case["depth"], "step": i * every + 1}
        yield replace(record, case=case, values={"loss": loss})


def answer(records):
    """Accuracy beside the baselines, sizes by depth and form, and JAX by hand."""
    from symrnn.study.against_hand import step_against_hand

    told = [accuracy(records), forms(records), step_against_hand(records)]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def accuracy(records):
    from symrnn.study.quantities import select

    return "\n\n".join(
        f"Depth {r.case['depth']}, after {r.case['steps']} batches ({r.values['train_s']:.0f} s):"
        f" {100 * r.values['accuracy']:.2f} % of the held-out characters have the right tag, where"
        f" the commonest tag of the character is right for"
        f" {100 * r.values['of_the_commonest_tag_of_the_character']:.1f} %, and the commonest of all"
        f" for {100 * r.values['of_the_commonest_tag']:.1f} %."
        for r in select(records, task="train", status="ok")
    )


def forms(records):
    """The naive form against odd/even, and scans a layer."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio, select

    found = {
        name: ratio(records, f"after.{name}", {"form": NAIVE}, {"form": ODD_EVEN})
        for name in ("components", "inner_nodes")
    }
    if not all(found.values()):
        return ""
    scans = {
        r.case["depth"]: r.values["after"]["scans"]
        for r in select(records, task="compile", form=ODD_EVEN, status="ok")
    }
    listed = ", ".join(f"{count} at depth {depth}" for depth, count in sorted(scans.items()))
    return (
        f"Scans of a training step, odd/even: {listed}. The naive form of Nesterov's momentum has"
        f" {times(found['components'])} the components and {times(found['inner_nodes'])} the nodes in scans."
    )
