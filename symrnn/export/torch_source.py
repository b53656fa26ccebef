"""A graph as a readable PyTorch module, with its weights beside it: layers are PyTorch's own where it has them.

Written without PyTorch: it is needed to run the file alone.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from symrnn.export.arithmetic import ELEMENTWISE, NUMPY
from symrnn.export.graph import Graph, Node, Value, is_number
from symrnn.export.line_breaks import WIDTH, broken, signature
from symrnn.export.names import Names, identifier
from symrnn.export.numpy_layers import function_of
from symrnn.export.numpy_source import OPENED, NumpySource, docstring, quoted, returned
from symrnn.export.onnx_layers import DEFAULTS, in_order, is_zero
from symrnn.export.python_source import (
    BINARY,
    BUILTINS,
    Text,
    described,
    number_text,
    operator_text,
)
from symrnn.export.torch_ops import HELPERS, INSIDE, MODULE, TORCH, size_text

RESERVED = {"np", "torch", "nn", "F", "Path", "self", *BUILTINS, *MODULE.split()}


class TorchSource(NumpySource):
    """Statements in PyTorch, and the modules that they call."""

    library = "torch"
    lacking = HELPERS

    def __init__(self, floats: str) -> None:
        super().__init__(floats)
        self.names = Names(RESERVED)
        self.indent = 2
        self.modules: list[tuple[str, str]] = []  # of __init__: attribute, what makes it
        self._modules: dict[Any, str] = {}

    def formula(self, node: Node, operands: list[Any]) -> Text:
        if (infix := operator_text(node, operands)) is not None:
            return infix
        if node.op == "Expand" and (filled := self.filled(node, operands)) is not None:
            return filled
        op, attributes = node.op, node.attributes
        if op in ("Max", "Min") and all(is_python(v) for v in node.inputs):
            return Text(f"{op.lower()}({operands[0]}, {operands[1]})")
        if op == "Cast" and is_python(node.inputs[0]):  # a length is no tensor
            return Text(f"torch.tensor({operands[0]}, dtype=torch.{attributes['to']})")
        if op in ("Max", "Min") and (clamped := self.clamped(node, operands)) is not None:
            return clamped
        row = TORCH.get(op)
        if row is None and op in ELEMENTWISE:
            row = ELEMENTWISE[op].replace("np.", "torch.")
        row = row if row is not None else NUMPY[op]
        is_function = isinstance(row, str) and row.partition("(")[0] != row
        if not is_function and op not in INSIDE:
            operands = [operands[0].within(100), *operands[1:]]
        if op == "Reciprocal":
            return Text(f"1 / {operands[0]}", 12)
        text = row.format(*operands) if isinstance(row, str) else row(*operands, **attributes)
        if op == "Update":
            helper = "added" if attributes["add"] else "updated"
            text = self.need(helper) + text.removeprefix(helper)
        return Text(text)

    def clamped(self, node: Node, operands: list[Any]) -> Text | None:
        """A maximum or minimum with a number."""
        for i, value in enumerate(node.inputs):
            other: Any = node.inputs[1 - i]
            if is_number(value) and value.ndim <= other.ndim:  # type: ignore[union-attr]
                side = "min" if node.op == "Max" else "max"
                least = self.number(value.constant)  # type: ignore[union-attr, arg-type]
                return Text(f"{operands[1 - i].within(100)}.clamp({side}={least})")
        return None

    def full(self, sizes: Sequence[str], number: np.ndarray) -> Text:
        kind = "" if number.dtype == "float32" else f", dtype=torch.{number.dtype}"
        if sizes and not np.any(number):
            return Text(f"torch.zeros({', '.join(sizes)}{kind})")
        shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        return Text(f"torch.full({shape}, {self.number(number)}{kind})")

    def number(self, array: np.ndarray) -> Text:
        text = number_text(array)
        return Text(text.replace("np.", "torch."), 13 if text.startswith("-") else 100)

    def constant(self, value: Value) -> Text:
        array = value.constant
        assert array is not None
        if array.ndim == 0:
            return self.number(array)
        if array.size == 1 and not value.name:
            return self.full([str(size) for size in array.shape], array)
        if value not in self._named:
            self._named[value] = Text(f"self.{self.tensor(value.name or 'constant', array)}")
        return self._named[value]

    def weight(self, name: str, array: np.ndarray) -> str:
        return f"self.{self.tensor(name, array)}"

    def tensor(self, name: str, array: np.ndarray) -> str:
        """A parameter of the module, or a buffer where it holds no floats; its attribute."""
        known = self.names.fresh(name)
        self.weights[known] = array
        sizes = ", ".join(map(str, array.shape))
        if array.dtype.kind == "f":
            self.modules.append((known, f"nn.Parameter(torch.zeros({sizes}))"))
        else:
            kind = f"torch.zeros({sizes}, dtype=torch.{array.dtype})"
            self.modules.append(("", f'self.register_buffer("{known}", {kind})'))
        return known

    def module(self, key: Any, name: str, made: str, weights: dict[str, np.ndarray]) -> str:
        """The attribute of a module with these weights; one that is called twice is made once."""
        # The same weights with another stride or dilation are another module.
        key = (made, key)
        if key not in self._modules:
            attribute = self.names.fresh(name)
            self._modules[key] = attribute
            self.modules.append((attribute, made))
            self.weights |= {f"{attribute}.{part}": array for part, array in weights.items()}
        return f"self.{self._modules[key]}"

    def called_module(self, node: Node) -> Text | None:
        """Linear, Embedding, convolutions and batch normalisation as modules."""
        arrays = [None if v is None else v.constant for v in node.inputs]
        key = tuple(map(id, node.inputs[1:]))
        if node.op == "Dense":
            _, w, b = arrays
            assert w is not None
            assert b is not None
            made = f"nn.Linear({w.shape[0]}, {w.shape[1]})"
            name = self.module(key, "dense", made, {"weight": w.T, "bias": b})
            return Text(f"{name}({self.text(node.inputs[0])})")  # type: ignore[arg-type]
        if node.op == "Gather" and arrays[0] is not None and node.attributes["axis"] == 0:
            value, index = node.inputs
            assert value is not None
            table = arrays[0]
            if table.ndim == 2 and index is not None and index.ndim:
                made = f"nn.Embedding({table.shape[0]}, {table.shape[1]})"
                wanted = value.name or "embedding"
                name = self.module(id(value), wanted, made, {"weight": table})
                return Text(f"{name}({self.text(index)})")
        if node.op == "Conv":
            return self.convolution(node, arrays, key)
        if node.op == "BatchNormalization":
            scale, shift, mean, variance = arrays[1:]
            made = f"nn.BatchNorm{node.inputs[0].ndim - 2}d({scale.size}, eps=0.0)"  # type: ignore[union-attr]
            parts = {"weight": scale, "bias": shift, "running_mean": mean, "running_var": variance}
            # `load_state_dict` misses it otherwise; nothing reads it in a module that is only used.
            parts["num_batches_tracked"] = np.array(0)
            return Text(f"{self.module(key, 'norm', made, parts)}({self.text(node.inputs[0])})")  # type: ignore[arg-type]
        return None

    def convolution(self, node: Node, arrays: list[Any], key: Any) -> Text | None:
        w = arrays[1]
        if w is None:
            return None
        given = node.attributes
        axes = w.ndim - 2
        options = [size_text(w.shape[2:])]
        for option in ("strides", "dilations"):
            if set(given[option]) != {1}:
                options.append(f"{option.removesuffix('s')}={size_text(given[option])}")
        xs: Any = self.text(node.inputs[0])  # type: ignore[arg-type]
        # `padding` of a module is the same at both ends; whatever is not is padded before.
        if all(a == b for a, b in given["pads"]):
            if any(a for a, _ in given["pads"]):
                options.append(f"padding={size_text([a for a, _ in given['pads']])}")
        else:
            flat = tuple(n for pad in reversed(given["pads"]) for n in pad)
            xs = Text(f"F.pad({xs}, {flat})")
        parts = {"weight": w}
        if len(arrays) == 2:
            options.append("bias=False")
        else:
            parts["bias"] = arrays[2]
        made = f"nn.Conv{axes}d({w.shape[1]}, {w.shape[0]}, {', '.join(options)})"
        return Text(f"{self.module(key, 'conv', made, parts)}({xs})")

    def reads(self, node: Node) -> Sequence[Value | None]:
        if node.op not in ("Recurrent", "Bidirectional") or not is_torchs_own(node):
            return super().reads(node)
        is_both = node.op == "Bidirectional"
        at = 12 if is_both else 7
        # Of a masked sequence the length is read, too, so that it gets a name.
        again = [node.inputs[0]] if node.inputs[at - 1] is not None else []
        if not all(is_zero(state) for state in node.inputs[at:] if state is not None):
            return [*node.inputs, *again]
        # PyTorch starts from zeros by itself; behind a masked sequence they are read all the same.
        is_filled = is_both and node.inputs[11] is not None
        backward = node.inputs[at + (len(node.inputs) - at) // 2]
        return [*node.inputs[:at], *again, *([backward] if is_filled else [])]

    def layer(self, node: Node) -> None:
        if not is_torchs_own(node):
            super().layer(node)
            return
        is_both = node.op == "Bidirectional"
        mask = node.inputs[11 if is_both else 6]
        states = list(node.inputs[12 if is_both else 7 :])
        kind = node.attributes["kind"]
        d, hidden = node.inputs[1].shape[0], node.inputs[2].shape[0]  # type: ignore[union-attr]
        options = ", bidirectional=True" if is_both else ""
        if node.attributes["activations"] == ("Relu",):
            options += ', nonlinearity="relu"'
        weights = packed(kind, node.inputs[1:6])
        if is_both:
            weights |= {f"{k}_reverse": v for k, v in packed(kind, node.inputs[6:11]).items()}
        made = f"nn.{kind}({d}, {hidden}{options})"
        # Each layer is a module of its own: shared weights stand in the file twice.
        called = self.module(id(node), kind.lower(), made, weights)
        xs = self.text(node.inputs[0])  # type: ignore[arg-type]
        reverse = not is_both and node.attributes["reverse"]
        self.called(node, called, xs, mask, states, reverse, is_both)

    def called(
        self, node: Any, called: str, xs: str, mask: Any, states: Any, reverse: bool, is_both: bool
    ) -> None:
        """The call of a module; a mask as lengths, and a walk from the end by turning the sequence."""
        given = self.initial(states, is_both)
        packed_name = xs
        if mask is not None:
            lengths = self.names.fresh("lengths")
            # `pack_padded_sequence` wants lengths on the CPU, wherever the data are.
            self.assign(lengths, f"{self.text(mask).within(100)}.sum(0).cpu()")
            packed_name = self.names.fresh("packed")
            pack = f"nn.utils.rnn.pack_padded_sequence({xs}, {lengths}, enforce_sorted=False)"
            self.assign(packed_name, pack)
        elif reverse:
            packed_name = f"{xs}.flip(0)"
        half = 1 + len(states) // (2 if is_both else 1)
        finals = ["h", "c"][: half - 1]
        are_read = any(self.used[1:]) or mask is not None
        last = [self.names.fresh(f) if are_read else "_" for f in finals]
        ys = self.bind(node.outputs[0], "hs")
        target = f"{ys}, ({', '.join(last)})" if len(last) == 2 and are_read else f"{ys}, {last[0]}"
        self.assign(target, f"{called}({packed_name}{f', {given}' if given else ''})")
        if mask is not None:
            self.unpacked(node, ys, xs, mask, last[0], states, is_both)
        elif reverse:
            self.assign(ys, f"{ys}.flip(0)")
        for i, out in enumerate(node.outputs[1:]):
            way, state = divmod(i, len(finals))
            self.texts[out] = Text(f"{last[state]}[{way}]")

    def initial(self, states: Sequence[Any], is_both: bool) -> str:
        """Initial states as PyTorch takes them, or "" for zeros."""
        if all(is_zero(state) for state in states):
            return ""
        half = len(states) // 2 if is_both else len(states)
        ways = [states[:half], states[half:]] if is_both else [states]
        each = []
        for parts in zip(*ways, strict=True):
            texts = [self.text(part) for part in parts]
            both = f"torch.stack([{', '.join(texts)}])"
            each.append(both if is_both else f"{texts[0].within(100)}[None]")
        return each[0] if len(each) == 1 else f"({', '.join(each)})"

    def unpacked(
        self, node: Any, ys: str, xs: str, mask: Any, last: str, states: Any, is_both: bool
    ) -> None:
        """Behind the end of a sequence an output is the last state, walking backwards the first."""
        self.assign(f"{ys}, _", f"nn.utils.rnn.pad_packed_sequence({ys}, total_length=len({xs}))")
        fill = f"{last}[0]"
        if is_both:
            start = self.text(states[len(states) // 2])
            fill = f"torch.cat([{last}[0], {start}], dim=1)"
        self.assign(ys, f"torch.where({self.text(mask).within(100)}[:, :, None], {ys}, {fill})")

    def side_by_side(self, parts: Sequence[str]) -> str:
        return f"torch.cat([{', '.join(parts)}], dim=2)"

    def stacked(self, name: str) -> str:
        return f"torch.stack({name})"


def is_torchs_own(node: Node) -> bool:
    """Whether PyTorch has a module for a layer."""
    function = function_of(node)
    kind, activations = function.kind, function.activations
    is_plain = activations == DEFAULTS[kind] or (kind == "RNN" and activations == ("Relu",))
    # A masked walk from the end alone has no packed form.
    is_turned = function.is_masked and node.attributes.get("reverse", False)
    return is_plain and function.reset != "before" and not function.has_peepholes and not is_turned


def is_python(value: Value | None) -> bool:
    """Whether a scalar is one of Python's numbers in the file: lengths, and what is computed of them."""
    if value is None or value.ndim:
        return False
    node = value.node
    if node is None:
        return value.constant is not None
    is_plain = node.op in BINARY or node.op in ("Neg", "Max", "Min")
    return node.op == "Dim" or (is_plain and all(is_python(v) for v in node.inputs))


