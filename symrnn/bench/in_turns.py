"""Times of functions that are called in turns, so that each meets the same moods of the machine."""

from collections.abc import Callable, Mapping
from operator import truediv
from time import perf_counter, process_time
from typing import Any

import numpy as np


def in_turns(
    functions: Mapping[str, Callable[[], Any]], *, rounds: int = 30, calls: int = 10
) -> dict[str, list[float]]:
    """Seconds of a call of each function, by name: a list of means over `calls`, one a round.

    Each is called twice before any clock runs.

    Examples
    --------
    >>> times = in_turns({"nothing": lambda: None, "sum": lambda: sum(range(9))}, rounds=3)
    >>> {name: len(seconds) for name, seconds in times.items()}
    {'nothing': 3, 'sum': 3}
    """
    times = on_both_clocks(functions, rounds=rounds, calls=calls)
    return {name: [seconds for seconds, _ in each] for name, each in times.items()}


def on_both_clocks(
    functions: Mapping[str, Callable[[], Any]], *, rounds: int, calls: int
) -> dict[str, list[tuple[float, float]]]:
    """As `in_turns`, each mean with the CPU seconds of this process beside it."""
    # the first call compiles, the second fills caches
    for function in functions.values():
        function()
        function()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            begin, begin_cpu = perf_counter(), process_time()
            for _ in range(calls):
                function()
            end, end_cpu = perf_counter(), process_time()
            times[name].append(((end - begin) / calls, (end_cpu - begin_cpu) / calls))
    return times


def against_hand(
    by_hand: Callable[[], Any], ours: Callable[[], Any], *, rounds: int = 30, calls: int = 10
) -> dict[str, Any]:
    """The values of a record: seconds of a step `by_hand` and of `ours`, round by round, and their ratios.

    Both take the same step and return the arrays after it, of which the first ones must not be far apart
    (``largest_difference``). On the wall's clock and, with ``cpu`` in the name, on that of this process, which
    adds its threads up and which other programs on the machine disturb less.

    Examples
    --------
    >>> values = against_hand(lambda: [1.0, 2.0], lambda: [1.0, 2.5], rounds=3)
    >>> values["largest_difference"], len(values["step_s"]), len(values["cpu_ratio"])
    (0.5, 3, 3)
    """
    # Before any further step: both are at the same parameters now, and drift apart by rounding later.
    apart = largest_difference(by_hand(), ours())
    times = on_both_clocks({"by_hand": by_hand, "ours": ours}, rounds=rounds, calls=calls)
    hand_s, hand_cpu_s = map(list, zip(*times["by_hand"], strict=True))
    ours_s, ours_cpu_s = map(list, zip(*times["ours"], strict=True))
    return {
        "largest_difference": apart,
        "by_hand_step_s": hand_s,
        "step_s": ours_s,
        "ratio": list(map(truediv, ours_s, hand_s)),
        "by_hand_step_cpu_s": hand_cpu_s,
        "step_cpu_s": ours_cpu_s,
        "cpu_ratio": list(map(truediv, ours_cpu_s, hand_cpu_s)),
    }


def largest_difference(those: Any, these: Any) -> float:
    """The largest difference between numbers in the same place of two lists of arrays."""
    pairs = zip(those, these, strict=True)
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs)
