"""Does the newer PyTensor compile faster than the older one?

Expected: 3.3 builds and differentiates deep stacks faster than 3.0, and rewrites about as fast.
Name the interpreters to compare, of which each has its own PyTensor, in the variable
SYMRNN_PYTHONS, separated by colons; without it there is only the one that runs symrnn. Some
minutes an interpreter.
"""

import os
import sys

from symrnn.study.experiment import grid

PYTHONS = os.environ.get("SYMRNN_PYTHONS", sys.executable).split(os.pathsep)

cases = grid(gradient=["assembled", "autodiff"], depth=[1, 2, 4], interpreter=PYTHONS)
quick = grid(gradient=["assembled", "autodiff"], depth=[2], interpreter=PYTHONS)
modes = ["NATIVE", "CVM"]
rounds = 3
quick_rounds = 1
steps = 3
time_limit_s = 300
reference = {"interpreter": PYTHONS[0]}
needs = ["symrnn.unroll", "symrnn.updates"]

T, B, D, H = 8, 16, 8, 16


def flags(gradient, depth, interpreter):
    return "cxx="


def python(gradient, depth, interpreter):
    return interpreter


def build(gradient, depth, interpreter):
    import pytensor.tensor as pt

    from symrnn.cells import RNNCell
    from symrnn.graph import TrainingGraph
    from symrnn.unroll import stack

    def pair(size, seed):
        return [RNNCell.create(size, H, rng=seed + i) for i in range(2)]

    layers = [pair(D if level == 0 else 2 * H, 2 * level) for level in range(depth)]
    xs = pt.tensor("xs", shape=(None, None, D))
    loss = (stack(layers, xs, gradient=gradient) ** 2).mean()
    return TrainingGraph(
        [xs], loss, [param for both in layers for cell in both for param in cell.params]
    )


def functions(graph, gradient, depth, interpreter):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.1))]


def batch(gradient, depth, interpreter):
    import numpy as np

    return [np.random.default_rng(0).normal(size=(T, B, D))]


def figure(records):
    from symrnn.study.figures import bars
    from symrnn.study.quantities import grouped

    style = {"x": "depth", "hue": "interpreter", "panel": "gradient"}
    return [
        bars(mine, y=y, heading=mode, **style)
        for mode, mine in grouped(records, "mode").items()
        for y in ("build_s+grad_s", "rewrite_s", "total_s")
    ]


def answer(records):
    """Each interpreter's PyTensor against the first one's, phase by phase."""
    from symrnn.study.quantities import values_of

    first, *others = values_of(records, "interpreter")
    if not others:
        return f"Only {lane(records, first)} was measured; name more interpreters in SYMRNN_PYTHONS to compare."
    return "\n\n".join(against(records, other, first) for other in others)


def lane(records, interpreter):
    """The versions behind an interpreter."""
    from symrnn.study.quantities import select

    found = next((r.versions for r in select(records, interpreter=interpreter) if r.versions), {})
    return f"PyTensor {found.get('pytensor', '?')} on Python {found.get('python', '?')}"


def against(records, other, first):
    """One interpreter against the first one, mode by mode."""
    from symrnn.study.amounts import listing
    from symrnn.study.quantities import grouped

    lines = [f"{lane(records, other)} against {lane(records, first)}:", ""]
    for mode, mine in grouped(records, "mode").items():
        told = list(ratios(mine, other, first))
        lines.append(f"- {mode}: {listing(told) if told else 'no pair finished'}.")
    return "\n".join(lines)


def ratios(records, other, first):
    """What one interpreter takes of the first one's time, gradient by gradient."""
    from symrnn.study.amounts import times, title
    from symrnn.study.quantities import ratio, values_of

    of, to = {"interpreter": other}, {"interpreter": first}
    for gradient in values_of(records, "gradient"):
        for quantity in ("build_s+grad_s", "rewrite_s", "total_s", "step_s", "after.nodes"):
            found = ratio(records, quantity, of, to, across_versions=True, gradient=gradient)
            if found:
                yield f"{times(found)} the {title(quantity)} with {gradient}"
