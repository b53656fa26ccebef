"""Networks as records: layers, options and sizes, drawn by `network_draws`, built by the library in `built`."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
from drawn_cells import CellCase, InShort
from helpers import FEW_REWRITES
from pytensor.compile.mode import Mode

import symrnn.native  # noqa: F401  (the mode "NATIVE")
from symrnn.ops.gradient_views import grad_clip
from symrnn.unroll import bidirectional, scan_states, scan_unroll, stack, static_unroll

MODES = {
    "NATIVE": "NATIVE",
    "few rewrites": FEW_REWRITES,
    "Python": Mode(linker="vm", optimizer="fast_run"),
    "JAX": "JAX",
}
INITIALS = {  # of a state field, by B and H
    "row": lambda batch, hidden: (hidden,),
    "one row": lambda batch, hidden: (1, hidden),
    "rows": lambda batch, hidden: (batch, hidden),
}
Form = Literal["scan", "states", "static", "one scan", "two scans", "stack", "layers", "foreign"]


@dataclass(frozen=True, repr=False)
class LayerOptions(InShort):
    """What every function of `symrnn.unroll` takes."""

    gradient: str = "assembled"
    gradient_steps: int | None = None
    grad_clipping: float | None = None


@dataclass(frozen=True, repr=False)
class LayerCase(InShort):
    """One layer, or `deep` equal ones in one scan.

    Attributes
    ----------
    form
        The function that builds it; ``"layers"`` is `stack` of cells with a leading layer axis, ``"foreign"`` a plain
        `pytensor.scan` of the same step.
    initials
        One a cell: None, or the shape of its state's fields.
    cut
        Of ``"states"``: the walk is broken off there, and goes on from the state.
    is_tied
        Both cells of a pair have the same weights.
    """

    form: Form
    cells: tuple[CellCase, ...]
    options: LayerOptions = LayerOptions()
    reverse: bool = False
    initials: tuple[str | None, ...] = (None, None)
    cut: int = 0
    deep: int = 0
    is_tied: bool = False

    @property
    def width(self) -> int:
        """Columns of the output."""
        return sum(cell.hidden for cell in self.cells)

    @property
    def reverses(self) -> tuple[bool, ...]:
        return (self.reverse,) if len(self.cells) == 1 else (False, True)

    @property
    def owners(self) -> tuple[int, ...]:
        """For each cell, which one's weights it has."""
        return (0, 0) if self.is_tied else tuple(range(len(self.cells)))


Key = tuple[int, int, str]  # layer, cell, name of a weight or of a state's field


@dataclass(frozen=True, repr=False)
class NetworkCase(InShort):
    """A network with what it is called with.

    Attributes
    ----------
    sizes
        ``(T, B)`` of each call.
    knows
        Whether the type of the input knows T, and B.
    mask
        None, or how it is drawn, and its dtype.
    leaves
        What the weights are: shared variables, expressions of such, or inputs.
    is_one_stack
        All layers by one call of `stack`.
    order
        2: the gradient of the gradient too.
    """

    layers: tuple[LayerCase, ...]
    inputs: int
    sizes: tuple[tuple[int, int], ...]
    knows: tuple[bool, bool] = (False, False)
    mask: tuple[str, str] | None = None
    dtype: str = "float64"
    mode: str = "NATIVE"
    leaves: str = "shared"
    last_only: bool = False
    is_one_stack: bool = False
    order: int = 1
    seed: int = 0

    @cached_property
    def values(self) -> dict[Key, np.ndarray]:
        """The weights and the initial states, by layer, cell and name."""
        values = {}
        batch, width = self.sizes[0][1], self.inputs
        for i, layer in enumerate(self.layers):
            for j in sorted(set(layer.owners)):
                for name, shape in layer.cells[j].shapes(width, batch).items():
                    stacked = (layer.deep, *shape) if layer.deep else shape
                    values[i, j, name] = self._drawn((i, j, name), stacked, 0.7)
            for j, (cell, kind) in enumerate(zip(layer.cells, layer.initials, strict=False)):
                for field in range(cell.states if kind else 0):
                    key = i, j, f"initial{field}"
                    values[key] = self._drawn(key, INITIALS[kind](batch, cell.hidden), 1.0)
            width = layer.width
        return values

    def _drawn(self, key: Key, shape: tuple[int, ...], scale: float) -> np.ndarray:
        """Numbers that the seed, the key and the shape alone tell: equal keys of two networks are one variable."""
        rng = np.random.default_rng([self.seed, *key[:2], *key[2].encode()])
        return np.asarray(rng.normal(0, scale, shape), self.dtype)

    def batches(self) -> list[list[np.ndarray]]:
        """``[xs]`` or ``[xs, mask]`` of each call."""
        rng, found = np.random.default_rng(self.seed + 1), []
        for steps, batch in self.sizes:
            xs = rng.normal(size=(steps, batch, self.inputs)).astype(self.dtype)
            found.append([xs] if self.mask is None else [xs, drawn_mask(self.mask, rng, xs)])
        return found


