"""What does the assembled gradient of a stack of bidirectional layers cost against autodiff's?

Expected: on PyTensor 3.0.x the time that `pytensor.grad` needs grows exponentially with the
layers, on 3.3.x faster than linearly, and runs over the limit; the assembled gradient grows
linearly and holds fewer nodes a layer. With layers as a scan, assembled too, the graph does not
grow at all. The question ends where a backend begins, so mode CVM runs without a C compiler here,
and only mode NUMBA's totals are those of a training. About three hours on 2 cores, three minutes
with --quick.
"""

from symrnn.study.experiment import grid

AUTODIFF, ASSEMBLED, DEEP = "autodiff", "assembled", "assembled, layers as a scan"
SIZES = ["after.nodes", "after.inner_nodes", "after.scans", "after.components"]

cases = grid(cell=["rnn", "lstm"], depth=[1, 2, 4, 8, 16], gradient=[AUTODIFF, ASSEMBLED, DEEP])
quick = grid(cell=["rnn"], depth=[2, 4, 8], gradient=[AUTODIFF, ASSEMBLED, DEEP])
modes = ["CVM", "NUMBA"]
quick_modes = ["CVM"]
rounds = 3
quick_rounds = 1
quick_steps = 1
time_limit_s = 600
quick_time_limit_s = 90
reference = {"gradient": ASSEMBLED}
ratio_of = "build_s+grad_s"
columns = ["build_s+grad_s", "rewrite_s", "total_s", "peak_rss_bytes", *SIZES]
needs = ["symrnn.models.digit_stack", "symrnn.updates", "sklearn.model_selection"]

BATCH = 8


def build(cell, depth, gradient):
    from symrnn.models.digit_stack import digit_stack

    layers_as = "scan" if gradient == DEEP else "subgraphs"
    form = AUTODIFF if gradient == AUTODIFF else ASSEMBLED
    return digit_stack(cell=cell, depth=depth, gradient=form, layers_as=layers_as)


def flags(cell, depth, gradient):
    return "cxx="


def functions(graph, cell, depth, gradient):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.1))]


def batch(cell, depth, gradient):
    from symrnn.models.digit_stack import load_digit_rows

    (xs, labels), _ = load_digit_rows()
    return [xs[:, :BATCH], labels[:BATCH]]


def figure(records):
    from symrnn.study.figures import lines
    from symrnn.study.quantities import select

    drawn = select(records, mode="CVM", state="cold")
    style = {"x": "depth", "hue": "gradient", "panel": "cell"}
    return [
        lines(drawn, y="build_s+grad_s", heading="build + grad", logarithmic=True, **style),
        lines(drawn, y="after.nodes", heading="nodes after rewriting", **style),
    ]


def answer(records):
    """Growth of the times and of the graphs with depth, cell by cell."""
    from symrnn.study.quantities import values_of

    return "\n\n".join(answer_for(records, cell) for cell in values_of(records, "cell"))


def answer_for(records, cell):
    """The answer for one cell."""
    from symrnn.study.quantities import select

    records = select(records, cell=cell, mode="CVM")
    forms = (ASSEMBLED, AUTODIFF)
    sentences = [part(records, form) for form in forms for part in (growth, layer_cost)]
    return f"**{cell}**: " + " ".join(filter(None, [*sentences, constant_size(records)]))


def growth(records, gradient):
    """Build + grad of the two deepest stacks that finished, and where the limit was met."""
    from symrnn.study.amounts import duration
    from symrnn.study.quantities import select, spread_of, values_of

    records = select(records, gradient=gradient)
    finished = sorted(values_of(select(records, status="ok"), "depth"))
    over = sorted(set(values_of(records, "depth")) - set(finished))
    lost = f" With {gradient}, {over[0]} layers did not finish." if over else ""
    if len(finished) < 2:
        return lost.strip()
    (low, less), (high, more) = (
        (depth, spread_of(records, "build_s+grad_s", depth=depth).median) for depth in finished[-2:]
    )
    return (
        f"With the {gradient} gradient, build + grad takes {duration(more)} at {high} layers,"
        f" {more / less:.2g} times that at {low}.{lost}"
    )


def layer_cost(records, gradient):
    """Apply nodes that one more layer adds after rewriting."""
    from symrnn.study.quantities import spread_of, values_of

    depths = sorted(values_of(records, "depth"))
    found = {d: spread_of(records, "after.nodes", depth=d, gradient=gradient) for d in depths}
    found = {depth: nodes.median for depth, nodes in found.items() if nodes}
    if len(found) < 2:
        return ""
    low, high = sorted(found)[-2:]
    nodes = (found[high] - found[low]) / (high - low)
    return f"One more {gradient} layer is {nodes:.3g} apply nodes more after rewriting."


def constant_size(records):
    """Whether layers as a scan have one size at any depth."""
    from symrnn.study.amounts import listing, span
    from symrnn.study.quantities import select, values_of

    deep = [
        record for record in select(records, gradient=DEEP, status="ok") if record.case["depth"] > 1
    ]
    if not deep:
        return ""
    sizes = values_of(deep, "after.nodes")
    grows = "equal" if len(sizes) == 1 else "NOT equal"
    depths = listing(values_of(deep, "depth"))
    return f"With layers as a scan, depths {depths} have {span(sizes)} apply nodes: {grows}."
