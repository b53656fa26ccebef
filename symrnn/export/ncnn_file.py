"""ncnn's pair of files: layers as lines of text, and weights one after the other.

ncnn computes on one item at a time, in arrays of at most four axes. The graph is therefore written for a batch of one,
whose axis stays where it is, and a masked layer walks all of its sequence: what is given has no padding.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from symrnn.errors import UserError
from symrnn.export.graph import Graph, Node, Value, nodes_before, readers
from symrnn.export.names import Names
from symrnn.export.ncnn_layers import NCNN, recurrent

MAGIC = 7767517
RAW = np.zeros(1, np.int32).tobytes()  # in front of weights: they are float32 as they are


class NcnnWriter:
    """Collects layers and weights."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.names = graph, Names()
        self.lines: list[tuple[str, str, list[str], list[str], str]] = []
        self.weights: list[bytes] = []
        self._blobs: dict[Value, str] = {}
        # By what ncnn reads: a mask and zero states are dropped, and with them the layers that made nothing else.
        self._read = readers(graph.outputs, reads)

    def layer(self, kind: str, bottoms: Sequence[str], options: str = "") -> str:
        """The blob that a layer puts out."""
        return self.layers(kind, bottoms, 1, options)[0]

    def layers(self, kind: str, bottoms: Sequence[str], count: int, options: str = "") -> list[str]:
        """The blobs that a layer with several outputs puts out."""
        tops = [self.names.fresh(kind.lower()) for _ in range(count)]
        self.lines.append((kind, self.names.fresh(f"{kind}_layer"), list(bottoms), tops, options))
        return tops

    def weight(self, array: Any) -> None:
        """Weights that say of what kind they are."""
        self.weights += [RAW, np.ascontiguousarray(array, np.float32).tobytes()]

    def numbers(self, array: Any) -> None:
        """Weights that are always float32."""
        self.weights.append(np.ascontiguousarray(array, np.float32).tobytes())

    def is_read(self, value: Value) -> bool:
        """Whether anything reads a value."""
        return value in self._read

    def blob(self, value: Any) -> str:
        """The blob of a value."""
        if value not in self._blobs:
            assert value.constant is not None
            self._blobs[value] = self.memory(value.constant)
        return self._blobs[value]

    def memory(self, array: np.ndarray) -> str:
        """A blob that holds a constant."""
        if array.dtype.kind != "f":
            raise NotImplementedError("constants that are no floats")
        # ncnn names lengths from the innermost axis: 0 is the width, 1 the height, 2 the channels.
        sizes = " ".join(f"{i}={n}" for i, n in enumerate(reversed(array.shape)))
        made = self.layer("MemoryData", [], sizes or "0=1")
        self.numbers(array)
        return made

    def widened(self, value: Value, ndim: int) -> str:
        """A blob with axes of length one in front, for ncnn would put them behind."""
        if value.constant is not None:
            return self.memory(value.constant[(None,) * (ndim - value.ndim)])
        if value.ndim == ndim:
            return self.blob(value)
        # Key -23300 - k is parameter k as an array, its length first.
        axes = ",".join(map(str, range(ndim - value.ndim)))
        return self.layer("ExpandDims", [self.blob(value)], f"-23303={ndim - value.ndim},{axes}")

    def reshaped(self, blob: str, like: Value) -> str:
        """A blob in the shape of a value, of which at most one length is unknown."""
        unknown = [i for i, n in enumerate(like.shape) if n is None]
        if len(unknown) > 1 or like.ndim > 3:
            raise NotImplementedError(
                "a shape with several unknown lengths, or of more than three axes"
            )
        sizes = [-1 if n is None else n for n in reversed(like.shape)]
        return self.layer("Reshape", [blob], " ".join(f"{i}={n}" for i, n in enumerate(sizes)))

    def crop(self, blob: str, axis: int, start: int, stop: int) -> str:
        """A part of a blob along one axis."""
        return self.layer("Crop", [blob], f"-23309=1,{start} -23310=1,{stop} -23311=1,{axis}")

    def without_batch(self, value: Any) -> str:
        """A blob without its first axis, the batch."""
        if value.shape[0] != 1:
            raise NotImplementedError("a batch that is not one")
        return self.layer("Squeeze", [self.blob(value)], "-23303=1,0")

    def with_batch(self, blob: str) -> str:
        """A blob with the axis of the batch in front."""
        return self.layer("ExpandDims", [blob], "-23303=1,0")

    def write(self) -> None:
        """Write every layer, then put the outputs under their names."""
        read = self._read
        # An input that nothing reads any more, a mask say, is none of the file's.
        for i, value in enumerate(v for v in self.graph.inputs if v in read):
            name = self.names.fresh(value.name or f"in{i}")
            self.lines.append(("Input", self.names.fresh(f"{name}_input"), [], [name], ""))
            self._blobs[value] = name
        # Outputs take their names before any layer does, so that they are called as they were asked for.
        outputs = [self.names.fresh(name) for name in self.graph.output_names]
        for node in nodes_before(self.graph.outputs, reads):
            for out, blob in zip(node.outputs, self._written(node), strict=False):
                self._blobs[out] = blob
        for name, value in zip(outputs, self.graph.outputs, strict=True):
            # A layer that does nothing renames: an output may be an input, a constant, or another output.
            self.lines.append(("Noop", self.names.fresh(f"{name}_output"), [self.blob(value)], [name], ""))  # fmt: skip

    def _written(self, node: Node) -> list[str]:
        try:
            if node.op in ("Recurrent", "Bidirectional"):
                return recurrent(self, node)
            if node.op not in NCNN:
                raise NotImplementedError("ncnn has no layer for it")
            return [NCNN[node.op](self, node)]
        except NotImplementedError as error:
            where = f" of {node.line}" if node.line else ""
            raise UserError(
                f"outputs must be built of what ncnn has layers for, but {node.op}{where} is not: {error};"
                " export what lies below it, or to ONNX"
            ) from error

    def text(self) -> str:
        """The ``.param`` file; what several layers read is split for them."""
        lines = split_blobs(self.lines, self.names)
        blobs = sum(len(tops) for *_, tops, _ in lines)
        rows = [str(MAGIC), f"{len(lines)} {blobs}"]
        for kind, name, bottoms, tops, options in lines:
            counts = [str(len(bottoms)), str(len(tops))]
            parts = [f"{kind:<16}", f"{name:<24}", *counts, *bottoms, *tops, options]
            rows.append(" ".join(filter(None, parts)))
        return "\n".join(rows) + "\n"


