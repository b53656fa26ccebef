"""Does a temporal convolutional network read digits pixel by pixel better than recurrent ones of its size?

Expected: yes. Bai et al. (2018) report for MNIST as 784 single pixels 99.0 % with a TCN, 96.2 %
with a GRU and 87.2 % with an LSTM, about 70 000 parameters each. Here an image has 64 pixels and a
network 16 000 parameters, so all should come closer. The graph grows with the logarithm of the
number of steps that the last one must see. About an hour on 2 cores, five minutes with --quick.
"""

from symrnn.study.experiment import grid

ODD_EVEN, NAIVE = "nesterov_odd_even", "nesterov_naive_clone"
HIDDEN = {"tcn": 24, "gru": 70, "lstm": 61}  # 16 000 parameters
PUBLISHED = {"tcn": 0.99, "gru": 0.962, "lstm": 0.872}  # on MNIST
EPOCH = 22  # batches of 64 in 1437 digits
TRAINED = 150  # epochs after which an accuracy says something about a network

cases = grid(steps=[8, 16, 64, 256], form=[ODD_EVEN, NAIVE])
quick = grid(steps=[8, 64], form=[ODD_EVEN])
modes = ["JAX"]
rounds = 3
quick_rounds = 1
time_limit_s = 1800
quick_time_limit_s = 300
reference = {"form": ODD_EVEN}
columns = ["depth", "accuracy", "parameters", "step_s", "total_s",
           "before.nodes", "after.nodes"]  # fmt: skip
needs = ["symrnn.models.digit_rows", "symrnn.training.loop", "sklearn.model_selection"]
tasks = {
    "train": {
        "cases": grid(network=[*HIDDEN], seed=[0, 1, 2], epochs=[TRAINED]),
        "quick": grid(network=["tcn"], seed=[0], epochs=[10]),
        "modes": ["JAX"],
    },
    "any_time": {
        "cases": grid(network=["tcn", "gru"], epochs=[TRAINED]),
        "quick": grid(network=["gru"], epochs=[5]),
        "modes": ["JAX"],
    },
}

RATE, MOMENTUM = 0.02, 0.9
BATCH, CHANNELS = 16, 8


def flags(**case):
    return "floatX=float32"


def build(steps, form):
    from symrnn.models.digit_networks import digit_network

    return digit_network("tcn", steps=steps, pixels=1, batch=BATCH, hidden_size=CHANNELS)


def functions(graph, steps, form):
    """A step of `form`: one function, or two for odd/even."""
    import symrnn.updates
    from symrnn.measure.stages import step_functions

    updates = getattr(symrnn.updates, form)(graph.loss, graph.params, RATE, MOMENTUM)
    return step_functions(graph, *(updates if form == ODD_EVEN else [updates]))


def batch(steps, form):
    from symrnn.measure.target import example

    return [example(variable) for variable in build(steps, form).inputs]


def train(network, seed, epochs):
    """Train a network that answers after the last pixel."""
    found, training = readings(network, epochs, seed=seed)
    return {
        "accuracy": found[-1],
        "parameters": sum(param.get_value().size for param in training.graph.params),
        "last_loss": sum(training.losses[-EPOCH:]) / EPOCH,
    }


def any_time(network, epochs):
    """Train a network that answers after every pixel."""
    found, _ = readings(network, epochs, answers="all")
    return {"accuracy": found[-1], "accuracy_by_pixel": found}


def readings(network, epochs, **options):
    """The share of held-out digits read right at each answer, and the training."""
    from symrnn.models.digit_rows import DigitReader
    from symrnn.training.loop import Training

    recipe = DigitReader(
        network=network,
        hidden_size=HIDDEN[network],
        read_by="pixel",
        steps=epochs * EPOCH,
        **options,
    )
    data = recipe.data()
    training = Training(recipe, data, mode="JAX")
    for _ in training:
        pass
    _, (xs, labels) = data
    found = recipe.read(training.network(), xs)  # (answers, B)
    return (found == labels).mean(axis=1).tolist(), training


