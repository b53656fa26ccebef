"""Every form over every kind of mask and static shape: built, differentiated, and equal to NumPy loops."""

from itertools import product

import numpy as np
import oracle
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES, MODES, assert_all_close, make_cell

from symrnn.unroll import bidirectional, scan_unroll, stack, static_unroll

D, H = 4, 2  # as wide as both directions, so that layers may stand on each other

SHAPES = {  # name: (what the type of xs says of T and B, what they are)
    "unknown": ((None, None), (3, 2)),
    "one sequence": ((None, 1), (3, 1)),
    "one sequence, not known": ((None, None), (3, 1)),
    "one step": ((1, None), (1, 2)),
    "one step of one sequence": ((1, 1), (1, 1)),
    "all known": ((3, 2), (3, 2)),
}
MASKS = {  # name: the type of a mask for T and B, as far as they are known, or None
    "none": lambda known, size: None,
    "integers": lambda known, size: pt.lmatrix("mask"),
    "bools": lambda known, size: pt.tensor("mask", dtype="bool", shape=(None, None)),
    "as known as xs": lambda known, size: pt.tensor("mask", dtype="bool", shape=known),
    "known": lambda known, size: pt.tensor("mask", dtype="int8", shape=size),
}


def walks(unroll, cells, xs, **options):
    """Two cells that walk apart, side by side."""
    halves = [
        unroll(cell, xs, reverse=reverse, **options)
        for cell, reverse in zip(cells, (False, True), strict=True)
    ]
    return pt.join(2, *halves)


FORMS = {  # name: outputs (T, B, 2H) of two cells
    "scan": lambda cells, xs, size, **options: walks(scan_unroll, cells, xs, **options),
    "static": lambda cells, xs, size, **options: walks(
        static_unroll, cells, xs, steps=size[0], **options
    ),
    "one scan": lambda cells, xs, size, **options: bidirectional(*cells, xs, **options),
    "stack": lambda cells, xs, size, **options: stack([cells], xs, **options),
    "layers": lambda cells, xs, size, **options: stack(
        [[single_layer(cell) for cell in cells]], xs, **options
    ),
}


def single_layer(cell):
    """The cell as a stack of one layer."""
    return type(cell)(**{name: weight[None] for name, weight in cell.weights.items()})


def in_numpy(kind, cells, xs, mask):
    """Outputs, and gradients of their summed sines by the input and by every weight."""
    values = [weight.get_value() for cell in cells for weight in cell.weights.values()]
    names, count = list(cells[0].weights), len(cells[0].weights)
    fields = len(cells[0].State._fields)
    step = getattr(oracle, f"step_{kind}")

    def outputs(xs, *given):
        halves = []
        for i, reverse in enumerate((False, True)):
            weights = dict(zip(names, given[i * count : (i + 1) * count], strict=True))
            start = [np.zeros((xs.shape[1], H))] * fields
            halves.append(oracle.walk(step, weights, xs, start, mask=mask, reverse=reverse))
        return np.concatenate(halves, axis=2)

    given = [xs, *values]
    return [outputs(*given), *oracle.gradients(lambda *v: np.sin(outputs(*v)).sum(), given)]


GRADIENTS = ("assembled", "autodiff")
GRID = [
    *product(["rnn"], ["one scan", "layers"], GRADIENTS, MASKS, SHAPES),
    *product(["rnn"], ["scan", "static", "stack"], GRADIENTS, ["integers"], SHAPES),
    *product(["lstm"], FORMS, GRADIENTS, ["integers"], ["one sequence"]),
]


def in_pytensor(kind, form, gradient, mask, shape):
    """The same, and what it was computed of: cells, input and mask."""
    known, size = SHAPES[shape]
    cells = [make_cell(kind, D, H, rng=seed) for seed in (0, 1)]
    rng = np.random.default_rng(3)
    values = rng.normal(size=(*size, D)), rng.integers(0, 2, size)
    xs, given = pt.tensor("xs", shape=(*known, D), dtype="float64"), MASKS[mask](known, size)
    ys = FORMS[form](cells, xs, size, mask=given, gradient=gradient)
    wrt = [xs, *cells[0].weights.values(), *cells[1].weights.values()]
    outputs = [ys, *pytensor.grad(pt.sin(ys).sum(), wrt)]
    inputs = [xs] if given is None else [xs, given]
    # Rewriting reads the shapes that types state, so autodiff meets it where they state the most.
    mode = FEW_REWRITES if mask == "as known as xs" else MODES[gradient]
    function = pytensor.function(inputs, outputs, mode=mode)
    if given is None:
        return cells, values[0], None, function(values[0])
    return cells, *values, function(values[0], values[1].astype(given.type.dtype))


@pytest.mark.parametrize(("kind", "form", "gradient", "mask", "shape"), GRID)
def test_form_equals_loops_in_numpy(kind, form, gradient, mask, shape):
    cells, xs, given, found = in_pytensor(kind, form, gradient, mask, shape)
    assert_all_close(found, in_numpy(kind, cells, xs, given), 1e-10)
