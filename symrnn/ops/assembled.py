"""An op whose gradient is assembled by hand from its parts, and that leaves no trace in compiled functions.

An `AssembledOp` is inlined before PyTensor's first rewrite, so compiled functions hold what it stands for. What it adds
is its pullback, which `pytensor.grad` calls. The pullback is an op of its own, inlined too, whose own pullback
differentiates the assembly's `plain` form: second derivatives work, at autodiff's price.

PyTensor can inline an `OpFromGraph` itself, but from a frozen copy whose Scan ops all functions share, and compiling
one function with Numba on PyTensor 3.0 writes into them. `inline_assembled` gives each function its own.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Protocol, cast

import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.mode import optdb
from pytensor.gradient import DisconnectedType, disconnected_type, grad
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.tensor.variable import TensorVariable

from symrnn.ops.linearize import in_own_dtype
from symrnn.ops.recent import Recent
from symrnn.versions import inlined


class Assembly(Protocol):
    """Values and gradients as functions from variables to variables."""

    @property
    def visible(self) -> int:
        """How many outputs users see; those behind are records for the gradient."""

    def outputs(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        """``[*visible, *records]``."""

    def gradients(
        self,
        inputs: Sequence[TensorVariable],
        outputs: Sequence[TensorVariable],
        cotangents: Sequence[TensorVariable | None],
    ) -> list[TensorVariable | None]:
        """One gradient an input, None where there is none; a cotangent of the visible outputs that is None is zero."""

    def plain(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        """The visible outputs in a form that `pytensor.grad` can differentiate."""

    @property
    def identity(self) -> Hashable | None:
        """The same for assemblies that are the same functions, None for one that is only itself."""

    def lengths(self, inputs: Sequence[Variable]) -> list[Variable]:
        """``[T, B]`` among the inputs, where the outputs are sequences of these lengths; else ``[]``."""


class AssembledOp(OpFromGraph):
    """The values of an `Assembly`, differentiated by its ``gradients``.

    Examples
    --------
    >>> class Square:
    ...     visible, identity = 1, "x**2"
    ...     def outputs(self, inputs): return [inputs[0] ** 2]
    ...     def gradients(self, inputs, outputs, cotangents): return [2 * inputs[0] * cotangents[0]]
    ...     def lengths(self, inputs): return []
    ...     plain = outputs
    >>> x = pt.dscalar("x")
    >>> [y] = assembled(Square(), [x], name="Square")
    >>> float(grad(y, x).eval({x: 3.0}))
    6.0
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        *,
        assembly: Assembly,
        **options: Any,
    ) -> None:
        super().__init__(list(inputs), list(outputs), on_unused_input="ignore", **options)
        self.assembly = assembly

    def pullback(
        self,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        output_grads: Sequence[Variable],
    ) -> list[Variable]:
        # Records come behind the visible outputs, and nobody but a pullback reads them: they have no cotangents.
        cotangents: list[Any] = [
            None if isinstance(g.type, DisconnectedType) else g
            for g in output_grads[: self.assembly.visible]
        ]
        return pulled_back(self.assembly, inputs, outputs, cotangents, name=f"{self.name}Pullback")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[_is_float(var)] * len(node.outputs) for var in node.inputs]

    # Equal inner graphs are not enough: the same values may have another assembly, and so another gradient.
    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and self.assembly is getattr(other, "assembly", None)

    def __hash__(self) -> int:
        return super().__hash__()


