"""Does decoupled decay beat L2, does AMSGrad help, and does one cycle need fewer epochs?

AdamW, Adam and AMSGrad with L2 in the loss, and Nesterov's momentum (odd/even, with L2), each at a constant rate and
in one cycle, train an LSTM over the rows of handwritten digits, and a small character model on a little text. For
each, learning rate and decay are the best of eight on a validation set, with a seed of its own; then five seeds are
tested on held-out data. Rates, decay and the cycle's length are shared variables: each case compiles once.
Expected: small differences between the three Adams, a clear gain of the cycle. About an hour on 2 cores.
"""

from symrnn.study.experiment import grid

RULES = ["adamw", "adam", "amsgrad", "nesterov_momentum"]
SCHEDULES = ["constant", "one_cycle"]
NETWORKS = ["digit_rows", "character_model"]
EPOCHS = {"digit_rows": 16, "character_model": 3}
LOSES = {"digit_rows": "% of digits wrong", "character_model": "bits a character"}

tasks = {
    "train": {
        "cases": grid(network=NETWORKS, rule=RULES, schedule=SCHEDULES, seeds=[5]),
        "quick": grid(network=["digit_rows"], rule=RULES[:2], schedule=SCHEDULES, seeds=[2]),
        "modes": ["JAX"],
    }
}
time_limit_s = 3600
needs = ["symrnn.models.character_model", "symrnn.models.digit_stack", "symrnn.training.rules"]
columns = ["lost", "seconds_s"]

TUNING_SEED = 100
PARTS = (1.0, 0.5)  # of the epochs, that a cycle may take
DECAYS = {"adamw": (0.03, 0.3)}
L2 = (1e-4, 1e-3)
RATES = {
    ("digit_rows", "nesterov_momentum"): (0.1, 0.3, 1.0, 3.0),
    ("character_model", "nesterov_momentum"): (0.1, 0.3, 1.0, 3.0),
}
ADAMS_RATES = (0.003, 0.01, 0.03, 0.1)


def flags(**case):
    return "floatX=float32"


def train(network, rule, schedule, seeds):
    """The chosen rate and decay, and what `seeds` runs with them lose on held-out data, lower being better."""
    from time import perf_counter

    begin = perf_counter()
    problem = {"digit_rows": digits, "character_model": characters}[network]()
    run = runs(problem, rule, schedule)
    tried = [
        {"learning_rate": rate, "weight_decay": decay}
        | {"validated": run(TUNING_SEED, rate, decay, EPOCHS[network])[-1][0]}
        for rate in RATES.get((network, rule), ADAMS_RATES)
        for decay in DECAYS.get(rule, L2)
    ]
    best = min(tried, key=lambda one: one["validated"])
    rates = best["learning_rate"], best["weight_decay"]
    curves, tested = [], {}
    for part in PARTS if schedule == "one_cycle" else (1.0,):
        epochs = round(part * EPOCHS[network])
        found = [run(seed, *rates, epochs) for seed in range(seeds)]
        tested[str(epochs)] = [curve[-1][1] for curve in found]
        curves = curves or [[test for _, test in curve] for curve in found]
    seconds = perf_counter() - begin
    lost = tested[str(EPOCHS[network])]
    found = {"best": best, "tried": tried, "curves": curves, "tested": tested, "lost": lost}
    return found | {"seconds_s": seconds}


def runs(problem, rule, schedule):
    """``run(seed, rate, decay, epochs)``: ``(validated, tested)`` after each epoch, with one compiled function."""
    import numpy as np
    import pytensor

    from symrnn.training.rules import rule_updates
    from symrnn.updates import odd_values

    graph = problem.graph
    rate, decay, length = (pytensor.shared(np.float32(1)) for _ in range(3))
    options = {"weight_decay": decay, "max_norm": 1.0, "schedule": schedule, "steps": length}
    updates = rule_updates(rule, graph.loss, graph.params, learning_rate=rate, **options)
    odd = odd_values(graph.params, updates) if rule == "nesterov_momentum" else graph.params
    step = pytensor.function(graph.inputs, graph.loss, updates={**updates, **graph.carried})
    values = pytensor.function([], list(odd))
    fresh = {state: state.get_value() for state in {**updates, **graph.carried}}

    def run(seed, learning_rate, weight_decay, epochs):
        steps = epochs * problem.steps
        for state, value in fresh.items():
            state.set_value(value)
        for param, value in zip(graph.params, problem.start(seed), strict=True):
            param.set_value(value)
        for shared, value in ((rate, learning_rate), (decay, weight_decay), (length, steps)):
            shared.set_value(np.float32(value))
        curve = []
        for number in range(steps):
            step(*problem.batch(seed, number))
            if (number + 1) % problem.steps == 0:
                curve.append(problem.losses(values()))
        return curve

    return run


