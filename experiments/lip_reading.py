"""How well are sentences read from lips of strangers, and how badly when the camera shakes and frames are lost?

LipNet at a size that trains in a quarter of an hour of one core, on rendered speakers (`symrnn.data.talking_mouths`)
and GRID's grammar, tested on rendered speakers that were not trained on: read off letter by letter, and as the
likeliest of GRID's sentences. With SYMRNN_LIPS, a checkpoint of ``symrnn train lip_reading``, that network is tested,
and none is trained. On real faces all of this says nothing: that takes the corpus.

Expected: an error rate of letters below 5 %, and of words below 10 % with the grammar; worse with every pixel of jitter
and every lost frame. The naive form of Nesterov's momentum holds every scan twice, CTC's two among them. A step takes
at most as long as in JAX by hand. Twenty minutes on 2 cores, three with --quick.
"""

from symrnn.study.experiment import grid

ODD_EVEN, NAIVE, ADAMW = "nesterov_odd_even", "nesterov_naive_clone", "adamw"
LETTERS_GOAL, WORDS_GOAL = 0.05, 0.10
JITTERS = [0.0, 1.0, 2.0, 3.0, 4.0]
LOSSES = [0.0, 0.1, 0.2, 0.3, 0.4]  # shares of the frames
BATCH = 12
RATE, DECAY = 0.005, 0.01  # of AdamW beside JAX

cases = grid(form=[ODD_EVEN, NAIVE, ADAMW])
quick = grid(form=[ODD_EVEN, NAIVE, ADAMW])
modes = ["NATIVE"]
rounds = 3
quick_rounds = 1
time_limit_s = 3600
quick_time_limit_s = 600
reference = {"form": ODD_EVEN}
columns = ["cer", "wer", "cer_read_off", "wer_read_off", "total_s", "step_s", "after.nodes",
           "after.inner_nodes", "after.scans", "after.components", "by_hand_step_s", "ratio",
           "largest_difference"]  # fmt: skip
needs = ["symrnn.models.lip_reading", "symrnn.training.loop"]
tasks = {
    "reading": {
        "cases": grid(steps=[2200], tested=[100]),
        "quick": grid(steps=[40], tested=[20]),
        "modes": ["NATIVE"],
    },
    "by_hand": {
        "cases": grid(batch_size=[BATCH]),
        "quick": grid(batch_size=[BATCH]),
        "modes": ["NATIVE"],
    },
    "jax_by_hand": {
        "cases": grid(batch_size=[BATCH]),
        "quick": grid(batch_size=[BATCH]),
        "modes": ["JAX"],
        "rounds": 3,
        "quick_rounds": 1,
    },
}


def flags(**case):
    return "floatX=float32"


def build(form):
    from symrnn.models.lip_network import lip_network

    return lip_network(batch=BATCH)


def functions(graph, form):
    """A step of `form`: one function, or two for odd/even."""
    import symrnn.updates
    from symrnn.measure.stages import step_functions

    rule = getattr(symrnn.updates, form)
    if form == ADAMW:
        return step_functions(graph, rule(graph.loss, graph.params, RATE, weight_decay=DECAY))
    updates = rule(graph.loss, graph.params, 0.01, 0.9)
    return step_functions(graph, *(updates if form == ODD_EVEN else [updates]))


def batch(form):
    return arrays_of(recipe_for(BATCH))


def recipe_for(batch_size, **options):
    """The recipe that a step is measured of."""
    from symrnn.models.lip_reading import LipReader

    plain = {"schedule": "constant", "max_norm": 0.0, "learning_rate": RATE}
    return LipReader(batch_size=batch_size, **(plain | options))


def arrays_of(recipe):
    """The first batch."""
    return recipe.batch(recipe.data(), 0)


