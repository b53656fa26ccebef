"""An op whose gradient is assembled by hand from its parts, and that leaves no trace in compiled functions.

An `AssembledOp` is inlined before PyTensor's first rewrite, so compiled functions hold what it stands for. What it adds
is its pullback, which `pytensor.grad` calls. The pullback is an op of its own, inlined too, whose own pullback
differentiates the assembly's `plain` form: second derivatives work, at autodiff's price.

PyTensor can inline an `OpFromGraph` itself, but from a frozen copy whose Scan ops all functions share, and compiling
one function with Numba on PyTensor 3.0 writes into them. `inline_assembled` gives each function its own.
"""

from typing import Protocol

import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.mode import optdb
from pytensor.gradient import DisconnectedType, disconnected_type, grad
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter

from symrnn.versions import inlined


class Assembly(Protocol):
    """Values and gradients as functions from variables to variables."""

    visible: int  # outputs that users see; those behind are records for the gradient

    def outputs(self, inputs):
        """``[*visible, *records]``."""

    def gradients(self, inputs, outputs, cotangents):
        """One gradient an input, None where there is none; a cotangent of the visible outputs that is None is zero."""

    def plain(self, inputs):
        """The visible outputs in a form that `pytensor.grad` can differentiate."""


class AssembledOp(OpFromGraph):
    """The values of an `Assembly`, differentiated by its ``gradients``.

    Examples
    --------
    >>> class Square:
    ...     visible = 1
    ...     def outputs(self, inputs): return [inputs[0] ** 2]
    ...     def gradients(self, inputs, outputs, cotangents): return [2 * inputs[0] * cotangents[0]]
    ...     plain = outputs
    >>> x = pt.dscalar("x")
    >>> [y] = assembled(Square(), [x], name="Square")
    >>> float(grad(y, x).eval({x: 3.0}))
    6.0
    """

    def __init__(self, inputs, outputs, *, assembly=None, **options):
        super().__init__(inputs, outputs, on_unused_input="ignore", **options)
        self.assembly = assembly

    def pullback(self, inputs, outputs, output_grads):
        cotangents = [
            None if isinstance(g.type, DisconnectedType) else g
            for g in output_grads[: self.assembly.visible]
        ]
        return pulled_back(self.assembly, inputs, outputs, cotangents, name=f"{self.name}Pullback")

    def connection_pattern(self, node):
        return [[_is_float(var)] * len(node.outputs) for var in node.inputs]

    def __eq__(self, other):
        return super().__eq__(other) and self.assembly is other.assembly

    def __hash__(self):
        return super().__hash__()


class AssembledPullback(OpFromGraph):
    """The gradients of an `Assembly`: ``[*inputs, *outputs, *known cotangents] -> known gradients``."""

    def __init__(
        self, inputs, outputs, *, assembly=None, has_gradient=(), has_cotangent=(), **options
    ):
        super().__init__(inputs, outputs, on_unused_input="ignore", **options)
        self.assembly, self.has_gradient, self.has_cotangent = assembly, has_gradient, has_cotangent

    def pullback(self, inputs, outputs, output_grads):
        primals = [
            var.copy() if _is_float(var) else var for var in inputs[: len(self.has_gradient)]
        ]
        given = inputs[len(inputs) - sum(self.has_cotangent) :]
        values = [
            pt.tensor_copy(out)
            for out, has in zip(self.assembly.plain(primals), self.has_cotangent, strict=True)
            if has
        ]
        wrt = [var for var, has in zip(primals, self.has_gradient, strict=True) if has]
        first = grad(
            None,
            wrt,
            known_grads=dict(zip(values, given, strict=True)),
            disconnected_inputs="ignore",
        )
        pairs = zip((pt.tensor_copy(g) for g in first), output_grads, strict=True)
        known = {g: dg for g, dg in pairs if not isinstance(dg.type, DisconnectedType)}
        second = grad(None, [*wrt, *given], known_grads=known, disconnected_inputs="ignore")
        found = dict(zip([*wrt, *given], second, strict=True))
        gone = len(inputs) - len(primals) - len(given)
        return [
            *(found.get(var, disconnected_type()) for var in primals),
            *[disconnected_type()] * gone,
            *second[len(wrt) :],
        ]

    def connection_pattern(self, node):
        """Values are functions of the inputs, so a derivative reaches them through those."""
        values = range(len(self.has_gradient), len(node.inputs) - sum(self.has_cotangent))
        return [
            [_is_float(v) and i not in values] * len(node.outputs)
            for i, v in enumerate(node.inputs)
        ]


@node_rewriter([AssembledOp, AssembledPullback])
def inline_assembled(fgraph, node):
    """What the op stands for, with inner graphs of its own."""
    outputs = inlined(node.op, node.inputs)
    copy_stack_trace(node.outputs, outputs)
    return outputs


optdb.register(
    "inline_assembled", dfs_rewriter(inline_assembled), "fast_run", "fast_compile", position=-0.02
)


def assembled(assembly, inputs, *, name):
    """The visible outputs of `assembly` on `inputs`, as outputs of one op."""
    symbols = [var.type() for var in inputs]
    op = AssembledOp(symbols, assembly.outputs(symbols), assembly=assembly, name=name)
    return op(*inputs, return_list=True)[: assembly.visible]


def pulled_back(assembly, inputs, outputs, cotangents, *, name):
    """The gradient of each input, disconnected where there is none."""
    primals, values = ([var.type() for var in group] for group in (inputs, outputs))
    symbols = [g if g is None else out.type() for g, out in zip(cotangents, outputs, strict=False)]
    gradients = assembly.gradients(primals, values, symbols)
    has_gradient = [
        g is not None and _is_float(var) for g, var in zip(gradients, primals, strict=True)
    ]
    op = AssembledPullback(
        [*primals, *values, *(g for g in symbols if g is not None)],
        [
            var.type.filter_variable(g)
            for g, var, has in zip(gradients, primals, has_gradient, strict=True)
            if has
        ],
        assembly=assembly,
        has_gradient=has_gradient,
        has_cotangent=[g is not None for g in cotangents],
        name=name,
    )
    found = iter(op(*inputs, *outputs, *(g for g in cotangents if g is not None), return_list=True))
    return [next(found) if has else disconnected_type() for has in has_gradient]


def _is_float(var):
    return getattr(var.type, "dtype", "").startswith("float")
