"""A training step and its cold start against those of one that is written by hand."""

from collections.abc import Sequence
from statistics import median

from symrnn.bench.records import Record
from symrnn.bench.spread import spread
from symrnn.study.amounts import case_text, duration, number, times
from symrnn.study.quantities import select, spread_of

TASK = "by_hand"  # of the experiments that measure it


def step_against_hand(records: Sequence[Record]) -> str:
    """The step of each case and mode against JAX by hand, as a list; empty where nothing was measured.

    Examples
    --------
    >>> step_against_hand([])
    ''
    """
    told = [line(record) for record in select(records, task=TASK, status="ok")]
    head = "A training step against the same one in JAX by hand, in turns, one thread:"
    return "\n".join([head, "", *dict.fromkeys(told)]) if told else ""


def line(record: Record) -> str:
    """One measurement in words."""
    ratio = spread(record.values["ratio"])
    assert ratio is not None  # one a round
    seconds, by_hand = (median(record.values[name]) for name in ("step_s", "by_hand_step_s"))
    return (
        f"- {case_text(record.case)}, mode {record.mode}: {times(ratio)} as long"
        f" ({duration(seconds)} and {duration(by_hand)}); after the first step, parameters"
        f" differ by at most {number(record.values['largest_difference'])}."
    )


def cold_start(records: Sequence[Record], form: str) -> str:
    """Seconds to the end of the first step of `form`, cold, against JAX by hand; empty where either was not measured.

    Examples
    --------
    >>> cold_start([], "adamw")
    ''
    """
    hand = spread_of(records, "total_s", task="jax_by_hand")
    ours = spread_of(records, "total_s", task="compile", form=form, state="cold")
    if not (hand and ours):
        return ""
    return (
        f"Cold, from building the graph to the end of the first step of {NAMED.get(form, form)}:"
        f" {duration(ours.median)}, {ours.median / hand.median:.2f} times JAX by hand ({duration(hand.median)})."
    )


NAMED = {"adamw": "AdamW"}  # rules as their papers call them
