"""What records say of this library's step against one written by hand, and of the naive form against odd/even."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from symrnn.bench.records import Record
from symrnn.bench.spread import spread
from symrnn.study.amounts import case_text, duration, number, times
from symrnn.study.quantities import ratio, select, spread_of

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


def cold_against_hand(records: Sequence[Record], ours: Mapping[str, str], **where: Any) -> str:
    """Seconds to the end of a first step in words, of `ours` against JAX by hand, the task "jax_by_hand".

    `ours` says which of our records are meant, by form or by mode; `where`, which network of both.

    Examples
    --------
    >>> cold_against_hand([], {"form": "adamw"}, network="gru")
    ''
    """
    hand = spread_of(records, "total_s", task="jax_by_hand", **where)
    mine = spread_of(records, "total_s", task="compile", state="cold", **ours, **where)
    if not (hand and mine):
        return ""
    times_hand = f"{mine.median / hand.median:.2f} times JAX by hand ({duration(hand.median)})"
    return f"{duration(mine.median)}, {times_hand}"


def cold_start(records: Sequence[Record], form: str) -> str:
    """Seconds to the end of the first step of `form`, cold, against JAX by hand; empty where either was not measured.

    Examples
    --------
    >>> cold_start([], "adamw")
    ''
    """
    told = cold_against_hand(records, {"form": form})
    return f"{cold_head(form)} {told}." * bool(told)


def cold_starts(records: Sequence[Record], form: str, **axis: Sequence[str]) -> str:
    """The same as a list, for each value of an axis that tells networks apart.

    Examples
    --------
    >>> cold_starts([], "adamw", network=["lstm", "gru"])
    ''
    """
    [(name, values)] = axis.items()
    told = [
        f"- {value}: {words}"
        for value in values
        if (words := cold_against_hand(records, {"form": form}, **{name: value}))
    ]
    return "\n".join([cold_head(form), "", *told]) * bool(told)


def cold_head(form: str) -> str:
    """What a cold start is of, before its seconds."""
    return f"Cold, from building the graph to the end of the first step of {NAMED.get(form, form)}:"


NAMED = {"adamw": "AdamW"}  # rules as their papers call them


NAIVE_NAMES = {
    "after.scans": "the Scan nodes",
    "after.components": "the components",
    "after.inner_nodes": "the nodes in scans",
    "after.nodes": "the outer nodes",
    "total_s": "the seconds to the first step",
}


def naive_against_odd_even(
    records: Sequence[Record], naive: Mapping[str, str], odd_even: Mapping[str, str]
) -> str:
    """Sizes and seconds of the naive form of Nesterov's momentum beside odd/even, in a sentence.

    Examples
    --------
    >>> naive_against_odd_even([], {"form": "nesterov_naive_clone"}, {"form": "nesterov_odd_even"})
    ''
    """
    found = {name: ratio(records, name, naive, odd_even) for name in NAIVE_NAMES}
    told = [f"{times(value)} {NAIVE_NAMES[name]}" for name, value in found.items() if value]
    head = "The naive form of Nesterov's momentum has, beside odd/even: "
    return (head + ", ".join(told) + ".") * bool(told)
