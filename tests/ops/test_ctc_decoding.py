"""Greedy and prefix beam decoding against all paths."""

import ctc_oracle
import numpy as np
import pytest

from symrnn.errors import UserError
from symrnn.ops.ctc_decoding import beam_decode, beam_hypotheses, greedy_decode

RNG = np.random.default_rng(0)
LOG_PROBS = [ctc_oracle.log_softmax(2 * RNG.normal(size=(5, 3))) for _ in range(6)]


class Bigrams:
    """A language model of three symbols, the last one the end."""

    initial = 0
    table = np.log(np.random.default_rng(1).dirichlet(np.ones(3), size=3))

    def log_probs(self, state):
        return self.table[state]

    def after(self, state, symbol):
        return symbol

    def log_prob_end(self, state):
        return self.table[state][0]

    def log_prob(self, labels):
        before = (0, *labels)
        return sum(self.table[a][b] for a, b in zip(before, (*labels, 0), strict=True))


@pytest.mark.parametrize("log_probs", LOG_PROBS)
def test_a_wide_beam_finds_every_label_sequence_and_its_likelihood(log_probs):
    expected = ctc_oracle.likelihoods(log_probs)
    found = beam_hypotheses(log_probs, beam=1000)
    assert {tuple(labels) for labels, _ in found} == set(expected)
    for labels, score in found:
        assert np.isclose(np.exp(score), expected[tuple(labels)])
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@pytest.mark.parametrize("log_probs", LOG_PROBS)
def test_the_language_model_and_the_bonus_have_their_say(log_probs):
    model, weight, bonus = Bigrams(), 0.7, 0.4
    expected = {
        labels: np.log(p) + weight * model.log_prob(labels) + bonus * len(labels)
        for labels, p in ctc_oracle.likelihoods(log_probs).items()
    }
    options = {"language_model": model, "weight": weight, "bonus": bonus}
    for labels, score in beam_hypotheses(log_probs, beam=1000, **options):
        assert np.isclose(score, expected[tuple(labels)])
    best = max(expected, key=expected.get)
    batch, lengths = log_probs[:, None], np.array([5])
    assert beam_decode(batch, lengths, beam=1000, **options) == [list(best)]
    assert beam_decode(batch, lengths, beam=8, **options) == [list(best)]


def test_the_blank_may_be_any_symbol_and_items_end_where_they_end():
    log_probs = np.stack(LOG_PROBS, axis=1)  # (5, 6, 3)
    lengths = np.array([5, 4, 3, 2, 1, 0])
    last = np.roll(log_probs, -1, axis=2)  # 0 becomes 2, 1 becomes 0, 2 becomes 1
    for decode in (greedy_decode, beam_decode):
        first = decode(log_probs, lengths)
        assert [[s - 1 for s in labels] for labels in first] == decode(last, lengths, blank=2)
        assert first[-1] == []
    assert greedy_decode(log_probs, lengths) == [
        list(ctc_oracle.spelled(path[:n]))
        for path, n in zip(log_probs.argmax(2).T.tolist(), lengths, strict=True)
    ]


def test_what_the_language_model_forbids_is_not_found():
    class Nothing(Bigrams):
        table = np.full((3, 3), -np.inf)

    assert beam_decode(LOG_PROBS[0][:, None], np.array([5]), language_model=Nothing()) == [[]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"log_probs": np.zeros((2, 3))}, "log_probs must have axes"),
        ({"blank": 3}, "blank = 3 below C"),
        ({"input_lengths": [6]}, "input_lengths must be 1 numbers from 0 to T = 5"),
        ({"input_lengths": [1, 1]}, "input_lengths must be 1 numbers"),
        ({"beam": 0}, "beam must be a whole number"),
    ],
)
def test_what_does_not_fit_is_refused(change, told):
    given = {"log_probs": LOG_PROBS[0][:, None], "input_lengths": [5]}
    with pytest.raises(UserError, match=told):
        beam_decode(**given | change)
