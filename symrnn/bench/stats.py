"""Statistics of repeated measurements: spreads, ratios, and when there is no decision.

A sample is one number a process (a round), never one a call: calls within one process share its
luck. Times are skewed by whatever else the machine does, so medians and quartiles stand for them,
and ranks decide.

A verdict needs three things, so that neither a small sample, nor an outlier, nor a difference
that nobody cares about makes one:

* the Mann-Whitney test finds the two sets different (``p < ALPHA``, which five rounds can reach and
  four can't); for what was measured in turns, Wilcoxon's signed ranks, which a machine that is
  busy for a while does not blind, but which take eight rounds; where many comparisons are made at
  once, ALPHA is divided by their number,
* the bootstrap interval of the ratio leaves out 1,
* the ratio is off by more than the threshold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from math import comb

import numpy as np
from scipy.stats import PermutationMethod, bootstrap, mannwhitneyu, wilcoxon

from symrnn.bench.spread import Spread, spread
from symrnn.errors import UserError

ALPHA = 0.01  # for the test of ranks; of 100 comparisons of equals, one passes it
CONFIDENCE = 0.95  # of the bootstrap interval
RESAMPLES = 2000
MOST_PERMUTATIONS = 20_000  # all of two times eight
MANY = 1000  # comparisons; with more of them, only what the ranks decide is worth a bootstrap
THRESHOLD = 0.05  # a ratio between 1/1.05 and 1.05 is not worth a verdict


Samples = Sequence[float] | np.ndarray  # seconds, one a round


@dataclass(frozen=True)
class Comparison:
    """How `new` compares with `old`: their ratio, how sure it is, and the verdict.

    ``ratio.median`` is that of the ratios round by round where the two were measured in turns,
    else the ratio of the medians.
    """

    ratio: Spread  # new / old
    interval: tuple[float, float] | None  # bootstrap, of the ratio; None if not needed, see MANY
    p_value: float  # two-sided; Mann-Whitney, or Wilcoxon for pairs
    verdict: str  # "faster", "slower", "no decision"
    why: str  # why there is no decision, else ""


def ratios(new: Samples, old: Samples) -> np.ndarray:
    """``new / old`` round by round, for forms that were measured in turns.

    Examples
    --------
    >>> ratios([2.0, 3.0], [1.0, 2.0]).tolist()
    [2.0, 1.5]
    """
    above, below = checked("new", new), checked("old", old)
    if len(above) != len(below):
        raise UserError(
            f"new and old must have as many rounds to be paired, but have {len(above)} and"
            f" {len(below)};"
            " leave out rounds that only one of them has, or compare them unpaired"
        )
    return above / below


def compare_samples(
    old: Sequence[float],
    new: Sequence[float],
    *,
    is_paired: bool = False,
    threshold: float = THRESHOLD,
    comparisons: int = 1,
    seed: int = 0,
) -> Comparison:
    """Is `new` faster or slower than `old`, or can't one tell?

    Parameters
    ----------
    old, new
        Seconds, one a round.
    is_paired
        Whether the two were measured in turns, so that round i of one belongs to round i of the
        other.
    threshold
        Ratios closer to 1 than this get no verdict.
    comparisons
        How many are made at once, of which none should be a false alarm. With over 1,000, the interval is None where
        rounds or ranks decide nothing already.
    seed
        Of the bootstrap.

    Examples
    --------
    >>> compare_samples([1.0, 1.1, 1.0, 1.05, 0.98], [2.0, 2.1, 2.0, 2.2, 1.9]).verdict
    'slower'
    >>> compare_samples([1.0, 1.1, 1.0], [2.0, 2.1, 2.0]).why
    '3 rounds, and a decision takes 5'
    """
    was, now = checked("old", old), checked("new", new)
    p_value = rank_test(was, now, is_paired=is_paired)
    alpha = ALPHA / comparisons
    why = doubt_of_rounds(
        min(len(old), len(new)), fewest_rounds(alpha, is_paired=is_paired)
    ) or doubt_of_ranks(p_value, alpha)
    ratio, draws = ratio_and_draws(was, now, is_paired)
    between = None
    if not why or comparisons <= MANY:
        between = interval(*draws, np.random.default_rng(seed))
        why = why or doubt_of_ratio(ratio.median, between, threshold)
    verdict = "no decision" if why else "slower" if ratio.median > 1 else "faster"
    return Comparison(ratio, between, p_value, verdict, why)


def rank_test(old: np.ndarray, new: np.ndarray, *, is_paired: bool = False) -> float:
    """The two-sided p-value: Mann-Whitney's test, or Wilcoxon's signed ranks for pairs.

    Exact for small samples, ties or not.

    Examples
    --------
    >>> round(rank_test(np.array([1.0, 1.0, 2.0]), np.array([3.0, 3.0, 4.0])), 3)
    0.1
    """
    # SciPy warns about ranks that are all tied
    if np.ptp([*old, *new]) == 0:
        return 1.0
    if is_paired:
        # logarithms, so that twice and half are as far from equal
        return float(wilcoxon(np.log(new) - np.log(old)).pvalue)
    has_ties = len(np.unique([*old, *new])) < len(old) + len(new)
    # SciPy permutes no sample of one
    is_small = min(len(old), len(new)) > 1 and (
        comb(len(old) + len(new), len(old)) <= MOST_PERMUTATIONS
    )
    exactly = PermutationMethod(n_resamples=MOST_PERMUTATIONS) if has_ties and is_small else "auto"
    return float(mannwhitneyu(old, new, method=exactly).pvalue)


def ratio_and_draws(
    old: np.ndarray, new: np.ndarray, is_paired: bool
) -> tuple[Spread, tuple[tuple[np.ndarray, ...], Callable]]:
    """The ratio new / old with its spread; the samples, and their statistic, that its `interval` is drawn from."""
    if is_paired:
        paired = ratios(new, old)
        center = spread(paired.tolist())
        assert center is not None  # there are samples
        return center, ((paired,), np.median)
    middle = float(ratio_of_medians(old, new))
    # Any round of one over any of the other: they were not measured in turns, so none belongs to another.
    quartiles = np.quantile(np.divide.outer(new, old), [0.25, 0.75])
    low, high = quartiles.tolist()
    center = Spread(middle, low, high, min(len(old), len(new)))
    return center, ((old, new), ratio_of_medians)


def ratio_of_medians(old: np.ndarray, new: np.ndarray, axis: int = -1) -> np.ndarray:
    """By how much the middle of `new` is above that of `old`."""
    return np.median(new, axis=axis) / np.median(old, axis=axis)


def interval(
    samples: tuple[np.ndarray, ...], statistic: Callable, rng: np.random.Generator
) -> tuple[float, float]:
    """The percentile interval of a statistic of samples, each drawn again by itself.

    One number cannot be drawn in another way: its interval is itself.
    """
    if min(map(len, samples)) < 2:
        here = float(statistic(*samples))
        return here, here
    options = {"n_resamples": RESAMPLES, "confidence_level": CONFIDENCE, "method": "percentile"}
    found = bootstrap(samples, statistic, vectorized=True, rng=rng, **options).confidence_interval
    return float(found.low), float(found.high)


def fewest_rounds(alpha: float = ALPHA, *, is_paired: bool = False) -> int:
    """Rounds that a decision takes: as many as give a smallest p-value below `alpha`.

    Examples
    --------
    >>> fewest_rounds(), fewest_rounds(ALPHA / 20), fewest_rounds(is_paired=True)
    (5, 8, 8)
    """
    outcomes = (lambda n: 2**n) if is_paired else (lambda n: comb(2 * n, n))
    # The most extreme order of the ranks, in either direction, is 2 of all equally likely ones.
    return next(n for n in count(1) if 2 / outcomes(n) < alpha)


def doubt_of_rounds(rounds: int, fewest: int) -> str:
    """Why so few rounds decide nothing; empty where they are enough."""
    made = f"{rounds} round{'s' * (rounds != 1)}"
    return f"{made}, and a decision takes {fewest}" if rounds < fewest else ""


def doubt_of_ranks(p_value: float, alpha: float) -> str:
    """Why the ranks decide nothing."""
    return f"the ranks overlap (p = {p_value:.2g})" if p_value >= alpha else ""


def doubt_of_ratio(ratio: float, interval: tuple[float, float], threshold: float) -> str:
    """Why the ratio decides nothing."""
    if interval[0] <= 1 <= interval[1]:
        return f"the ratio may be 1 ({interval[0]:.3f} to {interval[1]:.3f})"
    if 1 / (1 + threshold) <= ratio <= 1 + threshold:
        return f"within {threshold:.0%}"
    return ""


def checked(name: str, samples: Samples) -> np.ndarray:
    """The samples as an array; a `UserError` where one is missing, negative or no number."""
    values = np.asarray(samples, dtype=float)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or (values <= 0).any():
        raise UserError(
            f"{name} must be a list of positive numbers, one a round, but is {samples!r};"
            " leave out records that did not finish"
        )
    return values
