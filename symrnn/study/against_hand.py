"""What records of `symrnn.bench.in_turns.against_hand` say: this library's step against one written by hand."""

from symrnn.study.amounts import duration, times
from symrnn.study.quantities import select, spread


def step_against_hand(records, task="step"):
    """The step of each mode against JAX by hand, in a sentence; empty where nothing was measured.

    Examples
    --------
    >>> step_against_hand([])
    ''
    """
    values = [record.values for record in select(records, task=task, status="ok")]
    names = [name for name in values[0] if name.endswith("_ratio")] if values else []
    if not names:
        return ""
    by_hand = spread(seconds for each in values for seconds in each["by_hand_step_s"])
    ratios = {name.removesuffix("_ratio"): spread(each[name] for each in values) for name in names}
    told = ", ".join(f"{times(found)} as long in {mode} mode" for mode, found in ratios.items())
    hand = duration(by_hand.median)
    return (
        f"A step takes {hand} in JAX by hand; this library's takes {told} (in turns, one thread)."
    )
