"""One training step by op: how long every apply node took.

PyTensor's virtual machines, which the modes C, CVM and FAST_COMPILE link to, call the apply nodes one by one and can
time each. Numba and JAX make one function of the whole graph, so there are no times by op to read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

from pytensor.compile.executor import Function
from pytensor.graph.basic import Apply
from pytensor.link.vm import VM

from symrnn.measure.sizes import op_name

OP, INNER_OP = "op", "op in scan"  # categories of spans


def op_spans(
    functions: Sequence[Function],
    arguments: Sequence[Sequence],
    clock: Callable[[], float] = perf_counter,
) -> list[tuple]:
    """One call of each function as spans ``(category, name, begin, seconds)``; none where nodes cannot be timed.

    The machine tells durations alone: a node begins where the one before it ended, in the order of the graph, which is
    the order of the calls unless an op is lazy (`ifelse`). The nodes in a scan's body stand at its begin, each with the
    sum over all its steps; they fill less than the scan, whose own work is the rest.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> function = pytensor.function([x], pt.exp(x).sum(), mode="FAST_COMPILE")
    >>> [(category, name) for category, name, *_ in op_spans([function], [[[1.0, 2.0]]])]
    [('op', 'Elemwise{Exp}'), ('op', 'Sum{Add}')]
    """
    spans: list[tuple] = []
    for function, args in zip(functions, arguments, strict=True):
        if not is_timed(function.vm):
            continue
        # Inner machines too: a scan's own node tells only the sum over its steps.
        machines = [function.vm, *inner_machines(function.vm)]
        with timing(machines):
            begin = clock()
            function(*args)
        spans += machine_spans(function.vm, begin, OP)
    return spans


def is_timed(machine: object) -> bool:
    """Whether the machine can time its nodes."""
    return hasattr(machine, "call_times") and hasattr(machine, "time_thunks")


def inner_machine(node: Apply) -> VM | None:
    """What runs the body of a scan and can time it, or None."""
    machine = getattr(getattr(node.op, "fn", None), "vm", None)
    return machine if is_timed(machine) else None


def inner_machines(machine: VM) -> Iterator:
    """The machines of the scans in it, at any depth."""
    for inner in filter(None, map(inner_machine, machine.nodes)):
        yield inner
        yield from inner_machines(inner)


@contextmanager
def timing(machines: Iterable[VM]) -> Iterator[None]:
    """Let the machines time their nodes, from zero."""
    for machine in machines:
        # In place: the C machine counts into the very list that it was given.
        machine.call_times[:] = [0] * len(machine.nodes)
        machine.time_thunks = True
    try:
        yield
    finally:
        for machine in machines:
            machine.time_thunks = False


def machine_spans(machine: VM, begin: float, category: str) -> Iterator[tuple]:
    """The nodes of a machine, one after the other, each followed by those in its body."""
    for node, seconds in zip(machine.nodes, machine.call_times, strict=True):
        yield category, op_name(node.op), begin, seconds
        if inner := inner_machine(node):
            yield from machine_spans(inner, begin, INNER_OP)
        begin += seconds
