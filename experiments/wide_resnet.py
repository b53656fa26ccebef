"""Does one cycle reach what a stepped rate reaches in half the epochs or fewer, on CIFAR-10's images?

A residual network of one block a group and 8 channels, trained in one cycle of rate and momentum, for as many epochs
and for half as many, and at a rate that falls to a tenth twice: AdamW for 8 epochs, Nesterov's momentum (odd/even) for
16; Adam and AMSGrad with L2 in one cycle of 8. Decay is fastai's for AdamW, and 5e-4 for L2. The rate is the best of
three on the last quarter of the images to train on, with a seed of its own, so that no test image has a part in it;
then three seeds train on all of them and are tested after each epoch, at the end by two and by ten views of each image.
The images are those in the folder that SYMRNN_CIFAR names, drawn shapes without it.

The claims that are beside it: Smith, ResNet-56, 92.4 % in 10,000 steps of a cycle against 91.2 % in 80,000 of a stepped
rate; fastai, WRN-22-6 with AdamW and one cycle on a GPU, 94 % in 30 epochs, in 18 by test-time augmentation; both on
all 50,000 images.

Expected: of a few thousand images and a small network the same order, at half of the accuracy; a step within 1.5 times
of PyTorch's by hand, where torch is installed. Half an hour of one core, a few minutes with --quick.
"""

from symrnn.study.experiment import grid

ODD_EVEN, NAIVE, ADAMW = "nesterov_odd_even", "nesterov_naive_clone", "adamw"
IMAGES, EPOCHS, SEEDS = 4000, 8, 3
QUICK_IMAGES, QUICK_EPOCHS = 640, 2
NETWORK = {"blocks": 1, "channels": 8, "batch_size": 64}
STEP = {"blocks": 3, "batch_size": 64}  # ResNet-20, whose step is measured
RATE, DECAY = 0.005, 0.01  # of AdamW beside JAX, as in by_hand/digit_rows.py
TUNING_SEED = 100
RATES, ADAMS_RATES = {"nesterov_momentum": (0.1, 0.3, 1.0)}, (0.003, 0.01, 0.03)
DECAYS, L2 = {"adamw": 0.1}, 5e-4
CIFAR = "SYMRNN_CIFAR"
PAIRS = [
    {"rule": "adamw", "schedule": "one_cycle"},
    {"rule": "adamw", "schedule": "step_decay"},
    {"rule": "nesterov_momentum", "schedule": "one_cycle", "epochs": 2 * EPOCHS},
    {"rule": "nesterov_momentum", "schedule": "step_decay", "epochs": 2 * EPOCHS},
    {"rule": "adam", "schedule": "one_cycle"},
    {"rule": "amsgrad", "schedule": "one_cycle"},
]

cases = grid(form=[ODD_EVEN, NAIVE, ADAMW])
quick = grid(form=[ODD_EVEN, NAIVE, ADAMW])
modes = ["NATIVE"]
rounds = 3
quick_rounds = 1
time_limit_s = 3600
quick_time_limit_s = 900
reference = {"form": ODD_EVEN}
refusals = ["No module named 'torch'"]
columns = ["accuracy", "by_2_views", "by_10_views", "seconds_s", "total_s", "after.nodes", "after.scans",
           "after.components", "by_hand_step_s", "ratio", "largest_difference"]  # fmt: skip
needs = ["symrnn.models.wide_resnet", "symrnn.training.loop", "symrnn.training.rules"]
tasks = {
    "train": {
        "cases": [{"images": IMAGES, "epochs": EPOCHS, "seeds": SEEDS} | pair for pair in PAIRS],
        "quick": [
            {**pair, "images": QUICK_IMAGES, "epochs": QUICK_EPOCHS, "seeds": 2}
            for pair in PAIRS[:2]
        ],
        "modes": ["NATIVE"],
    },
    "by_hand": {"cases": [STEP], "quick": [STEP], "modes": ["NATIVE"]},
    "by_torch": {"cases": [STEP], "quick": [STEP], "modes": ["NATIVE"]},
    "jax_by_hand": {
        "cases": [STEP],
        "quick": [STEP],
        "modes": ["JAX"],
        "rounds": 3,
        "quick_rounds": 1,
    },
}


