"""Recurrent layers as functions in NumPy or PyTorch: one function for each kind of layer that a file has."""

from collections.abc import Sequence
from dataclasses import dataclass

from symrnn.export.graph import Node

CALLS = {  # activation: how a library calls it
    "numpy": {"Sigmoid": "sigmoid", "Tanh": "np.tanh", "Relu": "relu", "Softplus": "softplus"},
    "torch": {
        "Sigmoid": "torch.sigmoid",
        "Tanh": "torch.tanh",
        "Relu": "torch.relu",
        "Softplus": "F.softplus",
    },
}
WORDS = {
    "numpy": {"split": "np.split", "axis": "axis", "where": "np.where"},
    "torch": {"split": "torch.tensor_split", "axis": "dim", "where": "torch.where"},
}


@dataclass(frozen=True)
class LayerFunction:
    """What tells one function from another."""

    kind: str
    activations: tuple[str, ...]
    reset: str
    has_peepholes: bool
    has_bias_within: bool
    is_masked: bool

    @property
    def name(self) -> str:
        """Of the function."""
        words = [self.kind.lower()]
        if self.kind == "RNN" and self.activations != ("Tanh",):
            words.insert(0, self.activations[0].lower())
        if self.has_peepholes:
            words.insert(0, "peephole")
        if self.is_masked:
            words.insert(0, "masked")
        if self.reset == "before":
            words.append("reset_first")
        return "_".join(words)

    @property
    def states(self) -> list[str]:
        """Names of the states."""
        return ["h", "c"] if self.kind == "LSTM" else ["h"]

    @property
    def weights(self) -> list[str]:
        """Names of the weights."""
        within = ["b_n"] if self.has_bias_within else []
        return ["w_x", "w_h", "b", *within, *(["p"] if self.has_peepholes else [])]

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return ["xs", *self.weights, *(["mask"] if self.is_masked else []), *self.states, "reverse=False"]  # fmt: skip


def function_of(node: Node) -> LayerFunction:
    """The function that a layer needs; of two directions, both are of one kind."""
    is_both = node.op == "Bidirectional"
    mask = node.inputs[11 if is_both else 6]
    ends = (5, 10) if is_both else (5,)
    return LayerFunction(
        node.attributes["kind"],
        tuple(node.attributes["activations"]),
        node.attributes.get("reset", ""),
        any(node.inputs[at] is not None for at in ends),
        any(node.inputs[at - 1] is not None and _is_felt(node, at - 1) for at in ends),
        mask is not None,
    )


def _is_felt(node: Node, at: int) -> bool:
    value = node.inputs[at]
    return value is not None and value.constant is not None and bool(value.constant.any())


GATES = {
    "LSTM": "input, forget, output, new",
    "GRU": "reset, update, new",
    "RNN": "",
}


def source_of(function: LayerFunction, library: str, name: str, calls: Sequence[str]) -> str:
    """The text of a layer's function, called `name`; `calls` are the functions that it calls as activations."""
    words, acts = WORDS[library], list(calls)
    gates = GATES[function.kind]
    states = ", ".join(function.states)
    doc = f'    """Outputs (T, B, H) and the last state of {_article(function)} layer over xs (T, B, D).'
    lines = [f"def {name}({', '.join(function.parameters)}):"]
    lines += (
        [doc, "", f"    The gates among the columns of the weights: {gates}.", '    """']
        if gates
        else [doc + '"""']
    )
    lines += ["    zs = xs @ w_x + b", "    hs = [None] * len(xs)"]
    lines += ["    steps = range(len(xs))", "    for t in reversed(steps) if reverse else steps:"]
    lines += [f"        {line}" for line in _step(function, acts, words)]
    if function.is_masked:
        news = [f"{words['where']}(mask[t][:, None], {s}_new, {s})" for s in function.states]
        lines += [f"        {s} = {new}" for s, new in zip(function.states, news, strict=True)]
    elif function.kind == "LSTM":
        lines += ["        h, c = h_new, c_new"]
    else:
        lines[-1] = lines[-1].replace("h_new = ", "h = ")
    stack = "np.stack(hs)" if library == "numpy" else "torch.stack(hs)"
    lines += ["        hs[t] = h", f"    return {stack}, {states}"]
    return "\n".join(lines)


def _article(function: LayerFunction) -> str:
    return {"LSTM": "an LSTM", "GRU": "a GRU", "RNN": "a recurrent"}[function.kind]


def _step(function: LayerFunction, acts: list[str], words: dict[str, str]) -> list[str]:
    split, axis = words["split"], words["axis"]
    if function.kind == "RNN":
        return [f"h_new = {acts[0]}(zs[t] + h @ w_h)"]
    if function.kind == "GRU":
        return _gru_step(function, acts, split, axis)
    f, g, k = acts
    peep = [" + p[0] * c", " + p[1] * c", " + p[2] * c_new"] if function.has_peepholes else [""] * 3
    return [
        # `input` would hide Python's own.
        f"enter, forget, output, new = {split}(zs[t] + h @ w_h, 4, {axis}=1)",
        f"c_new = {f}(forget{peep[1]}) * c",
        f"c_new = c_new + {f}(enter{peep[0]}) * {g}(new)",
        f"h_new = {f}(output{peep[2]}) * {k}(c_new)",
    ]


def _gru_step(function: LayerFunction, acts: list[str], split: str, axis: str) -> list[str]:
    f, g = acts
    within = " + b_n" if function.has_bias_within else ""
    if function.reset == "before":
        return [
            "n = h.shape[1]",
            f"gates = {f}(zs[t][:, : 2 * n] + h @ w_h[:, : 2 * n])",
            f"reset, update = {split}(gates, 2, {axis}=1)",
            f"new = {g}(zs[t][:, 2 * n :] + (reset * h) @ w_h[:, 2 * n :])",
            "h_new = (1 - update) * new + update * h",
        ]
    recurrent = f"(recurrent{within})" if within else "recurrent"
    return [
        f"z_reset, z_update, z_new = {split}(zs[t], 3, {axis}=1)",
        f"r_reset, r_update, recurrent = {split}(h @ w_h, 3, {axis}=1)",
        f"update = {f}(z_update + r_update)",
        f"new = {g}(z_new + {f}(z_reset + r_reset) * {recurrent})",
        "h_new = (1 - update) * new + update * h",
    ]
