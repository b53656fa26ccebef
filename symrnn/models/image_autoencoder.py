"""The recipe `image_autoencoder`: one step instead of many, and a model of what its numbers cost.

It is trained and tested on the photographs of `image_codec`, and its numbers go through the same coder: which of 2K
thresholds a number lies above are 2K bits, coded in turn as the recurrent codec's steps are. One network has one rate,
which `price` chooses.

>>> recipe = ImageAutoencoder(size="tiny", batch_size=2, patch=8)
>>> [f"{var.name} {var.type.shape}" for var in recipe.graph().inputs][:2]
['xs (2, 3, 8, 8)', 'noise (2, 2, 2, 2)']
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytensor
import pytensor.tensor as pt

from symrnn.data.patches import Photographs, local_weights, patches, photographs
from symrnn.data.photographs import Photograph, read
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.models.autoencoder_network import (
    PRIORS,
    SIZES,
    Autoencoder,
    AutoencoderShape,
    autoencoder,
)
from symrnn.models.bit_contexts import BitContexts, taught
from symrnn.models.codec_training import COUNTED, LOSSES
from symrnn.models.coded_picture import HEADER, coded_words
from symrnn.models.image_codec import SIDE, TESTED, likeness, part_of
from symrnn.models.picture_codec import as_pixels, in_blocks
from symrnn.training.compiled import compiled
from symrnn.training.network import Network
from symrnn.training.rules import RuleRecipe


@dataclass(frozen=True)
class ImageAutoencoder(RuleRecipe):
    """Photographs in whole numbers.

    Attributes
    ----------
    size
        A key of `symrnn.models.autoencoder_network.SIZES`.
    prior
        ``"factorised"``, or ``"masked"``: told from numbers that come before.
    price
        How much a bit a pixel counts beside the error: what it must take off it to be worth it.
    loss
        The error: ``"local"``, at each pixel divided by how rough the place is; ``"similarity"``: how unlike structures
        are over four scales (`symrnn.ops.similarity`), for patches of at least 56.
    kept
        The share of the numbers that pruning leaves; 1 for no pruning.
    patch
        Pixels a side of what is trained on, a multiple of 8.
    thresholds
        K: numbers are coded between -K and K.
    held_out
        The packaged photograph that is not trained on but tested on.
    rule, learning_rate, weight_decay, max_norm, schedule
        As for `symrnn.training.rules.rule_updates`.
    """

    steps: int = 6000
    batch_size: int = 4
    size: str = "small"
    prior: str = "factorised"
    price: float = 0.02
    loss: str = "local"
    kept: float = 1.0
    patch: int = 64
    thresholds: int = 6
    held_out: str = "coffee"
    rule: str = "adam"
    learning_rate: float = 0.001
    weight_decay: float = 0.0
    max_norm: float = 1.0
    schedule: str = "constant"

    free: ClassVar = frozenset({"steps", "held_out", "thresholds"})
    small: ClassVar = (
        {"prior": "masked", "size": "tiny", "batch_size": 2, "patch": 8, "thresholds": 1},
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("size", self.size, SIZES)
        check_choice("prior", self.prior, PRIORS)
        check_choice("loss", self.loss, LOSSES)
        if self.kept > 1:
            raise UserError(f"kept must be a share, above 0 and at most 1, but is {self.kept}")
        if self.patch % 8:
            raise UserError(f"patch must be a multiple of 8, but is {self.patch}")

    @property
    def shape(self) -> AutoencoderShape:
        """The sizes of the network."""
        return SIZES[self.size]

    def data(self, path: Path | None = None) -> Photographs:
        return photographs(path, held_out=self.held_out)

    def graph(self) -> TrainingGraph:
        return autoencoder(
            self.shape,
            batch=self.batch_size,
            patch=self.patch,
            price=self.price,
            prior=self.prior,
            kept=self.kept,
            loss=self.loss,
            seed=self.seed,
        )

    def batch(self, data: Photographs, step: int) -> list[np.ndarray]:
        rng = np.random.default_rng([self.seed, step])
        return self.fed(patches(data.train, self.batch_size, self.patch, rng), rng)

    def fed(self, pixels: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
        """What the graph is given of ``pixels (B, 3, patch, patch)``."""
        dtype, side = pytensor.config.floatX, self.patch // self.shape.block
        xs = (pixels / 255 - 0.5).astype(dtype)
        size = (self.batch_size, self.shape.channels, side, side)
        weights = local_weights(xs, len(COUNTED)) if self.loss == "local" else []
        return [xs, (rng.random(size) - 0.5).astype(dtype), *weights]

    def test(self, network: Network, data: Photographs) -> dict[str, float]:
        rng = np.random.default_rng(self.seed)
        pixels = [photo.pixels for photo in data.test]
        found = []
        for _ in range(TESTED):
            xs, _, *weights = self.fed(patches(pixels, self.batch_size, self.patch, rng), rng)
            error, bits, shown = network(("error", "bits", "pictures"), xs, *weights)
            squares = np.square(np.clip(shown, -0.5, 0.5) - xs).mean()
            found.append([float(error), float(bits), float(squares)])
        error, bits, squares = np.mean(found, axis=0)
        return {"error": error, "bits a pixel": bits, "PSNR": float(-10 * np.log10(squares))}

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        data = self.data(path)
        net = Autoencoder.create(
            self.shape, prior=self.prior, rng=np.random.default_rng(0), dtype=pytensor.config.floatX
        )
        for param, trained in zip(net.params, network.graph.params, strict=True):
            param.set_value(trained.get_value())
        at_work = Whole(self, net, network.mode)
        side, rng = SIDE * self.shape.block, np.random.default_rng(self.seed)
        codes = [at_work.bits(part_of(photo, side, rng)) for photo in data.train]
        contexts = taught(codes, seed=self.seed)
        photos = [photo for word in words for photo in read(word)] if words else data.test
        for photo in photos:
            yield at_work.rate(photo, contexts)


class Whole:
    """A network on whole photographs, of any size."""

    def __init__(self, recipe: ImageAutoencoder, net: Autoencoder, mode: object) -> None:
        self.most, self.block = recipe.thresholds, recipe.shape.block
        xs = pt.tensor("xs", dtype=pytensor.config.floatX, shape=(1, 3, None, None))
        codes = pt.clip(pt.round(net.codes(xs)), -self.most, self.most)
        self.function = compiled([xs], [net.pictures(codes), codes], mode=mode)  # type: ignore[arg-type]

    def __call__(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The picture ``(height, width, 3)`` uint8, and its numbers ``(C, *S)``."""
        height, width = pixels.shape[:2]
        xs = in_blocks(pixels, self.block).astype(pytensor.config.floatX)
        shown, codes = self.function(xs)
        return as_pixels(shown[0, :, :height, :width]), codes[0]

    def bits(self, pixels: np.ndarray) -> np.ndarray:
        """``(2K, C, *S)`` int8: 1 where a number lies above a threshold, else -1."""
        return above(self(pixels)[1], self.most)

    def rate(self, photo: Photograph, contexts: BitContexts) -> str:
        """What a photograph takes, and how near it comes."""
        shown, codes = self(photo.pixels)
        words = coded_words(above(codes, self.most), contexts)[-1]
        bits = 8 * (HEADER.size + 4 * len(words)) / photo.pixels[..., 0].size
        return f"{photo.name}: {bits:.4f} bits a pixel, {likeness(photo.pixels, shown)}"


def above(codes: np.ndarray, most: int) -> np.ndarray:
    """``(2K, ...)`` int8: 1 where a number from -K to K is above -K, above 1 - K, ..., else -1.

    Examples
    --------
    >>> above(np.array([-1, 0, 1]), 1).tolist()
    [[-1, 1, 1], [-1, -1, 1]]
    """
    thresholds = np.arange(-most, most).reshape(-1, *(1,) * codes.ndim)
    return np.where(codes > thresholds, 1, -1).astype("int8")
