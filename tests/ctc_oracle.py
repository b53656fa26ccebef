"""Connectionist temporal classification from its definition, in NumPy: every path, and what it spells."""

from itertools import groupby, product

import numpy as np


def log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def spelled(path, blank=0):
    """The labels of a path."""
    return tuple(symbol for symbol, _ in groupby(path) if symbol != blank)


def likelihoods(log_probs, blank=0):
    """``{labels: likelihood}`` of ``log_probs (T, C)``, from all ``C**T`` paths."""
    found = {}
    for path in product(range(log_probs.shape[1]), repeat=len(log_probs)):
        labels = spelled(path, blank)
        likelihood = np.exp(
            sum(frame[symbol] for frame, symbol in zip(log_probs, path, strict=True))
        )
        found[labels] = found.get(labels, 0.0) + likelihood
    return found


def loss(logits, labels, blank=0):
    """The negative log likelihood of `labels` in ``logits (T, C)``, real or complex, by recursion over both ends.

    Likelihoods themselves are added up, no logarithms, so it is for few frames.
    """
    probs = np.exp(log_softmax(logits))
    known = {}

    def likelihood(frames, count, is_blank):
        """Of the first `count` labels in the first frames, ended in a blank, or in the last of the labels."""
        if frames == 0:
            return float(count == 0 and is_blank)
        if count == 0 and not is_blank:
            return 0.0
        key = frames, count, is_blank
        if key not in known:
            before = likelihood(frames - 1, count, True) if is_blank else 0.0
            if is_blank:
                total = before + likelihood(frames - 1, count, False)
                known[key] = total * probs[frames - 1, blank]
            else:
                last = labels[count - 1]
                total = likelihood(frames - 1, count, False) + likelihood(
                    frames - 1, count - 1, True
                )
                if count == 1 or labels[count - 2] != last:
                    total = total + likelihood(frames - 1, count - 1, False)
                known[key] = total * probs[frames - 1, last]
        return known[key]

    found = likelihood(len(probs), len(labels), True) + likelihood(len(probs), len(labels), False)
    with np.errstate(divide="ignore"):
        return -np.log(found)
