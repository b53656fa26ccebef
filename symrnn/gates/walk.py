"""`walks`: the recurrent layers of a graph, and the gates of each at every step of one sequence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pytensor.graph.basic import Variable

from symrnn.errors import UserError
from symrnn.export.arithmetic import evaluated
from symrnn.export.graph import Graph, Node, Value, value_in
from symrnn.export.matching import matched

Arrays = list[np.ndarray]
NO_STEPS = (
    "arrays must have one step or more, but {} reads a sequence of shape {}: give a longer one"
)
Step = Callable[..., tuple[dict[str, np.ndarray], Arrays]]


@dataclass(frozen=True, eq=False)
class Walk:
    """What one layer did, in the order of time.

    Attributes
    ----------
    name
        The kind and a number: ``"LSTM 1"``.
    kind
        ``"LSTM"``, ``"GRU"`` or ``"RNN"``.
    is_reversed
        Whether it walks from the last step to the first.
    xs
        ``(T, D)``, what it reads.
    gates
        By name, each ``(T, H)``: of an LSTM ``input, forget, output, candidate, cell, h``, of a GRU ``reset, update,
        candidate, h``, of an RNN ``h``.
    before
        ``(T, H)``, the memory (`memory` names it) that each step begins with.
    """

    name: str
    kind: str
    is_reversed: bool
    xs: np.ndarray
    gates: Mapping[str, np.ndarray]
    before: np.ndarray

    @property
    def memory(self) -> str:
        """The name of what a step keeps from the one before."""
        return "cell" if "cell" in self.gates else "h"


def walks(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    arrays: Sequence[Any],
    *,
    item: int = 0,
) -> list[Walk]:
    """The gates of every recurrent layer that `outputs` need, at each step of one item of the batch.

    Parameters
    ----------
    inputs, outputs
        As for `pytensor.function`; shared variables keep their values.
    arrays
        One an input.
    item
        Which sequence of the batch, counted from 0. Steps that its mask leaves out are left out here too.

    Returns
    -------
    list of Walk
        In the order in which the layers are computed; none where no scan is an LSTM, a GRU or a simple recurrent layer.

    Raises
    ------
    UserError
        When the graph holds an op that `symrnn.export` does not know, a layer reads a sequence of no step, `arrays`
        are not one an input or do not fit, or there is no such `item`.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from symrnn.cells import LSTMCell
    >>> from symrnn.unroll import scan_unroll
    >>> xs = pt.tensor("xs", shape=(None, None, 3))
    >>> ys = scan_unroll(LSTMCell.create(3, 4, rng=0), xs)
    >>> [walk] = walks([xs], [ys], [np.ones((5, 2, 3))])
    >>> walk.kind, list(walk.gates), walk.gates["cell"].shape
    ('LSTM', ['input', 'forget', 'output', 'candidate', 'cell', 'h'], (5, 4))
    """
    found: list[Walk] = []
    graph = matched(list(inputs), list(outputs), floats="float64")
    given = dict(zip(graph.inputs, checked(graph.inputs, arrays), strict=True))
    _run(graph, given, lambda walk: found.append(walk), item)
    return [
        replace(walk, name=f"{walk.kind} {number}") for number, walk in enumerate(found, start=1)
    ]


def checked(inputs: Sequence[Value], arrays: Sequence[Any]) -> Arrays:
    """The arrays, where there is one an input and each has the input's axes."""
    found = [np.asarray(array) for array in arrays]
    if len(found) != len(inputs):
        raise UserError(
            f"arrays must be one an input, {len(inputs)}, but are {len(found)}; give them in the order of inputs"
        )
    for value, array in zip(inputs, found, strict=True):
        fits = len(value.shape) == array.ndim and all(
            known in (None, size) for known, size in zip(value.shape, array.shape, strict=True)
        )
        if not fits:
            raise UserError(
                f"arrays must fit the inputs, but {value.name or 'one'} has shape {value.shape} and is given"
                f" {array.shape}; give an array of its shape"
            )
    return found


def _run(
    graph: Graph, given: Mapping[Value, Any], tell: Callable[[Walk], None], item: int
) -> Arrays:
    """The outputs of a graph; each of its layers is told on the way."""
    known: dict[Value, Any] = dict(given)
    for node in graph.nodes():
        arrays = [value_in(known, v) for v in node.inputs]
        match node.op:
            case "Loop":
                made = _looped(node, arrays, tell, item)
            case "Bidirectional":
                made = _both_ways(node, arrays, tell, item)
            case "Recurrent":
                made = _walked(node, node.attributes["reverse"], arrays, tell, item)
            case _:
                made = [evaluated(node.op, arrays, node.attributes)]
        known.update(zip(node.outputs, made, strict=True))
    return [value_in(known, v) for v in graph.outputs]


def _looped(node: Node, arrays: Arrays, tell: Callable[[Walk], None], item: int) -> Arrays:
    """A scan that is no layer, step by step; layers within it are not told, for they walk once a step."""
    body, states = node.attributes["body"], node.attributes["states"]
    end = states + node.attributes["sequences"]
    state, sequences, others = arrays[:states], arrays[states:end], arrays[end:]
    if not len(sequences[0]):
        raise UserError(NO_STEPS.format("a scan", sequences[0].shape))
    records: list[Arrays] = []
    for elements in zip(*sequences, strict=True):
        made = _run(
            body,
            dict(zip(body.inputs, [*state, *elements, *others], strict=True)),
            lambda _: None,
            item,
        )
        state = made[:states]
        records.append(made[states:])
    return [*state, *(np.stack(each) for each in zip(*records, strict=True))]


