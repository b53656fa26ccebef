"""The tagger: masked steps change nothing, it learns what a single character cannot tell."""

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close, evaluate

from symrnn.data.text import encode
from symrnn.data.word_shapes import TAGS, line_tags, tagged_lines
from symrnn.models.tagger import (
    Tagger,
    accuracy,
    aligned,
    baselines,
    fed,
    tagger,
    tagger_loss,
    tags_of,
)
from symrnn.training.loop import Training
from symrnn.training.network import Network

SMALL = {"hidden_size": 3, "embedding_size": 2, "dtype": "float64"}
TEXT = "A set, setUp and set_2.\nHTTP\nin 1999 we\n"


def ragged():
    """Three lines of different lengths as a batch, and the same with noise beyond their ends."""
    characters, mask, tags = fed(tagged_lines(TEXT, 25), slice(None))
    rng = np.random.default_rng(0)
    noisy = [np.where(mask, part, rng.integers(0, 8, part.shape, "int32")) for part in (characters, tags)]  # fmt: skip
    return [characters, mask, tags], [noisy[0], mask, noisy[1]]


def test_masked_steps_change_nothing():
    graph = tagger(cell="lstm", depth=2, **SMALL)
    outputs = [graph.loss, *pytensor.grad(graph.loss, graph.params), graph.outputs["logits"]]
    clean, noisy = ragged()
    function = pytensor.function(graph.inputs, outputs, mode=FEW_REWRITES)
    *expected, logits = function(*clean)
    *found, noisy_logits = function(*noisy)
    assert_all_close(found, expected, 1e-12)
    mask = clean[1]
    np.testing.assert_allclose(noisy_logits[mask], logits[mask], rtol=1e-12)
    assert not np.allclose(clean[0], noisy[0])


def test_lines_in_one_batch_are_read_as_each_alone():
    graph = tagger(depth=2, **SMALL)
    network = Network(graph, mode=FEW_REWRITES)
    (characters, mask, _), _ = ragged()
    together = network("logits", characters, mask)
    for i, line in enumerate(TEXT.splitlines()):
        symbols = encode(line)[:, None]
        alone = network("logits", symbols, np.ones(symbols.shape, bool))
        np.testing.assert_allclose(together[: len(line), i], alone[:, 0], rtol=1e-10)


def test_network_built_again_on_its_parameters_is_the_same():
    graph = tagger(depth=2, **SMALL)
    again = tagger_loss([p * 1 for p in graph.params], graph, depth=2, **SMALL)
    clean, _ = ragged()
    assert_all_close(*np.split(np.array(evaluate(graph.inputs, [graph.loss, again], clean)), 2), 0)


def test_tags_reach_both_ways():
    graph = tagger(depth=1, **SMALL)
    network = Network(graph, mode=FEW_REWRITES)
    lines = [encode(line)[:, None] for line in ("set", "seT", "Set")]
    last, middle, first = (network("logits", s, np.ones(s.shape, bool))[1, 0] for s in lines)
    assert not np.allclose(middle, last)
    assert not np.allclose(middle, first)


@pytest.mark.slow
def test_it_learns_what_a_character_alone_does_not_tell(tmp_path):
    words = np.random.default_rng(0).choice(["ab", "Ab", "AB", "aB", "a_b", "7", "b7", "."], 3000)
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(" ".join(words[i : i + 4]) for i in range(0, 3000, 4)))
    recipe = Tagger(
        steps=60, length=14, hidden_size=8, depth=1, dtype="float64", learning_rate=0.05
    )
    training = Training(recipe, recipe.data(path), mode="JAX")
    losses = [step.loss for step in training]
    readings = recipe.test(training.network(), training.data)
    assert losses[-1] < 0.5 * losses[0]
    assert readings["accuracy"] > readings["of the commonest tag of the character"] + 0.1
    assert readings["accuracy"] > readings["of the commonest tag"] + 0.3
    told = list(recipe.predict(training.network(), ("ab", "Ab."), None))
    assert told[0] == "ab Ab."
    assert told[-1].startswith(". punctuation  n number")


def test_baselines_are_the_commonest_tags():
    lines = tagged_lines("ab cd. AB 2\na", 12)
    guesses = baselines(lines)
    lower = TAGS.index("lower")
    assert set(guesses.commonest_tag.tolist()) == {lower}
    assert guesses.commonest_tag_of_the_character[encode("a.2Z")].tolist() == [
        lower,
        TAGS.index("punctuation"),
        TAGS.index("number"),
        lower,
    ]
    assert accuracy(guesses.commonest_tag[lines.symbols], lines) == 5 / 12


def test_all_lines_are_tagged_in_order():
    lines = tagged_lines("\n".join(f"line {i}" for i in range(130)), 10)
    network = Network(tagger(depth=1, **SMALL), mode=FEW_REWRITES)
    found = tags_of(network, lines)
    assert found.shape == (130, 10)
    alone = network("logits", *fed(lines, slice(129, 130))[:2]).argmax(axis=2)[:, 0]
    assert np.array_equal(found[129][lines.mask[129]], alone[lines.mask[129]])


def test_wrong_tags_are_marked_below():
    tags = line_tags("ab Ab")
    assert list(aligned("ab Ab", tags)) == ["ab Ab", "ll TT"]
    tags[1] = TAGS.index("upper")
    assert list(aligned("ab Ab", tags)) == ["ab Ab", "lU TT", " ^"]
