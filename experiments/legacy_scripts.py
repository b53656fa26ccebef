"""What does an old Lasagne program cost to compile here, against a plain port of it, and against Theano?

A stack of masked bidirectional LSTM layers is built three ways: through the Lasagne API, with the
builders it stands on, and as a plain port would, one `pytensor.scan` a direction with autodiff.
Expected: the API and the builders hold the same scans and bodies, the API a few joins of weights more a layer;
both at most 0.6 times the apply nodes of the plain port, and 0.2 times its build + grad.

The task "script" runs one old file with Nesterov's momentum as it is, in its own process, by
``python -m symrnn.compat``; where SYMRNN_THEANO_PYTHON names an interpreter with Theano 1.0.5 and Lasagne,
also there. About ten minutes on 2 cores, one minute with --quick.
"""

import os
from pathlib import Path

from symrnn.study.experiment import grid

LASAGNE, BUILDERS, PLAIN = "Lasagne API", "builders", "plain scans"
THEANO_PYTHON = os.environ.get("SYMRNN_THEANO_PYTHON", "")
SCRIPT = Path(__file__).parent / "legacy" / "nesterov_bilstm.py"
INTERPRETERS = ["symrnn.compat", *(["Theano"] if THEANO_PYTHON else [])]

cases = grid(depth=[1, 2, 3, 4], form=[LASAGNE, BUILDERS, PLAIN])
quick = grid(depth=[3], form=[LASAGNE, BUILDERS, PLAIN])
modes = ["CVM", "NUMBA"]
quick_modes = ["CVM"]
rounds = 3
quick_rounds = 1
quick_steps = 1
time_limit_s = 600
reference = {"form": PLAIN}
ratio_of = "build_s+grad_s"
columns = [
    "build_s+grad_s",
    "rewrite_s",
    "total_s",
    "after.nodes",
    "after.inner_nodes",
    "after.scans",
    "after.components",
]
needs = ["symrnn.lasagne", "symrnn.updates", "symrnn.unroll"]
tasks = {
    "script": {
        "cases": grid(depth=[1, 2, 3], interpreter=INTERPRETERS),
        "quick": grid(depth=[1], interpreter=INTERPRETERS),
        "columns": [
            "build_s",
            "updates_s",
            "compile_s",
            "first_call_s",
            "steps_s",
            "cpu_s",
            "first_loss",
            "last_loss",
        ],
    }
}

STEPS, BATCH, INPUTS, UNITS, CLASSES = 20, 8, 16, 32, 5


def flags(**case):
    return "cxx="


def build(depth, form):
    import pytensor.tensor as pt

    from symrnn.graph import TrainingGraph

    xs = pt.tensor("xs", shape=(None, None, INPUTS))  # (B, T, D)
    mask, labels = pt.matrix("mask"), pt.ivector("labels")
    last, params = {LASAGNE: through_lasagne, BUILDERS: with_builders, PLAIN: as_plain_scans}[form](
        xs, mask, depth
    )
    out = param("out", 2 * UNITS, CLASSES)
    logits = pt.dot(last.mean(axis=1), out)
    loss = -pt.special.log_softmax(logits, axis=1)[pt.arange(labels.shape[0]), labels].mean()
    return TrainingGraph([xs, mask, labels], loss, [*params, out])


def through_lasagne(xs, mask, depth):
    """The stack as Lasagne layers: (B, T, 2H), and what is trained."""
    from symrnn.lasagne import layers

    l_in, l_mask = (
        layers.InputLayer((None, None, INPUTS), xs),
        layers.InputLayer((None, None), mask),
    )
    layer = l_in
    for _ in range(depth):
        halves = [layers.LSTMLayer(layer, UNITS, mask_input=l_mask, backwards=backwards)
                  for backwards in (False, True)]  # fmt: skip
        layer = layers.ConcatLayer(halves, axis=2)
    return layers.get_output(layer), layers.get_all_params(layer, trainable=True)


def with_builders(xs, mask, depth):
    """The stack with `symrnn.unroll`."""
    from symrnn.cells import PeepholeLSTMCell
    from symrnn.unroll import stack

    sizes = [2 * UNITS if i else INPUTS for i in range(depth)]
    cells = [[PeepholeLSTMCell.create(size, UNITS, rng=2 * i + k, name=f"l{i}.{k}.") for k in range(2)]
             for i, size in enumerate(sizes)]  # fmt: skip
    hs = stack(cells, xs.dimshuffle(1, 0, 2), mask=mask.dimshuffle(1, 0))
    return hs.dimshuffle(1, 0, 2), [p for pair in cells for cell in pair for p in cell.params]


def as_plain_scans(xs, mask, depth):
    """The stack as a naive port of the layer writes it: its parameters gate by gate, a scan a direction."""
    import pytensor.tensor as pt

    params = []
    for i in range(depth):
        size = 2 * UNITS if i else INPUTS
        halves = []
        for backwards in (False, True):
            gates = [[param(f"l{i}.{backwards}.{gate}.{name}", *shape) for gate in "ifgo"] for name, shape in
                     {"w_x": (size, UNITS), "w_h": (UNITS, UNITS), "b": (UNITS,)}.items()]  # fmt: skip
            peepholes = [param(f"l{i}.{backwards}.p_{gate}", UNITS) for gate in "ifo"]
            params += [*sum(gates, []), *peepholes]
            weights = [pt.concatenate(gate, axis=-1) for gate in gates]
            halves.append(plain_lstm(xs, mask, *weights, *peepholes, backwards))
        xs = pt.concatenate(halves, axis=2)
    return xs, params