def _both_ways(node: Node, arrays: Arrays, tell: Callable[[Walk], None], item: int) -> Arrays:
    # As `matched` packs them: xs, then w_x, w_h, b, b_n, p forwards and backwards, the mask, initial states.
    xs, mask, states = arrays[0], arrays[11], arrays[12:]
    half = len(states) // 2
    forward = [xs, *arrays[1:6], mask, *states[:half]]
    backward = [xs, *arrays[6:11], mask, *states[half:]]
    ys, *ends = _walked(node, False, forward, tell, item)
    backs, *starts = _walked(node, True, backward, tell, item)
    return [np.concatenate([ys, backs], axis=2), *ends, *starts]


def _walked(
    node: Node, is_reversed: bool, arrays: Arrays, tell: Callable[[Walk], None], item: int
) -> Arrays:
    """``[ys (T, B, H), *last states]`` of a layer, which is told."""
    xs, w_x, w_h, b, b_n, p, mask, *states = arrays
    if not len(xs):
        raise UserError(NO_STEPS.format(f"a layer ({node.attributes['kind']})", xs.shape))
    if not isinstance(item, int | np.integer) or not -xs.shape[1] <= item < xs.shape[1]:
        raise UserError(
            f"item must be a whole number below the size of the batch, {xs.shape[1]}, but is {item}; count from 0"
        )
    step = STEPS[node.attributes["kind"]]
    acts = [ACTIVATIONS[name] for name in node.attributes["activations"]]
    zs = xs @ w_x + b
    order = list(range(len(xs)))[:: -1 if is_reversed else 1]
    ys: Any = [None] * len(xs)
    before: Any = [None] * len(xs)
    seen: list[dict[str, np.ndarray]] = [{} for _ in xs]
    for t in order:
        # The last state is the memory: c of (h, c), and h where it is the only one.
        before[t] = states[-1][item]
        gates, new = step(zs[t], states, w_h, b_n, p, acts, node.attributes.get("reset"))
        kept = np.ones(len(xs[t]), bool) if mask is None else np.asarray(mask[t], bool)
        states = [np.where(kept[:, None], n, s) for n, s in zip(new, states, strict=True)]
        ys[t], seen[t] = states[0], {name: gate[item] for name, gate in gates.items()}
    steps = [t for t in range(len(xs)) if mask is None or mask[t][item]]
    if steps:
        told = {name: np.stack([seen[t][name] for t in steps]) for name in seen[0]}
        memory = np.stack([before[t] for t in steps])
        tell(
            Walk(
                "", node.attributes["kind"], is_reversed, np.asarray(xs[steps, item]), told, memory
            )
        )
    return [np.stack(ys), *states]


def _lstm(z, states, w_h, b_n, p, acts, reset):
    (h, c), (f, g, k) = states, acts
    # In the order of `symrnn.export`, whatever the layer had them in.
    i, forget, o, new = np.split(z + h @ w_h, 4, axis=1)
    p_i, p_f, p_o = np.zeros((3, h.shape[1])) if p is None else p
    gates = {"input": f(i + p_i * c), "forget": f(forget + p_f * c)}
    cell = gates["forget"] * c + gates["input"] * g(new)
    gates |= {"output": f(o + p_o * cell), "candidate": g(new), "cell": cell}
    gates["h"] = gates["output"] * k(cell)
    return gates, [gates["h"], cell]


def _gru(z, states, w_h, b_n, p, acts, reset):
    [h], (f, g) = states, acts
    size = h.shape[1]
    gate = f(z[:, : 2 * size] + h @ w_h[:, : 2 * size])
    gates = {"reset": gate[:, :size], "update": gate[:, size:]}
    w_n = w_h[:, 2 * size :]
    if reset == "before":
        within = (gates["reset"] * h) @ w_n
    else:
        within = gates["reset"] * (h @ w_n + (0 if b_n is None else b_n))
    gates["candidate"] = g(z[:, 2 * size :] + within)
    gates["h"] = gates["update"] * h + (1 - gates["update"]) * gates["candidate"]
    return gates, [gates["h"]]


def _rnn(z, states, w_h, b_n, p, acts, reset):
    h = acts[0](z + states[0] @ w_h)
    return {"h": h}, [h]


STEPS: dict[str, Step] = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}


def _activation(name: str) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: evaluated(name, [x], {})


ACTIVATIONS = {name: _activation(name) for name in ("Sigmoid", "Tanh", "Relu", "Softplus")}


def named_steps(walk: Walk, text: str) -> Iterator[str]:
    """A name for each step: the characters of `text` where there are as many, else numbers from 1.

    Examples
    --------
    >>> walk = Walk("RNN 1", "RNN", False, np.zeros((2, 1)), {}, np.zeros((2, 1)))
    >>> list(named_steps(walk, "hi")), list(named_steps(walk, "hello"))
    (['h', 'i'], ['1', '2'])
    """
    steps = len(walk.xs)
    yield from text if len(text) == steps else map(str, range(1, steps + 1))
