"""Toderici's recurrent codec, first form."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt

from symrnn.cells import CELLS
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, zeros
from symrnn.ops.activations import tanh
from symrnn.ops.products import Convolution
from symrnn.params import param


@dataclass(frozen=True)
class CodecShape:
    first: tuple[int, int, int] = (96, 16, 8)  # filters, window, stride
    encoder: tuple[tuple[int, int], ...] = ((96, 1),)  # hidden, stride
    channels: int = 8
    decoder: tuple[tuple[int, int], ...] = ((96, 1), (96, 1))  # hidden, times
    head: tuple[int, int] = (2, 8)  # window, times


SIZES = {
    "tiny": CodecShape((4, 4, 2), ((3, 2),), 2, ((4, 2),), (2, 2)),
    "small": CodecShape(),
    "full": CodecShape((64, 3, 2), ((256, 2), (512, 2), (512, 2)), 32,
                       ((512, 2), (512, 2), (256, 2), (128, 2)), (1, 1)),
}


def depth_to_space(x, times):
    """``(B, C, h * times, w * times)`` from ``(B, C * times**2, h, w)``."""
    if times == 1:
        return x
    b, c, h, w = (x.shape[i] if n is None else n for i, n in enumerate(x.type.shape))
    parts = x.reshape((b, c // times**2, times, times, h, w))
    return parts.dimshuffle(0, 1, 4, 2, 5, 3).reshape((b, c // times**2, h * times, w * times))


def binarized(x, u):
    """-1 or 1, straight-through."""
    hard = pt.switch(pt.lt(u, 0.5 * (1 + x)), np.asarray(1, x.dtype), np.asarray(-1, x.dtype))
    from pytensor.gradient import disconnected_grad
    return x + disconnected_grad(hard - x)


class Network:
    def __init__(self, shape, cell, rng, dtype):
        self.shape = shape
        self.params = []
        kind = CELLS[cell]

        def weights(name, taps, size, filters):
            w = param(f"{name}w", (taps * size, filters), glorot_uniform, rng, dtype=dtype)
            b = param(f"{name}b", (filters,), zeros, rng, dtype=dtype)
            self.params += [w, b]
            return w, b

        def made(name, seen, hidden, stride):
            c = kind.create(seen, hidden, rng=rng, name=name, dtype=dtype,
                            x_product=Convolution((3, 3), stride), h_product=Convolution((1, 1)))
            self.params += c.params
            return c

        filters, window, stride = shape.first
        self.first = weights("first.", window**2, 3, filters)
        self.first_product = Convolution((window, window), stride)
        self.encoder = []
        seen = filters
        for i, (hidden, stride) in enumerate(shape.encoder, 1):
            self.encoder.append(made(f"encoder{i}.", seen, hidden, stride))
            seen = hidden
        self.bits = weights("bits.", 1, seen, shape.channels)
        self.spread = weights("spread.", 1, shape.channels, seen)
        self.decoder = []
        for i, (hidden, times) in enumerate(shape.decoder, 1):
            self.decoder.append(made(f"decoder{i}.", seen, hidden, 1))
            seen = hidden // times**2
        window, times = shape.head
        self.head = weights("head.", window**2, seen, 3 * times**2)

    @property
    def cells(self):
        return [*self.encoder, *self.decoder]

    def scales(self):
        """Each cell's side length as a part of the image's."""
        at = self.shape.first[2]
        found = []
        for _, s in self.shape.encoder:
            at *= s
            found.append(at)
        for _, t in self.shape.decoder:
            found.append(at)
            at //= t
        return found

    def initial(self, batch, height, width):
        dtype = self.first[0].dtype
        return [c.State(*(pt.zeros((batch, c.hidden_size, height // at, width // at), dtype=dtype)
                          for _ in c.State._fields)) for c, at in zip(self.cells, self.scales())]

    def advanced(self, cell, x, state):
        z = cell.x_product.of(x, cell.w_x) + cell.b[None, :, None, None]
        return cell.advance(z, cell.h_product.of(state[0], cell.w_h), state)

    def encode(self, r, states):
        w, b = self.first
        x = self.first_product.of(r, w) + b[None, :, None, None]
        after = []
        for cell, state in zip(self.encoder, states):
            after.append(self.advanced(cell, x, state))
            x = after[-1][0]
        w, b = self.bits
        return tanh(Convolution((1, 1)).of(x, w) + b[None, :, None, None]), after

    def decode(self, code, states):
        w, b = self.spread
        x = tanh(Convolution((1, 1)).of(code, w) + b[None, :, None, None])
        after = []
        for cell, state, (_, times) in zip(self.decoder, states, self.shape.decoder):
            after.append(self.advanced(cell, x, state))
            x = depth_to_space(after[-1][0], times)
        return self.headed(x), after

    def headed(self, x):
        from symrnn.ops.conv import window_columns
        from symrnn.ops.windows import pad_spatial
        w, b = self.head
        window, times = self.shape.head
        half = window // 2
        x = pad_spatial(x, [half] * 2, [half] * 2)
        columns = window_columns(x, (window, window), (1, 1), (1, 1))
        n, h, wd = (columns.shape[i] if columns.type.shape[i] is None else columns.type.shape[i] for i in (1, 2, 3))
        y = pt.dot(w.T, columns.reshape((-1, n * h * wd))).reshape((w.type.shape[1], n, h, wd))
        y = depth_to_space(y.dimshuffle(1, 0, 2, 3) + b[None, :, None, None], times)
        cut = times // 2 if window % 2 == 0 else 0
        return y[:, :, cut:-cut, cut:-cut] if cut else y


def pooled(x):
    """Means of 2 by 2."""
    return 0.25 * (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2])


SCALES = (0.15, 0.3, 0.3, 0.25)


def codec(shape, *, batch, patch, iterations, cell="gru", reconstruction="additive", seed=0, dtype=None):
    dtype = dtype or pytensor.config.floatX
    net = Network(shape, cell, np.random.default_rng(seed), dtype)
    xs = pt.tensor("xs", dtype=dtype, shape=(batch, 3, patch, patch))
    coded = patch // net.scales()[len(shape.encoder) - 1]
    u = pt.tensor("u", dtype=dtype, shape=(iterations, batch, shape.channels, coded, coded))
    weights = [pt.tensor(f"weights{i}", dtype=dtype, shape=(batch, 3, patch >> i, patch >> i)) for i in range(len(SCALES))]
    states = net.initial(batch, patch, patch)
    k = len(net.encoder)
    enc, dec = states[:k], states[k:]
    y, loss, r = 0, 0, xs
    parts = []
    for t in range(iterations):
        code, enc = net.encode(r, enc)
        out, dec = net.decode(binarized(code, u[t]), dec)
        y = y + out if reconstruction == "additive" else out
        r = e = xs - y
        for i, (s, w) in enumerate(zip(SCALES, weights)):
            if i:
                e = pooled(e)
            loss = loss + np.asarray(s / iterations, dtype) * (abs(e) * w).mean()
    return TrainingGraph([xs, u, *weights], loss, net.params, {"y": y})
