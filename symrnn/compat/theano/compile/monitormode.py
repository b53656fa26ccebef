"""``theano.compile.monitormode``: calls before and after each op."""

import inspect

from pytensor.compile.debug.monitormode import MonitorMode as PyTensorMonitorMode

from symrnn.compat.missing import missing


class MonitorMode(PyTensorMonitorMode):
    """A mode that calls ``pre_func(i, node, fn)`` and ``post_func(i, node, fn)``."""

    def __init__(self, pre_func=None, post_func=None, optimizer="default", linker=None):
        # Theano's word, which PyTensor has no rewrites for.
        optimizer = "fast_run" if optimizer == "default" else optimizer
        super().__init__(with_graph(pre_func), with_graph(post_func), optimizer, linker)


def with_graph(function):
    """`function` as PyTensor calls it, with the graph first; it may take that already."""
    if function is None or len(inspect.signature(function).parameters) != 3:
        return function
    return lambda fgraph, i, node, fn: function(i, node, fn)


def detect_nan(i, node, fn):
    """Print the op whose output is the first that has a NaN."""
    import numpy as np

    for output in fn.outputs:
        if (
            isinstance(output[0], np.ndarray)
            and output[0].dtype.kind == "f"
            and np.isnan(output[0]).any()
        ):
            print("*** NaN detected ***")
            print(node, [one[0] for one in fn.inputs], [one[0] for one in fn.outputs])
            break


__getattr__ = missing(__name__)
