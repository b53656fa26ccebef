"""What `symrnn.export` offers: a graph or a compiled function in, a file out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytensor.compile.executor import Function
from pytensor.graph.basic import Variable

from symrnn.errors import UserError
from symrnn.export.matching import matched
from symrnn.export.onnx_file import onnx_model


def export_onnx(
    inputs: Sequence[Variable] | Function,
    outputs: Sequence[Variable] | Variable | None = None,
    path: str | Path | None = None,
    *,
    names: Sequence[str] = (),
    opset: int = 20,
) -> Any:
    """The ONNX model of a graph, its floats in float32; written to `path` where one is given.

    Shared variables become constants. `inputs` and `outputs` are variables, or `inputs` is a compiled function; `names`
    are those of the outputs.

    Raises
    ------
    UserError
        When an op can't be exported (by its name and source line), an input is missing, or onnx is not installed.

    Examples
    --------
    A layer of this library is one operator of ONNX (this needs ``pip install 'symrnn[export]'``)::

        xs = pt.tensor("xs", shape=(None, None, 3))
        model = export_onnx([xs], scan_unroll(LSTMCell.create(3, 4, rng=0), xs), "lstm.onnx")
    """
    graph = matched(inputs, listed(outputs), names=names)
    model = onnx_model(graph, opset=opset)
    if path is not None:
        write(Path(path), model.SerializeToString())
    return model


def listed(outputs: Any) -> Any:
    """`outputs` as a list, one variable as a list of it."""
    return [outputs] if isinstance(outputs, Variable) else outputs


def write(path: Path, content: bytes) -> None:
    """Write a file, or say in one sentence why not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UserError(
            f"path must be a file that can be written, but {path} can't: {error.strerror or error}"
        ) from error