def flags(**case):
    return "floatX=float32"


def build(form):
    from symrnn.models.residual_network import residual_network

    return residual_network(STEP["blocks"], batch=STEP["batch_size"])


def functions(graph, form):
    """A step of `form`: one function, or two for odd/even; averages are those of the values that are stepped from."""
    from pytensor.graph.replace import clone_replace

    import symrnn.updates
    from symrnn.measure.stages import step_functions

    rule = getattr(symrnn.updates, form)
    if form == ADAMW:
        updates = rule(graph.loss, graph.params, RATE, weight_decay=DECAY)
        return step_functions(graph, {**updates, **graph.carried})
    updates = rule(graph.loss, graph.params, 0.01, 0.9)
    if form == ODD_EVEN:
        jump, correct = updates
        return step_functions(graph, jump, {**correct, **graph.carried})
    values = symrnn.updates.even_values(graph.params, updates)
    even = dict(zip(graph.params, values, strict=True))
    carried = {state: clone_replace(value, even) for state, value in graph.carried.items()}
    return step_functions(graph, {**updates, **carried})


def batch(form):
    return arrays_of(recipe_for(**STEP))


def recipe_for(**options):
    """The recipe that a step is measured of."""
    from symrnn.models.wide_resnet import ImageClassifier

    plain = {"schedule": "constant", "learning_rate": RATE, "weight_decay": DECAY}
    return ImageClassifier(**(plain | options))


def arrays_of(recipe):
    """The first batch, of drawn shapes."""
    return recipe.batch(recipe.data(), 0)


