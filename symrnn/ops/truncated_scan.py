"""Truncated gradients of scans record as many steps as they walk.

The gradient of a scan with ``truncate_gradient=k`` walks k steps and has PyTensor's Scan fill the gradients of its
sequences up with zeros, to all T. Of PyTensor's rewrites the one that moves ``w + x @ y`` out of a scan
(`scan_push_out_add`) does not know: it multiplies such an output by k steps of a sequence, and the function fails when
it is called (``docs/upstream/truncated_gradient_pushed_out.md``). Here the zeros are put on outside.
"""

from typing import Any

import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.scan.op import Scan


@node_rewriter([Scan])
def fill_up_outside(fgraph: FunctionGraph, node: Apply) -> list[Variable] | None:
    """The scan with outputs of as many steps as it walks, followed by zeros."""
    op: Any = node.op
    if op.truncate_gradient == -1 or op.info.as_while:
        return None
    steps, lengths = node.inputs[0], op.outer_nitsot(node.inputs)
    if all(length is steps for length in lengths):
        return None
    at = len(node.inputs) - op.info.n_non_seqs - len(lengths)
    inputs = [*node.inputs[:at], *[steps] * len(lengths), *node.inputs[at + len(lengths) :]]
    outputs = op(*inputs, return_list=True)
    recorded = op.outer_nitsot_outs(outputs)
    filled = dict(zip(recorded, map(filled_up, recorded, lengths), strict=True))
    outputs = [filled.get(var, var) for var in outputs]
    copy_stack_trace(node.outputs, outputs)
    return outputs


def filled_up(recorded: Any, length: Variable) -> Any:
    """``(K, ...)`` followed by zeros up to ``(length, ...)``."""
    zeros = pt.zeros((length - recorded.shape[0], *recorded.shape[1:]), dtype=recorded.dtype)
    return pt.join(0, recorded, zeros)


# Once, before PyTensor moves anything out of scans (0.05).
optdb.register(
    "fill_up_truncated_scans_outside",
    dfs_rewriter(fill_up_outside, ignore_newtrees=True),
    "fast_run",
    "scan",
    position=0.04,
)
