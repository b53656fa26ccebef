"""The recipe `image_autoencoder`: one step instead of many, and a model of what its numbers cost.

It is trained and tested on the photographs of `image_codec`, and its numbers go through the same range coder, by the
chances that its own model says (`symrnn.models.coded_numbers`). One network has one rate, which `price` chooses.

>>> recipe = ImageAutoencoder(size="tiny", batch_size=2, patch=8)
>>> [f"{var.name} {var.type.shape}" for var in recipe.graph().inputs][:2]
['xs (2, 3, 8, 8)', 'noise (2, 2, 2, 2)']
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import ClassVar, NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt

from symrnn.data.patches import Photographs, local_weights, patches
from symrnn.data.photographs import read
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.models.autoencoder_network import (
    PRIORS,
    SIZES,
    Autoencoder,
    AutoencoderShape,
    autoencoder,
)
from symrnn.models.codec_network import COLOURS
from symrnn.models.codec_training import COUNTED, LOSSES
from symrnn.models.coded_numbers import numbers_in, prior_of, words_of
from symrnn.models.coded_picture import HEADER
from symrnn.models.image_codec import TESTED, likeness, likeness_text
from symrnn.models.photograph_recipe import PhotographRecipe
from symrnn.models.picture_codec import as_pixels, in_blocks
from symrnn.training.compiled import compiled
from symrnn.training.network import Network


@dataclass(frozen=True)
class ImageAutoencoder(PhotographRecipe):
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
    max_norm: float = 1.0
    schedule: str = "constant"

    free: ClassVar = frozenset({"steps", "held_out"})
    small: ClassVar = ({"prior": "masked", "size": "tiny", "batch_size": 2, "patch": 8},)

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
        net = Autoencoder.create(
            self.shape, prior=self.prior, rng=np.random.default_rng(0), dtype=pytensor.config.floatX
        )
        for param, trained in zip(net.params, network.graph.params, strict=True):
            param.set_value(trained.get_value())
        at_work = Whole(net, network.mode)
        photos = (
            [photo for word in words for photo in read(word)] if words else self.data(path).test
        )
        found = []
        for photo in photos:
            found.append(at_work.measured(photo.pixels))
            yield f"{photo.name}: {found[-1]}"
        if len(found) > 1:
            yield f"mean of {len(found)}: {Measured(*np.mean(found, axis=0).tolist())}"


class Measured(NamedTuple):
    """What a photograph takes, how near it comes, and seconds of the processor."""

    bits: float  # a pixel
    psnr: float
    ms_ssim: float  # nan where the photograph is too small for that
    encode_s: float
    decode_s: float

    def __str__(self) -> str:
        return (
            f"{self.bits:.4f} bits a pixel, {likeness_text(self.psnr, self.ms_ssim)},"
            f" {self.encode_s:.2f} s to encode, {self.decode_s:.2f} s to decode"
        )


class Whole:
    """A network on whole photographs, of any size."""

    def __init__(self, net: Autoencoder, mode: object) -> None:
        self.shape, self.prior = net.shape, prior_of(net)
        xs, codes = (
            pt.tensor(name, dtype=pytensor.config.floatX, shape=(1, channels, None, None))
            for name, channels in (("xs", COLOURS), ("codes", net.shape.channels))
        )
        self.analysis = compiled([xs], pt.round(net.codes(xs)), mode=mode)  # type: ignore[arg-type]
        self.synthesis = compiled([codes], net.pictures(codes), mode=mode)  # type: ignore[arg-type]

    def codes(self, pixels: np.ndarray) -> np.ndarray:
        """``(C, *S)``: the numbers of a picture ``(height, width, 3)`` uint8."""
        xs = in_blocks(pixels, self.shape.block).astype(pytensor.config.floatX)
        return self.analysis(xs)[0].astype("int64")

    def shown(self, codes: np.ndarray, height: int, width: int) -> np.ndarray:
        """The picture ``(height, width, 3)`` uint8 of numbers ``(C, *S)``."""
        pictures = self.synthesis(codes[None].astype(pytensor.config.floatX))
        return as_pixels(pictures[0, :, :height, :width])

    def measured(self, pixels: np.ndarray) -> Measured:
        """A photograph coded and decoded; the largest number takes a byte beside the header."""
        height, width = pixels.shape[:2]
        begin = process_time()
        codes = self.codes(pixels)
        words, most = words_of(codes, self.prior), int(abs(codes).max(initial=1))
        coded = process_time()
        shown = self.shown(numbers_in(words, self.prior, codes.shape, most), height, width)
        ended = process_time()
        return Measured(
            8 * (HEADER.size + 1 + 4 * len(words)) / (height * width),
            *likeness(pixels, shown),
            coded - begin,
            ended - coded,
        )
