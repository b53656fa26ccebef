"""The spread of repeated measurements: median and quartiles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, TypeGuard

FEWEST = 4  # samples that have quartiles worth the name

LARGEST = 1e300  # of numbers that are computed with: a larger whole number is no float


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of some samples; with fewer than four of them, the whole range."""

    median: float
    low: float
    high: float
    samples: int


def spread(samples: Iterable[Any]) -> Spread | None:
    """The `Spread` of numbers, None where there are none; what is no number does not count.

    Examples
    --------
    >>> spread([3, 1, None, 2])
    Spread(median=2, low=1, high=3, samples=3)
    >>> spread([1.0, 2.0, 3.0, 4.0, 100.0])
    Spread(median=3.0, low=2.0, high=4.0, samples=5)
    """
    numbers = sorted(filter(is_number, samples))
    if not numbers:
        return None
    low, high = numbers[0], numbers[-1]
    if len(numbers) >= FEWEST:
        low, _, high = quantiles(numbers, n=4, method="inclusive")
    return Spread(median(numbers), low, high, len(numbers))


def middle(samples: Sequence[Any]) -> float | None:
    """The median of a list of numbers, None where it is none.

    Examples
    --------
    >>> middle([3.0, 1.0, 2.0]), middle([]), middle([1.0, None])
    (2.0, None, None)
    """
    are_numbers = {*map(type, samples)} == {float} or (samples and all(map(is_number, samples)))
    return median(samples) if are_numbers else None


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value can be computed with."""
    if type(value) is float:  # nearly all of them
        return True
    return isinstance(value, float) or (isinstance(value, int) and -LARGEST < value < LARGEST)