class AssembledPullback(OpFromGraph):
    """The gradients of an `Assembly`: ``[*inputs, *outputs, *known cotangents] -> known gradients``."""

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        *,
        assembly: Assembly,
        has_gradient: Sequence[bool],  # one an input of the assembly
        has_cotangent: Sequence[bool],  # one a visible output
        **options: Any,
    ) -> None:
        super().__init__(list(inputs), list(outputs), on_unused_input="ignore", **options)
        self.assembly, self.has_gradient, self.has_cotangent = assembly, has_gradient, has_cotangent

    def pullback(
        self,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        output_grads: Sequence[Variable],
    ) -> list[Variable]:
        """Second derivatives: `Assembly.plain` differentiated twice, by autodiff."""
        # Copies, so that the second derivative stops at this op's own inputs, even where one is computed from another.
        primals = [
            var.copy() if _is_float(var) else var for var in inputs[: len(self.has_gradient)]
        ]
        given = inputs[len(inputs) - sum(self.has_cotangent) :]
        plain = zip(self.assembly.plain(primals), self.has_cotangent, strict=True)
        values = [out for out, has in plain if has]
        wrt = [var for var, has in zip(primals, self.has_gradient, strict=True) if has]
        first = gradients(wrt, zip(values, given, strict=True))
        pairs = zip(first, output_grads, strict=True)
        known = [(g, dg) for g, dg in pairs if not isinstance(dg.type, DisconnectedType)]
        second = gradients([*wrt, *given], known)
        found = dict(zip([*wrt, *given], second, strict=True))
        # What lies between the inputs and the cotangents are the assembly's outputs: functions of the inputs.
        gone = len(inputs) - len(primals) - len(given)
        return [
            *(found.get(var, disconnected_type()) for var in primals),
            *[disconnected_type()] * gone,
            *second[len(wrt) :],
        ]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Values are functions of the inputs, so a derivative reaches them through those."""
        values = range(len(self.has_gradient), len(node.inputs) - sum(self.has_cotangent))
        return [
            [_is_float(v) and i not in values] * len(node.outputs)
            for i, v in enumerate(node.inputs)
        ]


@node_rewriter([AssembledOp, AssembledPullback])
def inline_assembled(fgraph: FunctionGraph, node: Apply) -> list[Variable]:
    """What the op stands for, with inner graphs of its own."""
    outputs = inlined(node.op, node.inputs)
    copy_stack_trace(node.outputs, outputs)
    return outputs


# PyTensor inlines other OpFromGraph nodes at -0.01; before that, so that no rewrite at all ever sees this op.
optdb.register(
    "inline_assembled", dfs_rewriter(inline_assembled), "fast_run", "fast_compile", position=-0.02
)


def assembled(
    assembly: Assembly, inputs: Sequence[TensorVariable], *, name: str
) -> list[TensorVariable]:
    """The visible outputs of `assembly` on `inputs`, as outputs of one op."""
    types = tuple(var.type for var in inputs)

    def make() -> AssembledOp:
        symbols = [type_() for type_ in types]
        return AssembledOp(symbols, assembly.outputs(symbols), assembly=assembly, name=name)

    op = _RECENT.get(_name_of(assembly, name, types), make)
    return applied(op, inputs)[: assembly.visible]


def pulled_back(
    assembly: Assembly,
    inputs: Sequence[TensorVariable],
    outputs: Sequence[TensorVariable],
    cotangents: Sequence[TensorVariable | None],
    *,
    name: str,
) -> list[Variable]:
    """The gradient of each input, disconnected where there is none."""
    types = tuple(var.type for var in (*inputs, *outputs))
    # Cotangents are fewer than outputs: records, behind the visible outputs, have none.
    has_cotangent = tuple(g is not None for g in cotangents)
    op = _RECENT.get(
        _name_of(assembly, name, types, has_cotangent),
        lambda: _pullback(assembly, inputs, outputs, has_cotangent, name),
    )
    known = iter(applied(op, [*inputs, *outputs, *(g for g in cotangents if g is not None)]))
    return [next(known) if has else disconnected_type() for has in op.has_gradient]


def _pullback(
    assembly: Assembly,
    inputs: Sequence[TensorVariable],
    outputs: Sequence[TensorVariable],
    has_cotangent: Sequence[bool],
    name: str,
) -> AssembledPullback:
    primals, values = ([var.type() for var in group] for group in (inputs, outputs))
    pairs = zip(has_cotangent, outputs, strict=False)
    symbols = [out.type() if has else None for has, out in pairs]
    found = assembly.gradients(primals, values, symbols)
    has_gradient = [g is not None and _is_float(var) for g, var in zip(found, primals, strict=True)]
    return AssembledPullback(
        [*primals, *values, *(g for g in symbols if g is not None)],
        [
            var.type.filter_variable(g)
            for g, var, has in zip(found, primals, has_gradient, strict=True)
            if has
        ],
        assembly=assembly,
        has_gradient=has_gradient,
        has_cotangent=has_cotangent,
        name=name,
    )


_RECENT = Recent(size=32)  # a deep network's layers are mostly of a few kinds


def _name_of(assembly: Assembly, name: str, *details: Hashable) -> Hashable | None:
    return None if assembly.identity is None else (name, assembly.identity, *details)


def applied(op: Op, inputs: Sequence[Variable]) -> list[TensorVariable]:
    """The outputs of `op` on `inputs`, as a list also where there is one."""
    return cast(list[TensorVariable], op(*inputs, return_list=True))


def gradients(
    wrt: Sequence[Variable], known: Iterable[tuple[Variable, Variable]], **options: Any
) -> list[TensorVariable]:
    """The gradients by `wrt` of what the `known` gradients are of; zeros where nothing depends on a variable.

    Pairs of a variable and its gradient: a variable that stands there twice has both.
    """
    # Copies, so that no known gradient lies upstream of another: PyTensor would take it for all of that variable's.
    copies: Any = {pt.tensor_copy(var): g for var, g in known}
    found: Any = grad(None, list(wrt), known_grads=copies, disconnected_inputs="ignore", **options)
    return in_own_dtype(found, wrt)


def _is_float(var: Variable) -> bool:
    return getattr(var.type, "dtype", "").startswith("float")
