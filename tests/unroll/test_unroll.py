"""Every cell, unroller and option: assembled against autodiff, and both against what the words say."""

from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import (
    AS_WRITTEN,
    CELLS,
    FEW_REWRITES,
    MODES,
    assert_all_close,
    evaluate,
    make_cell,
)

from symrnn.cells import RNNCell
from symrnn.errors import UserError
from symrnn.ops.gradient_views import grad_clip
from symrnn.unroll import bidirectional, scan_states, scan_unroll, stack, static_unroll

T, B, D, H = 5, 4, 3, 2
XS = np.random.default_rng(0).normal(size=(T, B, D))
MASK = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0]])

OPTIONS = {
    "none": {},
    "mask": {"mask": True},
    "last_only": {"last_only": True},
    "gradient_steps": {"gradient_steps": 2},
    "gradient_steps beyond the start": {"gradient_steps": 9, "initial": True},
    "grad_clipping": {"grad_clipping": 0.05},
    "initial": {"initial": True},
    "all": {
        "mask": True,
        "initial": True,
        "gradient_steps": 3,
        "grad_clipping": 0.1,
        "last_only": True,
    },
}

UNROLLERS = {
    "scan": lambda cells, xs, **options: scan_unroll(cells[0], xs, **options),
    "scan reversed": lambda cells, xs, **options: scan_unroll(
        cells[0], xs, reverse=True, **options
    ),
    "static": lambda cells, xs, **options: static_unroll(cells[0], xs, steps=T, **options),
    "static reversed": lambda cells, xs, **options: static_unroll(
        cells[0], xs, steps=T, reverse=True, **options
    ),
    "one scan": lambda cells, xs, **options: bidirectional(*cells, xs, **_both(options)),
    "two scans": lambda cells, xs, **options: bidirectional(
        *cells, xs, scans="two", **_both(options)
    ),
}


def static_halves(cells, xs, **options):
    """Both directions, every step written out."""
    forward = static_unroll(cells[0], xs, steps=T, **options)
    options.pop("initial", None)
    backward = static_unroll(cells[1], xs, steps=T, reverse=True, **options)
    return pt.join(forward.type.ndim - 1, forward, backward)


UNROLLERS["static halves"] = static_halves


TABLE = [(cell, "scan", option) for cell in CELLS for option in OPTIONS]
TABLE += [
    (cell, unroller, "all")
    for cell in CELLS
    for unroller in ("scan reversed", "one scan", "two scans", "static")
]
TABLE += [("gru", "one scan", option) for option in OPTIONS if option != "all"]


def _both(options):
    return options | {"initial": (options["initial"], None)} if "initial" in options else options


def build(cell, unroller, option, gradient, dtype="float64"):
    """``(inputs, [outputs, *gradients])`` of a row of the table."""
    xs, mask = pt.tensor("xs", shape=(None, None, D), dtype=dtype), pt.lmatrix("mask")
    cells = [make_cell(cell, rng=seed, dtype=dtype) for seed in (0, 1)]
    start = pytensor.shared(np.full(H, 0.3, dtype), name="start", shape=(H,))
    options = dict(OPTIONS[option], gradient=gradient)
    wrt = [
        xs,
        *cells[0].params,
        *(cells[1].params if unroller in ("one scan", "two scans", "static halves") else []),
    ]
    if options.pop("initial", False):
        options["initial"] = cells[0].State(*[start] * len(cells[0].State._fields))
        wrt.append(start)
    if options.pop("mask", False):
        options["mask"] = mask
    ys = UNROLLERS[unroller](cells, xs, **options)
    loss = (pt.sin(ys) * pt.arange(1, 1 + ys.shape[-1])).sum()
    return [xs, mask], [ys, *pytensor.grad(loss, wrt)]


