"""Does a small recurrent network forecast airline passengers better than last year's number does?

The series is that of Box and Jenkins, 144 months; the last 24 are held out and never fitted. The network reads last
month's count and the month; it forecasts a month ahead, with the months before it known, and 24 months ahead, with its
own forecasts in their place. The naive forecast is the count of twelve months before, or that of the last year known.
Its size, weight decay and steps are chosen by the errors in the two years before those held out. Expected: less than
half the naive error. About an hour on 2 cores, two minutes with --quick.
"""

from symrnn.study.experiment import grid

CHECKED = (300, 1000, 3000)  # steps that are chosen from

FLOOR, ODD_EVEN = "sgd", "nesterov_odd_even"
NAIVE = ["nesterov_naive_clone", "nesterov_naive_rebuild", "nesterov_naive_per_parameter"]
FORMS = [FLOOR, "nesterov_momentum", ODD_EVEN, *NAIVE]

cases = grid(form=FORMS, written=["layer", "hand"])
quick = grid(form=[FLOOR, ODD_EVEN, "nesterov_naive_clone"], written=["layer"])
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
    "outputs",
    "gradients",
    "parameters",
    "largest_difference",
    "by_hand_step_s",
    "ratio",
    *(f"relative_error_{steps}" for steps in CHECKED),
]
needs = ["symrnn.models.airline_passengers", "symrnn.training.loop"]
tasks = {
    "choose": {
        "cases": grid(hidden_size=[4, 8], weight_decay=[0.001, 0.01, 0.03]),
        "quick": grid(hidden_size=[4], weight_decay=[0.01]),
        "modes": ["JAX"],
    },
    "forecasts": {"cases": grid(seeds=[20]), "quick": grid(seeds=[3]), "modes": ["JAX"]},
    "agreement": {"cases": grid(steps=[100]), "quick": grid(steps=[100]), "modes": ["JAX"]},
    "by_hand": {
        "cases": grid(months=[120]),
        "quick": grid(months=[120]),
        "modes": ["NATIVE", "JAX", "NUMBA"],
        "quick_modes": ["NATIVE", "JAX"],
        "rounds": 3,
        "quick_rounds": 1,
    },
}

RATE, MOMENTUM, DECAY = 0.02, 0.9, 0.01
MONTHS = 120  # to train on
NETWORK_SEEDS = 3  # that the choice is made on
CHOSEN = (4, DECAY, 1000)  # states, weight decay and steps of the recipe: good whatever the steps


def build(form, written):
    from symrnn.models.airline_passengers import airline_passengers

    return airline_passengers(months=MONTHS, weight_decay=DECAY, written=written)


def functions(graph, form, written):
    from symrnn.measure.stages import step_functions

    return step_functions(graph, *updates_of(graph, form, written))


def updates_of(graph, form, written):
    """The update dictionaries of one step, to be called in turn."""
    import symrnn.updates
    from symrnn.models.airline_passengers import airline_passengers_loss

    rule = getattr(symrnn.updates, form)
    if form == FLOOR:
        return [rule(graph.loss, graph.params, RATE)]
    loss = graph.loss
    if form == "nesterov_naive_rebuild":

        def loss(even):
            return airline_passengers_loss(even, graph, written=written, weight_decay=DECAY)

    updates = rule(loss, graph.params, RATE, MOMENTUM)
    return updates if form == ODD_EVEN else [updates]


def batch(form, written):
    from symrnn.models.airline_passengers import AirlinePassengers

    recipe = AirlinePassengers()
    return recipe.batch(recipe.data(), 0)


