"""What somebody's function does besides building: gradients that it takes, functions that it compiles."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

import pytensor
from pytensor import gradient
from pytensor.compile.executor import Function
from pytensor.compile.maker import FunctionMaker
from pytensor.graph.fg import FunctionGraph

from symrnn.measure.patched import patched
from symrnn.measure.sizes import GraphSize, graph_size
from symrnn.measure.source_lines import SourceLine, source_lines
from symrnn.measure.stopwatch import Stopwatch


class WithinBuild:
    """The graphs that were compiled, as they were before rewriting."""

    def __init__(self) -> None:
        self.graphs: list[tuple[FunctionGraph, GraphSize, list[SourceLine]]] = []

    def before(self, function: Function) -> tuple[GraphSize | None, list[SourceLine]]:
        """Size and lines of the graph of `function` before it was rewritten; none where it was compiled elsewhere."""
        for graph, size, lines in self.graphs:
            if graph is function.maker.fgraph:
                return size, lines
        return None, []


@contextmanager
def phases_within(
    watch: Stopwatch, rewriting: Callable[[], AbstractContextManager] = nullcontext
) -> Iterator[WithinBuild]:
    """Count gradients, rewriting and linking in the ``with`` block as phases of their own, whoever asks for them."""
    within = WithinBuild()
    # Noted before it is replaced: a static method, which is called without its class.
    rewrite = FunctionMaker.prepare_fgraph

    def rewriting_graph(*args, **kwargs):
        if is_within(watch):
            return rewrite(*args, **kwargs)
        # By its type: whether it comes by place or by name is the caller's matter.
        fgraph = next(each for each in (*args, *kwargs.values()) if isinstance(each, FunctionGraph))
        with watch("count"):
            # Counted now: rewriting changes this very graph, and what it was before is gone then.
            within.graphs.append((fgraph, graph_size(fgraph), source_lines(fgraph)))
        with watch("rewrite"), rewriting():
            return rewrite(*args, **kwargs)

    with ExitStack() as stack:
        # A program may have bound `grad` by name when it imported it; what does its work is looked up at each call.
        for holder, name in (
            (pytensor, "grad"),
            (gradient, "grad"),
            (gradient, "_populate_grad_dict"),
        ):
            stack.enter_context(patched(holder, name, timed_as("grad", watch)))
        stack.enter_context(patched(FunctionMaker, "create", timed_as("link", watch)))
        stack.enter_context(
            patched(FunctionMaker, "prepare_fgraph", lambda _: staticmethod(rewriting_graph))
        )
        yield within


def is_within(watch: Stopwatch) -> bool:
    """Whether such a phase runs: a scan takes gradients within a gradient, and compiles its step within linking."""
    return any(name in watch.running for name in ("grad", "rewrite", "link"))


def timed_as(name: str, watch: Stopwatch) -> Callable[[Callable], Callable]:
    """A wrapper that counts the calls of a function as phase `name`."""

    def wrapped(function: Callable) -> Callable:
        def timed(*args, **kwargs):
            if is_within(watch):
                return function(*args, **kwargs)
            with watch(name):
                return function(*args, **kwargs)

        return timed

    return wrapped
