"""What is each part of AWD-LSTM worth, and do it and a QRNN beat a plain LSTM and a Kneser-Ney 5-gram on little text?

A tenth of the standard library's documentation, 43 thousand words, of which 2000 are known, is read 16 or 24 times in
one cycle, by an LSTM with everything of AWD-LSTM, a plain one, a QRNN, and without one part of AWD-LSTM after
another, three seeds each. Rates and shares of dropout were chosen on the validation text by seed 0, in eight epochs;
what is told is the test text. Where SYMRNN_WIKITEXT names a folder with WikiText-2's validation and test texts, these
are joined, and cut anew to train on the first four fifths, eight times. The cycle is set beside constant rates and
NT-ASGD, in eight epochs.

Expected: AWD-LSTM below a plain LSTM of its size, the QRNN within 5 % of it at less time a step, both below the 5-gram.
The masks add no scan; the naive form of Nesterov's momentum holds every scan twice. Half an hour of one core; two
minutes with --quick.
"""

from symrnn.study.experiment import grid

ODD_EVEN, NAIVE, ADAMW = "nesterov_odd_even", "nesterov_naive_clone", "adamw"
NETWORKS = ["awd_lstm", "qrnn"]
SIZES = {
    "library": {"vocabulary": 2000, "hidden_size": 96, "embedding_size": 48, "share": 0.1},
    "wikitext": {"vocabulary": 3000, "hidden_size": 96, "embedding_size": 48},
}
FOLDER = "SYMRNN_WIKITEXT"  # the variable that names WikiText's
WHOLE, PLAIN, QRNN = "AWD-LSTM", "plain LSTM", "QRNN"
NOTHING = {
    **{"word_dropout": 0.0, "input_dropout": 0.0, "layer_dropout": 0.0, "output_dropout": 0.0},
    **{"weight_dropout": 0.0, "ar": 0.0, "tar": 0.0},
}
ABLATED = {  # what is left out of AWD-LSTM
    "without weight drop": {"weight_dropout": 0.0},
    "without dropout of input and between layers": {"input_dropout": 0.0, "layer_dropout": 0.0},
    "without output dropout": {"output_dropout": 0.0},
    "without dropout of words": {"word_dropout": 0.0},
    "without AR and TAR": {"ar": 0.0, "tar": 0.0},
    "without tied embeddings": {"tied": False},
}
VARIANTS = {WHOLE: {}, **ABLATED, PLAIN: NOTHING, QRNN: {}}
RATES = {PLAIN: 0.005, QRNN: 0.01}  # on the validation text, of seed 0
RATE = 0.02  # of AWD-LSTM and what is left of it; the best of .01 and .02
SCHEDULES = {
    "one_cycle": {},
    "constant .005": {"schedule": "constant", "learning_rate": 0.005},
    "constant .002": {"schedule": "constant", "learning_rate": 0.002},
    "nt_asgd": {
        **{"rule": "nt_asgd", "schedule": "constant", "learning_rate": 10.0},
        **{"weight_decay": 1.2e-6, "validate_every": 63},
    },
}
USUAL = {  # epochs of the networks that are set side by side, of 16 and 24 those with the better validation text
    "library": {WHOLE: 16, QRNN: 24, PLAIN: 16},
    "wikitext": {WHOLE: 8, QRNN: 8, PLAIN: 8},
}
WITHOUT = 24  # of AWD-LSTM without one of its parts, and with all
EPOCHS, SHORT = 8, 4  # of the cycle beside other schedules, and of a shorter one
SEEDS = {"library": [0, 1, 2], "wikitext": [0]}
CACHES = [(sharpness, weight) for sharpness in (0.3, 1.0, 3.0) for weight in (0.05, 0.1, 0.2)]
WITHIN = 1.05  # of AWD-LSTM's perplexity, for the QRNN

cases = grid(network=NETWORKS, form=[ODD_EVEN, NAIVE, ADAMW])
quick = grid(network=["awd_lstm"], form=[ODD_EVEN, NAIVE, ADAMW])
modes = ["NATIVE"]
rounds = 3
quick_rounds = 1
time_limit_s = 3600
quick_time_limit_s = 600
reference = {"form": ODD_EVEN}
columns = ["test", "validation", "cached", "total_s", "step_s", "after.nodes", "after.inner_nodes",
           "after.scans", "after.components", "by_hand_step_s", "ratio", "largest_difference"]  # fmt: skip
