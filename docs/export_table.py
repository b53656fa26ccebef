"""The table of `docs/export.md`: what each network is as a file, and how long one call of it takes.

Run as ``python docs/export_table.py`` with ``pip install 'symrnn[export]'``, on a machine that does nothing else. Each
network is a recipe's own size, for one item (B = 1), float32, on one thread; a time is the median of calls.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PYTENSOR_FLAGS", "floatX=float32")

import time
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

import ncnn
import numpy as np
import onnxruntime
import pytensor
from pytensor.graph.traversal import toposort

import symrnn.native  # noqa: F401  (the mode)
from symrnn.errors import UserError
from symrnn.export import export_ncnn, export_onnx
from symrnn.models import RECIPES, recipe_class
from symrnn.training.network import inputs_of
from symrnn.versions import inner_graphs

STEPS, CALLS, SECONDS = 40, 300, 1.0
STATIC_LENGTHS = {"character_model": {"nats"}}  # outputs that ncnn has no layers for


def median_us(call):
    """The median of calls in microseconds, after a few that are not counted."""
    for _ in range(3):
        call()
    times, end = [], time.perf_counter() + SECONDS
    while len(times) < CALLS and time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e6 * float(np.median(times))


def values_for(inputs):
    rng, values = np.random.default_rng(0), []
    for var in inputs:
        shape = [(STEPS, 1)[i] if n is None else n for i, n in enumerate(var.type.shape)]
        if var.dtype == "bool":
            values.append(np.ones(shape, bool))
        elif var.dtype.startswith("int"):
            values.append(rng.integers(0, 8, shape).astype(var.dtype))
        else:
            values.append(rng.normal(size=shape).astype(var.dtype))
    return values


def nodes(outputs):
    """Apply nodes as they were written, with the bodies of scans and of assembled ops."""
    total = 0
    for node in toposort(outputs):
        total += 1
        for graph in (
            inner_graphs(node.op)
            if "Scan" in str(type(node.op)) or hasattr(node.op, "fgraph")
            else []
        ):
            total += nodes(graph.outputs)
    return total


def row(name, folder):
    cls = recipe_class(name)
    options = {"batch_size": 1} if "batch_size" in {f.name for f in fields(cls)} else {}
    graph = cls(**options).graph()
    names = [key for key in graph.outputs if key not in STATIC_LENGTHS.get(name, ())]
    outputs = [graph.outputs[key] for key in names]
    inputs = inputs_of(outputs, graph.inputs)
    values = values_for(inputs)
    function = pytensor.function(inputs, outputs, mode="NATIVE")
    expected = function(*values)
    model = export_onnx(inputs, outputs, folder / "net.onnx", names=names)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    fed = {var.name: value for var, value in zip(session.get_inputs(), values, strict=True)}
    found = session.run(None, fed)
    sizes = [len(model.graph.node), (folder / "net.onnx").stat().st_size]
    calls = [lambda: function(*values), lambda: session.run(None, fed)]
    results = [found]
    try:
        export_ncnn(inputs, outputs, folder / "net.param", names=names)
    except UserError:  # a network that ncnn has no layers for
        pass
    else:
        calls.append(in_ncnn(folder, names, fed))
        results.append(calls[-1]())
    errors = [
        max(
            float(np.abs(a.reshape(np.shape(b)) - b).max())
            for a, b in zip(each, expected, strict=True)
        )
        for each in results
    ]
    return [name, nodes(outputs), *sizes], errors, list(map(median_us, calls))


def in_ncnn(folder, names, fed):
    """A call of the network in ncnn."""
    net = ncnn.Net()
    net.opt.num_threads = 1
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.load_param(str(folder / "net.param"))
    net.load_model(str(folder / "net.bin"))
    mats = {
        k: ncnn.Mat(np.ascontiguousarray(v)).clone()
        for k, v in fed.items()
        if k in net.input_names()
    }

    def call():
        extractor = net.create_extractor()
        for key, mat in mats.items():
            extractor.input(key, mat)
        return [np.array(extractor.extract(key)[1]) for key in names]

    call.net = net  # its extractors live no longer than it
    return call


def main():
    heads = ["network", "nodes in PyTensor", "in ONNX", "bytes"]
    heads += ["error, onnxruntime", "error, ncnn", "PyTensor, us", "onnxruntime, us", "ncnn, us"]
    print("|", " | ".join(heads), "|")
    print("|---" * len(heads) + "|")
    with TemporaryDirectory() as folder:
        for name in RECIPES:
            (called, before, after, size), errors, times = row(name, Path(folder))
            errors = [f"{error:.0e}" for error in errors] + ["refused"] * (2 - len(errors))
            times = [f"{time_us:.0f}" for time_us in times] + ["–"] * (3 - len(times))
            cells = [called, str(before), str(after), f"{size:,}", *errors, *times]
            print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
