"""What `symrnn.export` offers: a graph or a compiled function in, a file out."""

import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from pytensor.compile.executor import Function
from pytensor.graph.basic import Variable

from symrnn.data.files import bytes_of, write_file
from symrnn.errors import UserError, check_choice
from symrnn.export.matching import matched
from symrnn.export.ncnn_file import ncnn_files
from symrnn.export.numpy_source import kept_in, numpy_source
from symrnn.export.onnx_file import onnx_model
from symrnn.export.torch_source import torch_source

STAMP_BYTES = 2000  # of a program, in which its docstring says who wrote it
LIBRARIES = {"numpy": numpy_source, "torch": torch_source}


def export_onnx(
    inputs: Sequence[Variable] | Function,
    outputs: Sequence[Variable] | Variable | None = None,
    path: str | Path | None = None,
    *,
    names: Sequence[str] = (),
    opset: int = 20,
) -> Any:
    """The ONNX model of a graph, its floats in float32; written to `path` where one is given.

    Shared variables become constants. `inputs` and `outputs` are variables, or `inputs` is a compiled function (as its
    mode rewrote it: the variables that it was built from tell more); `names` are those of the outputs.

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
        write_file(path, model.SerializeToString())
    return model


def export_python(
    inputs: Sequence[Variable] | Function,
    outputs: Sequence[Variable] | Variable | None = None,
    path: str | Path | None = None,
    *,
    names: Sequence[str] = (),
    library: str = "numpy",
    name: str = "network",
    floats: str = "float32",
) -> tuple[str, dict[str, np.ndarray]]:
    """A graph as readable Python: the text of a file, and the weights that it reads.

    With a `path` that ends in ``.py`` both are written, the weights to an ``.npz`` of the same name beside it, and the
    function or the module is called as the file is, with an underscore behind a name that Python or the file has a use
    for (``range_``); what lies there of an earlier export is replaced. `library` is ``"numpy"`` or ``"torch"``, which
    need not be there.

    Raises
    ------
    UserError
        When an op can't be exported, an input is missing, `library` is another, or a file would be replaced that is of
        no earlier export.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> text, weights = export_python([x], 2 * pt.maximum(x, 0) - 1, name="bent")
    >>> text.splitlines()[-1].strip()
    'return 2.0 * relu(x) - 1.0'
    """
    check_choice("library", library, LIBRARIES)
    if path is not None:
        path = Path(path)
        if path.suffix != ".py":
            raise UserError(f"path must end in .py, but is {path}; give another")
        name = path.stem
    graph = matched(inputs, listed(outputs), names=names, floats=floats)
    text, found = LIBRARIES[library](graph, name, floats)
    # Copies, or whoever changes them would change shared variables, and a training what is returned here.
    weights = {key: np.array(array) for key, array in found.items()}
    if path is not None:
        check_replaceable(path, path.with_suffix(".npz") if weights else None)
        write_file(path, text.encode())
        if weights:
            content = BytesIO()
            np.savez(content, **weights)  # type: ignore[arg-type]
            write_file(path.with_suffix(".npz"), content.getvalue())
    return text, weights


def check_replaceable(path: Path, beside: Path | None) -> None:
    """Refuse to replace a program, or an archive `beside` it, that is of no earlier export."""
    start = b""
    if path.exists():
        start = bytes_of(path)[:STAMP_BYTES]
        if not re.match(rb'"""[^\n]*, in (NumPy|PyTorch)\.', start):
            raise UserError(
                f"path must be free or of an earlier export, but {path} is another program; give another"
            )
    if beside is not None and beside.exists() and kept_in(beside.name).encode() not in start:
        raise UserError(
            f"path must have a free {beside.suffix} beside it or one of an earlier export, but {beside} is another;"
            " give another path"
        )


def export_ncnn(
    inputs: Sequence[Variable] | Function,
    outputs: Sequence[Variable] | Variable | None = None,
    path: str | Path | None = None,
    *,
    names: Sequence[str] = (),
) -> tuple[str, bytes]:
    """A graph as ncnn's ``.param`` text and ``.bin`` bytes; both are written where `path`, the ``.param``, is given.

    ncnn walks one sequence at a time: the second axis of an input is of length one where it is not known, and a mask is
    no input any more.

    Raises
    ------
    UserError
        When an op can't be exported, ncnn has no layer for it, a batch is not one, or `path` ends otherwise.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.matrix("x")
    >>> param, weights = export_ncnn([x], pt.tanh(x))
    >>> [line.split()[0] for line in param.splitlines()[2:]], weights
    (['Input', 'TanH', 'Noop'], b'')
    """
    if path is not None and Path(path).suffix != ".param":
        raise UserError(f"path must end in .param, but is {path}; give another")
    graph = matched(inputs, listed(outputs), names=names, batch=1)
    param, weights = ncnn_files(graph)
    if path is not None:
        write_file(path, param.encode())
        write_file(Path(path).with_suffix(".bin"), weights)
    return param, weights


def listed(outputs: Any) -> Any:
    """`outputs` as a list, one variable as a list of it."""
    return [outputs] if isinstance(outputs, Variable) else outputs
