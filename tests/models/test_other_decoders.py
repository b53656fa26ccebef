"""What KenLM and flashlight say of the same model and the same log probabilities."""

import ctc_oracle
import numpy as np
import pytest

from symrnn.data.grid_grammar import drawn_sentences
from symrnn.models.arpa import arpa
from symrnn.models.flashlight import flashlight_decode
from symrnn.models.word_ngram import WordNgram
from symrnn.ops.ctc_decoding import beam_decode
from symrnn.ops.error_rates import word_error_rate

ALPHABET = ["", *" abcdefghijklmnopqrstuvwxyz"]


@pytest.fixture(scope="module")
def grid():
    return WordNgram.fit(drawn_sentences(1000, np.random.default_rng(0)), ALPHABET)


def test_the_file_lists_what_it_counts_and_adds_up(grid):
    text = arpa(WordNgram.fit(["a b", "b", "b a a"], [*" ab"], order=3))
    head, *blocks = text.split("-grams:\n")
    counts = [int(line.split("=")[1]) for line in head.splitlines() if "=" in line]
    found = [[line for line in block.splitlines() if "\t" in line] for block in blocks]
    assert counts == [len(lines) for lines in found]
    starts = [10 ** float(line.split("\t")[0]) for line in found[1] if "\t<s> " in line]
    assert np.isclose(sum(starts), 1, atol=1e-5)


@pytest.mark.parametrize("order", [2, 3, 4])  # KenLM takes no unigrams alone
def test_kenlm_reads_the_same_probabilities(order, tmp_path):
    kenlm = pytest.importorskip("kenlm")
    model = WordNgram.fit(drawn_sentences(200, np.random.default_rng(1)), ALPHABET, order=order)
    path = tmp_path / "words.arpa"
    path.write_text(arpa(model))
    reader = kenlm.Model(str(path))
    for sentence in [
        "bin blue at a zero again",
        "soon now bin with",
        "place",
        "set red in z two now",
    ]:
        assert np.isclose(reader.score(sentence) * np.log(10), model.log_prob(sentence), atol=1e-4)


def test_flashlight_finds_the_same_sentences(grid):
    pytest.importorskip("flashlight.lib.text.decoder.kenlm")
    said = drawn_sentences(12, np.random.default_rng(1))
    log_probs, lengths = spoken(said, clearness=5.0)
    ours = beam_decode(log_probs, lengths, language_model=grid)
    sentences = ["".join(ALPHABET[symbol] for symbol in labels) for labels in ours]
    theirs = flashlight_decode(log_probs, lengths, grid, beam=200)
    assert word_error_rate(theirs, sentences) <= 1 / 36  # two words of 72
    assert word_error_rate(sentences, said) < 0.1


def spoken(sentences, clearness):
    """``log_probs (75, B, C)`` in which a symbol that is said stands out, and lengths."""
    rng = np.random.default_rng(2)
    scores = 1.5 * rng.normal(size=(75, len(sentences), len(ALPHABET)))
    for i, sentence in enumerate(sentences):
        scores[:, i, 0] += clearness
        for j, character in enumerate(sentence):
            scores[2 * j, i, 0] -= clearness
            scores[2 * j, i, ALPHABET.index(character)] += clearness
    return ctc_oracle.log_softmax(scores), np.full(len(sentences), 75)