def choose(hidden_size, weight_decay):
    """Errors in the last two of the years to train on, held out here, after some steps: means over seeds."""
    import pytensor

    from symrnn.models.airline_passengers import AirlinePassengers
    from symrnn.training.loop import Training

    recipes = [
        AirlinePassengers(
            hidden_size=hidden_size, weight_decay=weight_decay, seed=seed, steps=CHECKED[-1]
        )
        for seed in range(NETWORK_SEEDS)
    ]
    series = recipes[0].data()
    years = series._replace(counts=series.counts[: -recipes[0].test_months])
    training = Training(recipes[0], years, mode=pytensor.config.mode)
    network = training.network()
    found = {steps: [] for steps in CHECKED}
    for recipe in recipes:
        training.restart(recipe, years)
        for step in training:
            if step.number in found:
                network.set_values(training.values())
                month, naive, ahead, last_year = recipe.test(network, years).values()
                found[step.number].append((month / naive + ahead / last_year) / 2)
    return {f"relative_error_{steps}": sum(each) / len(each) for steps, each in found.items()}


def forecasts(seeds):
    """The errors in the last two years from some seeds, and the curves of the first."""
    import pytensor

    from symrnn.models.airline_passengers import AirlinePassengers, fit, forecast
    from symrnn.training.loop import Training

    recipes = [AirlinePassengers(seed=seed) for seed in range(seeds)]
    series, held_out = recipes[0].data(), recipes[0].test_months
    training = Training(recipes[0], series, mode=pytensor.config.mode)
    network = training.network()
    start, curves, errors = len(series.counts) - held_out, {}, []
    for recipe in recipes:
        training.restart(recipe, series)
        list(training)
        network.set_values(training.values())
        errors.append(recipe.test(network, series))
        curves = curves or {
            "passengers": series.counts.tolist(),
            "fit": fit(network, series).tolist(),
            "forecast": forecast(network, series, start, held_out).tolist(),
            "losses": training.losses,
        }
    readings = {name: sorted(each[name] for each in errors) for name in errors[0]}
    return {"errors": list(readings.items()), "first_year": series.first / 12, **curves}


def agreement(steps):
    """Largest differences between the layer and the network by hand: outputs, gradients, trained parameters."""
    import numpy as np
    import pytensor

    from symrnn.models.airline_passengers import AirlinePassengers, airline_passengers
    from symrnn.updates import nesterov_momentum

    recipe = AirlinePassengers()
    arrays = recipe.batch(recipe.data(), 0)
    found = []
    for written in ("layer", "hand"):
        graph = airline_passengers(months=MONTHS, weight_decay=DECAY, written=written)
        grads = pytensor.grad(graph.loss, graph.params)
        updates = nesterov_momentum(grads, graph.params, RATE, MOMENTUM)
        outputs = [graph.outputs["growth"], *grads]
        function = pytensor.function(graph.inputs, outputs, updates=updates, mode="JAX")
        said, *gradient = function(*arrays)
        for _ in range(steps - 1):
            function(*arrays)
        found.append([[said], gradient, [param.get_value() for param in graph.params]])
    names = ("outputs", "gradients", "parameters")
    return {
        name: max(float(np.abs(np.asarray(a) - b).max()) for a, b in zip(*pair, strict=True))
        for name, pair in zip(names, zip(*found, strict=True), strict=True)
    }


def by_hand(months):
    """A training step on all `months` that are fitted, beside the same one in JAX by hand; float64."""
    import jax
    from by_hand.airline_passengers import initial, update
    from by_hand.beside import beside, by_hand_step

    from symrnn.models.airline_passengers import AirlinePassengers

    jax.config.update("jax_enable_x64", True)  # PyTensor does so in its JAX mode alone
    recipe = AirlinePassengers()
    arrays = recipe.batch(recipe.data(), 0)
    start = initial([param.get_value() for param in recipe.graph().params])
    hand = by_hand_step(lambda state: update(state, *arrays), start, lambda state: state[0])
    return beside(recipe, arrays, hand)


