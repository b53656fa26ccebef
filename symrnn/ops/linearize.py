"""The gradient of a small graph, split into what is saved going forward and what is computed going back.

`linearize` differentiates with `pytensor.grad` once, on symbols, and then cuts the result. Values that are dear to
compute again (``tanh``, ``exp`` and their kin) become *residuals*, to be recorded by the forward pass; so do values
that can't be computed again. The gradients read them. Cheap algebra between residuals (sums, products, comparisons) is
computed again, which costs less than storing it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytensor.scalar as ps
import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.gradient import DisconnectedType, grad
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.traversal import ancestors, graph_inputs
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.rewriting.elemwise import FusionOptimizer
from pytensor.tensor.subtensor import Subtensor
from pytensor.tensor.type import float_dtypes
from pytensor.tensor.variable import TensorVariable

from symrnn.ops.join_slices import join_slices
from symrnn.ops.substitute import descendants, evaluate

CHEAP = (
    ps.Add, ps.Sub, ps.Mul, ps.TrueDiv, ps.Reciprocal, ps.Neg, ps.Sqr, ps.Abs, ps.Sign, ps.Cast, ps.Switch, ps.Second,
    ps.Identity, ps.ScalarMaximum, ps.ScalarMinimum, ps.Clip, ps.LT, ps.GT, ps.LE, ps.GE, ps.EQ, ps.NEQ, ps.AND, ps.OR,
    ps.Invert,
)  # fmt: skip


@dataclass(frozen=True)
class Linearization:
    """A graph's outputs, their residuals, and their gradients as algebra on residuals and cotangents.

    Attributes
    ----------
    outputs, residuals
        Forward values; the residuals are to be recorded.
    saved
        One symbol per residual, which `gradients` read in its place.
    cotangents
        One symbol per output: the gradient of the loss with respect to it.
    gradients
        One expression per differentiated input, on `saved`, `cotangents` and the available inputs; None where no output
        depends on the input.
    """

    outputs: list[TensorVariable]
    residuals: list[TensorVariable]
    saved: list[TensorVariable]
    cotangents: list[TensorVariable]
    gradients: list[Any]  # TensorVariable or None


def linearize(
    inputs: Sequence[Variable],
    outputs: Sequence[Any],
    *,
    wrt: Sequence[Variable],
    available: Iterable[Variable] = (),
) -> Linearization:
    """Differentiate `outputs` by `wrt`; save what is dear, recompute what is cheap.

    Parameters
    ----------
    inputs
        Every symbol that `outputs` depend on.
    outputs
        Expressions to differentiate; their graph is rewritten in place.
    wrt
        Those of `inputs` to differentiate by.
    available
        Those of `inputs` that the backward pass can read without a record.

    Examples
    --------
    >>> x = pt.vector("x")
    >>> line = linearize([x], [pt.tanh(x) ** 2], wrt=[x])
    >>> line.residuals
    [Tanh.0]
    """
    # Copies, so that no known gradient lies upstream of another.
    copies: list[Any] = [pt.tensor_copy(out) for out in outputs]
    cotangents = [out.type() for out in outputs]
    found: Any = grad(
        None,
        wrt,
        known_grads=dict(zip(copies, cotangents, strict=True)),
        disconnected_inputs="ignore",
        return_disconnected="disconnected",
    )
    connected = [not isinstance(g.type, DisconnectedType) for g in found]
    gradients = [
        g
        for g, is_connected in zip(in_own_dtype(found, wrt), connected, strict=True)
        if is_connected
    ]
    fgraph = FunctionGraph([*inputs, *cotangents], [*outputs, *gradients], clone=False)
    _canonicalize(fgraph)
    # Rewriting has put other variables in the places of these.
    outputs, gradients = fgraph.outputs[: len(outputs)], fgraph.outputs[len(outputs) :]
    residuals = _residuals(gradients, cotangents, set(available))
    saved = [residual.type() for residual in residuals]
    fused = iter(_fused(evaluate(gradients, dict(zip(residuals, saved, strict=True)))))
    gradients = [next(fused) if is_connected else None for is_connected in connected]
    return Linearization(
        cast(list[TensorVariable], outputs), residuals, saved, cotangents, gradients
    )


def in_own_dtype(gradients: Iterable[Any], wrt: Iterable[Variable]) -> list[Any]:
    """Gradients, each of the dtype of what it is by; those that are disconnected as they are.

    PyTensor gives a float32 variable a gradient of floatX behind a switch, say: a state would change its type.
    """
    return [
        g.astype(x.type.dtype)
        if x.type.dtype in float_dtypes and not isinstance(g.type, DisconnectedType)
        else g
        for g, x in zip(gradients, wrt, strict=True)
    ]


_REWRITER = optdb.query(RewriteDatabaseQuery(include=["merge", "canonicalize"]))


def _canonicalize(fgraph):
    # Twice: slices show their constant ends after the first round, and a join leaves algebra to the second.
    _REWRITER.rewrite(fgraph)
    join_slices(fgraph)
    _REWRITER.rewrite(fgraph)


def _fused(gradients):
    """The same with element-wise algebra in Composites, which Scan's rewrites can't take apart.

    They would compute what depends on saved values alone outside the scan: more nodes, and a pass over memory for each.
    """
    fgraph = FunctionGraph(list(graph_inputs(gradients)), gradients, clone=False)
    FusionOptimizer().rewrite(fgraph)
    return fgraph.outputs


def _residuals(gradients, cotangents, available):
    """The forward values to record: dear ones, and inputs that are read directly and are not available."""
    backward = descendants(gradients, cotangents)
    # Backward is what depends on a cotangent; its border is what the gradients read of the forward pass. A dictionary,
    # and not a set, for an order that is the same in every process: it becomes the order of a scan's inputs.
    read = [
        var
        for node in {v.owner: None for v in ancestors(gradients) if v in backward and v.owner}
        for var in node.inputs
        if var not in backward
    ] + [g for g in gradients if g not in backward]
    recorded: dict[Variable, None] = {}
    later = []
    for var in dict.fromkeys(read):
        if isinstance(var, Constant) or var in available:
            continue
        if var.owner is None or not _is_cheap(var.owner):
            recorded[var] = None
        else:
            later.append(var)
    # A cheap value is computed again from dear ones, which are recorded for it.
    for var in later:
        leaves = [
            leaf for leaf in _dear_leaves(var) if leaf not in available and leaf not in recorded
        ]
        # Computing it again would record an input just for that: then the value itself is the record.
        if any(leaf.owner is None for leaf in leaves):
            leaves = [var]
        recorded |= dict.fromkeys(leaves)
    return list(recorded)


def _is_cheap(node):
    if isinstance(node.op, Elemwise):
        return isinstance(node.op.scalar_op, CHEAP)
    return isinstance(node.op, DimShuffle | Subtensor)


def _dear_leaves(var):
    """What `var` is computed from, through cheap nodes alone."""
    if isinstance(var, Constant):
        return []
    if var.owner is None or not _is_cheap(var.owner):
        return [var]
    return [leaf for i in var.owner.inputs for leaf in _dear_leaves(i)]
