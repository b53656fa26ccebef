"""Random graphs of broadcasts, cuts, writings and reductions: their files compute what PyTensor computes."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from export.test_python_files import ran
from helpers import AS_WRITTEN

from symrnn.export import export_python

F = "float32"
SHAPES = [(2, 3), (1, 3), (2, 1), (3,), (1,), (2, 3, 4), (2, 1, 4), (1, 1)]
LARGEST = 100  # entries


class Graph:
    """Draws inputs, and values of them, one after the other; with each its shape, which types may not know."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.values, self.inputs, self.arrays = [], [], []
        for i in self.rng.choice(len(SHAPES), 4, replace=False):
            shape = SHAPES[i]
            # PyTensor broadcasts no length that its type does not know, so a 1 is always known.
            known = [n if n == 1 or self.rng.integers(2) else None for n in shape]
            self.inputs.append(pt.tensor(f"x{i}", dtype=F, shape=tuple(known)))
            self.arrays.append(self.rng.normal(size=shape).astype(F))
            self.values.append((self.inputs[-1], shape))

    def one(self, ndim=1):
        """A value of so many axes at least."""
        fit = [value for value in self.values if len(value[1]) >= ndim]
        return fit[self.rng.integers(len(fit))]

    def part(self, size):
        """A slice of an axis, and how many it takes: at least one."""
        low = int(self.rng.integers(size))
        high = int(self.rng.integers(low + 1, size + 1))
        taken, bounds = high - low, [low, high]
        bounds[0] = [low, low - size, None if low == 0 else low][self.rng.integers(3)]
        bounds[1] = [high, None if high == size else high - size][self.rng.integers(2)]
        return slice(*bounds), taken

    def place(self, shape):
        """An index of slices, and the shape of what it takes."""
        parts = [self.part(n) if self.rng.integers(2) else (slice(None), n) for n in shape]
        return tuple(p for p, _ in parts), tuple(n for _, n in parts)

    def axes(self, shape):
        """Some axes, rising."""
        count = self.rng.integers(1, len(shape) + 1)
        return tuple(sorted(int(a) for a in self.rng.choice(len(shape), count, replace=False)))

    def cut(self):
        x, shape = self.one()
        place, taken = self.place(shape)
        return x[place], taken

    def taken(self):
        x, shape = self.one(2)
        return x[int(self.rng.integers(-shape[0], shape[0]))], shape[1:]

    def turned(self):
        x, shape = self.one(2)
        order = [int(a) for a in self.rng.permutation(len(shape))]
        return x.dimshuffle(order), tuple(shape[a] for a in order)

    def joined(self):
        (x, shape), axis = self.one(), 0
        parts = [self.part(shape[axis]) for _ in range(2)]
        return pt.concatenate([x[p] for p, _ in parts]), (sum(n for _, n in parts), *shape[1:])

    def written(self):
        """A value, or one entry of it for several, put into a part of zeros or of another."""
        x, shape = self.one()
        frame = x if self.rng.integers(2) else pt.zeros(shape, dtype=F)
        place, taken = self.place(shape)
        wide = tuple(1 if self.rng.integers(2) else n for n in taken)
        y = pt.tanh(x[place])[tuple(slice(0, n if n == 1 else None) for n in wide)]
        put = pt.set_subtensor if self.rng.integers(2) else pt.inc_subtensor
        return put(frame[place], y), shape

    def combined(self):
        (x, a), (y, b) = self.one(), self.one()
        try:
            shape = np.broadcast_shapes(a, b)
        except ValueError:
            return None
        kinds = [pt.maximum, pt.add, pt.mul, lambda x, y: pt.switch(x > 0, y, y)]
        return kinds[self.rng.integers(4)](x, y), shape

    def known(self):
        """With a constant that may have more axes."""
        (x, a), wide = self.one(), SHAPES[self.rng.integers(len(SHAPES))]
        try:
            shape = np.broadcast_shapes(a, wide)
        except ValueError:
            return None
        one, half = np.ones(wide, F), np.full(wide, 0.5, F)
        return [1 / (one + pt.exp(-x)), half * (x + abs(x)), one * x][self.rng.integers(3)], shape

    def shared_out(self):
        x, shape = self.one()
        axes, below = self.axes(shape), self.axes(shape)
        x = x - x.max(axis=below, keepdims=True) if self.rng.integers(2) else x
        return pt.special.softmax(x, axis=axes if len(axes) > 1 else axes[0]), shape

    def reduced(self):
        x, shape = self.one(2)
        axes = self.axes(shape)
        left = tuple(n for i, n in enumerate(shape) if i not in axes)
        kinds = [pt.sum, pt.mean, pt.max, lambda x, axis: pt.argmax(x, axis=axis).astype(F)]
        return kinds[self.rng.integers(4)](x, axis=axes), left

    def drawn(self, count):
        """The last of so many values."""
        steps = (self.cut, self.taken, self.turned, self.joined, self.written, self.combined)
        steps += (self.written, self.combined, self.known, self.shared_out, self.reduced)
        while len(self.values) < count:
            made = steps[self.rng.integers(len(steps))]()
            if made is not None and np.prod(made[1]) <= LARGEST and made[1]:
                self.values.append(made)
        return self.values[-3:]


@pytest.mark.parametrize("seed", range(100))
def test_a_random_graph_agrees_with_pytensor(seed, tmp_path):
    graph = Graph(seed)
    outputs, shapes = zip(*graph.drawn(12), strict=True)
    function = pytensor.function(
        graph.inputs, list(outputs), mode=AS_WRITTEN, on_unused_input="ignore"
    )
    expected = function(*graph.arrays)
    assert [value.shape for value in expected] == list(shapes)
    export_python(graph.inputs, list(outputs), tmp_path / "written.py")
    found = ran(tmp_path / "written.py", "numpy", graph.arrays)
    for own, other in zip(found, expected, strict=True):
        assert own.shape == other.shape
        np.testing.assert_allclose(own, other, rtol=1e-5, atol=1e-5)
