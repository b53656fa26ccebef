"""Subtensors in the intermediate graph: slices and indices one axis at a time."""

from collections.abc import Sequence
from typing import Any

from symrnn.export.build import Builder
from symrnn.export.graph import Node, Value

Values = Sequence[Any]


def entries(node: Any, operands: Values, first: int) -> list[Any]:
    """What stands between the brackets: a `Value`, or a slice of values and None; operands from `first` on fill it."""
    flat = iter(operands[first:])

    def filled(entry: Any) -> Any:
        # Both PyTensor lines say an operand by its number, or by its type; they come in this order either way.
        if isinstance(entry, slice):
            bounds = (entry.start, entry.stop, entry.step)
            return slice(*(None if bound is None else next(flat) for bound in bounds))
        return next(flat)

    return [filled(entry) for entry in node.op.idx_list]


def step_of(entry: slice) -> int:
    """The step of a slice, a number."""
    if entry.step is None:
        return 1
    if entry.step.constant is None:
        raise NotImplementedError("Subtensor whose step is an expression")
    return int(entry.step.constant)


def places_of(node: Node, size: int) -> tuple[int, int] | None:
    """The first entry that a Slice of `size` takes, and the one behind its last; None where one is computed."""
    bounds = node.inputs[1:]
    if any(v is not None and v.constant is None for v in bounds):
        return None
    low, high, _ = slice(*(None if v is None else int(v.constant) for v in bounds)).indices(size)  # type: ignore[arg-type]
    return low, max(low, high)


def subtensor(b: Builder, node: Any, operands: Values) -> list[Value]:
    """Slices first, then indices from the last axis on, so that no number of an axis changes before its turn."""
    x = operands[0]
    between = entries(node, operands, 1)
    for axis, entry in enumerate(between):
        if isinstance(entry, slice):
            bounds = [None if v is None else b.cast(v, "int64") for v in (entry.start, entry.stop)]
            x = b.slice(x, axis, bounds[0], bounds[1], step_of(entry))
    for axis in reversed(range(len(between))):
        if not isinstance(between[axis], slice):
            x = b.gather(x, b.cast(between[axis], "int64"), axis)
    return [x]


def inc_subtensor(b: Builder, node: Any, operands: Values) -> list[Value]:
    x, y = operands[:2]
    slices: list[Any] = []
    bounds: list[Value] = []
    between = entries(node, operands, 2)
    # Whole axes at the end say nothing, and rules on updates look for the shortest form.
    while between and between[-1] == slice(None):
        between.pop()
    for entry in between:
        if isinstance(entry, slice):
            known = [b.cast(v, "int64") for v in (entry.start, entry.stop) if v is not None]
            slices.append((entry.start is not None, entry.stop is not None, step_of(entry)))
            bounds += known
        else:
            slices.append("index")
            bounds.append(b.cast(entry, "int64"))
    is_added = not node.op.set_instead_of_inc
    y = b.cast(y, x.dtype)
    attributes = {"slices": tuple(slices), "add": is_added}
    return [b.make("Update", x, y, *bounds, dtype=x.dtype, shape=x.shape, **attributes)]


def advanced_subtensor(b: Builder, node: Any, operands: Values) -> list[Value]:
    """One array of indices on one axis, or arrays of one shape on the first axes."""
    x = operands[0]
    if hasattr(node.op, "idx_list"):
        between = entries(node, operands, 1)
    else:
        between = list(operands[1:])
    # NumPy puts the axis of several arrays in front where slices stand between them: only what needs no such rule is
    # taken.
    arrays = [axis for axis, entry in enumerate(between) if not isinstance(entry, slice)]
    others = [entry for entry in between if isinstance(entry, slice)]
    if any(entry != slice(None) for entry in others):
        raise NotImplementedError("AdvancedSubtensor with slices beside its indices")
    indices = [between[axis] for axis in arrays]
    if any(not isinstance(each, Value) or each.dtype == "bool" for each in indices):
        raise NotImplementedError("AdvancedSubtensor by a mask")
    if len(arrays) == 1:
        return [b.gather(x, indices[0], arrays[0])]
    if arrays != list(range(len(arrays))):
        raise NotImplementedError("AdvancedSubtensor with several indices behind a slice")
    out = node.outputs[0].type
    same = [b.cast(each, "int64") for each in indices]
    return [b.make("GatherND", x, *same, dtype=out.dtype, shape=tuple(out.shape))]
