"""A cache of what was just read, at test time [1]_: words come again where the network was in a like state.

For the outputs ``h_t`` of a network's last layer, with the word ``x_{t+1}`` that followed each, and of those before t
the last W:

* ``p_cache(w) ~ sum_i [x_{i+1} = w] exp(sharpness * h_t . h_i)``;
* ``p(w) = (1 - weight) * p_network(w) + weight * p_cache(w)``.

.. [1] Grave, Joulin, Usunier: Improving neural language models with a continuous cache. ICLR 2017. arXiv:1612.04426
"""

import numpy as np

CHUNK = 200  # steps whose likenesses are computed at once


def cached_probabilities(
    hs: np.ndarray, targets: np.ndarray, *, window: int, sharpness: float
) -> np.ndarray:
    """What the cache gives to each of ``targets (N,)``, behind ``hs (N, H)``, ``(N,)``; 0 for the first.

    Examples
    --------
    >>> hs = np.array([[1.0], [1.0], [1.0]])
    >>> cached_probabilities(hs, np.array([5, 7, 5]), window=2, sharpness=1.0)
    array([0. , 0. , 0.5])
    """
    found = np.zeros(len(targets))
    for begin in range(0, len(targets), CHUNK):
        end = min(begin + CHUNK, len(targets))
        first = max(begin - window, 0)
        at, kept = np.arange(begin, end)[:, None], np.arange(first, end)[None]
        is_kept = (kept < at) & (kept >= at - window)
        scores = np.where(is_kept, sharpness * (hs[begin:end] @ hs[first:end].T), -np.inf)
        highest = scores.max(axis=1, keepdims=True)
        # The first word has nothing before it: all of its scores are -inf, and the largest taken off them would leave
        # no numbers.
        shares = np.exp(scores - np.where(np.isfinite(highest), highest, 0))
        is_word = targets[begin:end, None] == targets[None, first:end]
        total = shares.sum(axis=1)
        found[begin:end] = (shares * is_word).sum(axis=1) / np.where(total, total, 1)
    return found


def mixed_nats(nats: np.ndarray, cached: np.ndarray, weight: float) -> np.ndarray:
    """Nats of words that cost the network ``nats (N,)``, where the cache has a share of `weight`.

    Examples
    --------
    >>> mixed_nats(-np.log([0.5]), np.array([1.0]), 0.5).round(3)
    array([0.288])
    """
    return -np.log((1 - weight) * np.exp(-nats) + weight * cached)
