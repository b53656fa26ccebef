"""Language models of words: masks that add no scan, states that go on, whole texts, a cache, samples."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, MODES, assert_all_close, evaluate

from symrnn.errors import UserError
from symrnn.measure.sizes import graph_size
from symrnn.models.awd_lstm import AWDLSTM
from symrnn.models.cache_pointer import cached_probabilities
from symrnn.models.qrnn import QRNN
from symrnn.models.word_reading import cached_nats, perplexity, read_text, sampled_words
from symrnn.training.network import Network
from symrnn.updates import sgd

SMALL = {
    **{"batch_size": 2, "length": 6, "vocabulary": 12, "hidden_size": 3, "embedding_size": 2},
    "dtype": "float64",
}
NOTHING = {
    **{"word_dropout": 0.0, "input_dropout": 0.0, "layer_dropout": 0.0, "output_dropout": 0.0},
    **{"weight_dropout": 0.0, "ar": 0.0, "tar": 0.0},
}
RNG = np.random.default_rng(0)
TEXT = RNG.integers(0, 12, 61).astype("int32")


def network(cls=AWDLSTM, **options):
    recipe = cls(**SMALL | options)
    return Network(
        recipe.graph(), mode=FEW_REWRITES, notes="\n".join(["<unk>", "<eos>", *"abcdefghij"])
    )


@cache
def size(cls, **options):
    """Of a training step with few rewrites."""
    recipe = cls(**SMALL | options)
    graph = recipe.graph()
    updates = {**sgd(graph.loss, graph.params, 0.1), **graph.carried}
    return graph_size(
        pytensor.function(graph.inputs, graph.loss, updates=updates, mode=FEW_REWRITES)
    )


def test_masks_ar_and_tar_add_no_recurrence():
    plain, whole = size(AWDLSTM, **NOTHING), size(AWDLSTM)
    assert (whole.scans, whole.components, whole.inner_nodes) == (
        plain.scans,
        plain.components,
        plain.inner_nodes,
    )
    assert plain.components == 4  # one forward and one back for each of two layers


def test_a_qrnn_has_as_many_recurrences_of_fewer_nodes():
    found, lstm = size(QRNN, zoneout=0.2), size(AWDLSTM)
    assert (found.scans, found.components) == (lstm.scans, lstm.components)
    # nodes of a body; few rewrites leave a view in it on PyTensor 3.0
    assert found.widest_scan <= 3 < 10 < lstm.widest_scan


@pytest.mark.parametrize("cls", [AWDLSTM, QRNN])
def test_assembled_gradient_is_autodiffs(cls):
    from symrnn.models.word_network import word_model

    recipe = cls(**SMALL, **({"zoneout": 0.2} if cls is QRNN else {}))
    words = TEXT[:12].reshape(6, 2)
    fed = [words, TEXT[1:13].reshape(6, 2), *recipe.masks(words, np.random.default_rng(0))]
    found = []
    for gradient in ("assembled", "autodiff"):
        graph = word_model(
            recipe.network(), recipe.dropouts, batch=2, ar=2.0, tar=1.0, gradient=gradient
        )
        [states] = graph.carried
        states.set_value(np.random.default_rng(1).normal(size=states.get_value().shape))
        outputs = [graph.loss, graph.carried[states], *pytensor.grad(graph.loss, graph.params)]
        found.append(evaluate(graph.inputs, outputs, fed, MODES[gradient]))
    assert_all_close(*found, 1e-9)


@pytest.mark.parametrize("cls", [AWDLSTM, QRNN])
def test_a_text_read_in_windows_is_read_in_one(cls):
    net = network(cls, tied=False)
    whole = read_text(net, TEXT, pieces=2, length=100)
    halves = read_text(net, TEXT, pieces=2, length=7)
    assert_all_close(halves[:2], whole[:2], 1e-12)
    assert len(whole.nats) == len(TEXT)
    # each piece from zeros, and before each word the one that stands before it in the text
    [states] = net.graph.carried
    before = np.append(1, TEXT[:-1])[whole.piece :, None].astype("int32")
    zeros = np.zeros((1, states.type.shape[1]))
    second = net("nats", before, TEXT[whole.piece :, None], zeros)
    np.testing.assert_allclose(whole.nats[whole.piece :], second[:, 0], rtol=1e-10)
    # a network that was not trained knows how often words are by Zipf's law
    shares = np.exp(net.graph.params[-1].get_value())
    expected = -np.log(shares / shares.sum())[TEXT]
    assert abs(perplexity(whole.nats) - perplexity(expected)) < 0.5


def test_a_dropped_word_is_dropped_wherever_it_stands_and_weights_keep_their_mean():
    recipe = AWDLSTM(**SMALL, word_dropout=0.5, weight_dropout=0.25)
    words = RNG.integers(0, 12, (200, 2)).astype("int32")
    of_words, _, _, _, of_weights, _ = recipe.masks(words, np.random.default_rng(0))
    assert {len(set(of_words[words == word])) for word in range(12)} == {1}
    assert set(of_words.ravel()) == {0.0, 2.0}
    assert of_weights.shape == (3, 12)
    assert set(of_weights.ravel()) == {0.0, 1 / 0.75}


def test_lengths_are_drawn_around_t_and_follow_each_other():
    recipe = replace(AWDLSTM(), length=35)
    reaches = [recipe.reach(step) for step in range(600)]
    assert all(begin + n == then for (begin, n), (then, _) in pairwise(reaches))
    lengths = np.array([n for _, n in reaches])
    assert lengths.min() >= 5
    assert 0.02 < (lengths < 26).mean() < 0.1  # the halved ones
    assert abs(lengths.mean() - recipe.mean_length) < 1
    assert replace(recipe, random_lengths=False).reach(3) == (105, 35)


def test_rate_is_scaled_by_the_length():
    recipe = AWDLSTM(
        **SMALL, **NOTHING, rule="sgd", schedule="constant", weight_decay=0.0, max_norm=0.0
    )
    moved = []
    for length in (6, 3):
        graph = recipe.graph()
        words = np.tile(TEXT[:2], (length, 1))
        start = graph.params[-1].get_value()
        [change] = evaluate(
            graph.inputs, [recipe.updates(graph)[graph.params[-1]] - start], [words, words]
        )
        [gradient] = evaluate(
            graph.inputs, [pytensor.grad(graph.loss, graph.params[-1])], [words, words]
        )
        moved.append(change / gradient)
    np.testing.assert_allclose(moved[0], 2 * moved[1], rtol=1e-9)


def test_cache_is_the_papers_sum():
    hs, targets = RNG.normal(size=(9, 2)), RNG.integers(0, 3, 9)
    found = cached_probabilities(hs, targets, window=4, sharpness=0.7)
    for t in range(1, 9):
        kept = range(max(0, t - 4), t)
        shares = np.array([np.exp(0.7 * hs[t] @ hs[i]) for i in kept])
        expected = shares[[targets[i] == targets[t] for i in kept]].sum() / shares.sum()
        np.testing.assert_allclose(found[t], expected, rtol=1e-10)
    assert found[0] == 0


def test_samples_follow_the_network_and_are_no_unknown_words():
    net = network()
    net.set_values([value * 30 for value in (p.get_value() for p in net.graph.params)])
    numbers = sampled_words(net, TEXT[:5], 20, 1.0, np.random.default_rng(0))
    assert 0 not in numbers
    greedy = sampled_words(net, TEXT[:5], 1, 0, np.random.default_rng(0))
    [states] = net.graph.carried
    zeros = np.zeros((1, states.type.shape[1]))
    logits = net("next", TEXT[:5, None], zeros)
    assert greedy == [1 + logits[-1, 0, 1:].argmax()]


def test_predict_tells_the_perplexity_of_a_text_and_writes(tmp_path):
    net, recipe = network(), AWDLSTM(**SMALL, cache=3, sampled=4)
    path = tmp_path / "mine.txt"
    path.write_text("a b c\n\na zebra " * 9)
    [told] = recipe.predict(net, (), path)
    numbers = np.array([2, 3, 4, 1] + [2, 0, 2, 3, 4, 1] * 8 + [2, 0, 1])
    read = read_text(net, numbers, pieces=10, length=24)
    expected = perplexity(cached_nats(read, window=3, sharpness=1.0, weight=0.1))
    assert told == f"perplexity {expected:.1f} (55 words, {100 * 9 / 55:.1f} % of them unknown)"
    [line, *_] = recipe.predict(net, ("a", "b"))
    assert line.startswith("a b")


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_text_of_fewer_words_than_the_vocabulary_is_gone_on_with(temperature):
    net = network()
    # The likeliest of the 12 numbers is the last one, which none of 4 words has.
    values = [np.zeros(p.get_value().shape) for p in net.graph.params]
    values[[p.name for p in net.graph.params].index("b")][11] = 9
    net.set_values(values)
    net.notes = "\n".join(["<unk>", "<eos>", "a", "b"])
    recipe = AWDLSTM(**SMALL, sampled=30, temperature=temperature)
    written = " ".join(recipe.predict(net, ("a",))).split()
    assert written[0] == "a"
    assert set(written) <= {"a", "b"}


def test_wrong_options_are_one_sentence():
    for options, told in (
        ({"vocabulary": 2}, "vocabulary must be at least 3"),
        ({"length": 4}, "length must be at least 5, but is 4"),
        ({"share": 1.5}, "share must be at most 1"),
        ({"text": "books"}, "text must be one of library, wikipedia"),
    ):
        with pytest.raises(UserError, match=told):
            AWDLSTM(**options)
