"""Source lines survive rewriting: what a rewrite makes has the line of what it takes the place of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from pytensor.graph.basic import Variable
from pytensor.graph.fg import FunctionGraph

from symrnn.measure.patched import patched
from symrnn.measure.source_lines import user_line


@contextmanager
def lines_kept() -> Iterator[None]:
    """Give new nodes without a line, in the ``with`` block, the call stack of the variable that they replace.

    Few rewrites of PyTensor copy it; the node that fuses ten others, say, has none.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> with lines_kept():
    ...     f = pytensor.function([x], pt.exp(x) * 2 + 1, mode="FAST_COMPILE")
    >>> user_line(f.maker.fgraph.outputs[0].owner)[2]
    'f = pytensor.function([x], pt.exp(x) * 2 + 1, mode="FAST_COMPILE")'
    """
    with patched(FunctionGraph, "replace", keeping):
        yield


def keeping(replace: Callable) -> Callable:
    """`FunctionGraph.replace`, whichever rewrite calls it."""

    @wraps(replace)
    def kept(fgraph: FunctionGraph, var: Variable, new_var: Variable, *args: Any, **kw: Any) -> Any:
        if isinstance(new_var, Variable):
            hand_on(var, new_var, fgraph)
        return replace(fgraph, var, new_var, *args, **kw)

    return kept


def hand_on(var: Variable, new_var: Variable, fgraph: FunctionGraph) -> None:
    """Give the stack of `var` to the nodes that `new_var` brings into the graph."""
    if new_var.owner is None or var.owner is None or not user_line(var.owner):
        return
    traces = (getattr(each.tag, "trace", None) for each in var.owner.outputs)
    trace, waiting, seen = next(filter(None, traces)), [new_var.owner], set()
    while waiting:
        node = waiting.pop()
        # What stood in the graph before keeps its own line, or has lost it to somebody else.
        if node in seen or node in fgraph.apply_nodes:
            continue
        seen.add(node)
        if not user_line(node):
            for output in node.outputs:
                output.tag.trace = trace
        waiting += [each.owner for each in node.inputs if each.owner is not None]