def drawn_mask(mask, rng, xs):
    """Ones and zeros ``(T, B)``: sequences of their own lengths, or holes anywhere."""
    kind, dtype = mask
    steps, batch = xs.shape[:2]
    if kind == "lengths":
        values = np.arange(steps)[:, None] < rng.integers(0, steps + 1, batch)
    else:
        values = rng.integers(0, 2, (steps, batch))
    return values.astype(dtype)


class Built(NamedTuple):
    """A network's graph: what it is called with, what is looked at, and what it is differentiated by."""

    inputs: list[Any]
    outputs: list[Any]
    leaves: dict[Key, Any]


def built(case: NetworkCase) -> Built:
    """The graph that the library makes of a network."""
    steps, batch = (
        n if known else None for n, known in zip(case.sizes[0], case.knows, strict=True)
    )
    xs = pt.tensor("xs", shape=(steps, batch, case.inputs), dtype=case.dtype)
    mask = None
    if case.mask is not None:
        mask = pt.tensor("mask", shape=(steps, batch), dtype=case.mask[1])
    leaves = {key: leaf(case, key, value) for key, value in case.values.items()}
    weights = {key: var * 0.5 if case.leaves == "halves" else var for key, var in leaves.items()}
    inputs = [xs] if mask is None else [xs, mask]
    inputs += leaves.values() if case.leaves == "inputs" else ()
    ys, exposed = upon(case, weights, xs, mask)
    return Built(inputs, [ys, *exposed], {(-1, 0, "xs"): xs} | leaves)


def shared(value: np.ndarray, name: str, *, knows: bool):
    """A parameter whose type knows its shape, or no more than PyTensor asks for: where it is repeated."""
    shape = [n if knows or n == 1 else None for n in value.shape]
    return pytensor.shared(value, name=name, shape=tuple(shape))


def leaf(case: NetworkCase, key: Key, value: np.ndarray):
    """The variable that a weight is made of."""
    name = f"{key[2]}_{key[0]}{key[1]}"
    if case.leaves == "inputs":
        return pt.tensor(name, shape=value.shape, dtype=value.dtype)
    value = np.asarray(value * 2 if case.leaves == "halves" else value)
    return pytensor.shared(value, name=name, shape=value.shape)


def upon(case: NetworkCase, weights, xs, mask):
    """The last layer's output, and the states that layers before it put out."""
    made = [
        [layer.cells[j].made(named(weights, i, j)) for j in layer.owners]
        for i, layer in enumerate(case.layers)
    ]
    if case.is_one_stack:
        options = case.layers[0].options.__dict__
        return stack(made, xs, mask=mask, **options), []
    exposed: list[Any] = []
    for i, (layer, cells) in enumerate(zip(case.layers, made, strict=True)):
        starts = [start(weights, i, j, cell) for j, cell in enumerate(cells)]
        options = layer.options.__dict__ | {"mask": mask}
        is_last = case.last_only and i == len(case.layers) - 1
        if is_last and layer.form not in ("states", "stack", "layers"):
            options["last_only"] = True
        if layer.form == "static":
            options["steps"] = case.sizes[0][0]
        xs, states = FORMS[layer.form](layer, cells, xs, starts, options)
        exposed += states
    return xs, exposed


