"""The word n-gram speaks in symbols what it knows of words; GRID's grammar."""

from itertools import product

import numpy as np
import pytest

from symrnn.data.grid_grammar import LETTERS, SENTENCES, drawn_sentences, grid_sentences
from symrnn.errors import UserError
from symrnn.models.word_ngram import END, WordNgram
from symrnn.ops.ctc_decoding import beam_decode

ALPHABET = ["", *" abcdefghijklmnopqrstuvwxyz"]


@pytest.fixture(scope="module")
def grid():
    return WordNgram.fit(drawn_sentences(1000, np.random.default_rng(0)), ALPHABET)


def by_words(model, sentence):
    """The log probability from the probabilities of words."""
    numbers = [model.number(word) for word in sentence.split()] + [END]
    context = [END] * (model.model.order - 1)
    total = 0.0
    for i, number in enumerate(numbers):
        total += np.log(model.following((*context, *numbers[:i])[-2:])[0][number])
    return total


def test_a_sentence_has_the_probability_of_its_words(grid):
    for sentence in ["bin blue at a zero again", "set white with z nine soon", "now now", "a"]:
        assert np.isclose(grid.log_prob(sentence), by_words(grid, sentence))
    for strange in ("bin blue  at", "bin blu", " bin", "bin w", "B"):
        assert grid.log_prob(strange) == -np.inf


def test_the_symbols_probabilities_add_up_to_one(grid):
    state = grid.initial
    for character in "place red in x":
        log_probs, end = grid.log_probs(state), grid.log_prob_end(state)
        assert np.isclose(np.exp(log_probs).sum() + np.exp(end), 1)
        state = grid.after(state, ALPHABET.index(character))


def test_all_sentences_of_a_small_vocabulary_add_up_to_one():
    model = WordNgram.fit(["a ab", "ab", "a a ab"], ["", *" ab"], order=2)
    sentences = [
        " ".join(words) for count in range(9) for words in product(["a", "ab"], repeat=count)
    ]
    total = sum(np.exp(model.log_prob(sentence)) for sentence in sentences)
    assert 0.98 < total < 1


def test_the_grammar_puts_right_what_was_read_wrong(grid):
    assert sum(1 for _ in grid_sentences()) == SENTENCES == 64000
    assert "w" not in LETTERS
    said, read = "lay green by f two now", "lap greem by f twi mow"
    log_probs = np.full((2 * len(said), 1, len(ALPHABET)), np.log(0.01))
    for i, (right, wrong) in enumerate(zip(said, read, strict=True)):
        log_probs[2 * i, 0, [ALPHABET.index(wrong), ALPHABET.index(right)]] = np.log([0.5, 0.3])
        log_probs[2 * i + 1, 0, 0] = np.log(0.9)
    lengths = np.array([len(log_probs)])
    alone, helped = (
        "".join(ALPHABET[s] for s in beam_decode(log_probs, lengths, language_model=model)[0])
        for model in (None, grid)
    )
    assert (alone, helped) == (read, said)


@pytest.mark.parametrize(
    ("sentences", "alphabet", "told"),
    [
        ([], [*" ab"], "sentences must hold words"),
        (["a"], [*"ab"], "alphabet must hold a space"),
        (["a c"], [*" ab"], "'c' has 'c'"),
    ],
)
def test_sentences_that_cannot_be_spelled_are_refused(sentences, alphabet, told):
    with pytest.raises(UserError, match=told):
        WordNgram.fit(sentences, alphabet)
