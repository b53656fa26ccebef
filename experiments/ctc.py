"""What does the loss of unaligned sequences (CTC) cost, its gradient assembled against autodiff through the recursion?

Expected: both have two scans, but autodiff's second one carries what the first recorded for it, so that its graph is
larger and takes longer to compile, and its step recomputes what the closed form, softmax minus posteriors, has no need
of. A linear layer of 28 symbols, as for letters, 32 sentences of up to 25 of them. Half an hour on 2 cores, three
minutes with --quick.
"""

from symrnn.study.experiment import grid

ASSEMBLED, AUTODIFF = "assembled", "autodiff"
BATCH, INPUTS, SYMBOLS, LABELS = 32, 64, 28, 25
RATE = 0.1

cases = grid(frames=[75, 300], form=[ASSEMBLED, AUTODIFF])
quick = grid(frames=[75], form=[ASSEMBLED, AUTODIFF])
modes = ["NATIVE", "NUMBA", "JAX"]
quick_modes = ["NATIVE", "JAX"]
rounds = 3
quick_rounds = 1
time_limit_s = 600
quick_time_limit_s = 120
reference = {"form": ASSEMBLED}
columns = ["build_s+grad_s", "total_s", "step_s", "before.nodes", "after.nodes", "after.inner_nodes",
           "after.scans", "by_hand_step_s", "ratio", "largest_difference"]  # fmt: skip
needs = ["symrnn.ops.ctc", "symrnn.updates"]
tasks = {
    "by_hand": {
        "cases": grid(frames=[75, 300]),
        "quick": grid(frames=[75]),
        "modes": ["NATIVE", "JAX"],
        "quick_modes": ["NATIVE"],
    },
    "jax_by_hand": {"cases": grid(frames=[75, 300]), "quick": grid(frames=[75]), "modes": ["JAX"]},
}


def flags(**case):
    return "floatX=float32"


def environment(**case):
    return {
        "OMP_NUM_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    }


def build(frames, form):
    import numpy as np
    import pytensor
    import pytensor.tensor as pt

    from symrnn.graph import TrainingGraph
    from symrnn.ops.ctc import ctc_loss, ctc_loss_plain

    w = pytensor.shared(starting_weights(), name="w", shape=(INPUTS, SYMBOLS))
    b = pytensor.shared(np.zeros(SYMBOLS, "float32"), name="b", shape=(SYMBOLS,))
    xs = pt.tensor("xs", dtype="float32", shape=(frames, BATCH, INPUTS))
    labels = pt.tensor("labels", dtype="int32", shape=(BATCH, LABELS))
    lengths = [
        pt.tensor(f"{of}_lengths", dtype="int32", shape=(BATCH,)) for of in ("input", "label")
    ]
    loss = {ASSEMBLED: ctc_loss, AUTODIFF: ctc_loss_plain}[form]
    losses = loss(pt.dot(xs, w) + b, labels, *lengths)
    return TrainingGraph([xs, labels, *lengths], losses.mean(), [w, b])


def functions(graph, frames, form):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, RATE))]


def starting_weights():
    import numpy as np

    return np.random.default_rng(0).normal(size=(INPUTS, SYMBOLS)).astype("float32") * 0.1


def batch(frames, form):
    import numpy as np

    rng = np.random.default_rng(1)
    return [
        rng.normal(size=(frames, BATCH, INPUTS)).astype("float32"),
        rng.integers(1, SYMBOLS, (BATCH, LABELS)).astype("int32"),
        rng.integers(frames - 10, frames + 1, BATCH).astype("int32"),
        rng.integers(15, LABELS + 1, BATCH).astype("int32"),
    ]


def by_hand(frames):
    """A training step beside the same one in JAX by hand."""
    import pytensor
    from by_hand.beside import by_hand_step

    from symrnn.bench.in_turns import against_hand
    from symrnn.measure.stages import wait_for
    from symrnn.modes import known_mode
    from symrnn.updates import sgd

    graph, arrays = build(frames, ASSEMBLED), batch(frames, ASSEMBLED)
    update, start = hand(frames)
    mode = pytensor.config.mode
    step = pytensor.function(
        graph.inputs, graph.loss, updates=sgd(graph.loss, graph.params, RATE), mode=known_mode(mode)
    )

    def ours():
        loss = step(*arrays)
        values = [param.get_value(borrow=True) for param in graph.params]
        if mode == "JAX":
            wait_for([loss, *values])
        return values

    by_hand = by_hand_step(lambda state: update(state, *arrays), start, lambda state: state)
    return against_hand(by_hand, ours, rounds=15, calls=5)