def train(rule, schedule, images, epochs, seeds):
    """The chosen rate and decay, and how often `seeds` runs with them are right on test images."""
    from time import process_time

    begin = process_time()
    run = Runs(rule, schedule)
    validated = run.images(images, held_out=images // 4)
    decay = DECAYS.get(rule, L2)
    tried = [
        {"learning_rate": rate, "weight_decay": decay}
        | {"validated": run(validated, TUNING_SEED, rate, decay, epochs)[-1]}
        for rate in RATES.get(rule, ADAMS_RATES)
    ]
    best, tested = max(tried, key=lambda one: one["validated"]), run.images(images)
    rates = best["learning_rate"], decay
    curves, views = {str(epochs): []}, []
    for seed in range(seeds):
        curves[str(epochs)].append(run(tested, seed, *rates, epochs))
        views.append([run.right(*tested, count) for count in (2, 10)])
    # A cycle of half the length is its own, not the first half of a longer one.
    if schedule == "one_cycle" and rule in ("adamw", "nesterov_momentum"):
        half = epochs // 2
        curves[str(half)] = [run(tested, seed, *rates, half) for seed in range(seeds)]
    return {
        "best": best,
        "tried": tried,
        "curves": curves,
        "accuracy": [curve[-1] for curve in curves[str(epochs)]],
        "by_2_views": [two for two, _ in views],
        "by_10_views": [ten for _, ten in views],
        "data": "cifar" if folder() else "drawn shapes",
        "tested": len(tested[1].test.labels),
        "seconds_s": process_time() - begin,
    }


def folder():
    """Where CIFAR-10's images are, None for drawn shapes."""
    import os
    from pathlib import Path

    return Path(os.environ[CIFAR]) if os.environ.get(CIFAR) else None


class Runs:
    """Trainings of one rule and schedule."""

    def __init__(self, rule, schedule):
        from symrnn.models.wide_resnet import ImageClassifier
        from symrnn.study.shared_rates import SharedRates

        self.recipe = ImageClassifier(**NETWORK)
        self.rates = SharedRates(self.recipe, rule, schedule)

    def images(self, images, **options):
        """A recipe and its data."""
        from dataclasses import replace

        recipe = replace(self.recipe, images=images if folder() else 0, **options)
        return recipe, recipe.data(folder())

    def __call__(self, given, seed, learning_rate, weight_decay, epochs):
        """The accuracy after each epoch."""
        from dataclasses import replace

        recipe, data = given
        per_epoch = len(data.train.labels) // recipe.batch_size
        given = (learning_rate, weight_decay, epochs * per_epoch)
        steps = self.rates.train(replace(recipe, seed=seed), data, *given)
        return [
            self.right(recipe, data, 1)
            for number, _ in enumerate(steps, 1)
            if number % per_epoch == 0
        ]

    def right(self, recipe, data, views):
        """The share of the test images that are told right."""
        found = recipe.logits(self.rates.network, data.test.images, views).argmax(axis=1)
        return float((found == data.test.labels).mean())


def by_hand(**case):
    """A training step beside the same one in JAX by hand."""
    from by_hand.beside import by_hand_step, our_step
    from by_hand.residual_network import loss_of, sgd_step

    from symrnn.bench.in_turns import against_hand

    # Adam's first step is the sign of each gradient, of which some are zero but for rounding.
    recipe = recipe_for(rule="sgd", **(case | {"weight_decay": 0.0}))
    arrays, graph = arrays_of(recipe), recipe.graph()
    step = sgd_step(loss_of(recipe), RATE)
    start = tuple([v.get_value() for v in each] for each in (graph.params, graph.averages))
    hand = by_hand_step(lambda state: step(state, *arrays), start, lambda state: state[0])
    return against_hand(hand, our_step(recipe, arrays), rounds=3, calls=1)


def by_torch(**case):
    """A training step beside the same one in PyTorch, channels last and one thread."""
    from by_hand.beside import our_step
    from by_hand.residual_network_in_torch import torch_step

    from symrnn.bench.in_turns import against_hand

    recipe = recipe_for(rule="sgd", **(case | {"weight_decay": 0.0}))
    arrays = arrays_of(recipe)
    hand = torch_step(recipe, arrays, RATE)
    return against_hand(hand, our_step(recipe, arrays), rounds=3, calls=1)


def jax_by_hand(**case):
    """Seconds from the making of a step to the end of the first one, as a JAX user writes it."""
    from by_hand.beside import first_adamw_step
    from by_hand.residual_network import plain_loss_of

    recipe = recipe_for(**case)
    return first_adamw_step(plain_loss_of(recipe), recipe, arrays_of(recipe))


def figure(records):
    from symrnn.study.figures import bars, curves
    from symrnn.study.quantities import select

    shown = {}
    for record in select(records, task="train", status="ok"):
        for budget, found in record.values["curves"].items():
            means = [sum(each) / len(each) for each in zip(*found, strict=True)]
            name = f"{record.case['rule']}, {record.case['schedule']}, {budget} epochs"
            shown[name] = (list(range(1, len(means) + 1)), [100 * mean for mean in means])
    labels = {
        "x": "epoch",
        "y": "% right",
        "heading": "Test images told right, means over the seeds",
    }
    charts = [curves(shown, **labels)] if shown else []
    if compiled := select(records, task="compile"):
        charts += [bars(compiled, x="form", y=y, hue="mode") for y in ("after.nodes", "total_s")]
    finished = select(records, status="ok")
    if timed := [each for each in finished if each.task in ("by_hand", "by_torch")]:
        charts.append(bars(timed, x="mode", y="ratio", hue="blocks"))
    if started := select(finished, task="jax_by_hand"):
        charts.append(bars(started, x="mode", y="total_s", hue="blocks"))
    return charts


def answer(records):
    """Whether the cycle is twice as fast, which decay is better, what views bring, and how far others are."""
    from symrnn.study.against_hand import cold_start

    told = [
        cycle_against_steps(records),
        decay(records),
        views(records),
        forms(records),
        cold_start(records, ADAMW),
        steps_beside(records),
    ]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def trained(records):
    """What each rule and schedule came to."""
    from symrnn.study.quantities import select

    found = select(records, task="train", status="ok")
    return {(record.case["rule"], record.case["schedule"]): record.values for record in found}


def percent(shares):
    """Median and range in per cent."""
    from statistics import median

    low, mid, high = (100 * f(shares) for f in (min, median, max))
    return f"{mid:.1f} % ({low:.1f} to {high:.1f})"


def last(found, budget):
    """The accuracies at the end of runs of so many epochs."""
    return [curve[-1] for curve in found["curves"][budget]]


def cycle_against_steps(records):
    """Each rule that was trained both ways."""
    from statistics import median

    results, told = trained(records), []
    for rule in dict.fromkeys(rule for rule, _ in results):
        cycle, steps = (results.get((rule, name)) for name in ("one_cycle", "step_decay"))
        if not cycle or not steps:
            continue
        whole, half = sorted(cycle["curves"], key=int, reverse=True)
        ours, stepped = last(cycle, half), last(steps, whole)
        verdict = "reached" if median(ours) >= median(stepped) else "NOT reached"
        told.append(
            f"- `{rule}`: a stepped rate for {whole} epochs {percent(stepped)}, one cycle of {half} epochs"
            f" {percent(ours)}, of {whole} {percent(last(cycle, whole))}; in half the epochs the stepped rate's"
            f" accuracy is {verdict} by the median."
        )
    some = next(iter(results.values()), None)
    if not told or some is None:
        return ""
    head = (
        f"Test images told right ({some['tested']} of {some['data']}; median and range of"
        f" {len(some['accuracy'])} seeds):"
    )
    return "\n".join([head, "", *told])


def decay(records):
    """AdamW, L2 and AMSGrad in one cycle."""
    results = trained(records)
    names = {"adamw": "decoupled decay", "adam": "L2", "amsgrad": "AMSGrad with L2"}
    names["nesterov_momentum"] = "Nesterov's momentum with L2"
    found = {rule: results[rule, "one_cycle"] for rule in names if (rule, "one_cycle") in results}
    budget = min((max(each["curves"], key=int) for each in found.values()), key=int, default="")
    told = [
        f"{names[rule]} {percent(last(each, budget))} (rate {each['best']['learning_rate']:g},"
        f" decay {each['best']['weight_decay']:g})"
        for rule, each in found.items()
        if budget in each["curves"]
    ]
    return f"In one cycle of {budget} epochs: {', '.join(told)}." if len(told) > 1 else ""


def views(records):
    """What test-time augmentation brings, in points."""
    from statistics import median

    from symrnn.study.amounts import number

    found = trained(records).values()
    told = []
    for key, name in (("by_2_views", "an image and its mirror image"), ("by_10_views", "ten")):
        gains = [
            100 * (more - one)
            for values in found
            for one, more in zip(values["accuracy"], values[key], strict=True)
        ]
        if gains:
            told.append(
                f"{name} bring {number(median(gains))} points ({number(min(gains))} to"
                f" {number(max(gains))}, {len(gains)} runs)"
            )
    return f"Views of a test image, averaged: {'; '.join(told)}." if told else ""


def forms(records):
    """The naive form against odd/even, sizes and seconds."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio

    names = {"after.nodes": "the nodes", "total_s": "the seconds to the first step"}
    found = {name: ratio(records, name, {"form": NAIVE}, {"form": ODD_EVEN}) for name in names}
    told = [f"{times(found[name])} {words}" for name, words in names.items() if found[name]]
    head = "The naive form of Nesterov's momentum has, beside odd/even: "
    return (head + ", ".join(told) + ".") * bool(told)


def steps_beside(records):
    """A step against JAX by hand and against PyTorch."""
    from statistics import median

    from symrnn.bench.spread import spread
    from symrnn.study.against_hand import step_against_hand
    from symrnn.study.amounts import duration, times
    from symrnn.study.quantities import select

    told = [step_against_hand(records)]
    for record in select(records, task="by_torch", status="ok")[-1:]:
        ours, theirs = (median(record.values[name]) for name in ("step_s", "by_hand_step_s"))
        told.append(
            f"Against PyTorch, channels last, one thread: {times(spread(record.values['ratio']))} as long"
            f" ({duration(ours)} and {duration(theirs)}); after the first step, parameters differ by at most"
            f" {record.values['largest_difference']:.1g}."
        )
    return "\n\n".join(filter(None, told))
