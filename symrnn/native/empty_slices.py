"""A slice that ends where it begins is empty, also of a scan's trace.

PyTensor counts the slices of a trace from its end where it shortens the trace to what is read, and makes all of it of a
slice that begins and ends there (``docs/upstream/empty_slice_of_a_trace.md``). Before that, such slices become zeros of
their shape, of which there are none.
"""

from typing import Any

import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.tensor.subtensor import Subtensor, get_idx_list


@node_rewriter([Subtensor])
def empty_slices(fgraph: FunctionGraph, node: Apply) -> list[Variable] | None:
    """Zeros in place of ``x[a:a]``."""
    indices = list(get_idx_list(node.inputs, node.op.idx_list))
    empty = [is_empty(index) for index in indices]
    if not any(empty):
        return None
    # The other lengths are those of the slice with nothing cut off where it is empty.
    x: Any = node.inputs[0]
    x = x[tuple(slice(None) if e else i for e, i in zip(empty, indices, strict=True))]
    sliced = [e for e, index in zip(empty, indices, strict=True) if isinstance(index, slice)]
    lengths = [0 if e else x.shape[axis] for axis, e in enumerate(sliced)]
    lengths += [x.shape[axis] for axis in range(len(sliced), x.ndim)]
    zeros = pt.zeros(lengths, dtype=x.dtype)
    copy_stack_trace(node.outputs, zeros)
    return [zeros]


def is_empty(index: object) -> bool:
    """Whether an index is a slice between twice the same number."""
    if not isinstance(index, slice) or index.start is None or index.stop is None:
        return False
    ends = [end.data if isinstance(end, Constant) else end for end in (index.start, index.stop)]
    return not any(isinstance(end, Variable) for end in ends) and ends[0] == ends[1]


# After slices of slices are one, before unused outputs are dropped (1.605) and traces shortened (1.61).
optdb.register(
    "empty_slices",
    dfs_rewriter(empty_slices, ignore_newtrees=True),
    "fast_run",
    "scan",
    position=1.604,
)