def jax_by_hand(frames):
    """Seconds from nothing to the first step of JAX by hand, and of later steps."""
    import jax
    from by_hand.timed import timed

    arrays = batch(frames, ASSEMBLED)

    def make():
        update, _ = hand(frames)
        return lambda state: jax.block_until_ready(update(state, *arrays)[1])

    return timed(make, hand(frames)[1])


def hand(frames):
    """``update(params, *batch) -> (loss, params)`` in JAX, and the parameters to start from."""
    import jax
    import jax.numpy as jnp
    from by_hand.ctc import loss

    @jax.jit
    def update(params, *arrays):
        value, grads = jax.value_and_grad(loss)(params, *arrays)
        return value, [p - RATE * g for p, g in zip(params, grads, strict=True)]

    return update, [jnp.asarray(starting_weights()), jnp.zeros(SYMBOLS, "float32")]


def figure(records):
    from symrnn.study.figures import bars
    from symrnn.study.quantities import select

    compiled = select(records, task="compile")
    charts = []
    if compiled:
        charts = [
            bars(compiled, x="mode", y="total_s", hue="form", heading="to the first step"),
            bars(compiled, x="mode", y="after.nodes", hue="form", heading="nodes after rewriting"),
        ]
    return charts or [bars(records, x="frames", y="step_s", hue="task")]


def answer(records):
    """Sizes and times of both forms, mode by mode, the cold start, and JAX by hand."""
    from symrnn.study.against_hand import step_against_hand
    from symrnn.study.quantities import select, values_of

    compiled = select(records, task="compile")
    told = [forms(compiled, mode) for mode in values_of(compiled, "mode")]
    told += [cold(records), step_against_hand(records), on_the_cpu_clock(records)]
    return "\n\n".join(filter(None, told)) or "Nothing has finished yet."


def forms(records, mode):
    """Autodiff against the assembled gradient in one mode."""
    from symrnn.study.amounts import listing, number, times
    from symrnn.study.quantities import ratio, select, spread_of

    records = select(records, mode=mode)
    quantities = {
        "before.nodes": "the nodes before rewriting",
        "after.nodes": "after it",
        "build_s+grad_s": "the time to build and differentiate",
        "total_s": "the time to the first step, cold",
        "step_s": "the time of a step",
    }
    found = {
        words: ratio(records, each, {"form": AUTODIFF}, {"form": ASSEMBLED})
        for each, words in quantities.items()
    }
    told = [f"{times(each)} {words}" for words, each in found.items() if each]
    scans = {form: spread_of(records, "after.scans", form=form) for form in (ASSEMBLED, AUTODIFF)}
    counts = [f"{form} {number(each.median)} scans" for form, each in scans.items() if each]
    if not told:
        return ""
    return (
        f"**{mode}**: autodiff through the recursion has {listing(told)} of the assembled gradient"
        f" ({listing(counts)})."
    )


def cold(records):
    """The time to the first step beside JAX by hand."""
    from symrnn.study.amounts import duration, listing
    from symrnn.study.quantities import select, spread_of, values_of

    lines = []
    for frames in values_of(records, "frames"):
        hand = spread_of(records, "total_s", task="jax_by_hand", frames=frames)
        if not hand:
            continue
        compiled = select(records, task="compile", frames=frames, form=ASSEMBLED)
        found = {
            mode: spread_of(compiled, "total_s", mode=mode) for mode in values_of(compiled, "mode")
        }
        told = [
            f"mode {mode} {duration(each.median)} ({each.median / hand.median:.2f} of it)"
            for mode, each in found.items()
            if each
        ]
        lines.append(
            f"- {frames} frames: JAX by hand {duration(hand.median)}"
            + (f", {listing(told)}." if told else ".")
        )
    head = "From nothing to the end of the first step, cold:"
    return "\n".join([head, "", *lines]) if lines else ""


def on_the_cpu_clock(records):
    """The step beside JAX by hand on a clock that other programs on the machine disturb less."""
    from symrnn.bench.spread import spread
    from symrnn.study.amounts import case_text, listing, times
    from symrnn.study.quantities import select

    told = [
        f"{times(spread(record.values['cpu_ratio']))} ({case_text(record.case)}, mode {record.mode})"
        for record in select(records, task="by_hand", status="ok")
    ]
    return f"On the CPU clock of the process: {listing(told)}." if told else ""
