"""Is a useless pass found, and are equals left alone? The experiment that made `samples.json`.

``python tests/bench/recorded/planted.py`` (from the root of the repository) measures rewriting in
fresh processes, in turns: twice with the rewrites as they are ("a" and "b"), and once with a
useless pass inserted that makes rewriting about a tenth slower ("useless"). The samples that
stand beside this file are wall times of equals, and processor times of the planted pass, both
taken while other work kept the two cores of the machine busy.
"""

FORMS = ("a", "b", "useless")
ROUNDS = 160
USELESS_WALKS = 270  # walks over the whole graph, each changing nothing


def build(form):
    import numpy as np
    import pytensor
    import pytensor.tensor as pt

    from symrnn.graph import TrainingGraph

    x, params = pt.matrix("x"), []
    h = x
    for layer in range(6):
        w = pytensor.shared(np.eye(3), name=f"w{layer}")
        h = pt.tanh(h @ w + pt.exp(-(h**2)).sum(axis=0) * 1.0 + 0.0)
        params.append(w)
    return TrainingGraph([x], (h**2).mean(), params)


def functions(graph, form):
    import pytensor

    from symrnn.measure.stages import FunctionSpec

    gradients = pytensor.grad(graph.loss, list(graph.params))
    updates = {p: p - 0.1 * g for p, g in zip(graph.params, gradients, strict=True)}
    if form == "useless":
        insert_useless_pass()
    return [FunctionSpec(graph.inputs, [graph.loss], updates)]


def insert_useless_pass():
    from pytensor.compile.mode import optdb
    from pytensor.graph.rewriting.basic import WalkingGraphRewriter, node_rewriter

    @node_rewriter(None)
    def in_vain(fgraph, node):
        return None

    for walk in range(USELESS_WALKS):
        optdb.register(f"useless{walk}", WalkingGraphRewriter(in_vain), "fast_compile", position=3)


def batch(form):
    import numpy as np

    return [np.ones((2, 3))]


def main():
    import json
    from pathlib import Path

    from symrnn.bench.records import Job
    from symrnn.bench.runner import run_jobs

    jobs = [
        Job(
            "planted", {"form": form}, __file__, mode="FAST_COMPILE", round=n, flags="cxx=", steps=3
        )
        for n in range(ROUNDS)
        for form in FORMS
    ]
    records = run_jobs(jobs, Path(__file__).parent / "results")
    wall, cpu = (
        {form: [round(metric(r), 5) for r in records if r.case["form"] == form] for form in FORMS}
        for metric in (
            lambda r: r.values["rewrite_s"],
            lambda r: r.values["phases_cpu_s"]["rewrite"],
        )
    )
    samples = {
        "made_with": {**records[0].versions, "cpu": records[0].machine["cpu"]},
        "equals": {form: wall[form] for form in ("a", "b")},
        "planted": {form: cpu[form][:40] for form in ("a", "useless")},
    }
    Path(__file__).with_name("samples.json").write_text(json.dumps(samples) + "\n")


if __name__ == "__main__":
    main()
