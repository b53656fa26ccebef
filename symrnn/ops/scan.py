"""Loops over time in the smallest form that PyTensor's Scan node has, and the same loops written out.

A `Recurrence` carries states from step to step without recording them, and records what each step returns beside them.
Neither needs a buffer to be allocated, filled with an initial value and sliced afterwards, so the outer graph holds the
Scan node alone. Several recurrences of one length run side by side in one node.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol

import pytensor.tensor as pt
from pytensor.scan import scan
from pytensor.scan.op import Scan, ScanInfo
from pytensor.tensor.variable import TensorVariable

import symrnn.ops.truncated_scan  # noqa: F401  (a rewrite that truncated scans need)
from symrnn.errors import UserError
from symrnn.typing import Size

Values = list[TensorVariable]
Step = Callable[[Values, Values, Values], tuple[Values, Values]]
Walked = list[
    tuple[Values, Values]
]  # of each recurrence: what it recorded, and its states after the last step


@dataclass(frozen=True)
class Recurrence:
    """A step and what it works on.

    Attributes
    ----------
    step
        Function ``(elements, states, invariants) -> (recorded, next states)`` on lists of variables.
    sequences
        Variables ``(T, ...)``; the step gets their elements ``(...)``.
    carried
        Initial states; the step gets the current ones and returns the next, of the same types.
    invariants
        Variables that each step gets whole.
    """

    step: Step
    sequences: Sequence[TensorVariable]
    carried: Sequence[TensorVariable]
    invariants: Sequence[TensorVariable] = ()


class Loop(Protocol):
    """`scan_loop` or `static_loop`."""

    def __call__(
        self, recurrences: Sequence[Recurrence], steps: Size, *, name: str | None = None
    ) -> Walked: ...


def scan_loop(recurrences: Sequence[Recurrence], steps: Size, *, name: str | None = None) -> Walked:
    """Run recurrences side by side in one Scan node.

    Parameters
    ----------
    recurrences
        One or more `Recurrence`.
    steps
        Number of steps: an integer or a scalar integer variable, at most the length of every sequence.
    name
        Name of the Scan node.

    Returns
    -------
    list of (recorded, final)
        For each recurrence: what its steps recorded, each ``(steps, ...)``, and its states after the last step.

    Raises
    ------
    UserError
        When a step changes the type of a state.

    Examples
    --------
    >>> xs = pt.vector("xs", dtype="float64")
    >>> running_sum = Recurrence(lambda e, s, _: ([], [s[0] + e[0]]), [xs], [pt.zeros((), dtype="float64")])
    >>> [(_, (total,))] = scan_loop([running_sum], xs.shape[0])
    >>> float(total.eval({xs: [1.0, 2.0, 3.0]}))
    6.0
    """
    steps = pt.as_tensor(steps, dtype="int64")
    inner = [_traced(recurrence) for recurrence in recurrences]
    elements, states, constants, recorded, following = (
        _flat(column) for column in zip(*inner, strict=True)
    )
    # Recorded values are Scan's "nit_sot" (a buffer that no step reads), carried states its "untraced_sit_sot" (the
    # last value, without a buffer). All other kinds of state, which keep their past, are left out.
    info = ScanInfo(
        n_seqs=len(elements),
        mit_mot_in_slices=(),
        mit_mot_out_slices=(),
        mit_sot_in_slices=(),
        sit_sot_in_slices=(),
        n_nit_sot=len(recorded),
        n_untraced_sit_sot=len(states),
        n_non_seqs=len(constants),
        as_while=False,
    )
    # Scan tells its arguments apart by their position alone. Its inner graph reads sequences, states, invariants, and
    # returns records, next states; the node takes the number of steps, sequences, initial states, the length of each
    # record's buffer, invariants, and returns records, last states. Within each kind, recurrence follows recurrence.
    op = Scan([*elements, *states, *constants], [*recorded, *following], info, name=name)
    results: Any = op(
        steps,
        *_flat(r.sequences for r in recurrences),
        *_flat(r.carried for r in recurrences),
        *[steps] * len(recorded),
        *_flat(r.invariants for r in recurrences),
        return_list=True,
    )
    # All records come before all states, so the records of every recurrence are taken off first.
    outs = iter(results)
    records = [list(islice(outs, len(record))) for *_, record, _ in inner]
    pairs = zip(records, recurrences, strict=True)
    return [(record, list(islice(outs, len(r.carried)))) for record, r in pairs]


def static_loop(
    recurrences: Sequence[Recurrence], steps: Size, *, name: str | None = None
) -> Walked:
    """The same, every step written out in the graph; `steps` is a number.

    Examples
    --------
    >>> xs = pt.vector("xs", dtype="float64")
    >>> running_sum = Recurrence(lambda e, s, _: ([], [s[0] + e[0]]), [xs], [pt.zeros((), dtype="float64")])
    >>> [(_, (total,))] = static_loop([running_sum], 3)
    >>> float(total.eval({xs: [1.0, 2.0, 3.0]}))
    6.0
    """
    assert isinstance(steps, int)
    results = []
    for r in recurrences:
        states, history = list(r.carried), []
        for t in range(steps):
            recorded, states = r.step([xs[t] for xs in r.sequences], states, list(r.invariants))
            history.append(recorded)
        results.append(([pt.stack(column) for column in zip(*history, strict=True)], states))
    return results


def plain_scan(
    recurrences: Sequence[Recurrence],
    steps: Size,
    *,
    name: str | None = None,
    gradient_steps: int | None = None,
) -> Walked:
    """The same by `pytensor.scan`, for recurrences that record their states and nothing else.

    `gradient_steps` is the number of steps from the end that its gradient goes back, or None.

    Examples
    --------
    >>> xs = pt.vector("xs", dtype="float64")
    >>> def step(e, s, _):
    ...     return [s[0] + e[0]], [s[0] + e[0]]
    >>> [((sums,), _)] = plain_scan([Recurrence(step, [xs], [pt.zeros((), dtype="float64")])], xs.shape[0])
    >>> sums.eval({xs: [1.0, 2.0, 3.0]})
    array([1., 3., 6.])
    """

    # Of an expression that two recurrences read, tied weights say, `pytensor.scan` takes one.
    distinct = list(dict.fromkeys(_flat(r.invariants for r in recurrences)))

    def step(*arguments: TensorVariable) -> Values:
        # `pytensor.scan` hands over what it was given, in its order: all sequences, then all states, then all
        # invariants.
        rest = iter(arguments)
        elements = [list(islice(rest, len(r.sequences))) for r in recurrences]
        states = [list(islice(rest, len(r.carried))) for r in recurrences]
        symbols = dict(zip(distinct, rest, strict=True))
        invariants = [[symbols[var] for var in r.invariants] for r in recurrences]
        given = zip(recurrences, elements, states, invariants, strict=True)
        following = [r.step(e, s, i)[1] for r, e, s, i in given]
        pairs = zip(_flat(states), _flat(following), strict=True)
        return [_kept(before, after, i) for i, (before, after) in enumerate(pairs)]

    traces_from = partial(
        scan,
        step,
        sequences=_flat(r.sequences for r in recurrences),
        non_sequences=distinct,
        n_steps=steps,
        truncate_gradient=-1 if gradient_steps is None else gradient_steps,
        name=name,
        return_list=True,
        return_updates=False,
    )
    carried = _flat(r.carried for r in recurrences)
    found = traces_from(outputs_info=carried)
    # PyTensor gives a trace the type of what the step returns, and its gradient refuses one that knows of a length of 1
    # which the state before the step does not (docs/upstream).
    promised = list(map(_promised, carried, found))
    if any(one is not other for one, other in zip(carried, promised, strict=True)):
        found = traces_from(outputs_info=promised)
    traces = iter(found)
    recorded = [list(islice(traces, len(r.carried))) for r in recurrences]
    return [(record, [trace[-1] for trace in record]) for record in recorded]


def _flat(groups: Iterable[Sequence[TensorVariable]]) -> Values:
    return [var for group in groups for var in group]


def _traced(recurrence: Recurrence) -> tuple[Values, Values, Values, Values, Values]:
    """``(elements, states, constants, recorded, next states)`` of one step on symbols."""
    elements = [xs.type.clone(shape=xs.type.shape[1:])() for xs in recurrence.sequences]
    states = [state.type() for state in recurrence.carried]
    constants = [var.type() for var in recurrence.invariants]
    recorded, following = recurrence.step(elements, states, constants)
    following = [_kept(*pair, i) for i, pair in enumerate(zip(states, following, strict=True))]
    return elements, states, constants, list(recorded), following


def _kept(before: TensorVariable, after: TensorVariable, i: int) -> TensorVariable:
    """`after`, checked to be of the type of the state it replaces."""
    if after.type.dtype != before.type.dtype or after.type.ndim != before.type.ndim:
        raise UserError(
            f"the step must keep the type of state {i}, which is {before.type}, but returned {after.type}; "
            "cast it, or start from a state of that type"
        )
    # Scan wants the very type: what is known of the shape before the step must be known after it, too.
    return before.type.filter_variable(after)


def _promised(state: TensorVariable, trace: TensorVariable) -> TensorVariable:
    """`state` with the promise that it has the lengths of 1 that are known of each later one."""
    lengths = zip(state.type.shape, trace.type.shape[1:], strict=True)
    axes = [axis for axis, (before, after) in enumerate(lengths) if after == 1 != before]
    return pt.specify_broadcastable(state, *axes) if axes else state
