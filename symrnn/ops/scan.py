"""Loops over time in the smallest form that PyTensor's Scan node has, and the same loops written out.

A `Recurrence` carries states from step to step without recording them, and records what each step returns beside them.
Neither needs a buffer to be allocated, filled with an initial value and sliced afterwards, so the outer graph holds the
Scan node alone. Several recurrences of one length run side by side in one node.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.scan import scan
from pytensor.scan.op import Scan, ScanInfo

from symrnn.errors import UserError


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

    step: Callable
    sequences: Sequence[Variable]
    carried: Sequence[Variable]
    invariants: Sequence[Variable] = ()


def scan_loop(recurrences, steps, *, name=None):
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
        sum(column, []) for column in zip(*inner, strict=True)
    )
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
    op = Scan([*elements, *states, *constants], [*recorded, *following], info, name=name)
    outer = [
        var for kind in ("sequences", "carried") for r in recurrences for var in getattr(r, kind)
    ]
    invariants = [var for r in recurrences for var in r.invariants]
    outs = iter(op(steps, *outer, *[steps] * len(recorded), *invariants, return_list=True))
    recorded = [list(islice(outs, len(r[3]))) for r in inner]
    return [
        (record, list(islice(outs, len(r.carried))))
        for record, r in zip(recorded, recurrences, strict=True)
    ]


def static_loop(recurrences, steps, *, name=None):
    """The same, every step written out in the graph; `steps` is a number.

    Examples
    --------
    >>> xs = pt.vector("xs", dtype="float64")
    >>> running_sum = Recurrence(lambda e, s, _: ([], [s[0] + e[0]]), [xs], [pt.zeros((), dtype="float64")])
    >>> [(_, (total,))] = static_loop([running_sum], 3)
    >>> float(total.eval({xs: [1.0, 2.0, 3.0]}))
    6.0
    """
    results = []
    for r in recurrences:
        states, history = list(r.carried), []
        for t in range(steps):
            recorded, states = r.step([xs[t] for xs in r.sequences], states, list(r.invariants))
            history.append(recorded)
        results.append(([pt.stack(column) for column in zip(*history, strict=True)], states))
    return results


def plain_scan(recurrences, steps, *, name=None, gradient_steps=None):
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

    def step(*arguments):
        arguments = iter(arguments)
        groups = [
            [list(islice(arguments, len(kind))) for r in recurrences for kind in [getattr(r, name)]]
            for name in KINDS
        ]
        return [
            s for r, *given in zip(recurrences, *groups, strict=True) for s in r.step(*given)[1]
        ]

    sequences, carried, invariants = (
        [var for r in recurrences for var in getattr(r, name)] for name in KINDS
    )
    traces = scan(
        step,
        sequences=sequences,
        outputs_info=carried,
        non_sequences=invariants,
        n_steps=steps,
        truncate_gradient=-1 if gradient_steps is None else gradient_steps,
        name=name,
        return_list=True,
        return_updates=False,
    )
    traces = iter(traces)
    recorded = [list(islice(traces, len(r.carried))) for r in recurrences]
    return [(record, [trace[-1] for trace in record]) for record in recorded]


KINDS = ("sequences", "carried", "invariants")


def _traced(recurrence):
    """``(elements, states, constants, recorded, next states)`` of one step on symbols."""
    elements = [xs.type.clone(shape=xs.type.shape[1:])() for xs in recurrence.sequences]
    states = [state.type() for state in recurrence.carried]
    constants = [var.type() for var in recurrence.invariants]
    recorded, following = recurrence.step(elements, states, constants)
    following = [_kept(*pair, i) for i, pair in enumerate(zip(states, following, strict=True))]
    return elements, states, constants, list(recorded), following


def _kept(before, after, i):
    """`after`, checked to be of the type of the state it replaces."""
    if after.type.dtype != before.type.dtype or after.type.ndim != before.type.ndim:
        raise UserError(
            f"the step must keep the type of state {i}, which is {before.type}, but returned {after.type}; "
            "cast it, or start from a state of that type"
        )
    return before.type.filter_variable(after)
