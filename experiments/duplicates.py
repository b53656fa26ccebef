"""What does each kind of duplicate recurrence cost, and does `symrnn explain` find it?

A network is trained, and reported once more: from the same recurrences (clean), built again on the
same values, at look-ahead values, on the reversed sequence, under a dropout mask, on other data, from
another initial state. Expected: equal values are merged by PyTensor, at the price of rewriting them;
every other kind doubles the components of the forward pass. About half an hour on 2 cores, two
minutes with --quick.
"""

from symrnn.study.experiment import grid

CLEAN = "clean"
KINDS = ["the same values", "look-ahead", "reversed", "dropout mask", "other data", "initial state"]

cases = grid(cell=["rnn", "lstm"], layers=[1, 2, 4], copy=[CLEAN, *KINDS])
quick = grid(cell=["rnn"], layers=[1], copy=[CLEAN, *KINDS])
modes = ["NUMBA"]
quick_modes = ["JAX"]
states = ["cold"]
rounds = 3
quick_rounds = 1
quick_time_limit_s = 90
reference = {"copy": CLEAN}
needs = ["symrnn.cells", "symrnn.unroll", "symrnn.updates"]
tasks = {
    "explain": {
        "cases": grid(cell=["rnn", "lstm"], layers=[1, 2, 4]),
        "quick": grid(cell=["rnn"], layers=[1]),
        "modes": ["JAX"],
    }
}

T, B, H = 8, 4, 8


def build(cell, layers, copy):
    """The loss of one network, and a report from its copy."""
    import pytensor.tensor as pt

    from symrnn.cells import CELLS
    from symrnn.graph import TrainingGraph
    from symrnn.unroll import stack

    made = CELLS[cell]
    cells = [made.create(H, H, rng=i, name=f"layer{i}.") for i in range(layers)]
    params = [param for each in cells for param in each.params]
    xs, ys = pt.tensor("xs", shape=(T, B, H)), pt.tensor("ys", shape=(T, B, H))
    hs = stack(cells, xs)
    report = copied(copy, cells, params, xs, ys, hs)
    return TrainingGraph([xs, ys], (hs**2).mean(), params, {"report": report.mean()})


def copied(copy, cells, params, xs, ys, hs):
    """The network once more, fed something else."""
    import numpy as np
    import pytensor
    import pytensor.tensor as pt
    from pytensor.graph.replace import clone_replace

    from symrnn.unroll import scan_states, scan_unroll, stack

    if copy == CLEAN:
        return hs
    if copy == "look-ahead":
        velocities = [pytensor.shared(np.zeros(p.get_value().shape), name="v") for p in params]
        return clone_replace(hs, {p: p + 0.9 * v for p, v in zip(params, velocities, strict=True)})
    if copy == "initial state":
        _, end = scan_states(cells[0], xs)
        ones = type(end)(*(pt.ones((B, H)) for _ in end))
        first = scan_unroll(cells[0], xs, initial=ones)
        return stack(cells[1:], first) if cells[1:] else first
    drawn = {"rng": pytensor.shared(np.random.default_rng(0)), "return_next_rng": True}
    fed = {
        "the same values": lambda: xs,
        "reversed": lambda: xs[::-1],
        "dropout mask": lambda: xs * pt.random.bernoulli(0.5, size=(B, H), **drawn)[1],
        "other data": lambda: ys,
    }
    return stack(cells, fed[copy]())


def functions(graph, cell, layers, copy):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    outputs = [graph.loss, graph.outputs["report"]]
    return [FunctionSpec(graph.inputs, outputs, sgd(graph.loss, graph.params, 0.1))]


def batch(cell, layers, copy):
    import numpy as np

    rng = np.random.default_rng(0)
    return [rng.normal(size=(T, B, H)) for _ in range(2)]


def explain(cell, layers):
    """The kinds that are found in each graph, before rewriting and after."""
    import pytensor

    from symrnn.duplicates.found import duplicates

    found = {}
    for copy in (CLEAN, *KINDS):
        [spec] = functions(build(cell, layers, copy), cell, layers, copy)
        compiled = pytensor.function(
            spec.inputs, spec.outputs, updates=spec.updates, on_unused_input="ignore"
        )
        found[copy] = {
            "before": [
                kind.value for group in duplicates(list(spec.targets)) for kind in group.kinds
            ],
            "after": [kind.value for group in duplicates(compiled) for kind in group.kinds],
        }
    return {"found": found}


def figure(records):
    from symrnn.study.figures import bars
    from symrnn.study.quantities import select

    compiled = select(records, task="compile", mode=records[0].mode)
    style = {"x": "layers", "hue": "copy", "panel": "cell"}
    return [bars(compiled, y=y, **style) for y in ("after.components", "total_s")]


def answer(records):
    """What each kind costs, then what was found of it."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio, select

    lines = []
    for copy in KINDS:
        found = {
            quantity: ratio(records, quantity, {"copy": copy}, {"copy": CLEAN})
            for quantity in ("after.components", "total_s")
        }
        if all(found.values()):
            lines.append(
                f"A copy that differs by {copy}: {times(found['after.components'])} the components of"
                f" the clean graph, {times(found['total_s'])} its seconds to the first step."
            )
    graphs = [r.values["found"] for r in select(records, task="explain") if r.status == "ok"]
    if graphs:
        seen = sum(bool(found[copy]["before"]) for found in graphs for copy in KINDS)
        accused = sum(bool(found[CLEAN][when]) for found in graphs for when in ("before", "after"))
        lines.append(
            f"`symrnn explain` finds {seen} of {len(graphs) * len(KINDS)} planted copies before"
            f" rewriting, and accuses {accused} clean graphs."
        )
    return "\n\n".join(lines)
