"""Does a character model learn more from the standard library's documentation than an order-5 n-gram counts?

Both read the same 1.8 million characters and are asked for the bits of each character in whole documents that
neither has seen. Expected: the n-gram, smoothed by Kneser and Ney, is hard to beat on a text that repeats itself, and
is overtaken in the second or third pass. The state that is carried from batch to batch adds no scan; the naive form
of Nesterov's momentum doubles the components; a step takes at most as long as in JAX by hand. About half an hour on
2 cores; with --quick a small network, which answers all but the first question.
"""

from symrnn.study.experiment import grid

ODD_EVEN, NAIVE = "nesterov_odd_even", "nesterov_naive_clone"
SIZES = {"hidden_size": 256, "embedding_size": 64}
SMALL = {"hidden_size": 64, "embedding_size": 32}
T, B = 64, 32
READINGS = 9

cases = grid(depth=[1, 2], form=[ODD_EVEN, NAIVE])
quick = grid(depth=[1], form=[ODD_EVEN, NAIVE])
modes = ["JAX"]
time_limit_s = 7200
quick_time_limit_s = 600
reference = {"form": ODD_EVEN}
needs = ["symrnn.models.character_model", "symrnn.training.loop"]
columns = ["bits", "train_s", "characters", "total_s", "step_s", "after.nodes", "after.inner_nodes",
           "after.scans", "after.components", "by_hand_step_s", "ratio", "largest_difference"]  # fmt: skip
tasks = {
    "train": {
        "cases": grid(hidden_size=[256], steps=[2700]),
        "quick": grid(hidden_size=[64], steps=[300]),
        "modes": ["JAX"],
    },
    "count": {
        "cases": grid(order=[3, 4, 5, 6, 8]),
        "quick": grid(order=[5]),
        "modes": ["FAST_COMPILE"],
    },
    "by_hand": {
        "cases": grid(hidden_size=[64, 256]),
        "quick": grid(hidden_size=[64]),
        "modes": ["NATIVE", "JAX", "NUMBA"],
        "quick_modes": ["NATIVE", "JAX"],
    },
}


def flags(**case):
    return "floatX=float32"


def build(depth, form):
    from symrnn.models.character_model import character_model

    return character_model(depth=depth, **SMALL, steps=T, batch=B)


def functions(graph, depth, form):
    """A step of `form`: one function, or two for odd/even."""
    from pytensor.graph.replace import clone_replace

    import symrnn.updates
    from symrnn.measure.stages import step_functions
    from symrnn.updates import even_values

    updates = getattr(symrnn.updates, form)(graph.loss, graph.params, 0.3, 0.9)
    if form == ODD_EVEN:
        jump, correct = updates
        return step_functions(graph, jump, {**correct, **graph.carried})
    even = dict(zip(graph.params, even_values(graph.params, updates), strict=True))
    carried = {state: clone_replace(value, even) for state, value in graph.carried.items()}
    return step_functions(graph, {**updates, **carried})


def batch(depth, form):
    import numpy as np

    symbols = np.random.default_rng(0).integers(0, 97, (T + 1, B)).astype("int32")
    return [symbols[:-1], symbols[1:]]


