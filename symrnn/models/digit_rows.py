"""The recipe `digit_rows`: a network of `symrnn.models.digit_networks` learns to read handwritten digits.

Without a file of the user's these are scikit-learn's 1797 digits of 8 by 8 pixels, 1437 to train on. With ``--data``
they are those of MNIST, whose images are larger: ``--set image_size=28``.

>>> recipe = DigitReader(network="tcn", read_by="pixel", batch_size=5)
>>> [f"{var.name} {var.type.shape}" for var in recipe.graph().inputs]
['xs (64, 5, 1)', 'masks (10, 5, 64)', 'labels (5,)']
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytensor

from symrnn.data.digits import Digits, load_digit_rows, load_mnist_rows
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.models.digit_networks import NETWORKS, digit_network, network_called
from symrnn.models.digit_speller import NO_NAME, SPELLING, digits_named, spelled
from symrnn.training.network import Network
from symrnn.training.recipe import epoch_batch
from symrnn.training.rules import RuleRecipe

READ_BY = ("row", "pixel")
SHADES = " .:-=+*#%@"
SHOWN = 3  # images that `predict` shows unless told which


@dataclass(frozen=True)
class DigitReader(RuleRecipe):
    """Digits, read a row or a pixel at a time.

    Attributes
    ----------
    network, hidden_size, answers
        As for `symrnn.models.digit_networks.digit_network`.
    image_size
        Rows of an image, and pixels of a row.
    read_by
        ``"row"`` or ``"pixel"``: what a step is. Pixels are read along the rows.
    dropout
        The share of the units that is dropped, at least 0 and below 1.
    shift
        The most pixels that an image is moved along either axis before it is trained on, drawn anew each time.
    rule, learning_rate, weight_decay, max_norm, schedule
        As for `symrnn.training.rules.rule_updates`.
    """

    steps: int = 4400
    network: str = "lstm"
    hidden_size: int = 64
    answers: str = "last"
    image_size: int = 8
    read_by: str = "row"
    dropout: float = 0.2
    shift: int = 1
    learning_rate: float = 0.005

    small: ClassVar = tuple(
        {"network": network, "image_size": 3, "hidden_size": 4, "batch_size": 3}
        for network in NETWORKS
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        network_called(self.network)
        check_choice("read_by", self.read_by, READ_BY)
        if not 0 <= self.shift < self.image_size:
            raise UserError(
                f"shift must be at least 0 and below image_size, {self.image_size}, but is {self.shift}"
            )

    @property
    def sequence_shape(self) -> tuple[int, int]:
        """T and D."""
        size = self.image_size
        return (size, size) if self.read_by == "row" else (size * size, 1)

    def data(self, path: Path | None = None) -> tuple[Digits, Digits]:
        """Images by rows, ``(T, B, D)`` and labels ``(B,)``, to train and to test on."""
        dtype = pytensor.config.floatX
        if path is None:
            train, test = load_digit_rows(dtype=dtype, seed=self.seed)
        else:
            train, test = load_mnist_rows(path, dtype=dtype)
        rows, _, pixels = train.xs.shape
        if (rows, pixels) != (self.image_size, self.image_size):
            raise UserError(
                f"image_size must be that of the images, {rows} by {pixels}, but is {self.image_size};"
                f" add --set image_size={rows}, or give images that are square"
            )
        return train, test

    def graph(self) -> TrainingGraph:
        steps, pixels = self.sequence_shape
        return digit_network(
            self.network,
            steps=steps,
            pixels=pixels,
            batch=self.batch_size,
            hidden_size=self.hidden_size,
            answers=self.answers,
            seed=self.seed,
        )

    def batch(self, data: tuple[Digits, Digits], step: int) -> list[np.ndarray]:
        train, _ = data
        drawn = epoch_batch(train.labels.size, self.batch_size, step, self.seed)
        # Drawn from the step, so that a broken run goes on with the same moves and masks; the masks come after the
        # moves.
        rng = np.random.default_rng([self.seed, step])
        moves = rng.integers(-self.shift, self.shift + 1, (self.batch_size, 2))
        labels = train.labels[drawn]
        targets = SPELLING[labels].T if self.is_speller else labels
        return [self.sequences(moved(train.xs[:, drawn], moves)), self.masks(rng), targets]

    def test(self, network: Network, data: tuple[Digits, Digits]) -> dict[str, float]:
        _, (xs, labels) = data
        found = self.read(network, xs)
        return {"digits": labels.size, "accuracy": float((found[-1] == labels).mean())}

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        _, (xs, labels) = self.data(path)
        chosen = numbers_among(words, labels.size)
        found = self.read(network, xs[:, chosen])[-1]
        for number, digit in zip(chosen, found, strict=True):
            yield from picture(xs[:, number])
            said = "no digit" if digit == NO_NAME else digit
            yield f"test image {number}: read as {said}, is {labels[number]}"

    @property
    def is_speller(self) -> bool:
        """Whether the network writes names."""
        return self.network == "sequence_to_sequence"

    def sequences(self, xs: np.ndarray) -> np.ndarray:
        """Images by rows ``(T, B, D)`` as the network reads them."""
        if self.read_by == "row":
            return xs
        # Rows and pixels next to each other first, (T, D, B), so that the reshape reads along the rows.
        return np.ascontiguousarray(xs.transpose(0, 2, 1)).reshape(-1, xs.shape[1], 1)

    def masks(self, rng: np.random.Generator | None = None) -> np.ndarray:
        """Dropout masks ``(M, B, W)``; ones without `rng`."""
        count, width = network_called(self.network).mask_shape(
            self.sequence_shape[0], self.hidden_size
        )
        shape, dtype = (count, self.batch_size, width), pytensor.config.floatX
        if rng is None:
            return np.ones(shape, dtype)
        return ((rng.random(shape) >= self.dropout) / (1 - self.dropout)).astype(dtype)

    def read(self, network: Network, xs: np.ndarray) -> np.ndarray:
        """The digits that the network reads in images by rows ``(T, B, D)``, ``(steps that it answers at, B)``."""
        found = [
            self.read_batch(network, xs[:, begin : begin + self.batch_size])
            for begin in range(0, xs.shape[1], self.batch_size)
        ]
        return np.concatenate(found, axis=1)

    def read_batch(self, network: Network, xs: np.ndarray) -> np.ndarray:
        """As `read`, of at most B images, which blank ones fill up."""
        # The graph knows B, so the last batch is filled up and what it says of blanks is cut off.
        missing = self.batch_size - xs.shape[1]
        filled = self.sequences(np.pad(xs, ((0, 0), (0, missing), (0, 0))))
        masks = self.masks()
        if self.is_speller:
            written = spelled(
                lambda letters: network("logits", filled, masks, letters), self.batch_size
            )
            digits = digits_named(written)[None]
        else:
            digits = np.atleast_2d(network("logits", filled, masks).argmax(axis=-1))
        return digits[:, : xs.shape[1]]


def moved(xs: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Images ``xs (T, B, D)``, each moved down and right by its row of ``moves (B, 2)``; what comes in is blank.

    Examples
    --------
    >>> moved(np.arange(1.0, 5.0).reshape(2, 1, 2), np.array([[0, 1]]))[:, 0].tolist()
    [[0.0, 1.0], [0.0, 3.0]]
    """
    rows, count, pixels = xs.shape
    most = int(abs(moves).max(initial=0))
    # Blank all around, as wide as the farthest move: then every image is a window of its frame.
    framed = np.pad(xs, ((most, most), (0, 0), (most, most)))
    down, right = moves.T
    row = most - down + np.arange(rows)[:, None]  # (T, B)
    pixel = most - right + np.arange(pixels)[:, None]  # (D, B)
    return framed[row[:, :, None], np.arange(count)[:, None], pixel.T]


def numbers_among(words: tuple[str, ...], count: int) -> list[int]:
    """The numbers in `words`, each below `count`; the first few where there are none."""
    for word in words:
        if not word.isdecimal() or int(word) >= count:
            raise UserError(
                f"give the numbers of test images, from 0 to {count - 1}, but got {word!r}"
            )
    return [int(word) for word in words] or list(range(min(SHOWN, count)))


def picture(image: np.ndarray) -> Iterator[str]:
    """Lines that show ``image (T, D)``, two characters a pixel.

    Examples
    --------
    >>> list(picture(np.array([[0.0, 1.0]])))
    ['  @@']
    """
    for row in image:
        yield "".join(2 * SHADES[round(float(pixel) * (len(SHADES) - 1))] for pixel in row)