def reading(steps, tested):
    """Error rates on strangers, as trained on and with ever more jitter and lost frames."""
    recipe, network, losses = trained(steps)
    readings = {}
    for name, levels in (("jitter", JITTERS), ("dropped", LOSSES)):
        readings[name] = [rates(recipe, network, tested, **{name: level}) for level in levels]
    as_trained = readings["dropped"][0]
    every = max(len(losses) // 50, 1)
    return {
        "steps": len(losses),
        **{name: value for name, value in as_trained.items() if name != "level"},
        "readings": readings,
        "losses": [float(loss) for loss in losses[::every]],
        "every": every,
    }


def trained(steps):
    """A recipe, its network, and the losses on the way."""
    import os

    import pytensor

    from symrnn.models.lip_reading import LipReader
    from symrnn.training.checkpoint import load_checkpoint, recipe_of
    from symrnn.training.loop import Training
    from symrnn.training.network import Network

    mode = pytensor.config.mode
    if path := os.environ.get("SYMRNN_LIPS"):
        found = load_checkpoint(path)
        recipe = recipe_of(found, LipReader)
        values = [array for _, array in found.values]
        return recipe, Network(recipe.graph(), values, mode=mode), found.losses
    recipe = LipReader(steps=steps)
    training = Training(recipe, recipe.data(), mode=mode)
    for _ in training:
        pass
    return recipe, training.network(), training.losses


def rates(recipe, network, tested, **noise):
    """The error rates at one level of noise."""
    from dataclasses import replace

    noisy = replace(recipe, tested=tested, **noise)
    found = noisy.test(network, noisy.data())
    [level] = noise.values()
    return {
        "level": level,
        "cer": found["CER by the grammar"],
        "wer": found["WER by the grammar"],
        "cer_read_off": found["CER read off"],
        "wer_read_off": found["WER read off"],
    }


def by_hand(batch_size):
    """A training step beside the same one in JAX by hand."""
    from by_hand.beside import by_hand_step, our_step
    from by_hand.lip_network import loss_of, sgd_step

    from symrnn.bench.in_turns import against_hand

    # Adam's first step is the sign of each gradient, of which some are zero but for rounding.
    recipe = recipe_for(batch_size, rule="sgd", weight_decay=0.0)
    arrays = arrays_of(recipe)
    step = sgd_step(loss_of(recipe), RATE)
    start = [param.get_value() for param in recipe.graph().params]
    hand = by_hand_step(lambda params: step(params, *arrays), start, lambda params: params)
    # A call takes a good part of a second: few of them are enough.
    return against_hand(hand, our_step(recipe, arrays), rounds=3, calls=1)


def jax_by_hand(batch_size):
    """Seconds from the making of a step to the end of the first one, as a JAX user writes it."""
    from by_hand.beside import first_adamw_step
    from by_hand.lip_network import loss_of

    recipe = recipe_for(batch_size)
    arrays = arrays_of(recipe)
    return first_adamw_step(loss_of(recipe), recipe, arrays)


def figure(records):
    from symrnn.study.figures import bars, curves
    from symrnn.study.quantities import select

    charts = []
    for record in select(records, task="reading", status="ok")[-1:]:
        charts += [noise_chart(record, name) for name in ("jitter", "dropped")]
        losses, every = record.values["losses"], record.values["every"]
        steps = [1 + every * i for i in range(len(losses))]
        shown = {"training": (steps, losses)}
        charts.append(curves(shown, x="step", y="nats a letter", heading="Loss while training"))
    if compiled := select(records, task="compile"):
        charts += [
            bars(compiled, x="form", y=y, hue="mode") for y in ("after.components", "total_s")
        ]
    if timed := select(records, task="by_hand"):
        charts.append(bars(timed, x="mode", y="ratio", hue="batch_size"))
    if started := select(records, task="jax_by_hand"):
        charts.append(bars(started, x="mode", y="total_s", hue="batch_size"))
    return charts


def noise_chart(record, name):
    """Error rates over the levels of one noise."""
    from symrnn.study.figures import curves

    found = record.values["readings"][name]
    levels = [each["level"] for each in found]
    labels = {
        "wer": "words, by the grammar",
        "wer_read_off": "words, read off",
        "cer_read_off": "letters, read off",
    }
    shown = {label: (levels, [each[key] for each in found]) for key, label in labels.items()}
    x = "jitter, hundredths of a crop" if name == "jitter" else "share of the frames that are lost"
    return curves(shown, x=x, y="error rate", heading=f"Strangers' sentences by {name}")


def answer(records):
    """How well strangers are read, what noise costs, what the naive form costs, and how far JAX by hand is."""
    from symrnn.study.against_hand import cold_start, naive_against_odd_even, step_against_hand

    told = [
        strangers(records),
        noise(records),
        naive_against_odd_even(records, {"form": NAIVE}, {"form": ODD_EVEN}),
        cold_start(records, ADAMW),
        step_against_hand(records),
    ]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def percent(share):
    """A share in per cent, one digit behind the point."""
    return f"{100 * share:.1f} %"


def strangers(records):
    """Error rates without further noise, beside the goals."""
    from symrnn.study.quantities import select

    told = []
    for record in select(records, task="reading", status="ok"):
        values = record.values
        is_met = values["cer_read_off"] < LETTERS_GOAL and values["wer"] < WORDS_GOAL
        told.append(
            f"After {values['steps']} steps, {record.case['tested']} clips of rendered speakers that were not trained"
            f" on: {percent(values['cer_read_off'])} of the letters and {percent(values['wer_read_off'])} of the words"
            f" are wrong read off, {percent(values['cer'])} and {percent(values['wer'])} by GRID's grammar;"
            f" {'below' if is_met else 'NOT below'} 5 % of the letters read off and 10 % of the words by the grammar."
        )
    return "\n".join(told)


def noise(records):
    """Words that are wrong, level by level."""
    from symrnn.study.quantities import select

    told = []
    for record in select(records, task="reading", status="ok")[-1:]:
        for name, found in record.values["readings"].items():
            levels = ", ".join(
                f"{each['level']:g}: {percent(each['wer'])} ({percent(each['wer_read_off'])})"
                for each in found
            )
            told.append(f"- {name} {levels}")
    head = "Words that are wrong by the grammar (read off in brackets); trained at jitter 1 and no losses:"
    return "\n".join([head, "", *told]) * bool(told)
