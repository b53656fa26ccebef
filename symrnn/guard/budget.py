"""Limits to the size of a graph: a failure is one sentence, then the ops and source lines that contributed most.

`assert_graph_budget` checks one function or expression, `graph_budget` every function that is compiled in a ``with``
block; the pytest mark of the same name is the latter around a test.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Real

from pytensor.compile.executor import Function
from pytensor.compile.maker import FunctionMaker
from pytensor.graph.basic import Apply, Variable
from pytensor.scan.op import Scan

from symrnn.errors import UserError, nearest
from symrnn.guard.block_budget import BLOCK_LIMITS, amount, block_overrun, watched_block
from symrnn.measure.file_names import in_library
from symrnn.measure.lines_kept import lines_kept
from symrnn.measure.patched import patched
from symrnn.measure.sizes import apply_nodes, graph_size, op_name, with_wrapped
from symrnn.measure.source_lines import SYMRNN, file_and_line, full_traces, is_library
from symrnn.measure.target import outputs_of, target_of
from symrnn.versions import inner_graphs

Limit = int | str | Mapping[str, int]  # of a count; of memory; of single ops for `by_op`
LIMITS = (
    "nodes",
    "inner_nodes",
    "total_nodes",
    "scalar_nodes",
    "scans",
    "components",
    "widest_scan",
)
MOST = 5  # ops and source lines that a failure shows


def assert_graph_budget(graph: object, **limits: Limit) -> None:
    """Fail when `graph` (anything that `symrnn.measure.target.target_of` takes) is larger than one of `limits`.

    The limits are counts of `GraphSize` (``nodes, inner_nodes, total_nodes, scalar_nodes, scans, components,
    widest_scan``), and ``by_op={"Dot": 2}`` for single ops.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> assert_graph_budget(x + x, nodes=1)
    >>> assert_graph_budget(x + x * x, nodes=1)
    Traceback (most recent call last):
        ...
    AssertionError: nodes is 2, over its budget of 1 by 1
    ...
    """
    check_limits(limits, of_blocks=False)
    __tracebackhide__ = True
    if text := overrun(target_of(graph), limits):
        raise AssertionError(text)


@contextmanager
def graph_budget(**limits: Limit) -> Iterator[list[Function]]:
    """Fail at the end of the ``with`` block when a function compiled in it is larger than one of `limits`.

    Besides those of `assert_graph_budget`, limits to the block as a whole: ``functions`` compiled, ``compile_events``
    (what Numba, the C++ compiler and XLA compile; call the functions in the block, for JIT compilers work then), and
    ``memory`` at its peak (bytes, or a text such as ``"200 MB"``).

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> with graph_budget(nodes=1, scans=0):
    ...     f = pytensor.function([x], x + 1)
    """
    check_limits(limits)
    __tracebackhide__ = True
    of_block = {name: limit for name, limit in limits.items() if name in BLOCK_LIMITS}
    of_graphs = {name: limit for name, limit in limits.items() if name not in BLOCK_LIMITS}
    with (
        watched_block(of_block) as block,
        full_traces(),  # the user's line is beyond the frames that PyTensor keeps when a library builds the graph
        lines_kept(),
        compiled_functions() as functions,
    ):
        yield functions
    # Not in a `finally`: a test that fails by itself keeps its own failure.
    if not functions:
        raise AssertionError(
            f"graph_budget({in_call(limits)}) limits functions that are compiled, but none was;"
            " compile one inside, or drop the budget"
        )
    if over := list(block_overrun(block, functions, of_block)):
        raise AssertionError("\n".join(over))
    for i, function in enumerate(functions):
        if text := overrun(function, of_graphs):
            which = "" if len(functions) == 1 else f"function {i + 1} of {len(functions)}: "
            raise AssertionError(which + text)


@contextmanager
def compiled_functions() -> Iterator[list[Function]]:
    """The functions that PyTensor compiles in a ``with`` block, as a list that grows."""
    functions: list[Function] = []
    depth = 0  # compiling a function may compile others, for the body of a scan

    def recording(create: Callable) -> Callable:
        def recorded(self, *args, **kwargs):
            nonlocal depth
            depth += 1
            try:
                function = create(self, *args, **kwargs)
            finally:
                depth -= 1
            if not depth:
                functions.append(function)
            return function

        return recorded

    # Every way to compile a function ends here, `pytensor.function` and `eval` alike.
    with patched(FunctionMaker, "create", recording):
        yield functions


def check_limits(limits: Mapping[str, Limit], *, of_blocks: bool = True) -> None:
    """Refuse limits of counts that there are not."""
    known = [*LIMITS, "by_op", *(BLOCK_LIMITS if of_blocks else ())]
    for name in limits:
        if name in BLOCK_LIMITS and of_blocks:
            amount(name, limits[name])
        if name not in known:
            raise UserError(f"graph_budget has no count {name!r}; {nearest(name, known)}")
        if name in LIMITS:
            amount(name, limits[name])
    for op, limit in op_limits(limits).items():
        if not isinstance(limit, Real) or isinstance(limit, bool):
            raise UserError(
                f"by_op[{op!r}] must be a number, but is {limit!r}; give by_op={{{op!r}: 1}}, say"
            )
    if not limits:
        raise UserError(f"graph_budget needs at least one limit of {', '.join(known)}")


def overrun(graph: object, limits: Mapping[str, Limit]) -> str:
    """What a graph that is larger than `limits` is told, or nothing."""
    size = graph_size(graph)
    counts = {name: (getattr(size, name), most) for name, most in limits.items() if name != "by_op"}
    ops = op_limits(limits)
    counts |= {op: (size.by_op[op], most) for op, most in ops.items()}
    over = {name: pair for name, pair in counts.items() if pair[0] > pair[1]}
    if not over:
        return ""
    sentence = " and ".join(
        f"{name} is {count}, over its budget of {most} by {count - most}"
        for name, (count, most) in over.items()
    )
    # The call that accepts the new size keeps the limits that hold: it can be pasted as it is.
    raised: dict[str, Limit] = dict(limits)
    raised |= {name: count for name, (count, _) in over.items() if name in limits}
    if ops:
        raised["by_op"] = {op: max(most, size.by_op[op]) for op, most in ops.items()}
    return "\n".join(
        [
            sentence,
            *contributors(graph, size.by_op),
            f"to accept the new size: graph_budget({in_call(raised)})",
        ]
    )


def op_limits(limits: Mapping[str, Limit]) -> Mapping[str, int]:
    """The limits of single ops."""
    ops = limits.get("by_op", {})
    if not isinstance(ops, Mapping):
        raise UserError(
            f"by_op must map ops to their limits, but is {ops!r}; give by_op={{'Dot': 2}}, say"
        )
    return ops


def contributors(graph: object, by_op: Mapping[str, int]) -> list[str]:
    """Lines that name the scans, the ops with the highest counts, and the source lines that made them."""
    most = Counter({op: n for op, n in by_op.items() if n > 0}).most_common(MOST)
    lines = Counter(
        line
        for node in all_nodes(outputs_of(graph))
        if op_name(node.op) in dict(most) and (line := editable_line(node))
    )
    return [
        *scans(outputs_of(graph)),
        "  most frequent ops: " + ", ".join(f"{op} {n}" for op, n in most),
        *(f"  {n} of them from {line}" for line, n in lines.most_common(MOST)),
    ]


def scans(outputs: Iterable[Variable]) -> list[str]:
    """A line for each of the largest scans: how many nodes it holds, and where it stands."""
    found = []
    for node in all_nodes(outputs):
        if isinstance(node.op, Scan):
            inside = sum(1 for _ in all_nodes(node.op.fgraph.outputs))
            line = editable_line(node)
            found.append(
                (inside, f"  a scan of {inside} nodes" + (f" from {line}" if line else ""))
            )
    return [text for _, text in sorted(found, key=lambda pair: -pair[0])[:MOST]]


def all_nodes(outputs: Iterable[Variable]) -> Iterator[Apply]:
    """The apply nodes that `outputs` need, and those in the bodies of their ops."""
    for node in apply_nodes(outputs):
        yield node
        for op in with_wrapped(node.op):
            for inner in inner_graphs(op):
                yield from all_nodes(inner.outputs)


def editable_line(node: Apply) -> str | None:
    """Where the user's code made `node`, as ``file:line``, or nothing when that was not recorded."""
    # Not `source_lines.source_line`: a budget is read by whoever can edit the line, so that of a library is no answer.
    stacks = reversed(getattr(node.outputs[0].tag, "trace", None) or [])
    outside = [
        (path, line)
        for stack in stacks
        for path, line, *_ in reversed(stack)
        if not (is_library(path) or in_library(path) or path.startswith("<"))
    ]
    users = [place for place in outside if not place[0].startswith(SYMRNN)]
    place = next(iter(users or outside), None)
    return file_and_line(*place) if place else None


def in_call(limits: Mapping[str, Limit]) -> str:
    """Limits as the arguments of a call."""
    return ", ".join(f"{name}={value!r}" for name, value in limits.items())
