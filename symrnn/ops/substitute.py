"""Evaluating a symbolic graph on other variables, and finding what it reads besides its arguments."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytensor.graph.basic import Constant, Variable
from pytensor.tensor.elemwise import DimShuffle


def in_order(outputs: Sequence[Any]) -> list[Variable]:
    """The variables that `outputs` are computed from, each after those it is computed from itself.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.scalar("x")
    >>> [type(var.owner and var.owner.op).__name__ for var in in_order([pt.exp(x)])]
    ['NoneType', 'Elemwise']
    """
    done: dict[Variable, None] = {}
    stack = list(reversed(outputs))
    # With a stack of its own: a graph of static steps is deeper than Python's calls may be.
    while stack:
        var = stack[-1]
        waiting = [i for i in var.owner.inputs if i not in done] if var.owner is not None else []
        if waiting:
            stack.extend(waiting)
        else:
            done[stack.pop()] = None
    return list(done)


def evaluate(outputs: Sequence[Any], replacements: Mapping[Any, Any]) -> list[Any]:
    """`outputs` with variables replaced, as new nodes beside the old ones; what is not affected is shared.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x, y = pt.scalars("xy")
    >>> float(evaluate([x**2], {x: y})[0].eval({y: 3.0}))
    9.0
    """
    new = dict(replacements)
    for var in in_order(outputs):
        if var in new:
            continue
        node = var.owner
        # A node of which nothing changed is kept, so that what the old and the new graph have in common stays one.
        if node is None or all(new[i] is i for i in node.inputs):
            new[var] = var
        else:
            clone = node.clone_with_new_inputs([new[i] for i in node.inputs])
            new.update(
                (old, out)
                for old, out in zip(node.outputs, clone.outputs, strict=True)
                # One output of several may be among the replacements itself.
                if old not in new
            )
    return [new[out] for out in outputs]


def descendants(outputs: Sequence[Variable], sources: Iterable[Variable]) -> set[Variable]:
    """The variables that `outputs` are computed from and that depend on `sources` (which are included)."""
    found = set(sources)
    for var in in_order(outputs):
        if var.owner is not None and any(i in found for i in var.owner.inputs):
            found.add(var)
    return found


def captured(outputs: Sequence[Variable], arguments: Iterable[Variable]) -> list[Any]:
    """What `outputs` read besides `arguments`: the largest subexpressions that do not depend on them.

    Subexpressions of constants alone are not among them. Axes of size one that one of them only adds, to be broadcast,
    are left to the outputs: a gradient summed over such an axis then has it gone, too.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x, y = pt.scalars("xy")
    >>> captured([x * pt.exp(y) + 1], [x])
    [Exp.0]
    >>> captured([x * pt.exp(y)[None, None]], [x])
    [Exp.0]
    """
    # The border between what depends on the arguments and what does not; no constants, which each graph can have
    # itself.
    dependent = descendants(outputs, arguments)
    read = [
        i for var in in_order(outputs) if var in dependent and var.owner for i in var.owner.inputs
    ]
    given = [var for var in [*read, *outputs] if var not in dependent and not _is_constant(var)]
    return list(dict.fromkeys(map(_without_added_axes, given)))


def _without_added_axes(var):
    while isinstance(getattr(var.owner, "op", None), DimShuffle) and var.owner.op.is_expand_dims:
        var = var.owner.inputs[0]
    return var


def _is_constant(var):
    return all(leaf.owner is not None or isinstance(leaf, Constant) for leaf in in_order([var]))
