"""What a drawn network must put out, and its gradients, by loops in NumPy; and the check that it does."""

import numpy as np
import pytensor
from backward_walk import Walk
from networks import MODES, Key, LayerCase, NetworkCase, built, loss_of

TOLERANCES = {"float64": 1e-9, "float32": 2e-3}
EPSILONS = {name: float(np.finfo(name).eps) for name in TOLERANCES}
MANY = 30
MOVED = 1e-6  # by which a parameter is moved for a second derivative


def check(case: NetworkCase) -> None:
    """The library's values and gradients are the oracle's, in every call."""
    graph = built(case)
    wrt = list(graph.leaves.values())
    gradients = pytensor.grad(
        loss_of(graph.outputs), wrt, disconnected_inputs="ignore", return_disconnected="zero"
    )
    outputs = [*graph.outputs, *gradients]
    if case.order == 2:
        along = sum(gradient.sum() for gradient in gradients)
        outputs += pytensor.grad(
            along, wrt, disconnected_inputs="ignore", return_disconnected="zero"
        )
    function = pytensor.function(
        graph.inputs, outputs, mode=MODES[case.mode], on_unused_input="ignore"
    )
    given = list(case.values.values()) if case.leaves == "inputs" else []
    names = [f"output {i}" for i in range(len(graph.outputs))]
    names += [f"gradient by {key}" for key in graph.leaves]
    names += [f"second gradient by {key}" for key in graph.leaves] * (case.order - 1)
    for batch in case.batches():
        expected = expectation(case, batch)
        rounded = expectation(case, batch, moved=EPSILONS[case.dtype])
        found = zip(names, function(*batch, *given), expected, rounded, strict=True)
        for name, value, wanted, other in found:
            # behind a switch PyTensor's own gradient of a float32 parameter is of floatX
            is_gradient = name.startswith(("gradient", "second"))
            assert value.dtype == case.dtype or is_gradient, f"{name} is {value.dtype}"
            assert value.shape == wanted.shape, f"{name} is {value.shape}, not {wanted.shape}"
            tolerance = 1e-4 if name.startswith("second") else TOLERANCES[case.dtype]
            allowed = allowance(tolerance, wanted, other)
            np.testing.assert_allclose(value, wanted, rtol=0, atol=allowed, err_msg=name)


def allowance(tolerance: float, wanted: np.ndarray, rounded: np.ndarray) -> float:
    """How far from `wanted` a result may be that is `rounded` where every given value is rounded otherwise.

    A foreign cell may square its state step by step, and a rule run away: what rounding the values that are given does
    to a result, rounding on the way may do many times.
    """
    scale = max(1.0, float(abs(wanted).max(initial=0)))
    return tolerance * scale + MANY * float(abs(rounded - wanted).max(initial=0))


def to_and_fro(values: dict[Key, np.ndarray], moved: float, seed: int) -> dict[Key, np.ndarray]:
    """All values up or down by that part of each."""
    rng = np.random.default_rng(seed)
    return {k: v * (1 + moved * rng.choice([-1, 1], v.shape)) for k, v in values.items()}


def expectation(case: NetworkCase, batch, moved: float = 0.0) -> list[np.ndarray]:
    """Outputs, gradients, and their gradients along a row of ones where a network is of that order.

    All values are `moved` to and fro, by that part of each.
    """
    xs, *mask = (a.astype("float64") for a in batch)
    values = {(-1, 0, "xs"): xs} | {k: v.astype("float64") for k, v in case.values.items()}
    values = to_and_fro(values, moved, case.seed)
    mask = mask[0] if mask else None
    outputs, gradients = differentiated(case, values, mask)
    factor = {k: 0.5 if case.leaves == "halves" and k[0] >= 0 else 1.0 for k in values}
    found = [*outputs, *(factor[k] * gradients[k] for k in values)]
    if case.order == 2:
        ahead, behind = (
            differentiated(case, {k: v + by * factor[k] for k, v in values.items()}, mask)[1]
            for by in (MOVED, -MOVED)
        )
        found += [factor[k] * (ahead[k] - behind[k]) / (2 * MOVED) for k in values]
    return found


def differentiated(case: NetworkCase, values, mask):
    """``[ys, *exposed states]``, and the gradients of their `loss_of` by key."""
    ys, exposed, tapes = values[-1, 0, "xs"], [], []
    for i, layer in enumerate(case.layers):
        walked = LayerWalk(layer, i, values, mask)
        ys, states = walked.forward(ys)
        exposed += states
        tapes.append(walked)
    gradients = {key: np.zeros(value.shape) for key, value in values.items()}
    output = tapes[-1].last() if case.last_only else ys
    # last_only picks each walk's own last output
    [dys, *dexposed] = [np.cos(y) * np.arange(1, 1 + y.shape[-1]) for y in (output, *exposed)]
    if case.last_only:
        dys = tapes[-1].spread(dys, ys)
    for walked in reversed(tapes):
        count = walked.states
        dstates = [dexposed.pop() for _ in range(count)][::-1]
        dys = walked.backward(dys, dstates, gradients)
    gradients[-1, 0, "xs"] += dys
    return [output, *exposed], gradients