def train(hidden_size, steps):
    """Held-out bits on the way, the seconds of training alone, and at the end those of the test."""
    import pytensor

    from symrnn.models.character_model import CharacterModel, bits_per_character
    from symrnn.training.loop import Training
    from symrnn.training.network import Network

    recipe, mode = CharacterModel(hidden_size=hidden_size, steps=steps), pytensor.config.mode
    data = recipe.data()
    training, network = Training(recipe, data, mode=mode), Network(recipe.graph(), mode=mode)
    seconds, curve = 0.0, []
    for step in training:
        seconds += step.seconds if step.number > 1 else 0.0  # the first compiles
        if step.number % (steps // READINGS) == 0:
            network.set_values(training.values())
            bits = bits_per_character(network, data.validation, recipe.length)
            curve.append({"steps": step.number, "train_s": seconds, "validation_bits": bits})
    return {
        "curve": curve,
        "train_s": seconds,
        "characters": steps * recipe.length * recipe.batch_size,
        "text_characters": data.train.targets.size,
        "bits": bits_per_character(network, data.test, recipe.length),
    }


def count(order):
    """Bits of the n-gram model on the same characters."""
    from symrnn.data.text import SYMBOLS
    from symrnn.models.character_model import CharacterModel
    from symrnn.models.ngram import KneserNey

    data = CharacterModel().data()
    model = KneserNey.fit(data.train.text, order, SYMBOLS)
    return {
        name: float(model.bits(held_out.text)[1:].mean())
        for name, held_out in (("bits", data.test), ("validation_bits", data.validation))
    }


def by_hand(hidden_size):
    """A training step beside the same one in JAX by hand."""
    import jax
    from by_hand import text
    from by_hand.beside import beside, by_hand_step

    from symrnn.models.character_model import CharacterModel

    recipe = CharacterModel(hidden_size=hidden_size, schedule="constant")
    arrays, graph = batch(1, ODD_EVEN), recipe.graph()
    rates = {name: getattr(recipe, name) for name in ("learning_rate", "weight_decay", "max_norm")}

    @jax.jit
    def update(now):
        state, carried = now
        gradient = jax.value_and_grad(text.character_loss, has_aux=True)
        (loss, carried), grads = gradient(state[1], *arrays, carried)
        return loss, (text.adamw(state, grads, **rates), carried)

    [carried] = graph.carried
    start = text.initial([p.get_value() for p in graph.params]), carried.get_value()
    return beside(recipe, arrays, by_hand_step(update, start, lambda now: now[0][1]))


def figure(records):
    from symrnn.study.figures import bars, lines
    from symrnn.study.quantities import select

    drawn = list(curves(select(records, task=["train", "count"], status="ok")))
    compiled = select(records, task="compile")
    charts = [lines(drawn, x="million characters read", y="bits", hue="model")] if drawn else []
    if compiled:
        charts.append(bars(compiled, x="depth", y="after.components", hue="form"))
    return charts or [bars(records, x="hidden_size", y="step_s", hue="mode")]


def curves(records):
    """One record a point: the network's bits on the way, and the n-grams', which stay."""
    passed = [
        (point["steps"] * T * B / 1e6, point["validation_bits"], record)
        for record in records
        if record.task == "train"
        for point in record.values["curve"]
    ]
    for read, bits, record in passed:
        model = f"LSTM of {record.case['hidden_size']}"
        yield point_of(record, model, read, bits)
    ends = [passed[0][0], passed[-1][0]] if passed else [0]
    for record in records:
        if record.task == "count":
            model = f"order-{record.case['order']} n-gram"
            for read in ends:
                yield point_of(record, model, read, record.values["validation_bits"])


def point_of(record, model, read, bits):
    from dataclasses import replace

    return replace(
        record, case={"model": model, "million characters read": read}, values={"bits": bits}
    )


def answer(records):
    """The network against the n-grams, the forms' sizes, and JAX by hand."""
    from symrnn.study.against_hand import step_against_hand

    told = [against_counting(records), forms(records), step_against_hand(records)]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def against_counting(records):
    """Bits on the test documents, and when the network passed the n-gram on the validation documents."""
    from symrnn.study.quantities import select

    trained = select(records, task="train", status="ok")
    counted = {r.case["order"]: r.values for r in select(records, task="count", status="ok")}
    if not trained or 5 not in counted:
        return ""
    return "\n\n".join(against_order_5(record, counted) for record in trained)


def against_order_5(record, counted):
    values, five = record.values, counted[5]
    best = min(counted, key=lambda order: counted[order]["bits"])
    bound = five["validation_bits"]
    passed = [p["steps"] * T * B / 1e6 for p in values["curve"] if p["validation_bits"] < bound]
    when = f"It passed the n-gram within {passed[0]:.1f} million." if passed else ""
    return (
        f"The LSTM of {record.case['hidden_size']} needs {values['bits']:.3f} bits a character after"
        f" {values['characters'] / 1e6:.1f} million characters"
        f" ({values['characters'] / values['text_characters']:.1f} passes, {values['train_s']:.0f} s),"
        f" {'below' if values['bits'] < five['bits'] else 'NOT below'} the {five['bits']:.3f} of the"
        f" order-5 n-gram; the best n-gram tried, of order {best}, needs {counted[best]['bits']:.3f}."
        f" {when}"
    ).strip()


def forms(records):
    """The naive form against odd/even."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio

    found = {
        name: ratio(records, f"after.{name}", {"form": NAIVE}, {"form": ODD_EVEN})
        for name in ("components", "inner_nodes")
    }
    if not all(found.values()):
        return ""
    return (
        f"The naive form of Nesterov's momentum has {times(found['components'])} the components of"
        f" odd/even and {times(found['inner_nodes'])} the nodes in scans."
    )