@pytest.mark.parametrize(("cell", "unroller", "option"), TABLE)
def test_assembled_gradient_equals_autodiff(cell, unroller, option):
    inputs, assembled = build(cell, unroller, option, "assembled")
    other_inputs, autodiff = build(cell, unroller, option, "autodiff")
    values = evaluate(inputs, assembled, [XS, MASK])
    expected = evaluate(other_inputs, autodiff, [XS, MASK], mode=AS_WRITTEN)
    assert_all_close(values, expected, 1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_assembled_gradient_equals_autodiff_in_float32(cell):
    xs = XS.astype("float32")
    results = []
    for gradient in ("assembled", "autodiff"):
        inputs, outputs = build(cell, "one scan", "all", gradient, dtype="float32")
        results.append(evaluate(inputs, outputs, [xs, MASK], mode=MODES[gradient]))
        assert all(value.dtype == "float32" for value in results[-1])
    assert_all_close(*results, 3e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_equals_central_differences(cell):
    inputs, [ys, *gradients] = build(cell, "one scan", "mask", "assembled")
    loss = (pt.sin(ys) * pt.arange(1, 1 + ys.shape[-1])).sum()
    function = pytensor.function(inputs, [loss, gradients[0]], mode=FEW_REWRITES)
    way, step = np.random.default_rng(1).normal(size=XS.shape), 1e-5
    slope = (function(XS + step * way, MASK)[0] - function(XS - step * way, MASK)[0]) / (2 * step)
    np.testing.assert_allclose((function(XS, MASK)[1] * way).sum(), slope, rtol=1e-7)


@pytest.mark.parametrize("cell", CELLS)
def test_bidirectional_layer_equals_its_two_halves(cell):
    xs = pt.tensor("xs", shape=(None, None, D))
    forward, backward = (make_cell(cell, rng=seed) for seed in (0, 1))
    both = bidirectional(forward, backward, xs)
    halves = [scan_unroll(forward, xs), scan_unroll(backward, xs, reverse=True)]
    values = evaluate([xs], [both, *halves], [XS])
    np.testing.assert_array_equal(values[0], np.concatenate(values[1:], axis=2))


@pytest.mark.parametrize("name", CELLS)
def test_reversed_walk_is_the_walk_of_the_reversed_sequence(name):
    xs, cell = pt.tensor("xs", shape=(None, None, D)), make_cell(name)
    values = evaluate(
        [xs], [scan_unroll(cell, xs, reverse=True), scan_unroll(cell, xs[::-1])[::-1]], [XS]
    )
    np.testing.assert_array_equal(*values)


@pytest.mark.parametrize("name", CELLS)
def test_masked_steps_copy_the_state(name):
    xs, mask, cell = pt.tensor("xs", shape=(None, None, D)), pt.lmatrix("mask"), make_cell(name)
    [ys] = evaluate([xs, mask], [scan_unroll(cell, xs, mask=mask)], [XS, MASK])
    np.testing.assert_array_equal(ys[1:, 3], ys[:-1, 3])
    [shorter] = evaluate([xs, mask], [scan_unroll(cell, xs)], [XS[:2], MASK])
    np.testing.assert_array_equal(ys[1, 2], shorter[1, 2])


def test_masked_inputs_get_no_gradient():
    inputs, [_, dxs, *_] = build("gru", "one scan", "mask", "assembled")
    [dxs] = evaluate(inputs, [dxs], [XS, MASK])
    assert (dxs[MASK == 0] == 0).all()
    assert (dxs[MASK == 1] != 0).any()


def test_truncated_gradient_reaches_the_last_steps_alone():
    inputs, [_, dxs, *_] = build("rnn", "scan", "gradient_steps", "assembled")
    [dxs] = evaluate(inputs, [dxs], [XS, MASK])
    assert (dxs[:-2] == 0).all()
    assert (dxs[-2:] != 0).all()


def test_state_carried_on_equals_one_walk():
    xs, cell = pt.tensor("xs", shape=(None, None, D)), make_cell("lstm")
    ys, _ = scan_states(cell, xs)
    first, state = scan_states(cell, xs[:2])
    second, _ = scan_states(cell, xs[2:], initial=state)
    values = evaluate([xs], [ys, pt.join(0, first, second)], [XS])
    np.testing.assert_array_equal(*values)


SMALLEST = [("lstm", sizes) for sizes in [(1, 1, 1, 1), (5, 1, 3, 2), (5, 4, 1, 1)]]
SMALLEST += [(cell, (1, 4, 3, 2)) for cell in CELLS]  # a sequence of length 1


@pytest.mark.parametrize(("cell", "sizes"), SMALLEST)
@pytest.mark.parametrize("static", [False, True], ids=["symbolic", "static"])
def test_smallest_sizes(cell, sizes, static):
    t, b, d, h = sizes
    xs = pt.tensor("xs", shape=(t, b, d) if static else (None, None, d))
    cells = [make_cell(cell, d, h, rng=seed) for seed in (0, 1)]
    wrt = [xs, *cells[0].params, *cells[1].params]
    results = []
    for gradient in ("assembled", "autodiff"):
        ys = bidirectional(*cells, xs, gradient=gradient)
        outputs = [ys, *pytensor.grad((ys**2).sum(), wrt)]
        results.append(evaluate([xs], outputs, [np.ones(sizes[:3])], mode=MODES[gradient]))
    assert_all_close(*results, 1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_layers_as_one_scan_equal_layers_as_subgraphs(cell):
    xs, mask = pt.tensor("xs", shape=(None, None, 2 * H)), pt.lmatrix("mask")
    pair = [make_cell(cell, 2 * H, H, rng=seed, layers=3) for seed in (0, 1)]
    stacked = [param for c in pair for param in c.params]
    singles = [
        [replace(c, **{name: weight[i] for name, weight in c.weights.items()}) for c in pair]
        for i in range(3)
    ]
    results = []
    for layers, gradient, mode in (
        ([pair], "assembled", FEW_REWRITES),
        (singles, "assembled", AS_WRITTEN),
        ([pair], "autodiff", AS_WRITTEN),
    ):
        ys = stack(layers, xs, mask=mask, gradient=gradient)
        outputs = [ys, *pytensor.grad(pt.sin(ys).sum(), [xs, *stacked])]
        values = [XS[:, :, [0, 1, 2, 0]], MASK]
        results.append(evaluate([xs, mask], outputs, values, mode=mode))
    assert_all_close(results[0], results[1], 1e-12)
    assert_all_close(results[0], results[2], 1e-12)


class InnerClip(RNNCell):
    """A cell that bounds a gradient inside of its step."""

    def advance(self, z, r, state):
        return type(state)(pt.tanh(grad_clip(z + r, -0.05, 0.05)))


@pytest.mark.parametrize("option", ["none", "grad_clipping", "inside"])
def test_second_derivative_equals_autodiff(option):
    xs = pt.tensor("xs", shape=(None, None, D))
    cells = [make_cell("rnn", rng=seed) for seed in (0, 1)]
    if option == "inside":
        cells = [InnerClip(**cell.weights) for cell in cells]
    results = []
    for gradient in ("assembled", "autodiff"):
        ys = bidirectional(*cells, xs, gradient=gradient, **OPTIONS.get(option, {}))
        first = pytensor.grad(pt.sin(ys).sum(), xs)
        second = pytensor.grad((first**2).sum(), [xs, cells[0].w_h])
        results.append(evaluate([xs], second, [XS], mode=MODES[gradient]))
    assert_all_close(*results, 1e-12)


@pytest.mark.slow
def test_one_graph_compiles_for_one_backend_after_another():
    xs, cell = pt.tensor("xs", shape=(5, 4, D)), make_cell("rnn")
    gradient = pytensor.grad((scan_unroll(cell, xs) ** 2).sum(), cell.w_h)
    values = [
        evaluate([xs], [gradient], [XS], mode=mode) for mode in ("NUMBA", "CVM", "NUMBA", "JAX")
    ]
    for value in values[1:]:
        assert_all_close(value, values[0], 1e-12)


CELL = make_cell("lstm")
FLAT = pt.tensor("flat", shape=(None, D))
GOOD = pt.tensor("good", shape=(None, None, D))


@pytest.mark.parametrize("known", [(None, None), (B, None), (None, H), (B, H), (1, H), (1, None)])
def test_an_initial_state_may_know_less_than_the_sequence(known):
    """Its batch of 1 is repeated; what is not known is promised."""
    cell, initial = make_cell("gru"), pt.tensor("initial", shape=known)
    xs = pt.tensor("xs", shape=(None, B, D))
    ys = scan_unroll(cell, xs, initial=initial)
    values = np.ones((3, B, D)), np.full((1 if known[0] == 1 else B, H), 0.5)
    whole = scan_unroll(cell, xs, initial=pt.constant(np.full((B, H), 0.5)))
    assert_all_close(
        evaluate([xs, initial], [ys], values, mode=AS_WRITTEN),
        evaluate([xs], [whole], values[:1], mode=AS_WRITTEN),
        1e-12,
    )


REFUSED = {
    "rank of xs": (
        lambda: scan_unroll(CELL, FLAT),
        "xs must be of rank 3, (T, B, D), but is of type",
    ),
    "size of xs": (
        lambda: scan_unroll(CELL, pt.tensor(shape=(None, None, 7))),
        "xs must have D = 3 features, the rows of the cell's w_x",
    ),
    "dtype of xs": (
        lambda: scan_unroll(CELL, GOOD.astype("float32")),
        "xs must be of the cell's dtype float64, but is float32; cast it with xs.astype('float64')",
    ),
    "integer xs": (
        lambda: scan_unroll(CELL, GOOD.astype("int64")),
        "xs must be of the cell's dtype float64",
    ),
    "no steps": (
        lambda: scan_unroll(CELL, pt.tensor(shape=(0, None, D))),
        "xs must have at least one step",
    ),
    "rank of mask": (
        lambda: scan_unroll(CELL, GOOD, mask=GOOD),
        "mask must be (T, B), the first two axes of xs",
    ),
    "size of mask": (
        lambda: scan_unroll(CELL, pt.tensor(shape=(5, 4, D)), mask=pt.tensor(shape=(4, 5))),
        "mask must be (T, B), the first two axes of xs",
    ),
    "fields of initial": (
        lambda: scan_unroll(CELL, GOOD, initial=pt.zeros((B, H))),
        "initial must hold the state's 2 fields ('h', 'c'), but holds 1; give a LSTMState",
    ),
    "size of initial": (
        lambda: scan_unroll(make_cell("gru"), GOOD, initial=pt.zeros((B, H + 1))),
        "initial h must be (B, 2), (1, 2) or (2,) of dtype float64",
    ),
    "gradient": (
        lambda: scan_unroll(CELL, GOOD, gradient="asembled"),
        "gradient must be one of assembled, autodiff, but is 'asembled'; did you mean 'assembled'?",
    ),
    "gradient_steps": (
        lambda: scan_unroll(CELL, GOOD, gradient_steps=0),
        "gradient_steps must be a whole number of at least 1, or None for all, but is 0",
    ),
    "grad_clipping": (
        lambda: scan_unroll(CELL, GOOD, grad_clipping=-1),
        "grad_clipping must be above 0",
    ),
    "scans": (
        lambda: bidirectional(CELL, CELL, GOOD, scans="three"),
        "scans must be one of one, two, but is 'three'",
    ),
    "unknown length": (
        lambda: static_unroll(CELL, GOOD),
        "static_unroll needs a fixed number of steps, but xs is of type",
    ),
    "wrong steps": (
        lambda: static_unroll(CELL, pt.tensor(shape=(5, B, D)), steps=4),
        "steps must be the length of xs, 5",
    ),
    "no cell": (
        lambda: scan_unroll("lstm", GOOD),
        "cell must be a symrnn.cells.Cell, but is 'lstm'",
    ),
    "width of deep layers": (
        lambda: stack([[make_cell("rnn", rng=s, layers=2) for s in (0, 1)]], GOOD),
        "layers in one scan need an input as wide as their output, 4, but have 3",
    ),
    "deep cell alone": (
        lambda: scan_unroll(make_cell("rnn", layers=2), GOOD),
        "cells made with layers= are for stack alone",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_argument_is_refused_in_one_sentence(case):
    call, message = REFUSED[case]
    with pytest.raises(UserError) as caught:
        call()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_empty_sequence_is_refused_in_the_call():
    xs = pt.tensor("xs", shape=(None, None, D))
    with pytest.raises(AssertionError, match="xs must have at least one step"):
        evaluate([xs], [scan_unroll(make_cell("rnn"), xs)], [np.ones((0, B, D))])


def test_mask_of_another_length_is_refused_in_the_call():
    xs, mask = pt.tensor("xs", shape=(None, None, D)), pt.lmatrix("mask")
    with pytest.raises(ValueError, match=r"(?i)sequence|shape|size"):
        evaluate([xs, mask], [scan_unroll(make_cell("rnn"), xs, mask=mask)], [XS, MASK[:3]])
