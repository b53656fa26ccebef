"""What does the naive form of Nesterov's momentum cost against odd/even?

Expected: odd/even holds the scans and components of sgd, the floor, and costs as much to compile.
The naive forms hold the network a second time: PyTensor packs equal scans into one node, so the
number of Scan nodes stays and their bodies grow. As they were first written, on plain scans with
autodiff, they leave odd/even behind with every layer, and the clone for each parameter is over any
limit after a few. All forms follow one trajectory, to rounding. About three hours on 2 cores, a
minute with --quick.
"""

from symrnn.study.experiment import grid

SGD = "sgd"
ODD_EVEN = "nesterov_odd_even"
NAIVE = ["nesterov_naive_clone", "nesterov_naive_rebuild", "nesterov_naive_per_parameter"]
FORMS = [SGD, "nesterov_momentum", ODD_EVEN, *NAIVE]
PLAIN = "plain_"  # before the name of a form: its scans are differentiated by autodiff
DEEP = [
    ODD_EVEN,
    *(PLAIN + form for form in ("nesterov_naive_clone", "nesterov_naive_per_parameter")),
]

cases = [
    *grid(cell=["rnn", "lstm"], depth=[1, 2, 4], form=FORMS),
    *grid(cell=["rnn", "lstm"], depth=[1, 2, 4], form=DEEP[1:]),
    *grid(cell=["rnn", "lstm"], depth=[3, 5, 6], form=DEEP),
]
quick = [
    *grid(cell=["rnn"], depth=[1], form=FORMS),
    *grid(cell=["rnn"], depth=[1], form=DEEP[1:]),
    *grid(cell=["rnn"], depth=[2, 4, 6], form=DEEP),
]
modes = ["NATIVE", "JAX", "NUMBA"]
quick_modes = ["NATIVE"]
states = ["cold", "warm"]
quick_states = ["cold"]
rounds = 3
quick_rounds = 1
time_limit_s = 900
quick_time_limit_s = 12
reference = {"form": SGD}
needs = ["symrnn.models.digit_stack", "symrnn.updates"]
tasks = {
    "train": {
        "cases": grid(cell=["rnn", "lstm"], depth=[2], steps=[200], more_steps=[1800]),
        "quick": grid(cell=["rnn"], depth=[2], steps=[200], more_steps=[1000]),
        "modes": ["NATIVE"],
        "quick_time_limit_s": 240,
    }
}

LEARNING_RATE, MOMENTUM = 0.02, 0.9
BATCH = 64


def build(cell, depth, form):
    from symrnn.models.digit_stack import ROWS, digit_stack

    return digit_stack(cell=cell, depth=depth, steps=ROWS, batch=BATCH, gradient=gradient_of(form))


def gradient_of(form):
    """How the scans of a form are differentiated."""
    return "autodiff" if form.startswith(PLAIN) else "assembled"


def functions(graph, cell, depth, form):
    """A step of `form`: sgd and the forms of one function give one, odd/even two."""
    from symrnn.measure.stages import step_functions
    from symrnn.models.digit_stack import digit_stack_loss

    def rebuilt(even):
        return digit_stack_loss(even, graph, cell=cell, depth=depth)

    return step_functions(graph, *updates_of(graph, form, rebuilt))


def updates_of(graph, form, build_loss):
    """The update dictionaries of one step, to be called in turn."""
    import symrnn.updates

    rule = getattr(symrnn.updates, form.removeprefix(PLAIN))
    if form == SGD:
        return [rule(graph.loss, graph.params, LEARNING_RATE)]
    loss = build_loss if form == "nesterov_naive_rebuild" else graph.loss
    updates = rule(loss, graph.params, LEARNING_RATE, MOMENTUM)
    return updates if form == ODD_EVEN else [updates]


def batch(cell, depth, form):
    """Noise in the shape of digits: compiling asks for no more, and scikit-learn is long to import."""
    import numpy as np

    from symrnn.models.digit_stack import DIGITS, PIXELS, ROWS

    rng = np.random.default_rng(0)
    return [rng.random((ROWS, BATCH, PIXELS)), rng.integers(0, DIGITS, BATCH).astype("int32")]


