"""Times of functions that are called in turns, so that each meets the same moods of the machine."""

from operator import truediv
from statistics import median
from time import perf_counter


def in_turns(functions, *, rounds=30, calls=10):
    """Seconds of a call of each function, by name: a list of means over `calls`, one a round.

    Each is called twice before any clock runs.

    Examples
    --------
    >>> times = in_turns({"nothing": lambda: None, "sum": lambda: sum(range(9))}, rounds=3)
    >>> {name: len(seconds) for name, seconds in times.items()}
    {'nothing': 3, 'sum': 3}
    """
    for function in functions.values():
        function()
        function()
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            begin = perf_counter()
            for _ in range(calls):
                function()
            times[name].append((perf_counter() - begin) / calls)
    return times


def against_hand(by_hand, ours, *, rounds=30, calls=10):
    """The values of a record: seconds of a step `by_hand` and of each of `ours`, by name, their ratios, and how far
    the first losses that they return differ.

    Examples
    --------
    >>> values = against_hand(lambda: 1.0, {"JAX": lambda: 1.5}, rounds=3)
    >>> list(values), values["losses_differ"]
    (['losses_differ', 'by_hand_step_s', 'JAX_step_s', 'JAX_ratio'], 0.5)
    """
    functions = {"by_hand": by_hand} | ours
    losses = [float(function()) for function in functions.values()]
    times = in_turns(functions, rounds=rounds, calls=calls)
    ratios = {f"{name}_ratio": median(map(truediv, times[name], times["by_hand"])) for name in ours}
    seconds = {f"{name}_step_s": each for name, each in times.items()}
    return {"losses_differ": max(losses) - min(losses), **seconds, **ratios}
