"""Random graphs with the values of their inputs: what a graph may hold is a table of ways to grow it.

A *grown* variable knows its shape in this call, and how many bits its numbers take at most as exact binary fractions;
None where they are rounded. What jumps (a comparison, a rounding, the place of a maximum) reads exact numbers only, so
that two ways to compute the same graph differ by rounding errors and by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor import scan
from pytensor.graph.basic import Variable
from pytensor.scan.utils import until
from pytensor.tensor.special import softmax

try:
    from pytensor.conditional.op import ifelse
except ImportError:  # before PyTensor 3.3
    from pytensor.ifelse import ifelse

FLOATS = ("float32", "float64")
WHOLE = ("bool", "int8", "int64")
EXTENTS = (0, 1, 1, 2, 3, 5)
MOST_BITS = {"float32": 20, "float64": 45}


class Skip(Exception):
    """Nothing grown so far serves."""


@dataclass
class Grown:
    """A variable, its shape, and the bits that its numbers take at most."""

    var: Variable
    shape: tuple[int, ...]
    bits: int | None

    @property
    def dtype(self) -> str:
        return self.var.type.dtype

    @property
    def is_float(self) -> bool:
        return self.dtype in FLOATS

    @property
    def is_exact(self) -> bool:
        return not self.is_float or (self.bits is not None and self.bits <= MOST_BITS[self.dtype])


@dataclass
class Graph:
    """What has grown so far; `choose` draws a number below its argument."""

    choose: Callable[[int], int]
    grown: list[Grown] = field(default_factory=list)
    inputs: list[Variable] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    updates: list[tuple[Variable, Variable]] = field(default_factory=list)

    def one(self, options):
        options = list(options)
        if not options:
            raise Skip
        return options[self.choose(len(options))]

    def some(self, test: Callable[[Grown], bool] = lambda g: True) -> Grown:
        return self.one(g for g in reversed(self.grown) if test(g))

    def array(self, dtype: str, shape) -> np.ndarray:
        """Numbers of five bits."""
        numbers = np.array(
            [self.choose(32) - 16 for _ in range(int(np.prod(shape)))], "int64"
        ).reshape(shape)
        if dtype == "bool":
            return np.asarray(numbers > 0)
        return np.asarray(numbers / 4 if dtype in FLOATS else numbers, dtype)

    def add(self, var: Variable, shape, bits: int | None) -> Grown:
        new = Grown(var, tuple(int(n) for n in shape), bits)
        self.grown.append(new)
        return new

    def add_input(self, as_shared: bool = False) -> None:
        shape = tuple(self.one(EXTENTS) for _ in range(self.choose(4)))
        value = self.array(self.one((*FLOATS, *FLOATS, *WHOLE)), shape)
        static = [n if n == 1 or self.choose(3) == 0 else None for n in shape]
        if as_shared:
            var = pytensor.shared(value, shape=tuple(static)) if shape else pytensor.shared(value)
        else:
            var = pt.tensor(dtype=value.dtype, shape=tuple(static))
            self.inputs.append(var)
            self.values.append(value)
        self.add(var, shape, 5)


def broadcastable(a: Grown, b: Grown) -> bool:
    """Whether the shapes go together without an axis being repeated that isn't known to be 1."""
    if len(a.shape) < len(b.shape):
        a, b = b, a
    offset = len(a.shape) - len(b.shape)
    for axis, n in enumerate(b.shape):
        m = a.shape[axis + offset]
        is_repeated = (n == 1 and b.var.type.broadcastable[axis]) or (
            m == 1 and a.var.type.broadcastable[axis + offset]
        )
        if n != m and not is_repeated:
            return False
    return True


def unary(g: Graph):
    x = g.some(lambda x: x.dtype != "bool")
    name = g.one(
        ("neg", "abs", "sqr", "tanh", "sigmoid", "exp", "sqrt", "log1p", "softplus", "reciprocal")
    )
    match name:
        case "neg" | "abs":
            g.add(getattr(pt, name)(x.var), x.shape, x.bits)
        case "sqr":
            g.add(pt.sqr(x.var), x.shape, x.bits and 2 * x.bits)
        case "exp":
            g.add(pt.exp(pt.tanh(x.var)), x.shape, None)
        case "sqrt" | "log1p":
            g.add(getattr(pt, name)(abs(x.var.astype("float64"))), x.shape, None)
        case _:
            var = x.var if x.is_float else x.var.astype("float32")
            g.add(getattr(pt, name)(abs(var) + 1 if name == "reciprocal" else var), x.shape, None)


