"""Times of functions that are called in turns, so that each meets the same moods of the machine."""

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


def median_ratio(of, to):
    """The median over the rounds of one function's seconds divided by another's.

    Examples
    --------
    >>> median_ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
    2.0
    """
    return median(a / b for a, b in zip(of, to, strict=True))
