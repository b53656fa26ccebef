"""PyTensor's inference of shapes, for the extents that are asked for and no others.

PyTensor's feature since 3.2 answers a question for one extent by all extents of all values above, and forgets them
after each rewrite above. Most questions are for the first axis of what a Scan recorded, which is its number of steps:
nothing above matters. Here each axis is a question of its own. Before 3.2 nobody had to ask: all extents of each new
node are inferred at once. Here types answer first. The expressions are PyTensor's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytensor.graph.basic import Apply, Variable
from pytensor.scan.op import Scan
from pytensor.tensor.basic import constant
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot, Max, Sum
from pytensor.tensor.rewriting.shape import ShapeFeature
from pytensor.tensor.subtensor import Subtensor, get_idx_list

from symrnn.native.scan_shapes import Get, ScanShapes, scan_shapes

# since PyTensor 3.2; another class before
ANSWERS_SHAPES = hasattr(ShapeFeature, "_compute_node_shapes")


class NotKnownYet(Exception):
    """Extents are needed first: pairs of a variable and an axis."""


class AskedShapeFeature(ShapeFeature):
    """PyTensor's feature, axis by axis.

    Attributes
    ----------
    _cache
        ``{node: {(output's index, axis): extent}}``; PyTensor's feature drops a node's entry when it is stale.
    templates
        By the step of a Scan.
    """

    def __init__(self) -> None:
        super().__init__()
        self.templates: dict[object, ScanShapes | None] = {}
        self._is_answering = False

    def get_shape(self, var: Any, idx: int) -> Any:
        if var.owner is None or var.type.shape[idx] is not None:
            return super().get_shape(var, idx)
        known = self._known(var, idx)
        if known is not None:
            return known
        if self._is_answering:
            # Perhaps out of an op's `infer_shape`: its question is put off, and comes again when it can be answered.
            raise NotKnownYet((var, idx))
        self._answer_all([(var, idx)])
        return self._known(var, idx)

    def _known(self, var: Variable, axis: int) -> Variable | None:
        if self._stale:
            self._flush_stale()
        return self._cache.get(var.owner, {}).get((var.owner.outputs.index(var), axis))

    def _answer_all(self, questions: list[tuple[Variable, int]]) -> None:
        """Compute extents after those that they need; without recursion, as graphs may be deep."""
        self._is_answering = True
        try:
            while questions:
                try:
                    self._answer(*questions[-1])
                    questions.pop()
                except NotKnownYet as needed:
                    questions += needed.args
        finally:
            self._is_answering = False

    def _answer(self, var: Variable, axis: int) -> None:
        """Compute one extent, or all extents of its node where there is no rule for one."""
        node = var.owner
        which = node.outputs.index(var)
        extent = self._by_axis(node, which, axis)
        if extent is not None:
            found = {(which, axis): self._coerce_shape_element(extent, node)}
        else:
            self._require_inputs(node)
            # All that it asks for is known by now, so PyTensor's recursion ends at the inputs.
            shapes = self._compute_node_shapes(node, recursive=True)
            found = {(k, i): n for k, shape in enumerate(shapes) for i, n in enumerate(shape or ())}
        self._cache.setdefault(node, {}).update(found)

    def _by_axis(self, node: Apply, which: int, axis: int) -> Any:
        """The extent of output `which` along `axis`; None where the op has no rule for a single axis."""
        if isinstance(node.op, Scan):
            step = node.op.fgraph
            if step not in self.templates:
                self.templates[step] = scan_shapes(node.op)
            template = self.templates[step]
            return template.extent(node, which, axis, self.get_shape) if template else None
        rule = BY_AXIS.get(type(node.op))
        return rule(node, axis, self.get_shape) if rule else None

    def _require_inputs(self, node: Apply) -> None:
        """Raise `NotKnownYet` with every extent of the node's inputs that is still to be computed."""
        missing = [
            (x, axis)
            for x in node.inputs
            if x.owner is not None
            for axis, extent in enumerate(getattr(x.type, "shape", ()))
            if extent is None and self._known(x, axis) is None
        ]
        if missing:
            raise NotKnownYet(*missing)

    def _get_node_shapes(self, node, recursive=True):
        # Of the direct inputs alone, with nothing remembered: here is nothing to spare.
        if not recursive:
            return super()._get_node_shapes(node, recursive)
        return tuple(self.shape_tuple(out) for out in node.outputs)


class StaticShapeFeature(ShapeFeature):
    """PyTensor's feature before 3.2, which infers the shapes of every node that a rewrite makes, asked for or not.

    What a type tells it infers too, and then takes the type's word. Here that is all it takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._extents: dict[int, Variable] = {}

    def get_node_infer_shape(self, node: Apply) -> Any:
        known = [static_shape(out) for out in node.outputs]
        if None not in known:
            return known
        shapes = self._of_scan(node) if isinstance(node.op, Scan) else None
        return shapes or super().get_node_infer_shape(node)  # type: ignore[misc]

    def _of_scan(self, node: Apply) -> list[Any] | None:
        """What PyTensor finds in copies of the step, where the types of all that it records tell the same."""
        op: Any = node.op
        steps: Any = [static_shape(out) for out in op.inner_nitsot_outs(op.inner_outputs)]
        if op.info.as_while or None in steps:
            return None
        of_inputs = [self.shape_of[x] for x in node.inputs]
        lengths = op.outer_nitsot(node.inputs)
        return [
            *op.outer_mitmot(of_inputs),
            *op.outer_mitsot(of_inputs),
            *op.outer_sitsot(of_inputs),
            *((n, *step) for n, step in zip(lengths, steps, strict=True)),
            *op.outer_untraced_sit_sot(of_inputs),
        ]

    def set_shape(self, r: Any, s: Any, override: bool = False) -> None:
        shape = static_shape(r)
        if shape is None:
            super().set_shape(r, s, override)  # type: ignore[misc]
        else:
            # Numbers never change: nothing has to find what they are the shapes of.
            self.shape_of[r] = tuple(map(self._extent, shape))

    def update_shape(self, r: Any, other_r: Any) -> None:
        """What is known of a value that takes another's place: nothing new where all extents are numbers."""
        if static_shape(r) is None:
            super().update_shape(r, other_r)  # type: ignore[misc]
        else:
            self.init_r(r)  # type: ignore[attr-defined]

    def _extent(self, n: int) -> Variable:
        if n not in self._extents:
            self._extents[n] = constant(n, dtype="int64")
        return self._extents[n]


def static_shape(var: Variable) -> tuple[int, ...] | None:
    """The extents of a value whose type tells all of them."""
    shape = getattr(var.type, "shape", None)
    return None if shape is None or None in shape else shape


SPARING: type[ShapeFeature] = AskedShapeFeature if ANSWERS_SHAPES else StaticShapeFeature


def _of_subtensor(node: Apply, axis: int, get: Get) -> Any:
    """Slices with other axes at their full extent; indices drop axes."""
    x = node.inputs[0]
    slices = get_idx_list(node.inputs, node.op.idx_list)
    kept = [i for i in range(x.type.ndim) if i >= len(slices) or isinstance(slices[i], slice)]
    source = kept[axis]
    if source >= len(slices):
        return get(x, source)
    # The others are not asked for, and any number will do: each entry of the result depends on its own axis alone.
    shape = [get(x, i) if i == source else constant(1, dtype="int64") for i in range(x.type.ndim)]
    return node.op.infer_shape(node, [shape])[0][axis]


def _of_elemwise(node: Apply, axis: int, get: Get) -> Any:
    return node.op.infer_shape(node, [(get(x, axis),) for x in node.inputs])[0][0]


def _of_dimshuffle(node: Apply, axis: int, get: Get) -> Any:
    source = node.op.new_order[axis]
    return 1 if source == "x" else get(node.inputs[0], source)


def _of_reduction(node: Apply, axis: int, get: Get) -> Any:
    x = node.inputs[0]
    return get(x, [i for i in range(x.type.ndim) if i not in node.op.axis][axis])


def _of_dot(node: Apply, axis: int, get: Get) -> Any:
    # Dot is of matrices alone in the versions whose shapes are answered here: rows of the left, columns of the right.
    return get(node.inputs[axis], axis)


# For ops whose extent along an axis needs few of their inputs' extents: PyTensor's own `infer_shape`, for that axis.
BY_AXIS: dict[Any, Callable[[Apply, int, Get], Any]] = {
    Subtensor: _of_subtensor,
    Elemwise: _of_elemwise,
    DimShuffle: _of_dimshuffle,
    Sum: _of_reduction,
    Max: _of_reduction,
    Dot: _of_dot,
}