def jump(g: Graph):
    x = g.some(lambda x: x.is_exact and x.dtype != "bool")
    name = g.one(("floor", "sign", "round", "trunc"))
    g.add(getattr(pt, name)(x.var), x.shape, x.bits)


def cast(g: Graph):
    dtype = g.one(("bool", "int64", *FLOATS))
    x = g.some(lambda x: (x.is_exact and (x.bits or 0) < 30) or dtype in FLOATS)
    g.add(x.var.astype(dtype), x.shape, x.bits)


def binary(g: Graph):
    x = g.some()
    y = g.some(lambda y: broadcastable(x, y))
    shape = np.broadcast_shapes(x.shape, y.shape)
    known = None if x.bits is None or y.bits is None else (x.bits, y.bits)
    names = ["add", "mul", "maximum", "minimum"] + (
        ["sub"] if "bool" not in (x.dtype, y.dtype) else []
    )
    name = g.one(names + ["true_div"])
    operation = {"true_div": pt.true_div}.get(name) or getattr(pt, name)
    if name == "true_div":  # by nothing that is 0: rewriting may move NaN
        g.add(operation(x.var, 1 + abs(y.var.astype("float64"))), shape, None)
    elif name == "mul":
        g.add(operation(x.var, y.var), shape, known and sum(known))
    else:
        g.add(operation(x.var, y.var), shape, known and max(known) + 1)


def comparison(g: Graph):
    x = g.some(lambda x: x.is_exact)
    y = g.some(lambda y: y.is_exact and broadcastable(x, y))
    operation = g.one((pt.lt, pt.ge, pt.eq, pt.neq))
    g.add(operation(x.var, y.var), np.broadcast_shapes(x.shape, y.shape), 1)


def switch(g: Graph):
    c = g.some(lambda c: c.dtype == "bool")
    x = g.some(lambda x: broadcastable(c, x))
    y = g.some(lambda y: y.shape in (x.shape, ()))
    shape = np.broadcast_shapes(c.shape, x.shape, y.shape)
    bits = None if x.bits is None or y.bits is None else max(x.bits, y.bits)
    g.add(pt.switch(c.var, x.var, y.var), shape, bits)


def permuted(g: Graph):
    x = g.some(lambda x: x.shape)
    order = list(range(len(x.shape)))
    for i in range(len(order)):
        j = g.choose(len(order))
        order[i], order[j] = order[j], order[i]
    pattern = list(order)
    if len(pattern) < 3 and g.choose(2):
        pattern.insert(g.choose(len(pattern) + 1), "x")
    shape = tuple(1 if a == "x" else x.shape[a] for a in pattern)
    g.add(x.var.dimshuffle(*pattern), shape, x.bits)


def a_slice(g: Graph, n: int) -> slice:
    ends = [None, *range(-n - 1, n + 2)]
    return slice(g.one(ends), g.one(ends), g.one((None, 1, 2, -1, -2)))


def index(g: Graph, shape) -> tuple:
    """Slices and numbers."""
    items = []
    for n in shape[: 1 + g.choose(len(shape))]:
        items.append(
            g.choose(n) - (n if g.choose(2) else 0) if n and g.choose(3) == 0 else a_slice(g, n)
        )
    return tuple(items)


def part(g: Graph):
    x = g.some(lambda x: x.shape)
    items = index(g, x.shape)
    g.add(x.var[items], np.empty(x.shape)[items].shape, x.bits)