def figure(records):
    from symrnn.study.figures import bars, curves
    from symrnn.study.quantities import select

    charts = []
    for record in select(records, task="forecasts", status="ok"):
        charts += [
            curves(
                over_years(record.values), x="year", y="thousands", heading="Airline passengers"
            ),
            curves(
                {"training": (range(1, 1 + len(record.values["losses"])), record.values["losses"])},
                x="step",
                y="loss",
                logarithmic=True,
            ),
        ]
    compiled = select(records, task="compile", state="cold")
    if compiled:
        style = {"x": "mode", "hue": "form", "panel": "written"}
        charts += [bars(compiled, y=y, **style) for y in ("total_s", "after.components")]
    return charts


def over_years(values):
    """The series, the fit and the forecast, each over its years."""
    counts, fitted, ahead = (values[name] for name in ("passengers", "fit", "forecast"))
    years = [values["first_year"] + month / 12 for month in range(len(counts))]
    start = len(counts) - len(ahead)
    return {
        "passengers": (years, counts),
        "fit, a month ahead": (years[1:start], fitted[: start - 1]),
        "forecast, a month ahead": (years[start:], fitted[start - 1 :]),
        f"forecast from {values['first_year'] + start / 12:.0f} on": (years[start:], ahead),
    }


def answer(records):
    """The errors, the choice, whether hand and layer agree, and what the forms cost."""
    from symrnn.study.against_hand import step_against_hand
    from symrnn.study.quantities import select

    parts = [compared(each.values) for each in select(records, task="forecasts", status="ok")]
    parts += [agreed(each.values) for each in select(records, task="agreement", status="ok")]
    parts += [step_against_hand(records), chosen(records), forms(records)]
    return "\n\n".join(filter(None, parts)) or "Nothing finished."


def compared(values):
    """Root mean squared errors against the naive ones, over the seeds."""
    from statistics import median

    from symrnn.study.amounts import number

    (_, month), (_, naive), (name, ahead), (_, last_year) = values["errors"]
    below = sum(a < b for a, b in zip(month, naive, strict=True))
    below_ahead = sum(a < b for a, b in zip(ahead, last_year, strict=True))
    return (
        f"Root mean squared error in the last {len(values['forecast'])} months, in thousands, over {len(month)} seeds:"
        f" a month ahead {number(median(month))} ({number(month[0])} to {number(month[-1])}), where the count of twelve"
        f" months before gives {number(naive[0])} (below it in {below}); {name.removeprefix('error ')}"
        f" {number(median(ahead))} ({number(ahead[0])} to {number(ahead[-1])}), where the last year known gives"
        f" {number(last_year[0])} (below it in {below_ahead})."
    )


def agreed(values):
    """Hand against layer."""
    return (
        "The network by hand on [x, h] and the library's layer differ by at most"
        f" {values['outputs']:.1e} in outputs, {values['gradients']:.1e} in gradients and"
        f" {values['parameters']:.1e} in trained parameters."
    )


def chosen(records):
    """How the recipe's own options do in the years before those held out, and which do best there."""
    from symrnn.study.amounts import number
    from symrnn.study.quantities import select

    found = {
        (record.case["hidden_size"], record.case["weight_decay"], steps): record.values[
            f"relative_error_{steps}"
        ]
        for record in select(records, task="choose", status="ok")
        for steps in CHECKED
    }
    if CHOSEN not in found:
        return ""
    best = min(found, key=found.get)
    return (
        f"In the two years before, where the choice was made, {in_words(CHOSEN)} have {number(found[CHOSEN])} times the"
        f" naive errors; the least of {len(found)} choices, {number(found[best])}, have {in_words(best)}."
    )


def in_words(choice):
    """States, weight decay and steps in words."""
    hidden_size, weight_decay, steps = choice
    return f"{hidden_size} states, weight decay {weight_decay} and {steps} steps"


def forms(records):
    """Each form against odd/even, as a table."""
    from symrnn.study.table import ratio_table

    quantities = ["total_s", "step_s", "after.scans", "after.components", "after.nodes"]
    return ratio_table(records, "form", ODD_EVEN, quantities, state="cold", task="compile")