def plain_lstm(xs, mask, w_x, w_h, b, p_i, p_f, p_o, backwards):
    """One direction, (B, T, H)."""
    import pytensor.tensor as pt
    from pytensor.scan import scan

    def step(z, m, h, c, w_h, p_i, p_f, p_o):
        i, f, g, o = ((z + pt.dot(h, w_h))[:, k * UNITS : (k + 1) * UNITS] for k in range(4))
        c_new = pt.sigmoid(f + p_f * c) * c + pt.sigmoid(i + p_i * c) * pt.tanh(g)
        h_new = pt.sigmoid(o + p_o * c_new) * pt.tanh(c_new)
        return pt.switch(m, h_new, h), pt.switch(m, c_new, c)

    zeros = pt.zeros((xs.shape[0], UNITS))
    zs = pt.dot(xs.dimshuffle(1, 0, 2), w_x) + b
    hs, _ = scan(step, sequences=[zs, mask.dimshuffle(1, 0, "x")], outputs_info=[zeros, zeros],
                 non_sequences=[w_h, p_i, p_f, p_o], go_backwards=backwards, strict=True,
                 return_updates=False)  # fmt: skip
    hs = hs[::-1] if backwards else hs
    return hs.dimshuffle(1, 0, 2)


def param(name, *shape):
    from symrnn.init import normal
    from symrnn.params import param

    return param(name, shape, normal(0.1), np_rng())


def np_rng():
    import numpy as np

    return np.random.default_rng(0)


def functions(graph, depth, form):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import nesterov_momentum

    updates = nesterov_momentum(graph.loss, graph.params, 0.1)
    return [FunctionSpec(graph.inputs, [graph.loss], updates)]


def batch(depth, form):
    import numpy as np

    rng = np.random.default_rng(0)
    lengths = rng.integers(1, STEPS + 1, BATCH)
    mask = (np.arange(STEPS) < lengths[:, None]).astype("float64")
    return [
        rng.normal(size=(BATCH, STEPS, INPUTS)),
        mask,
        rng.integers(0, CLASSES, BATCH).astype("int32"),
    ]


def script(depth, interpreter):
    """Run the old file in a fresh process with an empty compiledir: the seconds and losses that it prints as JSON.

    ``cpu_s`` is what the process and its compilers used, which a busy machine changes less than the seconds that
    passed.
    """
    import json
    import resource
    import subprocess
    import sys
    import tempfile

    run = [THEANO_PYTHON] if interpreter == "Theano" else [sys.executable, "-m", "symrnn.compat"]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "THEANO_FLAGS": f"base_compiledir={folder},{os.environ.get('THEANO_FLAGS', '')}"
        }
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [*run, str(SCRIPT), str(depth)], env=environment, capture_output=True, text=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{interpreter} failed: {done.stderr.strip().splitlines()[-1:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout.strip().splitlines()[-1]) | {"cpu_s": used}


def figure(records):
    from symrnn.study.figures import lines
    from symrnn.study.quantities import select

    drawn = select(records, task="compile", mode="CVM", state="cold")
    style = {"x": "depth", "hue": "form"}
    return [
        lines(drawn, y="build_s+grad_s", heading="build + grad", logarithmic=True, **style),
        lines(drawn, y="after.nodes", heading="nodes after rewriting", **style),
    ]


def answer(records):
    """The API against the plain port, in nodes and seconds, depth by depth; the script's times side by side."""
    from symrnn.study.quantities import select, spread_of, values_of

    compiled = select(records, task="compile", mode="CVM", status="ok")
    sentences = []
    for depth in sorted(values_of(compiled, "depth")):
        found = {form: [spread_of(compiled, quantity, depth=depth, form=form)
                        for quantity in ("after.nodes", "build_s+grad_s")]
                 for form in (LASAGNE, BUILDERS, PLAIN)}  # fmt: skip
        if all(all(pair) for pair in found.values()):
            (nodes, seconds), (own, _), (plain, plain_s) = (
                [one.median for one in found[form]] for form in found
            )
            sentences.append(
                f"At {depth} layers the Lasagne API has {nodes:.0f} apply nodes after rewriting, the "
                f"builders {own:.0f}, the"
                f" plain port {plain:.0f} ({nodes / plain:.2f} of it); build + grad takes "
                f"{seconds / plain_s:.2f} of its time."
            )
    for record in select(records, task="script", status="ok"):
        case, values = record.case, record.values
        sentences.append(f"The old file with {case['depth']} layers on {case['interpreter']}, cold: network and updates"
                         f" {values['build_s'] + values['updates_s']:.1f} s, compile {values['compile_s']:.1f} s, first"
                         f" call {values['first_call_s']:.1f} s, 19 more steps {values['steps_s']:.2f} s,"
                         f" {values['cpu_s']:.0f} s of CPU in all,"
                         f" loss {values['first_loss']:.3f} to {values['last_loss']:.3f}.")  # fmt: skip
    return " ".join(sentences)
