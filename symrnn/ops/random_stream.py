"""Random tensors that draw anew at every call, without updates to pass: Theano's ``RandomStreams``.

PyTensor asks a program to return the next generator as an update of its own. Old programs never did; their streams
advance by themselves. Here each draw hangs its next generator on the shared one as the default update, which
``pytensor.function`` applies. The numbers differ from Theano's MRG31k3p for the same seed.
"""

import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.random import basic

from symrnn.errors import UserError


class RandomStream:
    """A source of random tensors, each with a generator of its own, all derived from `seed`.

    Attributes
    ----------
    generators
        The shared generators made so far, one a draw; ``state_updates`` pairs each with its successor.

    Examples
    --------
    >>> stream = RandomStream(seed=1)
    >>> noise = stream.uniform((2,))
    >>> draw = pytensor.function([], noise)
    >>> bool((draw() != draw()).all())
    True
    """

    def __init__(self, seed=12345):
        if seed == 0 or (not isinstance(seed, (int, np.integer)) and sum(seed) == 0):
            raise UserError("seed must not be zero, but is; take a positive number")
        self.default_seed = seed
        self.state_updates = []
        self.seed(seed)

    @property
    def generators(self):
        return [generator for generator, _ in self.state_updates]

    def seed(self, seed=None):
        """Start over from `seed`, by default the first one: every draw made so far repeats its numbers."""
        self._sequence = np.random.SeedSequence(self.default_seed if seed is None else seed)
        for generator in self.generators:
            generator.set_value(self._next_generator())

    def uniform(self, size=(), low=0.0, high=1.0, ndim=None, dtype=None, nstreams=None):
        """Numbers in ``[low, high)``."""
        return self.draw(
            basic.uniform, low, high, size=size, ndim=ndim, dtype=float_dtype(dtype, low, high)
        )

    def normal(
        self, size=(), avg=0.0, std=1.0, ndim=None, dtype=None, nstreams=None, truncate=False
    ):
        """Normal numbers of mean `avg` and standard deviation `std`; `truncate` redraws beyond two of them."""
        dtype = float_dtype(dtype, avg, std)
        if not truncate:
            return self.draw(basic.normal, avg, std, size=size, ndim=ndim, dtype=dtype)
        inside = self.draw(
            basic.uniform,
            0.022750131948179195,
            0.9772498680518208,
            size=size,
            ndim=ndim,
            dtype=dtype,
        )
        return pt.cast(avg + std * np.sqrt(2.0) * pt.erfinv(2 * inside - 1), dtype)

    def truncated_normal(self, size, avg=0.0, std=1.0, ndim=None, dtype=None, nstreams=None):
        """Normal numbers, all within two standard deviations of the mean."""
        return self.normal(size, avg, std, ndim, dtype, truncate=True)

    def binomial(self, size=(), n=1, p=0.5, ndim=None, dtype="int64", nstreams=None, prob=None):
        """How often an event of probability `p` happened in `n` trials."""
        p = p if prob is None else prob
        if n == 1:
            chance = np.asarray(p).astype("float64") if not hasattr(p, "type") else p
            return pt.cast(self.draw(basic.uniform, 0.0, 1.0, size=size or shape_of(p), ndim=ndim,
                                     dtype=pytensor.config.floatX) < chance, dtype)  # fmt: skip
        return pt.cast(self.draw(basic.binomial, n, p, size=size, ndim=ndim), dtype)

    def multinomial(self, size=None, n=1, pvals=None, ndim=None, dtype="int64", nstreams=None):
        """Counts (B, K) of `n` draws from the rows of `pvals` (B, K)."""
        pvals = pt.cast(pt.as_tensor(pvals), "float64")
        pvals = pvals / pvals.sum(axis=-1, keepdims=True)
        return pt.cast(self.draw(basic.multinomial, n, pvals, size=size or None), dtype)

    def choice(self, size=1, a=None, replace=True, p=None, ndim=None, dtype="int64", nstreams=None):
        """Entries of `a`, or numbers below it."""
        drawn = self.draw(basic.choice, a, size=size, replace=replace, p=p)
        return pt.cast(drawn, dtype)

    def random_integers(self, size=(), low=0, high=1, ndim=None, dtype="int64"):
        """Whole numbers from `low` to `high`, both included."""
        return pt.cast(self.draw(basic.integers, low, high + 1, size=size, ndim=ndim), dtype)

    def permutation(self, size=None, n=1, ndim=None, dtype="int64"):
        """The numbers below `n` in random order; `size` asks for several such vectors."""
        if size in (None, (), 1):
            return pt.cast(self.draw(basic.permutation, pt.arange(n)), dtype)
        return pt.argsort(self.uniform((*tuple(size), n)), axis=-1).astype(dtype)

    def shuffle_row_elements(self, rows):
        """Each row of `rows` in random order."""
        order = pt.argsort(self.uniform(rows.shape), axis=-1)
        return pt.take_along_axis(rows, order, axis=-1)

    def draw(self, distribution, *parameters, size=None, ndim=None, **options):
        """One random tensor, and the promise to advance its generator."""
        generator = pytensor.shared(self._next_generator())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            drawn = distribution(*parameters, size=size_argument(size), rng=generator, **options)
            node = drawn.owner
            while node.inputs[0] is not generator and generator not in node.inputs:
                node = node.inputs[0].owner
        set_default_update(generator, node.outputs[0])
        self.state_updates.append((generator, node.outputs[0]))
        return drawn

    def _next_generator(self):
        return np.random.Generator(np.random.PCG64(self._sequence.spawn(1)[0]))


def set_default_update(shared, value):
    """Let every function that `shared` stands in set it to `value`, as `no_default_updates` says how to prevent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        shared.default_update = value


def size_argument(size):
    """`size` as PyTensor takes it: None, an int, or a sequence of ints and expressions."""
    if size is None or (isinstance(size, (tuple, list)) and not size):
        return None
    return tuple(size) if isinstance(size, list) else size


def shape_of(parameter):
    """The shape a draw takes from its parameter."""
    return getattr(parameter, "shape", ())


def float_dtype(dtype, *parameters):
    """`dtype`, or what Theano would infer: the parameters' float type, and floatX for Python numbers."""
    if dtype is not None:
        return dtype
    known = [p.dtype for p in parameters if hasattr(p, "dtype") and np.dtype(p.dtype).kind == "f"]
    return str(np.result_type(*known)) if known else pytensor.config.floatX
