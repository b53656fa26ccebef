"""Words as the benchmark counts them, from its files and from running text."""

import numpy as np
import pytest
from sample import sample_in

from symrnn.data import wikitext
from symrnn.data.words import END, SPECIAL, Vocabulary, embedded_words, plain_words
from symrnn.errors import UserError


def test_a_folder_with_all_files_is_read_as_it_is(tmp_path):
    sample_in(tmp_path, "wikitext")
    (tmp_path / "wiki.train.tokens").write_text(" = A = \n \n the <unk> cat \n")
    words = wikitext.read(tmp_path)
    assert words.train == ["=", "A", "=", END, END, "the", "<unk>", "cat", END]
    assert words.validation[:4] == ["=", "A", "cat", "="]
    assert words.test[:4] == ["the", "dog", "sat", "on"]


def test_without_a_training_text_the_others_are_joined_and_cut(tmp_path):
    sample_in(tmp_path, "wikitext")
    parts = wikitext.read(tmp_path)
    (tmp_path / "wiki.train.tokens").write_text("a b\n")
    whole = wikitext.read(tmp_path)
    assert [*parts.train, *parts.validation, *parts.test] == [*whole.validation, *whole.test]
    assert len(parts.train) == int(0.8 * 420)


def test_a_folder_of_something_else_is_one_sentence(tmp_path):
    with pytest.raises(
        UserError, match=r"must hold wiki\.valid\.tokens and wiki\.test\.tokens"
    ) as caught:
        wikitext.read(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_vocabulary_is_of_the_commonest_words_and_all_else_is_unknown():
    words = ["b", "a", "a", "c", "c", "<unk>", "<eos>", "d"]
    vocabulary = Vocabulary.of(words, 5)
    assert vocabulary.words == (*SPECIAL, "a", "c", "b")
    assert vocabulary.numbers(words).tolist() == [4, 2, 2, 3, 3, 0, 1, 0]
    assert vocabulary.numbers([]).dtype == np.int32


def test_paragraphs_of_a_running_text_are_lines():
    assert plain_words("One\nline.\n \n\nTwo") == ["One", "line", ".", END, "Two", END]


def test_wikipedia_is_one_sentence_without_its_package(monkeypatch):
    embedded_words.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "gensim.corpora.wikicorpus", None)
    with pytest.raises(UserError, match="pip install gensim"):
        embedded_words("wikipedia")
