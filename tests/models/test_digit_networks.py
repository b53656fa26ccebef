"""The seven networks that read digits: shapes, gradients of all forms, what they may see."""

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close, evaluate

from symrnn.errors import UserError
from symrnn.models.digit_networks import NETWORKS, digit_network
from symrnn.models.digit_speller import LETTERS, SPELLING, digits_named, spelled

T, B, D, H = 6, 3, 4, 2
RNG = np.random.default_rng(4)


def values_for(graph, **given):
    """An array for each input of a graph."""
    values = []
    for var in graph.inputs:
        shape, is_real = var.type.shape, var.type.dtype.startswith("float")
        drawn = RNG.normal(size=shape) if is_real else RNG.integers(0, 10, shape).astype("int32")
        values.append(given.get(var.name, drawn))
    return values


@pytest.mark.parametrize("network", NETWORKS)
def test_logits_of_an_image_do_not_depend_on_its_neighbours(network):
    graph = digit_network(network, steps=T, pixels=D, batch=B, hidden_size=H)
    values = values_for(graph)
    other = [array.copy() for array in values]
    for array in other[:2]:
        array[:, 0] += 1
    function = pytensor.function(
        graph.inputs, graph.outputs["logits"], mode=FEW_REWRITES, on_unused_input="ignore"
    )
    logits, changed = function(*values), function(*other)
    assert logits.shape == ((6, B, len(LETTERS)) if logits.ndim == 3 else (B, 10))
    assert_all_close([logits[..., 1:, :]], [changed[..., 1:, :]], 1e-12)
    assert (logits[..., 0, :] != changed[..., 0, :]).any()


@pytest.mark.parametrize("network", ["residual", "tcn"])
def test_answer_at_a_step_is_that_to_the_steps_so_far(network):
    graph = digit_network(network, steps=T, pixels=D, batch=B, hidden_size=H, answers="all")
    xs, masks, _ = values_for(graph)
    later = xs.copy()
    later[4:] += 1
    inputs = graph.inputs[:2]
    function = pytensor.function(inputs, graph.outputs["logits"], mode=FEW_REWRITES)
    before, after = function(xs, masks), function(later, masks)
    assert before.shape == (T, B, 10)
    assert_all_close([before[:4]], [after[:4]], 0)
    assert (before[4:] != after[4:]).any(axis=(1, 2)).all()


def test_loss_of_all_answers_is_their_mean():
    graph = digit_network("gru", steps=T, pixels=D, batch=B, hidden_size=H, answers="all")
    values = values_for(graph)
    loss, logits = evaluate(graph.inputs, [graph.loss, graph.outputs["logits"]], values)
    log_p = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    assert_all_close([loss], [-np.mean(log_p[:, np.arange(B), values[2]])], 1e-12)


def test_speller_is_given_letters_before_alone_and_learns_nothing_behind_the_end():
    graph = digit_network("sequence_to_sequence", steps=T, pixels=D, batch=2, hidden_size=H)
    letters = SPELLING[[1, 1]].T.copy()
    letters[2, 1] += 1
    xs, masks = (np.repeat(RNG.normal(size=(n, 1, w)), 2, axis=1) for n, w in ((T, D), (2, H)))
    gradient = pytensor.grad(graph.loss, graph.outputs["logits"])
    logits, gradient = evaluate(
        graph.inputs, [graph.outputs["logits"], gradient], [xs, masks, letters]
    )
    assert_all_close([logits[:3, 0]], [logits[:3, 1]], 1e-12)
    assert (logits[3, 0] != logits[3, 1]).any()
    learnt = np.abs(gradient[:, 0]).max(axis=1) > 0  # "one" and the space behind it
    assert learnt.tolist() == [True] * 4 + [False] * 2


def test_what_the_network_wrote_is_what_it_is_given_next():
    """A network that writes the letter behind the last one in "six", and "o" where it has none."""
    following = {"s": "i", "i": "x", "x": " "}
    given = []

    def logits_after(letters):
        given.append(letters.copy())
        before = [" ", *(LETTERS[letter] for letter in letters[:-1, 0])]
        said = ["s", *(following.get(letter, "o") for letter in before[1:])]
        return np.eye(len(LETTERS))[[LETTERS.index(letter) for letter in said]][:, None]

    letters = spelled(logits_after, 1)
    assert digits_named(letters).tolist() == [6]
    assert [int((array > 0).sum()) for array in given] == [0, 1, 2, 3, 3, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "tnc"}, "network must be one of lstm, .* but is 'tnc'; did you mean 'tcn'"),
        ({"answers": "each"}, "answers must be one of .* but is 'each'"),
        ({"network": "bidirectional_lstm", "answers": "all"}, "reads both ways, but is 'all'"),
        ({"network": "sequence_to_sequence", "answers": "all"}, "writes names, but is 'all'"),
    ],
)
def test_wrong_option_of_a_network_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        digit_network(**options)
