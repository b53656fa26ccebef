"""Sequence to sequence: an LSTM reads an image row by row, and another writes the digit's name letter by letter [1]_.

The writer starts from the reader's last state. At each step it is given the letter before, in training the true one,
at work its own; a space ends the name. An image is read right where every letter of "seven" is.

.. [1] Sutskever, Vinyals, Le: Sequence to sequence learning with neural networks. NIPS 2014. arXiv:1409.3215
"""

from collections.abc import Callable

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import LSTMCell
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, zeros
from symrnn.losses import cross_entropy
from symrnn.models.tcn import parts, product
from symrnn.ops.windows import length
from symrnn.params import param
from symrnn.unroll import scan_states, scan_unroll

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LETTERS = " " + "".join(sorted(set("".join(NAMES))))  # V; the space ends a name
STEPS = 1 + max(map(len, NAMES))  # L
SPELLING = np.array(
    [[LETTERS.index(letter) for letter in name.ljust(STEPS)] for name in NAMES], "int32"
)  # (K, L)
END, MASKS, NO_NAME = 0, 2, -1


def digit_speller(
    xs: TensorVariable, masks: TensorVariable, hidden_size: int, rng: np.random.Generator
) -> TrainingGraph:
    """The network that reads ``xs (T, B, D)``; ``masks (2, B, H)`` are for the state between and for the writer.

    Returns
    -------
    TrainingGraph
        Inputs ``xs``, ``masks`` and ``letters (L, B)``, int32, numbers in `LETTERS`. Output ``"logits" (L, B, V)``, at
        each step from the letters before it.
    """
    dtype = xs.type.dtype
    reader, writer = (
        LSTMCell.create(size, hidden_size, rng=rng, name=f"{name}.", dtype=dtype)
        for name, size in (("reader", xs.type.shape[2]), ("writer", len(LETTERS)))
    )
    w = param("w", (hidden_size, len(LETTERS)), glorot_uniform, rng, dtype=dtype)
    b = param("b", (len(LETTERS),), zeros, rng, dtype=dtype)
    letters = pt.tensor("letters", dtype="int32", shape=(STEPS, xs.type.shape[1]))
    between, written = parts(masks, MASKS)
    _, state = scan_states(reader, xs)
    state = LSTMCell.State(*(field * between[0] for field in state))
    ys = written * scan_unroll(writer, letters_before(letters, dtype), initial=state)
    logits = product(ys, w) + b
    first = pt.ones((1, length(letters, 1)), dtype="bool")
    # Counted while the letter before does not end the name: the space that ends it counts, those after it do not.
    is_in_name = pt.join(0, first, pt.neq(letters[:-1], END))
    loss = cross_entropy(logits, letters, mask=is_in_name)
    params = [*reader.params, *writer.params, w, b]
    return TrainingGraph([xs, masks, letters], loss, params, {"logits": logits})


def letters_before(letters: TensorVariable, dtype: str) -> TensorVariable:
    """The letter before each, ``(L, B, V)``, as a one among zeros; zeros alone before the first."""
    one_hot = pt.eq(letters[:-1, :, None], np.arange(len(LETTERS))).astype(dtype)
    nothing = pt.zeros((1, length(letters, 1), len(LETTERS)), dtype=dtype)
    return pt.join(0, nothing, one_hot)


def spelled(logits_after: Callable[[np.ndarray], np.ndarray], count: int) -> np.ndarray:
    """What the network writes, ``(L, B)``, always the likeliest letter; `logits_after` maps letters to logits.

    Examples
    --------
    >>> one = np.eye(len(LETTERS))[SPELLING[[1]].T]
    >>> "".join(LETTERS[letter] for letter in spelled(lambda letters: one, 1)[:, 0])
    'one   '
    """
    letters = np.full((STEPS, count), END, "int32")
    is_open = np.full(count, True)
    for step in range(STEPS):
        # All steps are computed for one: letters after the step are blanks yet, and no logit depends on what comes
        # later.
        likeliest = logits_after(letters)[step].argmax(axis=-1)
        letters[step] = np.where(is_open, likeliest, END)
        is_open &= letters[step] != END
    return letters


def digits_named(letters: np.ndarray) -> np.ndarray:
    """The digit whose name stands in each column of ``letters (L, B)``, `NO_NAME` where there is none.

    Examples
    --------
    >>> digits_named(SPELLING[[7, 0, 7]].T + np.array([0, 0, 1])).tolist()
    [7, 0, -1]
    """
    fits = (letters.T[:, None, :] == SPELLING).all(axis=2)  # (B, K)
    return np.where(fits.any(axis=1), fits.argmax(axis=1), NO_NAME)