needs = ["symrnn.models.awd_lstm", "symrnn.training.loop"]
refusals = (f"{FOLDER} must name",)


def trainings(text, variants, schedules, epochs, seeds):
    """Cases of the task "train"."""
    return grid(text=[text], variant=variants, schedule=schedules, epochs=[epochs], seed=seeds)


tasks = {
    "train": {
        "cases": [
            *(case for text in USUAL for name, epochs in USUAL[text].items()
              for case in trainings(text, [name], ["one_cycle"], epochs, SEEDS[text])),
            *trainings("library", [WHOLE, *ABLATED, PLAIN], ["one_cycle"], WITHOUT, SEEDS["library"]),
            *trainings("library", [WHOLE], [*SCHEDULES], EPOCHS, [0]),
            *trainings("library", [WHOLE], ["one_cycle"], SHORT, [0]),
        ],
        "quick": trainings("library", [WHOLE, PLAIN], ["one_cycle"], 1, [0]),
        "modes": ["NATIVE"],
        "rounds": 1,
    },
    "count": {"cases": grid(text=[*SIZES], order=[3, 5]), "quick": grid(text=["library"], order=[5]),
              "modes": ["NATIVE"], "rounds": 1},
    "by_hand": {"cases": grid(network=NETWORKS), "quick": grid(network=["awd_lstm"]),
                "modes": ["NATIVE"], "rounds": 1},
    "jax_by_hand": {"cases": grid(network=NETWORKS), "quick": grid(network=["awd_lstm"]),
                    "modes": ["JAX"], "rounds": 3, "quick_rounds": 1},
}  # fmt: skip


def flags(**case):
    return "floatX=float32"


def recipe_for(network, **options):
    """A recipe that a step is measured of, with batches of one length."""
    from symrnn.models import recipe_class

    plain = {"schedule": "constant", "random_lengths": False}
    sizes = {"vocabulary": 5000, "hidden_size": 200, "embedding_size": 100}
    return recipe_class(network)(**sizes | plain | options)


def batch_of(recipe):
    """A batch of words that are drawn."""
    import numpy as np

    rng = np.random.default_rng(0)
    words = rng.integers(0, recipe.vocabulary, (recipe.length + 1, recipe.batch_size), "int32")
    return [words[:-1], words[1:], *recipe.masks(words[:-1], rng)]


def build(network, form):
    return recipe_for(network).graph()


def functions(graph, network, form):
    """A step of `form`: one function, or two for odd/even."""
    from pytensor.graph.replace import clone_replace

    import symrnn.updates
    from symrnn.measure.stages import step_functions
    from symrnn.updates import even_values

    if form == ADAMW:
        return step_functions(graph, recipe_for(network).updates(graph))
    updates = getattr(symrnn.updates, form)(graph.loss, graph.params, 0.3, 0.9)
    if form == ODD_EVEN:
        jump, correct = updates
        return step_functions(graph, jump, {**correct, **graph.carried})
    even = dict(zip(graph.params, even_values(graph.params, updates), strict=True))
    carried = {state: clone_replace(value, even) for state, value in graph.carried.items()}
    return step_functions(graph, {**updates, **carried})


def batch(network, form):
    return batch_of(recipe_for(network))


def path_of(text):
    """Where a text is; None for what is embedded."""
    import os
    from pathlib import Path

    from symrnn.errors import UserError

    if text == "library":
        return None
    if not (folder := os.environ.get(FOLDER)):
        raise UserError(f"{FOLDER} must name a folder with WikiText-2's texts, but is not set")
    return Path(folder)


def train(text, variant, schedule, epochs, seed):
    """Perplexities of the validation text, epoch by epoch, and of the test text, with a cache and without."""
    from time import process_time

    import pytensor

    from symrnn.models import recipe_class
    from symrnn.models.word_reading import best_cache, perplexity
    from symrnn.training.loop import Training
    from symrnn.training.network import Network

    cls = recipe_class("qrnn" if variant == QRNN else "awd_lstm")
    rate = {"learning_rate": RATES.get(variant, RATE)}
    options = SIZES[text] | VARIANTS[variant] | rate | SCHEDULES[schedule]
    recipe = cls(**options, seed=seed)
    data = recipe.data(path_of(text))
    words = len(data.parts["train"])
    per_epoch = round(words / recipe.batch_size / recipe.mean_length)
    recipe = cls(**options, seed=seed, steps=epochs * per_epoch)
    begin, mode = process_time(), pytensor.config.mode
    training, network = Training(recipe, data, mode=mode), Network(recipe.graph(), mode=mode)
    curve, lasted = [], 0.0
    for step in training:
        if step.number % per_epoch == 0:
            network.set_values(training.values())
            lasted = process_time() - begin
            curve.append(perplexity(recipe.reading(network, data.parts["validation"]).nats))
    read = {name: recipe.reading(network, data.parts[name]) for name in ("validation", "test")}
    return {
        "curve": curve,
        "train_cpu_s": lasted,
        "words": words,
        "validation": curve[-1],
        "test": perplexity(read["test"].nats),
        **best_cache(read["validation"], read["test"], CACHES, window=recipe.cache),
    }


