"""Random tensors that draw anew at every call, without updates to pass: Theano's ``RandomStreams``.

PyTensor asks a program to return the next generator as an update of its own. Old programs never did; their streams
advance by themselves. Here each draw hangs its next generator on the shared one as the default update, which
``pytensor.function`` applies. The numbers differ from Theano's MRG31k3p for the same seed.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.random import basic
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError

Seed = int | Sequence[int]


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

    def __init__(self, seed: Seed = 12345) -> None:
        if seed == 0 or (not isinstance(seed, (int, np.integer)) and sum(seed) == 0):
            raise UserError("seed must not be zero, but is; take a positive number")
        self.default_seed = seed
        self.state_updates: list[tuple[SharedVariable, Variable]] = []
        self.seed(seed)

    @property
    def generators(self) -> list[SharedVariable]:
        return [generator for generator, _ in self.state_updates]

    def seed(self, seed: Seed | None = None) -> None:
        """Start over from `seed`, by default the first one: every draw made so far repeats its numbers."""
        self._sequence = np.random.SeedSequence(self.default_seed if seed is None else seed)
        for generator in self.generators:
            generator.set_value(self._next_generator())

    def uniform(
        self,
        size: Any = (),
        low: Any = 0.0,
        high: Any = 1.0,
        ndim: int | None = None,
        dtype: str | None = None,
        nstreams: int | None = None,
    ) -> TensorVariable:
        """Numbers in ``[low, high)``."""
        return self.draw(
            basic.uniform, low, high, size=size, ndim=ndim, dtype=float_dtype(dtype, low, high)
        )

    def normal(
        self,
        size: Any = (),
        avg: Any = 0.0,
        std: Any = 1.0,
        ndim: int | None = None,
        dtype: str | None = None,
        nstreams: int | None = None,
        truncate: bool = False,
    ) -> TensorVariable:
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
        # By the inverse of the distribution function: redrawing until all are inside is no graph.
        return pt.cast(avg + std * np.sqrt(2.0) * pt.erfinv(2 * inside - 1), dtype)

    def truncated_normal(
        self,
        size: Any,
        avg: Any = 0.0,
        std: Any = 1.0,
        ndim: int | None = None,
        dtype: str | None = None,
        nstreams: int | None = None,
    ) -> TensorVariable:
        """Normal numbers, all within two standard deviations of the mean."""
        return self.normal(size, avg, std, ndim, dtype, truncate=True)

    def binomial(
        self,
        size: Any = (),
        n: Any = 1,
        p: Any = 0.5,
        ndim: int | None = None,
        dtype: str = "int64",
        nstreams: int | None = None,
        prob: Any = None,
    ) -> TensorVariable:
        """How often an event of probability `p` happened in `n` trials."""
        p = p if prob is None else prob
        # Nearly all are dropout masks: one comparison, and an expression for `p` where it is one.
        if n == 1:
            chance = np.asarray(p).astype("float64") if not hasattr(p, "type") else p
            return pt.cast(self.draw(basic.uniform, 0.0, 1.0, size=size or shape_of(p), ndim=ndim,
                                     dtype=pytensor.config.floatX) < chance, dtype)  # fmt: skip
        return pt.cast(self.draw(basic.binomial, n, p, size=size, ndim=ndim), dtype)

    def multinomial(
        self,
        size: Any = None,
        n: Any = 1,
        pvals: Any = None,
        ndim: int | None = None,
        dtype: str = "int64",
        nstreams: int | None = None,
    ) -> TensorVariable:
        """Counts (B, K) of `n` draws from the rows of `pvals` (B, K)."""
        pvals = pt.cast(pt.as_tensor(pvals), "float64")
        pvals = pvals / pvals.sum(axis=-1, keepdims=True)
        return pt.cast(self.draw(basic.multinomial, n, pvals, size=size or None), dtype)

    def choice(
        self,
        size: Any = 1,
        a: Any = None,
        replace: bool = True,
        p: Any = None,
        ndim: int | None = None,
        dtype: str = "int64",
        nstreams: int | None = None,
    ) -> TensorVariable:
        """Entries of `a`, or numbers below it."""
        drawn = self.draw(basic.choice, a, size=size, replace=replace, p=p)
        return pt.cast(drawn, dtype)

    def random_integers(
        self,
        size: Any = (),
        low: Any = 0,
        high: Any = 1,
        ndim: int | None = None,
        dtype: str = "int64",
    ) -> TensorVariable:
        """Whole numbers from `low` to `high`, both included."""
        return pt.cast(self.draw(basic.integers, low, high + 1, size=size, ndim=ndim), dtype)

    def permutation(
        self, size: Any = None, n: Any = 1, ndim: int | None = None, dtype: str = "int64"
    ) -> TensorVariable:
        """The numbers below `n` in random order; `size` asks for several such vectors."""
        if size in (None, (), 1):
            return pt.cast(self.draw(basic.permutation, pt.arange(n)), dtype)
        return pt.argsort(self.uniform((*tuple(size), n)), axis=-1).astype(dtype)

    def shuffle_row_elements(self, rows: TensorVariable) -> TensorVariable:
        """Each row of `rows` in random order."""
        order = pt.argsort(self.uniform(rows.shape), axis=-1)
        return pt.take_along_axis(rows, order, axis=-1)

    def draw(
        self,
        distribution: Callable[..., Any],
        *parameters: Any,
        size: Any = None,
        ndim: int | None = None,
        **options: Any,
    ) -> TensorVariable:
        """One random tensor, and the promise to advance its generator."""
        # A generator of its own: two draws may stand in different functions, and each advances what it reads.
        generator = pytensor.shared(self._next_generator())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            drawn = distribution(*parameters, size=size_argument(size), rng=generator, **options)
            node = drawn.owner
            # Casts and the like may stand between the draw and what was returned.
            while node.inputs[0] is not generator and generator not in node.inputs:
                node = node.inputs[0].owner
        set_default_update(generator, node.outputs[0])
        self.state_updates.append((generator, node.outputs[0]))
        return drawn

    def _next_generator(self):
        return np.random.Generator(np.random.PCG64(self._sequence.spawn(1)[0]))


def set_default_update(shared: SharedVariable, value: Variable) -> None:
    """Let every function that `shared` stands in set it to `value`, as `no_default_updates` says how to prevent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        shared.default_update = value


def size_argument(size: Any) -> Any:
    """`size` as PyTensor takes it: None, an int, or a sequence of ints and expressions."""
    if size is None or (isinstance(size, (tuple, list)) and not size):
        return None
    return tuple(size) if isinstance(size, list) else size


def shape_of(parameter: Any) -> Any:
    """The shape a draw takes from its parameter."""
    return getattr(parameter, "shape", ())


def float_dtype(dtype: str | None, *parameters: Any) -> str:
    """`dtype`, or what Theano would infer: the parameters' float type, and floatX for Python numbers."""
    if dtype is not None:
        return dtype
    known = [p.dtype for p in parameters if hasattr(p, "dtype") and np.dtype(p.dtype).kind == "f"]
    return str(np.result_type(*known)) if known else pytensor.config.floatX
