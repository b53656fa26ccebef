"""The recipe `wide_resnet`: a wide residual network learns to tell images of ten classes apart.

Without a folder the images are drawn shapes, `symrnn.data.drawn_shapes`; with ``--data`` they are CIFAR-10's, as
`symrnn.data.cifar` reads them. From ResNet-20 (``blocks=3 width=1``) to WRN-22-6 (``blocks=3 width=6
shortcut=projection``).

>>> recipe = ImageClassifier(blocks=1, batch_size=5)
>>> [f"{var.name} {var.type.shape}" for var in recipe.graph().inputs]
['xs (5, 32, 32, 3)', 'labels (5,)']
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import pytensor

from symrnn.data import cifar
from symrnn.data.changed_images import GREY, cropped, cut_out, mirrored
from symrnn.data.drawn_shapes import SHAPES, drawn_shapes
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.models.digit_rows import numbers_among
from symrnn.models.residual_network import FIRST, SHORTCUTS, residual_network
from symrnn.training.network import Network
from symrnn.training.recipe import epoch_batch
from symrnn.training.rules import RuleRecipe

SIDE = 32
DRAWN, DRAWN_TESTED = 2000, 500  # drawn shapes to train and to test on
CONTRAST = 64.0  # a standard deviation of CIFAR's pixels, about
VIEWS: dict[int, list[tuple[int, int, bool]]] = {  # moves down and right, and whether mirrored
    1: [(0, 0, False)],
    2: [(0, 0, is_mirrored) for is_mirrored in (False, True)],
    10: [
        (down, right, is_mirrored)
        for down, right in ((0, 0), (-2, -2), (-2, 2), (2, -2), (2, 2))
        for is_mirrored in (False, True)
    ],
}


class ImageData(NamedTuple):
    """Images to train and to test on, in unsigned bytes, and what the classes are called."""

    train: cifar.Images
    test: cifar.Images
    names: tuple[str, ...]


@dataclass(frozen=True)
class ImageClassifier(RuleRecipe):
    """Images told apart.

    Attributes
    ----------
    blocks, width, channels, shortcut
        As for `symrnn.models.residual_network.residual_network`.
    images
        To train on, the first ones; 0 for all.
    held_out
        Of those to train on, the last ones, which are tested on in the place of the test images; 0 for none.
    shift
        The most pixels that an image is moved along either axis before it is trained on, drawn anew each time.
    flip
        Whether half of the images are mirrored before they are trained on.
    cutout
        The side of the square hole that is cut into each before it is trained on; 0 for none.
    views
        Of each image that is tested, whose logits are averaged: 1; 2 with its mirror image; 10 with both moved by two
        pixels towards each corner.
    rule, learning_rate, weight_decay, max_norm, schedule
        As for `symrnn.training.rules.rule_updates`.
    """

    steps: int = 300
    batch_size: int = 64
    blocks: int = 3
    width: int = 1
    channels: int = FIRST
    shortcut: str = "identity"
    images: int = 0
    held_out: int = 0
    shift: int = 4
    flip: bool = True
    cutout: int = 8
    views: int = 2
    weight_decay: float = 0.1

    free: ClassVar = frozenset({"views"})
    small: ClassVar = ({"blocks": 1, "channels": 2, "batch_size": 3, "learning_rate": 0.003},)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("shortcut", self.shortcut, SHORTCUTS)
        if self.views not in VIEWS:
            raise UserError(f"views must be 1, 2 or 10, but is {self.views}")
        for name in ("shift", "cutout"):
            if getattr(self, name) >= SIDE:
                raise UserError(f"{name} must be below {SIDE}, but is {getattr(self, name)}")

    def data(self, path: Path | None = None) -> ImageData:
        """Images ``(B, Y, X, C)`` and labels ``(B,)``, to train and to test on."""
        if path is None:
            train = cifar.Images(*drawn_shapes(DRAWN))
            test, names = (
                cifar.Images(*drawn_shapes(DRAWN_TESTED, first=DRAWN)),
                tuple(SHAPES),
            )
        else:
            train, test, names = cifar.read(path)
        if self.images > len(train.labels) or self.held_out >= (self.images or len(train.labels)):
            raise UserError(
                f"images must be at most {len(train.labels)}, and held_out below that, but are {self.images} and"
                f" {self.held_out}"
            )
        train = part(train, slice(self.images or None))
        if self.held_out:
            train, test = (
                part(train, slice(-self.held_out)),
                part(train, slice(-self.held_out, None)),
            )
        return ImageData(train, test, names)

    def graph(self) -> TrainingGraph:
        return residual_network(
            self.blocks,
            self.width,
            channels=self.channels,
            shortcut=self.shortcut,
            image_size=SIDE,
            batch=self.batch_size,
            seed=self.seed,
        )

    def batch(self, data: ImageData, step: int) -> list[np.ndarray]:
        drawn = epoch_batch(len(data.train.labels), self.batch_size, step, self.seed)
        images = data.train.images[drawn]
        # All are drawn, whether they are used or not: one option changes nothing of what the others draw.
        rng = np.random.default_rng([self.seed, step])
        moves = rng.integers(-self.shift, self.shift + 1, (self.batch_size, 2))
        is_mirrored = rng.random(self.batch_size) < 0.5
        middles = rng.integers(0, SIDE, (self.batch_size, 2))
        if self.shift:
            images = cropped(images, moves)
        if self.flip:
            images = mirrored(images, is_mirrored)
        if self.cutout:
            images = cut_out(images, middles, self.cutout)
        return [scaled(images), data.train.labels[drawn].astype("int32")]

    def test(self, network: Network, data: ImageData) -> dict[str, float]:
        labels, one = data.test.labels, self.logits(network, data.test.images, 1)
        found = {"images": labels.size, "accuracy": float((one.argmax(axis=1) == labels).mean())}
        if self.views > 1:
            all_views = self.logits(network, data.test.images, self.views)
            name = f"accuracy by {self.views} views"
            found[name] = float((all_views.argmax(axis=1) == labels).mean())
        return found

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        data = self.data(path)
        chosen = numbers_among(words, data.test.labels.size)
        logits = self.logits(network, data.test.images[chosen], self.views)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        for number, each in zip(chosen, shares, strict=True):
            best = int(each.argmax())
            yield (
                f"test image {number}: {data.names[best]} ({each[best]:.0%}),"
                f" is {data.names[data.test.labels[number]]}"
            )

    def logits(self, network: Network, images: np.ndarray, views: int) -> np.ndarray:
        """``(N, K)`` for N images, the mean over so many views of each."""
        total = np.zeros((len(images), 0))
        for down, right, is_mirrored in VIEWS[views]:
            moved = cropped(images, np.tile([down, right], (len(images), 1)))
            seen = mirrored(moved, np.full(len(images), is_mirrored))
            found = np.concatenate(
                [
                    self.logits_of_batch(network, seen[begin : begin + self.batch_size])
                    for begin in range(0, len(seen), self.batch_size)
                ]
            )
            total = found if total.shape[1] == 0 else total + found
        return total / views

    def logits_of_batch(self, network: Network, images: np.ndarray) -> np.ndarray:
        """``(N, K)`` for at most B images, which grey ones fill up: the graph knows B."""
        missing = self.batch_size - len(images)
        filled = np.pad(
            images, ((0, missing), (0, 0), (0, 0), (0, 0)), constant_values=np.uint8(GREY)
        )
        return network("logits", scaled(filled))[: len(images)]


def part(images: cifar.Images, kept: slice) -> cifar.Images:
    """Some of the images."""
    return cifar.Images(*(each[kept] for each in images))


def scaled(images: np.ndarray) -> np.ndarray:
    """Unsigned bytes as the network reads them, 0 for grey."""
    return ((images - np.float32(GREY)) / np.float32(CONTRAST)).astype(pytensor.config.floatX)