def count(text, order):
    """Perplexities of an n-gram model of the same words."""
    import numpy as np

    from symrnn.models.awd_lstm import AWDLSTM
    from symrnn.models.ngram import KneserNey
    from symrnn.models.word_reading import perplexity

    data = AWDLSTM(**SIZES[text]).data(path_of(text))
    model = KneserNey.fit(data.parts["train"], order, SIZES[text]["vocabulary"])
    return {
        name: perplexity(model.bits(data.parts[name]) * np.log(2))
        for name in ("validation", "test")
    }


def by_hand(network):
    """A training step beside the same one in JAX by hand."""
    from by_hand.beside import beside, by_hand_step
    from by_hand.words import loss_of, sgd_step

    # Adam's first step is the sign of each gradient, of which some are zero but for rounding.
    recipe = recipe_for(network, rule="sgd", weight_decay=0.0, learning_rate=1.0)
    arrays, graph = batch_of(recipe), recipe.graph()
    step = sgd_step(loss_of(network, recipe), recipe.learning_rate, recipe.max_norm)
    [states] = graph.carried
    start = [param.get_value() for param in graph.params], states.get_value()
    hand = by_hand_step(lambda now: step(now, *arrays), start, lambda now: now[0])
    return beside(recipe, arrays, hand)


def jax_by_hand(network):
    """Seconds from the making of a step to the end of the first one, as a JAX user writes it."""
    from by_hand.words import first_step, loss_of

    recipe = recipe_for(network)
    return first_step(loss_of(network, recipe), recipe, batch_of(recipe))


def figure(records):
    from symrnn.study.figures import bars, curves
    from symrnn.study.quantities import select

    charts = []
    for text in SIZES:
        shown = {
            label(r.case): ([*range(1, len(r.values["curve"]) + 1)], r.values["curve"])
            for r in select(records, task="train", status="ok", text=text, seed=0)
            if r.case["variant"] in (WHOLE, PLAIN, QRNN)
        }
        if shown:
            charts.append(curves(shown, x="epoch", y="perplexity", logarithmic=True, heading=text))
    others = [("compile", "network", "after.components", "form"), ("compile", "network", "total_s", "form"),
              ("by_hand", "network", "ratio", "mode"), ("count", "text", "test", "order"),
              ("jax_by_hand", "network", "total_s", "mode")]  # fmt: skip
    for task, x, y, hue in others:
        if found := select(records, task=task):
            charts.append(bars(found, x=x, y=y, hue=hue))
    return charts or [bars(records, x="text", y="test", hue="variant")]


def label(case):
    """What a line of the picture is called."""
    if case["schedule"] != "one_cycle":
        return f"{case['variant']}, {case['schedule']}"
    usual = USUAL[case["text"]][case["variant"]]
    return case["variant"] + f", {case['epochs']} epochs" * (case["epochs"] != usual)


def answer(records):
    """Perplexities beside what was to be reached, what each part is worth, and what it costs."""
    from symrnn.study.against_hand import cold_starts, naive_against_odd_even, step_against_hand

    told = [
        *(perplexities(records, text) for text in SIZES),
        ablation(records),
        cycle(records),
        of_steps(records),
        naive_against_odd_even(records, {"form": NAIVE}, {"form": ODD_EVEN}),
        cold_starts(records, ADAMW, network=NETWORKS),
        step_against_hand(records),
    ]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def found_of(records, **where):
    """The values of the trainings of a case, one a seed."""
    from symrnn.study.quantities import select

    return [record.values for record in select(records, task="train", status="ok", **where)]


def middle(found, name="test"):
    """The median over seeds."""
    from statistics import median

    return median(each[name] for each in found)