ORDER = {"LSTM": (0, 1, 3, 2), "GRU": (0, 1, 2), "RNN": (0,)}  # PyTorch's gates among ours


def packed(kind: str, weights: Sequence[Any]) -> dict[str, np.ndarray]:
    """A layer's weights by PyTorch's names."""
    w_x, w_h, b, b_n, _ = (None if v is None else v.constant for v in weights)
    assert w_h is not None
    hidden, order = w_h.shape[0], ORDER[kind]
    within = np.zeros_like(b)
    if b_n is not None:
        within[2 * hidden :] = b_n
    return {
        "weight_ih_l0": in_order(w_x, order).T,
        "weight_hh_l0": in_order(w_h, order).T,
        "bias_ih_l0": in_order(b, order),
        # PyTorch has two biases, as cuDNN; one is enough but for the new gate of a GRU.
        "bias_hh_l0": within,
    }


def torch_source(
    graph: Graph, name: str, floats: str = "float32"
) -> tuple[str, dict[str, np.ndarray]]:
    """The file ``NAME.py`` with a module, and the arrays of ``NAME.npz``, its ``state_dict``.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from symrnn.export.matching import matched
    >>> x = pt.matrix("x")
    >>> text, _ = torch_source(matched([x], [pt.special.softmax(2 * x, axis=1)]), "shares")
    >>> print(text[text.index("class") :])
    class Shares(nn.Module):
        \"\"\"output (T, B) from x (T, B).\"\"\"
    <BLANKLINE>
        def forward(self, x):
            return (2.0 * x).softmax(1)
    <BLANKLINE>
    """
    source = TorchSource(floats)
    # A class is in CamelCase; `capitalize` would make the rest small.
    title = "".join(word[:1].upper() + word[1:] for word in identifier(name).split("_"))
    title = source.names.fresh(title)  # a class called Path would hide what finds the weights
    inputs = [source.bind(v, "x") for v in graph.inputs]
    source.write(graph)
    returned(source, [source.text(out) for out in graph.outputs])
    body = [f"class {title}(nn.Module):", *described(graph, inputs), ""]
    body += initialiser(source)
    body += [*signature("forward", ["self", *inputs], "    "), *source.lines]
    parts = [*source.helpers.values(), "\n".join(body)]
    return "\n\n\n".join([header(source, name, graph), *parts]) + "\n", source.weights