def train(cell, depth, steps, more_steps):
    """Every Nesterov form from one seed for `steps` steps, and odd/even for `more_steps` more."""
    from symrnn.models.digit_stack import ROWS, digit_stack, load_digit_rows

    digits, held_out = load_digit_rows()
    rows = len(held_out[1])
    evaluate = evaluation(digit_stack(cell=cell, depth=depth, steps=ROWS, batch=rows), held_out)
    runs = {form: progress(form, cell, depth, digits, evaluate) for form in FORMS[1:]}
    losses = {form: [next(run)()[0] for _ in range(steps)] for form, run in runs.items()}
    *_, last = (next(runs[ODD_EVEN]) for _ in range(more_steps))
    _, accuracy = last()
    return {
        "losses": losses,
        "largest_difference": largest_difference(losses.values()),
        "first_loss": losses[ODD_EVEN][0],
        "last_loss": losses[ODD_EVEN][-1],
        "accuracy": accuracy,
    }


def progress(form, cell, depth, digits, evaluate):
    """Train for ever; yields after each step what tells held-out loss and accuracy at the odd values it has reached."""
    import numpy as np
    import pytensor

    graph = build(cell, depth, form)
    specs = functions(graph, cell, depth, form)
    steps = [pytensor.function(spec.inputs, spec.outputs, updates=spec.updates) for spec in specs]
    odd = odd_readout(form, graph.params, specs)
    xs, labels = digits
    rng = np.random.default_rng(1)
    while True:
        drawn = rng.choice(labels.size, BATCH, replace=False)
        for step, spec in zip(steps, specs, strict=True):
            step(*[xs[:, drawn], labels[drawn]][: len(spec.inputs)])
        yield lambda: evaluate(odd())


def odd_readout(form, params, specs):
    """A function that returns the odd values, which all forms share."""
    import pytensor

    from symrnn.updates import odd_values

    if form == "nesterov_momentum":
        return pytensor.function([], odd_values(params, specs[-1].updates))
    return lambda: [param.get_value(borrow=True) for param in params]


def evaluation(graph, held_out):
    """A function from parameter values to loss and accuracy on the held-out digits."""
    import pytensor

    xs, labels = held_out
    function = pytensor.function(graph.inputs, [graph.loss, graph.outputs["logits"]])

    def evaluate(values):
        for param, value in zip(graph.params, values, strict=True):
            param.set_value(value)
        loss, logits = function(xs, labels)
        return float(loss), float((logits.argmax(axis=-1) == labels).mean())

    return evaluate


def largest_difference(curves):
    """The largest distance between any two curves at any step."""
    return max(max(at_step) - min(at_step) for at_step in zip(*curves, strict=True))


def figure(records):
    from symrnn.study.figures import bars, lines
    from symrnn.study.quantities import select, values_of

    compiled = select(records, task="compile", state="cold")
    style = {"x": "depth", "hue": "form", "panel": "cell"}
    charts = []
    for mode in values_of(compiled, "mode"):
        for draw, forms in ((lines, DEEP), (bars, FORMS)):
            if drawn := select(compiled, mode=mode, form=forms):
                charts.append(draw(drawn, y="total_s", heading=f"{mode}, cold", **style))
    one_mode = select(compiled, mode=compiled[0].mode)
    return [
        *charts,
        bars(one_mode, y="after.components", heading="components after rewriting", **style),
    ]


def answer(records):
    """What the naive forms cost, whether odd/even is free, and whether all forms train alike."""
    return "\n\n".join(
        filter(
            None,
            [
                cost(records),
                deeper(records),
                ratios_to_odd_even(records),
                floor(records),
                training(records),
            ],
        )
    )


def cost(records):
    """What rewriting leaves of the naive forms, then the cheapest and the dearest of them."""
    from symrnn.study.amounts import times, times_span
    from symrnn.study.quantities import ratio

    def against_odd_even(quantity):
        found = {
            form: ratio(records, quantity, {"form": form}, {"form": ODD_EVEN}, state="cold")
            for form in NAIVE
        }
        return {form: each for form, each in found.items() if each}

    total = against_odd_even("total_s")
    if not total:
        return "No naive form finished beside odd/even, so there is no ratio."
    scans, components = (
        times_span(each.median for each in against_odd_even(f"after.{name}").values())
        for name in ("scans", "components")
    )
    cheap, dear = (pick(total, key=lambda form: total[form].median) for pick in (min, max))
    return (
        f"After rewriting, the naive forms have {scans} the Scan nodes of odd/even, and"
        f" packed in them {components} the components. To the end of the first step, cold,"
        f" the cheapest, `{cheap}`, takes {times(total[cheap])} as long as odd/even, and the"
        f" dearest, `{dear}`, {times(total[dear])} as long."
    )