def perplexities(records, text):
    """AWD-LSTM, QRNN, a plain LSTM and the n-gram on one text."""
    from symrnn.study.quantities import select

    where = {"text": text, "schedule": "one_cycle"}
    found = {
        name: found_of(records, variant=name, epochs=USUAL[text][name], **where)
        for name in (WHOLE, QRNN, PLAIN)
    }
    five = select(records, task="count", status="ok", text=text, order=5)
    counted = [record.values["test"] for record in five]
    if not all(found.values()) or not counted:
        return ""
    whole, qrnn, plain = (middle(each) for each in found.values())
    verdicts = [
        f"AWD-LSTM is {'below' if whole < plain else 'NOT below'} a plain LSTM of its size",
        f"the QRNN is {'within' if qrnn < WITHIN * whole else 'NOT within'} 5 % of it ({qrnn / whole:.3f} times)",
        "AWD-LSTM is {}, the QRNN {} the 5-gram".format(
            *("below" if each < counted[0] else "NOT below" for each in (whole, qrnn))
        ),
    ]
    seeds = len(found[WHOLE])
    epochs = " or ".join(map(str, sorted(set(USUAL[text].values()))))
    cached = ", ".join(
        f"{name} {middle(found[name], 'cached'):.1f}" for name in (WHOLE, QRNN, PLAIN)
    )
    return (
        f"Test text of `{text}` in one cycle of {epochs} epochs"
        f" ({'medians of ' + str(seeds) + ' seeds' if seeds > 1 else 'one seed'}): AWD-LSTM {whole:.1f}, QRNN"
        f" {qrnn:.1f}, plain LSTM {plain:.1f}, Kneser-Ney 5-gram {counted[0]:.1f}. {'; '.join(verdicts)}."
        f" With a cache that was chosen on the validation text: {cached}."
    )


def ablation(records):
    """What each part is worth: against the whole of the same seeds."""
    from statistics import median

    from symrnn.study.quantities import select

    where = {"text": "library", "schedule": "one_cycle", "epochs": WITHOUT}
    tests = {
        name: {
            record.case["seed"]: record.values["test"]
            for record in select(records, task="train", status="ok", variant=name, **where)
        }
        for name in (WHOLE, *ABLATED, PLAIN)
    }
    rows = []
    for name, found in tests.items():
        if seeds := sorted(set(found) & set(tests[WHOLE])):
            typical = median(found[seed] for seed in seeds)
            worth = median(found[seed] / tests[WHOLE][seed] for seed in seeds)
            rows.append(f"| {name} | {len(seeds)} | {typical:.1f} | {100 * (worth - 1):+.1f} % |")
    head = f"What each part of AWD-LSTM is worth, test text of `library` after {WITHOUT} epochs, medians of seeds:"
    table = "| network | seeds | perplexity | against the whole, seed by seed |\n|---|---|---|---|"
    return "\n".join([head, "", table, *rows]) * (len(rows) > 1)


def cycle(records):
    """Epochs of a constant rate, and of NT-ASGD, to what the cycle reaches."""
    where = {"text": "library", "variant": WHOLE, "seed": 0}
    told = []
    for epochs in (SHORT, EPOCHS):
        found = found_of(records, schedule="one_cycle", epochs=epochs, **where)
        if not found:
            continue
        bound = found[0]["validation"]
        for name in [*SCHEDULES][1:]:
            for other in found_of(records, schedule=name, **where):
                passed = [i for i, value in enumerate(other["curve"], 1) if value <= bound]
                when = (
                    f"in epoch {passed[0]}"
                    if passed
                    else (f"not in {len(other['curve'])} (least {min(other['curve']):.1f})")
                )
                told.append(f"- {epochs} epochs in one cycle reach {bound:.1f}; {name} does {when}")
    return "\n".join(
        ["Epochs to equal perplexity of the validation text, AWD-LSTM:", "", *told]
    ) * bool(told)


def of_steps(records):
    """CPU seconds of a step of the QRNN against AWD-LSTM's."""
    from statistics import median

    from symrnn.study.amounts import duration
    from symrnn.study.quantities import select

    timed = select(records, task="by_hand", status="ok")
    awd, qrnn = (
        [median(r.values["step_cpu_s"]) for r in timed if r.case["network"] == name]
        for name in NETWORKS
    )
    if not (awd and qrnn):
        return ""
    return (
        f"A training step of the QRNN takes {qrnn[-1] / awd[-1]:.2f} times the CPU seconds of AWD-LSTM's"
        f" ({duration(qrnn[-1])} and {duration(awd[-1])})."
    )