def reshaped(g: Graph):
    x = g.some()
    size = int(np.prod(x.shape))
    shape = g.one(
        [(size,), (1, size), (size, 1)]
        + ([(size // 2, 2), (2, size // 2)] if size % 2 == 0 else [])
    )
    g.add(x.var.reshape(shape), shape, x.bits)


def repeated(g: Graph):
    x = g.some(lambda x: len(x.shape) < 3)
    shape = (g.one(EXTENTS), *x.shape)
    g.add(pt.alloc(x.var, *shape), shape, x.bits)


def some_axes(g: Graph, x: Grown) -> tuple[int, ...]:
    return tuple(a for a in range(len(x.shape)) if g.choose(2)) or (g.choose(len(x.shape)),)


def reduction(g: Graph):
    x = g.some(lambda x: x.shape)
    axes = some_axes(g, x)
    name = g.one(("sum", "max", "min", "prod", "mean", "all", "any", "argmax", "cumsum", "softmax"))
    shape = tuple(n for a, n in enumerate(x.shape) if a not in axes)
    count = int(np.prod([x.shape[a] for a in axes]))
    match name:
        case "sum":
            g.add(x.var.sum(axis=axes), shape, x.bits and x.bits + count.bit_length())
        case "prod":
            g.add(pt.prod(x.var, axis=axes), shape, x.bits and x.bits * max(1, count))
        case "max" | "min":
            g.add(getattr(pt, name)(x.var, axis=axes), shape, x.bits)
        case "mean":
            g.add(pt.mean(x.var, axis=axes), shape, None)
        case "all" | "any":
            if not x.is_exact:
                raise Skip
            g.add(
                getattr(pt, name)(pt.gt(x.var, 0) if x.dtype != "bool" else x.var, axis=axes),
                shape,
                1,
            )
        case "argmax":
            if not x.is_exact or x.dtype == "bool":
                raise Skip
            g.add(pt.argmax(x.var, axis=axes[0]), np.delete(x.shape, axes[0]), 3)
        case "cumsum":
            g.add(pt.cumsum(x.var, axis=axes[0]), x.shape, x.bits and x.bits + count.bit_length())
        case "softmax":
            if not x.is_float:
                raise Skip
            g.add(softmax(pt.tanh(x.var), axis=axes[0]), x.shape, None)


def product(g: Graph):
    x = g.some(lambda x: 1 <= len(x.shape) <= 2)
    y = g.some(lambda y: 1 <= len(y.shape) <= 2 and y.shape[0] == x.shape[-1])
    bits = None if x.bits is None or y.bits is None else x.bits + y.bits + 3
    g.add(pt.dot(x.var, y.var), (*x.shape[:-1], *y.shape[1:]), bits)


def stack_of_products(g: Graph):
    x = g.some(lambda x: len(x.shape) == 3)
    bits = x.bits and 2 * x.bits + 3
    g.add(pt.matmul(x.var, x.var.transpose(0, 2, 1)), (*x.shape[:2], x.shape[1]), bits)


def joined(g: Graph):
    x = g.some(lambda x: x.shape)
    axis = g.choose(len(x.shape))

    def fits(y):
        return (
            len(y.shape) == len(x.shape)
            and np.delete(y.shape, axis).tolist() == np.delete(x.shape, axis).tolist()
        )

    y = g.some(fits)
    shape = (*x.shape[:axis], x.shape[axis] + y.shape[axis], *x.shape[axis + 1 :])
    g.add(
        pt.join(axis, x.var, y.var),
        shape,
        None if x.bits is None or y.bits is None else max(x.bits, y.bits),
    )


def split(g: Graph):
    x = g.some(lambda x: x.shape)
    axis = g.choose(len(x.shape))
    n = x.shape[axis]
    first = g.choose(n + 1)
    lengths = [first, n - first]
    for var, length in zip(
        pt.split(x.var, splits_size=lengths, n_splits=2, axis=axis), lengths, strict=True
    ):
        g.add(var, (*x.shape[:axis], length, *x.shape[axis + 1 :]), x.bits)


def written(g: Graph):
    """A part of an array set or increased, often by another part of the same array."""
    x = g.some(lambda x: x.shape)
    items = index(g, x.shape)
    target = x.var[items]
    shape = np.empty(x.shape)[items].shape
    y = g.one([y for y in g.grown if y.shape in (shape, ()) and (y.dtype == x.dtype)])
    operation = g.one((pt.set_subtensor, pt.inc_subtensor))
    bits = None if x.bits is None or y.bits is None else max(x.bits, y.bits) + 1
    if x.dtype == "bool" and operation is pt.inc_subtensor:
        raise Skip
    g.add(operation(target, y.var), x.shape, bits)


def gathered(g: Graph):
    x = g.some(lambda x: x.shape)
    axis = g.choose(len(x.shape))
    n = x.shape[axis]
    entries = np.array([g.choose(2 * n) - n for _ in range(g.choose(4))] if n else [], "int64")
    items = (slice(None),) * axis + (entries,)
    target = x.var[items]
    shape = (*x.shape[:axis], len(entries), *x.shape[axis + 1 :])
    match g.choose(3):
        case 0:
            g.add(target, shape, x.bits)
        case 1:
            g.add(pt.set_subtensor(target, x.var.dtype and pt.zeros((), x.dtype)), x.shape, x.bits)
        case 2:
            if x.dtype == "bool":
                raise Skip
            g.add(pt.inc_subtensor(target, pt.ones((), x.dtype)), x.shape, x.bits and x.bits + 2)


def chosen(g: Graph):
    c = g.some(lambda c: c.is_exact and c.shape == ())
    x = g.some()
    y = g.some(lambda y: y.dtype == x.dtype and y.shape == x.shape)
    bits = None if x.bits is None or y.bits is None else max(x.bits, y.bits)
    g.add(ifelse(pt.neq(c.var, 0), x.var, y.var), x.shape, bits)


def recurrence(g: Graph):
    """A Scan over an array's first axis, with a state, a second tap or a trace."""
    xs = g.some(lambda x: x.is_float and x.shape)
    h = pt.zeros_like(xs.var.sum(axis=0)) if g.choose(2) else pt.tanh(xs.var.sum(axis=0))
    taps, is_reversed = g.choose(2), bool(g.choose(2))
    has_trace = xs.shape[0] > 0 and g.choose(
        2
    )  # PyTensor's trace of no steps has no extents at all

    def step(x, *states):
        new = pt.tanh(x + states[0] / 2 - (states[1] if len(states) > 1 else 0)).astype(h.dtype)
        return [new, new * x] if has_trace else new

    first = {"initial": pt.stack([h, h]), "taps": [-1, -2]} if taps else h
    outs = scan(
        step,
        sequences=[xs.var],
        outputs_info=[first, None] if has_trace else [first],
        go_backwards=is_reversed,
        return_updates=False,
    )
    for out in outs if isinstance(outs, list) else [outs]:
        if xs.shape[0] and g.choose(2):
            g.add(out[-1], xs.shape[1:], None)
        else:
            g.add(out, xs.shape, None)


def stopped(g: Graph):
    """A Scan that stops by a condition on exact numbers."""
    x = g.some(lambda x: x.is_exact and x.dtype == "int64" and x.shape == ())
    counts = scan(
        lambda n: (n + 3, until(n > 5)),
        outputs_info=[pt.minimum(pt.maximum(x.var, -9), 9)],
        n_steps=1 + g.choose(6),
        return_updates=False,
    )
    g.add(counts[-1] if g.choose(2) else counts.sum(), (), 8)


def gradient(g: Graph):
    x = g.one(x for x in g.grown if x.is_float and x.var in g.inputs)
    y = g.some(lambda y: y.is_float and y.var is not x.var)
    try:
        slope = pytensor.grad(pt.tanh(y.var).sum(), x.var, disconnected_inputs="ignore")
    except (
        TypeError
    ):  # a gradient that PyTensor itself builds of whole numbers, which it then refuses
        raise Skip from None
    g.add(slope, x.shape, None)


WAYS = (
    unary, jump, cast, binary, binary, binary, comparison, switch, permuted, permuted, part, part, part,
    reshaped, repeated, reduction,
    reduction, product, stack_of_products, joined, joined, split, written, written, gathered, chosen,
    recurrence, recurrence, stopped,
    gradient,
)  # fmt: skip


def random_graph(choose: Callable[[int], int]) -> Graph:
    """A graph of up to sixteen steps of growth on up to four inputs and a shared variable."""
    g = Graph(choose)
    for _ in range(1 + choose(3)):
        g.add_input()
    if choose(2):
        g.add_input(as_shared=True)
    for _ in range(2 + choose(15)):
        try:
            g.one(WAYS)(g)
        except (
            Skip,
            NotImplementedError,
            TypeError,
        ):  # what PyTensor of this version does not build
            continue
    return g