def initialiser(source: TorchSource) -> list[str]:
    """The lines of ``__init__``."""
    if not source.modules:
        return []
    lines = ["    def __init__(self):", "        super().__init__()"]
    for attribute, made in source.modules:
        line = f"        self.{attribute} = {made}" if attribute else f"        {made}"
        if len(line) <= WIDTH:
            lines.append(line)
        else:
            head = f"self.{attribute} = " if attribute else ""
            lines += [f"        {each}" for each in broken(head, made, 80)]
    lines += [
        f"        with {OPENED} as weights:",
        "            loaded = {name: torch.from_numpy(array) for name, array in weights.items()}",
        "        self.load_state_dict(loaded)",
        "        self.eval()",
    ]
    return [*lines, ""]


def header(source: TorchSource, name: str, graph: Graph) -> str:
    """The docstring and imports."""
    uses_lengths = any("pack_padded" in line for line in source.lines)
    notes = graph.notes if uses_lengths else ()
    lines = docstring(source, f"{quoted(name)}, in PyTorch.", name, notes)
    text = "\n".join([*source.lines, *source.helpers.values()])
    lines += ["", "from pathlib import Path"] if source.weights else []
    # An index of slices is NumPy's `np.s_` here, too.
    lines += ["", "import numpy as np"] if source.weights or "np." in text else [""]
    lines += ["import torch"] if "torch." in text or source.weights else []
    lines += ["import torch.nn.functional as F"] if "F." in text else []
    return "\n".join([*lines, "from torch import nn"])
