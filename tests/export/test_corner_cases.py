"""Graphs at the edge of a rule: what is written has the values, and the shape, that PyTensor computes."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from export.test_python_files import LIBRARIES, ran
from export.ways_to_write import values_for
from helpers import AS_WRITTEN

from symrnn.export import export_python

F = "float32"
X = pt.tensor("x", dtype=F, shape=(None, None))
V = pt.tensor("v", dtype=F, shape=(2,))
ROW = pt.tensor("row", dtype=F, shape=(1, 2))
COLUMN = pt.tensor("column", dtype=F, shape=(5, 1))
CUBE = pt.tensor("cube", dtype=F, shape=(2, 3, 4))
IMAGES = pt.tensor("images", dtype=F, shape=(1, 2, 4, 5))
XS = pt.tensor("xs", dtype=F, shape=(None, None, 3))
LENGTH = pt.tensor("times", dtype=F, shape=(None,))
N = pt.lscalar("n")
RNG = np.random.default_rng(0)


def drawn(*shape, name=None):
    value = RNG.normal(size=shape).astype(F)
    return pytensor.shared(value, name=name, shape=shape)


def lowered(axis):
    return pt.special.softmax(X - X.max(axis=axis, keepdims=True), axis=1)


def written_into(frame, y):
    return pt.set_subtensor(frame, y)


W_X, W_H = drawn(3, 4), drawn(4, 4)


def cut_within(x, h):
    return pt.tanh((x @ W_X)[:, N - 1 :] + h @ W_H)


def rnn(xs, step=None, **options):
    """A recurrent layer over rows of four."""
    start = pt.zeros((xs.shape[1], 4), dtype=F)
    step = step or (lambda x, h: pt.tanh(x + h @ W_H))
    return pytensor.scan(step, xs, start, return_updates=False, **options)


COUNTED = XS[: LENGTH.shape[0]]


def shorter(step, xs=XS):
    """Two states over a sequence and a shorter one."""
    starts = [pt.zeros((xs.shape[1], 3), dtype=F), pt.zeros((), dtype=F)]
    h, k = pytensor.scan(step, [xs, LENGTH], starts, return_updates=False)
    return h[-1] * 2 + k[-1]


def convolution(first, second):
    """Windows of two rows and three columns, joined along one axis before the other."""
    columns = IMAGES.dimshuffle(1, 0, 2, 3)
    taps, sizes = {2: 2, 3: 3}, {2: 3, 3: 3}
    for axis in (first, second):
        cut = [slice(None)] * 4
        parts = []
        for i in range(taps[axis]):
            cut[axis] = slice(i, i + sizes[axis])
            parts.append(columns[tuple(cut)])
        columns = pt.concatenate(parts, axis=0)
    out = drawn(3, 12) @ columns.reshape((12, -1))
    return out.reshape((3, 1, 3, 3)).dimshuffle(1, 0, 2, 3)


Z4 = XS @ W_X
Z8 = XS @ drawn(3, 8)
CASES = {
    "a maximum along another axis": lowered(0),
    "a maximum along both axes": lowered((0, 1)),
    "ones of more axes than what is below": 1 / (np.ones((5, 2), F) + pt.exp(-ROW)),
    "halves of more axes than what is rectified": np.full((5, 2), 0.5, F) * (ROW + abs(ROW)),
    "a projection cut at a place that is computed": rnn(Z8[:, :, N:][:, :, :4]),
    "a projection turned round at a place that is computed": rnn(
        pt.concatenate([Z4[:, :, N:], Z4[:, :, :N]], axis=2)
    ),
    "a cut at a computed place within the step": rnn(XS, step=cut_within),
    "a scan over as many rows as another has": rnn(Z4[: LENGTH.shape[0]]),
    "a scan of as many steps as another has rows": rnn(Z4, n_steps=LENGTH.shape[0]),
    "two layers in a scan that stops with the shorter sequence": shorter(
        lambda x, n, h, k: (pt.tanh(x + h), pt.tanh(n + k))
    ),
    "a layer in a scan that stops with a sequence that it does not read": shorter(
        lambda x, n, h, k: (pt.tanh(x + h), pt.tanh(k + 1))
    ),
    "two layers that share the shorter sequence": shorter(
        lambda x, n, h, k: (pt.tanh(x[:, :1] + n + h), pt.tanh(n + k)), COUNTED
    ),
    "a layer that reads one number for all rows": shorter(
        lambda x, n, h, k: (pt.tanh(x + n + h), pt.tanh(n + k)), COUNTED
    ),
    "the largest over two of three axes": pt.argmax(CUBE, axis=(0, 1)),
    "the largest over the outer axes": pt.argmax(CUBE, axis=(0, 2)),
    "the largest over all axes": pt.argmax(CUBE, axis=None),
    "softmax over all": pt.special.softmax(X, axis=None),
    "softmax over two of three axes": pt.special.softmax(CUBE, axis=(0, 2)),
    "log-softmax over two of three axes": pt.special.log_softmax(CUBE, axis=(0, 1)),
    "windows of columns, then of rows": convolution(3, 2),
    "windows of rows, then of columns": convolution(2, 3),
    "one column for several in a frame": written_into(pt.zeros((5, 10), dtype=F)[:, 2:-2], COLUMN),
    "one column for several in a frame of a given end": written_into(
        pt.zeros((5, 10), dtype=F)[:, 2:5], COLUMN
    ),
    "a frame of which nothing is written": written_into(pt.zeros((5, 3), dtype=F)[:, 1:0], COLUMN),
    "a frame of the lowest number": written_into(
        pt.full((4, 6, 4), np.float32(-np.inf))[1:3, 2:5], CUBE
    ),
    "a maximum with one column of it": pt.maximum(CUBE[:, :, :1], CUBE),
    "a part of what one row was written into": written_into(pt.zeros((5, 2), dtype=F)[:2], ROW)[:2],
    "a part of what one column was written into": written_into(
        pt.zeros((6, 2), dtype=F)[:5], COLUMN
    )[:5],
    "a row of what one column was written into": written_into(
        pt.zeros((6, 2), dtype=F)[:5], COLUMN
    )[1],
    "the last of a join whose last part is empty": pt.concatenate([ROW, ROW[1:]])[-1],
    "the last of a join whose last part may be empty": pt.concatenate([ROW, X[5:]])[-1],
    "a choice of the same by a matrix": pt.switch(X > 0, V, V),
    "parts that overlap": pt.concatenate([X[:4], X[4:2], X[2:]]),
}


def read_by(output):
    """The inputs that a case reads."""
    above = set(pytensor.graph.traversal.ancestors([output]))
    return [v for v in (X, V, ROW, COLUMN, CUBE, IMAGES, XS, LENGTH, N) if v in above]


def value_for(variable):
    value = np.array(1) if variable is N else values_for([variable])[0]
    return value[:3] if variable is LENGTH else value


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("case", CASES)
def test_what_is_written_has_the_values_of_pytensor(case, library, tmp_path):
    inputs, output = read_by(CASES[case]), CASES[case]
    values = [value_for(variable) for variable in inputs]
    [expected] = pytensor.function(inputs, [output], mode=AS_WRITTEN)(*values)
    path = tmp_path / "written.py"
    export_python(inputs, output, path, library=library)
    [found] = ran(path, library, values)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