def digits():
    """LSTMs over the rows, both ways; a fifth of the images to train on is for validation."""
    from types import SimpleNamespace

    from symrnn.models.digit_stack import ROWS, DigitStack, digit_stack, load_digit_rows
    from symrnn.training.network import Network
    from symrnn.training.recipe import epoch_batch

    size, network = 64, {"cell": "lstm", "depth": 1, "hidden_size": 32}
    (xs, labels), test = load_digit_rows(dtype="float32")
    count = len(labels) * 4 // 5
    validation = xs[:, count:], labels[count:]
    reader = Network(digit_stack(**network), mode="JAX")

    def wrong(values, held_out):
        reader.set_values(values)
        images, truth = held_out
        return float(100 * (reader("logits", images).argmax(axis=1) != truth).mean())

    def batch(seed, number):
        chosen = epoch_batch(count, size, number, seed)
        return xs[:, chosen], labels[chosen]

    return SimpleNamespace(
        graph=digit_stack(**network, steps=ROWS, batch=size),
        steps=count // size,
        start=lambda seed: [p.get_value() for p in DigitStack.create(**network, seed=seed).params],
        batch=batch,
        losses=lambda values: (wrong(values, validation), wrong(values, test)),
    )


def characters():
    """A small LSTM layer over a twentieth of the text, tested on twenty windows of each held-out part."""
    from types import SimpleNamespace

    from symrnn.models.character_model import (
        CharacterModel,
        CharacterNetwork,
        bits_per_character,
        character_model,
    )
    from symrnn.training.network import Network

    recipe = CharacterModel(length=32, batch_size=32)
    data, network = recipe.data(), {"hidden_size": 32, "embedding_size": 16}
    steps = len(data.train.characters) // recipe.length // 20
    reader = Network(character_model(**network, batch=recipe.batch_size), mode="JAX")

    def bits(values, held_out):
        reader.set_values(values)
        some = type(held_out)(*(part[: 20 * recipe.length] for part in held_out))
        return bits_per_character(reader, some, recipe.length)

    def start(seed):
        return [p.get_value() for p in CharacterNetwork.create(**network, seed=seed).params]

    return SimpleNamespace(
        graph=character_model(**network, steps=recipe.length, batch=recipe.batch_size),
        steps=steps,
        start=start,
        batch=lambda seed, number: recipe.batch(data, number % steps),
        losses=lambda values: (bits(values, data.validation), bits(values, data.test)),
    )


def figure(records):
    """Held-out losses over the epochs, medians over the seeds, one chart a network."""
    from symrnn.study.figures import lines
    from symrnn.study.quantities import select, values_of

    trained = select(records, task="train", status="ok")
    return [
        lines(
            [point for record in select(trained, network=network) for point in points(record)],
            x="epoch",
            y=LOSES[network],
            hue="rule",
            panel="schedule",
        )
        for network in values_of(trained, "network")
    ]


def points(record):
    """One record for each seed and epoch of the longest runs."""
    from dataclasses import replace

    for seed, curve in enumerate(record.values["curves"]):
        for epoch, lost in enumerate(curve, start=1):
            case = {name: record.case[name] for name in ("network", "rule", "schedule")}
            values = {LOSES[record.case["network"]]: lost}
            yield replace(record, case={**case, "epoch": epoch, "seed": seed}, values=values)


def answer(records):
    """The three questions, network by network."""
    from symrnn.study.quantities import select, values_of

    trained = select(records, task="train", status="ok")
    told = [story(select(trained, network=name), name) for name in values_of(trained, "network")]
    return "\n\n".join(told) or "Nothing has finished yet."


def story(records, network):
    """What came out for one network."""
    found = {(r.case["rule"], r.case["schedule"]): r.values["tested"] for r in records}
    epochs = max((budget for tested in found.values() for budget in tested), key=int)
    told = [
        f"`{network}`, {LOSES[network]} on held-out data after {epochs} epochs, median and range of"
        " the seeds."
    ]
    for question, one, other in (
        ("Decoupled decay against L2", "adamw", "adam"),
        ("AMSGrad against Adam", "amsgrad", "adam"),
    ):
        for schedule in SCHEDULES:
            if (one, schedule) in found and (other, schedule) in found:
                pair = [found[rule, schedule][epochs] for rule in (one, other)]
                told.append(f"{question}, {schedule}: {compared(*pair)}.")
    for rule in RULES:
        told += cycles(rule, found.get((rule, "constant")), found.get((rule, "one_cycle")), epochs)
    return "\n".join(f"- {line}" if i else f"{line}\n" for i, line in enumerate(told))


def cycles(rule, constant, cycle, epochs):
    """A cycle of as many epochs, and of half as many, against a constant rate."""
    if not constant or not cycle:
        return
    for budget in sorted(cycle, key=int, reverse=True):
        yield (
            f"`{rule}`, one cycle of {budget} epochs against a constant rate for {epochs}:"
            f" {compared(cycle[budget], constant[epochs])}."
        )


def compared(ours, theirs):
    """Two lists of losses in words; a difference counts where the ranges do not meet.

    >>> compared([1.0, 2.0, 1.5], [4.0, 3.0, 5.0])
    '1.5 (1 to 2) against 4 (3 to 5), better'
    """
    from statistics import median

    from symrnn.study.amounts import number

    def told(losses):
        return f"{number(median(losses))} ({number(min(losses))} to {number(max(losses))})"

    apart = "better" if max(ours) < min(theirs) else "worse" if min(ours) > max(theirs) else None
    leaning = "lower" if median(ours) < median(theirs) else "higher"
    verdict = apart or f"no clear difference, the median {leaning}"
    return f"{told(ours)} against {told(theirs)}, {verdict}"