def figure(records):
    from symrnn.study.figures import bars, curves, lines
    from symrnn.study.quantities import select

    charts = []
    if any_time := select(records, task="any_time", status="ok"):
        curve = {r.case["network"]: by_pixel(r) for r in any_time}
        charts.append(curves(curve, x="pixels read", y="held-out digits read right"))
    if trained := select(records, task="train"):
        charts.append(bars(trained, x="seed", y="accuracy", hue="network"))
    if compiled := select(records, task="compile"):
        charts.append(lines(compiled, x="steps", y="after.nodes", hue="form", logarithmic=False))
    return charts


def by_pixel(record):
    """``(pixels read, accuracies)``."""
    found = record.values["accuracy_by_pixel"]
    return range(1, 1 + len(found)), found


def answer(records):
    """Who reads best, how early, and what the graph costs."""
    told = [accuracy(records), *early(records), growth(records), forms(records)]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def trained(records, task):
    """The finished records of a task that were trained in full, and a sentence on the others."""
    from symrnn.study.amounts import listing
    from symrnn.study.quantities import select

    done = select(records, task=task, status="ok")
    short = [record for record in done if record.case["epochs"] < TRAINED]
    if not short:
        return done, ""
    told = [
        f"`{r.case['network']}` reads {100 * r.values['accuracy']:.1f} % after {r.case['epochs']}"
        for r in short
    ]
    how = "asked after every pixel" if task == "any_time" else "asked at the end"
    said = f"Too short to say who reads best, which takes {TRAINED} epochs: {listing(told)}, {how}."
    return [record for record in done if record not in short], said


def accuracy(records):
    """The accuracies beside those published for MNIST."""
    from symrnn.study.amounts import listing
    from symrnn.study.quantities import spread_of

    enough, short = trained(records, "train")
    found = {name: spread_of(enough, "accuracy", network=name) for name in HIDDEN}
    told = [
        f"`{name}` {100 * each.median:.1f} % ({100 * each.low:.1f} to {100 * each.high:.1f};"
        f" published for MNIST: {100 * PUBLISHED[name]:.1f} %)"
        for name, each in found.items()
        if each
    ]
    best = f"Held-out digits read right, pixel by pixel: {listing(told)}." if told else ""
    return " ".join(filter(None, [best, short]))


def early(records):
    """After how many pixels a network that answers at each is nearly as good as at the end."""
    enough, short = trained(records, "any_time")
    for record in enough:
        found = record.values["accuracy_by_pixel"]
        first = next(i for i, share in enumerate(found) if share >= found[-1] - 0.05)
        yield (
            f"`{record.case['network']}`, asked after every pixel, reads {100 * found[-1]:.1f} %"
            f" after the last, and comes within 5 % of that after {first + 1} of {len(found)}."
        )
    yield short


def growth(records):
    """Nodes over the number of steps."""
    from symrnn.study.amounts import listing
    from symrnn.study.quantities import reading, select, values_of

    compiled = select(records, task="compile", form=ODD_EVEN)
    nodes = {
        steps: reading(select(compiled, steps=steps)[0], "after.nodes")
        for steps in values_of(compiled, "steps")
    }
    told = [f"{count} for {steps}" for steps, count in nodes.items() if count]
    return f"Nodes by the steps that the last one must see: {listing(told)}." if told else ""


def forms(records):
    """The naive form against odd/even."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio

    quantities = {"after.nodes": "the nodes", "total_s": "the time to the first step"}
    found = {
        words: ratio(records, each, {"form": NAIVE}, {"form": ODD_EVEN})
        for each, words in quantities.items()
    }
    told = [f"{times(each)} {words}" for words, each in found.items() if each]
    return f"The naive form of Nesterov's momentum has {' and '.join(told)} of odd/even." * bool(
        told
    )