class LayerWalk:
    """A layer on its way forward, and what it needs to come back."""

    def __init__(self, layer: LayerCase, place: int, values, mask):
        self.layer, self.place, self.values, self.mask = layer, place, values, mask
        self.states = layer.cells[0].states if layer.form == "states" else 0
        self.tape: list = []

    def keys(self, j: int, prefix: str = "") -> list[Key]:
        """The keys of a cell's weights, or of its initial state."""
        at = (self.place, j)
        return [
            key
            for key in self.values
            if key[:2] == at and key[2].startswith("initial") == (prefix == "initial")
        ]

    def walk(self, j: int, deep: int | None) -> Walk:
        layer, owner = self.layer, self.layer.owners[j]
        weights = {key[2]: self.values[key] for key in self.keys(owner)}
        if deep is not None:
            weights = {name: weight[deep] for name, weight in weights.items()}
        cell, options = layer.cells[j], layer.options
        return Walk(
            cell.advance,
            cell.flat(weights),
            layer.reverses[j],
            options.gradient_steps,
            options.grad_clipping,
        )

    def start(self, j: int, batch: int):
        cell = self.layer.cells[j]
        given = [self.values[key] for key in self.keys(j, "initial")]
        zeros = np.zeros((batch, cell.hidden))
        return [zeros + field for field in given] or [zeros] * cell.states

    def parts(self, steps: int) -> list[slice]:
        cut = self.layer.cut
        return [slice(0, cut), slice(cut, steps)] if cut else [slice(0, steps)]

    def forward(self, xs):
        """``ys``, and the last states where the form puts them out."""
        exposed: list = []
        for deep in range(self.layer.deep) if self.layer.deep else (None,):
            columns, records = [], []
            for j in range(len(self.layer.cells)):
                walk, state, halves = self.walk(j, deep), self.start(j, xs.shape[1]), []
                for part in self.parts(len(xs)):
                    mask = None if self.mask is None else self.mask[part]
                    ys, states = walk.forward(xs[part], state, mask)
                    records.append((j, deep, part, walk, xs[part], states, mask))
                    halves.append(ys)
                    state = states[-1]
                columns.append(np.concatenate(halves))
                exposed = list(state) if self.layer.form == "states" else []
            self.tape.append(records)
            xs = np.concatenate(columns, axis=2)
        return xs, exposed

    def last(self):
        """Each walk's last output, side by side."""
        last = {record[0]: record[5][-1][0] for record in self.tape[-1]}
        return np.concatenate(list(last.values()), axis=1)

    def spread(self, dlast, ys):
        """The gradient of `last` as one of the outputs: of a walk's last step."""
        dys, begin = np.zeros(ys.shape), 0
        for cell, reverse in zip(self.layer.cells, self.layer.reverses, strict=True):
            columns = slice(begin, begin + cell.hidden)
            dys[0 if reverse else -1, :, columns] = dlast[:, columns]
            begin += cell.hidden
        return dys

    def backward(self, dys, dstates, gradients):
        """The gradient of the input; the others are added to `gradients`."""
        for records in reversed(self.tape):
            dxs, dstate, done = np.zeros((*dys.shape[:2], records[0][4].shape[2])), dstates, None
            for j, deep, part, walk, xs, states, mask in reversed(records):
                begin = sum(cell.hidden for cell in self.layer.cells[:j])
                columns = slice(begin, begin + self.layer.cells[j].hidden)
                if j != done:
                    dstate = dstates or [np.zeros_like(field) for field in states[-1]]
                done = j
                dpart, dweights, dstate = walk.backward(
                    xs, states, mask, dys[part, :, columns], dstate
                )
                dxs[part] += dpart
                for key in self.keys(self.layer.owners[j]):
                    whole = gradients[key]
                    place = whole[None] if deep is None else whole[deep : deep + 1]
                    place += dweights[key[2]].reshape(place.shape)
                if part.start == 0:
                    for key, d in zip(self.keys(j, "initial"), dstate, strict=False):
                        gradients[key] += reduced(d, gradients[key].shape)
            dys = dxs
        return dys


def reduced(gradient, shape):
    """The gradient of what was broadcast over the batch."""
    if len(shape) == 1:
        return gradient.sum(axis=0)
    return gradient.sum(axis=0, keepdims=True) if shape[0] == 1 else gradient