def reads(node: Node) -> Sequence[Value | None]:
    """What a node reads when it is written for ncnn: no mask, and no state that is zeros."""
    from symrnn.export.onnx_layers import is_zero

    if node.op not in ("Recurrent", "Bidirectional"):
        return node.inputs
    at = 11 if node.op == "Bidirectional" else 6
    states = node.inputs[at + 1 :]
    are_zero = all(is_zero(state) for state in states if state is not None)
    return [*node.inputs[:at], *([] if are_zero else states)]


def split_blobs(lines: Sequence[Any], names: Names) -> list[Any]:
    """Layers, with a Split where several read one blob, as ncnn wants."""
    reads = Counter(bottom for _, _, bottoms, _, _ in lines for bottom in bottoms)
    copies = {
        blob: iter([names.fresh(blob) for _ in range(n)]) for blob, n in reads.items() if n > 1
    }
    made = []
    for kind, name, bottoms, tops, options in lines:
        made.append(
            (kind, name, [next(copies[b]) if b in copies else b for b in bottoms], tops, options)
        )
        for top in tops:
            if top in copies:
                own = list(copies[top])
                # The list was used up to write the Split; its readers, which all come later, take from it again.
                copies[top] = iter(own)
                made.append(("Split", names.fresh("Split_layer"), [top], own, ""))
    return made


def ncnn_files(graph: Graph) -> tuple[str, bytes]:
    """The texts of a ``.param`` file and the bytes of its ``.bin`` file.

    Raises
    ------
    UserError
        When ncnn has no layer for an operator, by its name and source line.
    """
    writer = NcnnWriter(graph)
    writer.write()
    return writer.text(), b"".join(writer.weights)