def named(weights, i, j):
    """The weights of one cell by name."""
    return {
        name: var
        for (layer, cell, name), var in weights.items()
        if (layer, cell) == (i, j) and not name.startswith("initial")
    }


def start(weights, i, j, cell):
    """The initial state of a cell, or None: a State, or its one field as it is."""
    fields = [weights.get((i, j, f"initial{k}")) for k in range(len(cell.State._fields))]
    if fields[0] is None:
        return None
    return fields[0] if len(fields) == 1 else cell.State(*fields)


def scan(layer, cells, xs, starts, options):
    return scan_unroll(cells[0], xs, reverse=layer.reverse, initial=starts[0], **options), []


def states(layer, cells, xs, starts, options):
    """A walk whose last state is looked at, and where it is cut, its parts, each from the state of the one before."""
    mask, parts, state = options.pop("mask"), [], starts[0]
    for part in (slice(0, layer.cut), slice(layer.cut, None)) if layer.cut else (slice(None),):
        ys, state = scan_states(
            cells[0],
            xs[part] if layer.cut else xs,
            mask=mask if mask is None or not layer.cut else mask[part],
            reverse=layer.reverse,
            initial=state,
            **options,
        )
        parts.append(ys)
    return (pt.join(0, *parts) if layer.cut else ys), list(state)


def foreign(layer, cells, xs, starts, options):
    """The step in a `pytensor.scan`, products and all; the bound is PyTensor's view."""
    [cell], mask, bound = cells, options["mask"], options["grad_clipping"]
    zeros = pt.zeros((xs.shape[1], cell.hidden_size), dtype=xs.dtype)
    initial = [zeros] * len(cell.State._fields)
    if starts[0] is not None:
        fields = starts[0] if isinstance(starts[0], tuple) else [starts[0]]
        initial = [zeros + field for field in fields]

    def step(x, *rest):
        on, state = (rest[0], rest[1:]) if mask is not None else (None, rest)
        z, r = x @ cell.w_x + cell.b, state[0] @ cell.w_h
        if bound is not None:
            z, r = (grad_clip(a, -bound, bound) for a in (z, r))
        after = cell.advance(z, r, cell.State(*state))
        if on is not None:
            after = [pt.switch(on[:, None], a, s) for a, s in zip(after, state, strict=True)]
        return [
            pt.specify_shape(a, s.type.shape).astype(s.dtype)
            for a, s in zip(after, state, strict=True)
        ]

    traces = pytensor.scan(
        step,
        sequences=[xs] if mask is None else [xs, pt.neq(mask, 0)],
        outputs_info=initial,
        truncate_gradient=options["gradient_steps"] or -1,
        go_backwards=layer.reverse,
        return_list=True,
        return_updates=False,
    )
    if options.get("last_only"):
        return traces[0][-1], []
    return (traces[0][::-1] if layer.reverse else traces[0]), []


def static(layer, cells, xs, starts, options):
    return static_unroll(cells[0], xs, reverse=layer.reverse, initial=starts[0], **options), []


def pair(scans):
    def made(layer, cells, xs, starts, options):
        return bidirectional(*cells, xs, initial=starts, scans=scans, **options), []

    return made


def stacked(layer, cells, xs, starts, options):
    return stack([cells], xs, **options), []


FORMS = {
    "scan": scan,
    "states": states,
    "static": static,
    "one scan": pair("one"),
    "two scans": pair("two"),
    "stack": stacked,
    "layers": stacked,
    "foreign": foreign,
}


def loss_of(outputs):
    """A number that no two elements of a row enter alike."""
    return sum((pt.sin(y) * pt.arange(1, 1 + y.shape[-1]).astype(y.dtype)).sum() for y in outputs)