def deeper(records):
    """Seconds to the first step by depth: the naive forms on plain scans beside odd/even."""
    from symrnn.study.quantities import select, values_of

    compiled = select(records, task="compile", state="cold", form=DEEP)
    told = [
        by_depth(select(compiled, mode=mode, cell=cell), mode, cell)
        for mode in values_of(compiled, "mode")
        for cell in values_of(compiled, "cell")
    ]
    return "\n\n".join(filter(None, told))


def by_depth(records, mode, cell):
    """One table: a row a depth, a column a form; empty where no naive form was tried."""
    from symrnn.study.quantities import select, values_of
    from symrnn.study.table import code
    from symrnn.tables import Table, as_markdown

    if values_of(records, "form") in ([], [ODD_EVEN]):
        return ""
    rows = [
        (str(depth), *(to_first_step(select(records, depth=depth, form=form)) for form in DEEP))
        for depth in sorted(values_of(records, "depth"))
    ]
    told = f"Seconds to the end of the first step by depth, cold, `{cell}`, mode {mode}; `{PLAIN}…`"
    heading = ("depth", *map(code, DEEP))
    return f"{told} on plain scans with autodiff:\n\n{as_markdown(Table(heading, rows, axes=1))}"


def to_first_step(records):
    """The seconds of some repetitions, or why there are none."""
    from symrnn.study.amounts import amount
    from symrnn.study.quantities import spread_of
    from symrnn.study.table import outcome

    if found := spread_of(records, "total_s"):
        return amount(found.median, "total_s")
    return outcome(records[-1]).split(" in phase")[0] if records else "–"


def ratios_to_odd_even(records):
    """Each form against odd/even, as a table."""
    from symrnn.study.table import ratio_table

    sizes = ["after.scans", "after.components", "after.inner_nodes", "after.nodes"]
    quantities = ["total_s", "rewrite_s", "step_s", *sizes]
    return ratio_table(records, "form", ODD_EVEN, quantities, state="cold", task="compile")


def floor(records):
    """Odd/even against sgd: equal scans and components, and how many nodes more."""
    from symrnn.study.amounts import case_text, listing
    from symrnn.study.quantities import differences

    def beyond(quantity):
        return differences(records, f"after.{quantity}", {"form": ODD_EVEN}, {"form": SGD})

    nodes = [more / parameters(case["depth"]) for case, more in beyond("nodes")]
    if not nodes:
        return ""
    unequal = [case_text(case) for x in ("scans", "components") for case, more in beyond(x) if more]
    scans = f"other scans or components than sgd for {listing(unequal)}" if unequal else (
        f"exactly the scans and components of sgd, in all {len(nodes)} measurements"
    )  # fmt: skip
    return f"Odd/even has {scans}; it has at most {max(nodes):.2g} nodes more per parameter."


def parameters(depth):
    """Parameters of the network: three for each direction of each layer, two for the output."""
    return 6 * depth + 2


def training(records):
    """Whether the forms train alike, and how well."""
    from symrnn.study.quantities import select

    return "\n\n".join(
        trained(r.case, r.values) for r in select(records, task="train", status="ok")
    )


def trained(case, values):
    """One training run in words."""
    alike = "below" if values["largest_difference"] < 1e-9 else "NOT below"
    return (
        f"Trained on handwritten digits from one seed in float64 ({case['cell']}, depth"
        f" {case['depth']}), the losses of the {len(values['losses'])} Nesterov forms on held-out"
        f" digits differ by at most {values['largest_difference']:.1e} over {case['steps']} steps"
        f" ({alike} 1e-9), while falling from {values['first_loss']:.2f} to"
        f" {values['last_loss']:.2f}. After {case['steps'] + case['more_steps']} steps the network"
        f" reads {100 * values['accuracy']:.1f} % of them correctly."
    )
