"""The recipe `image_codec`: Toderici's recurrent codec, trained on patches of photographs.

Without a path the photographs are those of scikit-image and scikit-learn, as they are and made smaller, but for one
that is held out; a path is a photograph, or a folder of them. `predict` is the codec at work: it learns how its bits
are coded, says what photographs take and how near they come, and writes the file that ``symrnn compress --codec``
takes.

>>> recipe = ImageCodec(size="tiny", batch_size=2, patch=64, iterations=3)
>>> [f"{var.name} {var.type.shape}" for var in recipe.graph().inputs][:2]
['xs (2, 3, 64, 64)', 'us (3, 2, 2, 16, 16)']
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytensor

from symrnn.cells import CELLS
from symrnn.data.patches import Photographs, local_weights, patches
from symrnn.data.photographs import Photograph, read
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.models.bit_contexts import taught, untaught
from symrnn.models.codec_network import RECONSTRUCTIONS, SIZES, CodecShape
from symrnn.models.codec_training import COUNTED, LOOPS, LOSSES, codec
from symrnn.models.photograph_recipe import PhotographRecipe
from symrnn.models.picture_codec import PictureCodec, bits_a_pixel, save_codec
from symrnn.ops.image_quality import SMALLEST, ms_ssim, psnr
from symrnn.training.checkpoint import check_arrays, load_checkpoint
from symrnn.training.network import Network

TESTED = 8  # batches
SIDE = 24  # places a side of what contexts are learned on, of each photograph


@dataclass(frozen=True)
class ImageCodec(PhotographRecipe):
    """Photographs in bits.

    Attributes
    ----------
    size
        A key of `symrnn.models.codec_network.SIZES`: ``"small"``, or ``"full"`` for Toderici's.
    cell
        A key of `symrnn.cells.CELLS`: ``"gru"``, ``"lstm"`` or ``"residual_gru"``.
    reconstruction
        ``"additive"``, ``"one_shot"`` or ``"scaled"``.
    iterations
        T: steps that are trained.
    patch
        Pixels a side of what is trained on, a multiple of a code's block and of 8.
    noise
        How far bits are left to chance: 1 as in the paper, 0 for the sign.
    walk
        ``"static"``: the steps are written out; ``"scan"``: they are a scan's. The same values.
    loss
        ``"local"``: errors at each pixel, divided by how rough the place is; ``"similarity"``: how unlike structures
        are over four scales (`symrnn.ops.similarity`), for patches of at least 56.
    weights
        A checkpoint whose values training begins with; "" for fresh ones.
    codec
        A file that `predict` writes, for ``symrnn compress --codec``; "" for none.
    told
        Steps that `predict` learns to code.
    rule, learning_rate, weight_decay, max_norm, schedule
        As for `symrnn.training.rules.rule_updates`.
    """

    steps: int = 6000
    batch_size: int = 8
    size: str = "small"
    cell: str = "gru"
    reconstruction: str = "additive"
    iterations: int = 6
    noise: float = 0.1
    walk: str = "static"
    loss: str = "similarity"
    weights: str = ""
    codec: str = ""
    told: int = 8
    max_norm: float = 5.0
    schedule: str = "cosine"

    free: ClassVar = frozenset({"steps", "held_out", "codec", "told", "walk"})
    small: ClassVar = (
        {"size": "tiny", "batch_size": 2, "patch": 8, "iterations": 3, "told": 2, "loss": "local"},
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("size", self.size, SIZES)
        check_choice("cell", self.cell, [name for name in CELLS if name != "peephole_lstm"])
        check_choice("reconstruction", self.reconstruction, RECONSTRUCTIONS)
        check_choice("walk", self.walk, LOOPS)
        check_choice("loss", self.loss, LOSSES)
        if self.patch % max(8, self.shape.block):
            raise UserError(
                f"patch must be a multiple of {max(8, self.shape.block)}, but is {self.patch}"
            )

    @property
    def shape(self) -> CodecShape:
        """The sizes of the network."""
        return SIZES[self.size]

    def graph(self) -> TrainingGraph:
        graph = codec(
            self.shape,
            batch=self.batch_size,
            patch=self.patch,
            iterations=self.iterations,
            cell=self.cell,
            reconstruction=self.reconstruction,
            walk=self.walk,
            loss=self.loss,
            seed=self.seed,
        )
        if self.weights:
            values = load_checkpoint(self.weights).values
            check_arrays("values", values, graph.params)
            for param, (_, value) in zip(graph.params, values, strict=True):
                param.set_value(value)
        return graph

    def fed(self, pixels: np.ndarray, rng: np.random.Generator | None) -> list[np.ndarray]:
        """What the graph is given of ``pixels (B, 3, patch, patch)``; without `rng`, bits are the signs."""
        dtype, side = pytensor.config.floatX, self.patch // self.shape.block
        xs = (pixels / 255 - 0.5).astype(dtype)
        us = np.full(
            (self.iterations, self.batch_size, self.shape.channels, side, side), 0.5, dtype
        )
        if rng is not None:
            us += self.noise * (rng.random(us.shape) - 0.5).astype(dtype)
        weights = local_weights(xs, len(COUNTED)) if self.loss == "local" else []
        return [xs, us, *weights]

    def test(self, network: Network, data: Photographs) -> dict[str, float]:
        rng = np.random.default_rng(self.seed)
        pixels = [photo.pixels for photo in data.test]
        losses, errors = [], []
        for _ in range(TESTED):
            xs, us, *weights = self.fed(patches(pixels, self.batch_size, self.patch, rng), None)
            loss, told = network(("loss", "pictures"), xs, us, *weights)
            losses.append(float(loss))
            errors.append(np.square(np.clip(told, -0.5, 0.5) - xs).mean(axis=(1, 2, 3, 4)))
        decibels = -10 * np.log10(np.mean(errors, axis=0))
        each = {f"PSNR of step {step}": float(db) for step, db in enumerate(decibels, 1)}
        return {"loss": float(np.mean(losses))} | each

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        data = self.data(path)
        made = self.picture_codec(network, data)
        if self.codec:
            save_codec(self.codec, made)
            yield f"codec {made.name.hex()}: {self.codec}"
        photos = [photo for word in words for photo in read(word)] if words else data.test
        for photo in photos:
            yield from rates(made, photo, self.told)

    def picture_codec(self, network: Network, data: Photographs) -> PictureCodec:
        """The codec, whose contexts are learned on the photographs that the network was trained on."""
        options = {"size": self.size, "cell": self.cell, "reconstruction": self.reconstruction}
        # Rounded first: contexts are learned on the bits that the file's own weights put out.
        values = [np.asarray(p.get_value(), "float16") for p in network.graph.params]
        fresh = PictureCodec(options, values, untaught(self.shape.channels), network.mode)
        side, rng = SIDE * self.shape.block, np.random.default_rng(self.seed)
        codes = [fresh.told(part_of(pixels, side, rng), self.told)[1] for pixels in data.train]
        return PictureCodec(options, values, taught(codes, seed=self.seed), network.mode)


def part_of(pixels: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """A square of a photograph, or as much of it as there is."""
    row, column = (int(rng.integers(max(1, n - side + 1))) for n in pixels.shape[:2])
    return pixels[row : row + side, column : column + side]


def rates(codec: PictureCodec, photo: Photograph, steps: int) -> Iterator[str]:
    """What a photograph takes after each step, and how near it comes."""
    pictures, _ = codec.told(photo.pixels, steps)
    for coded, shown in zip(codec.each_step(photo.pixels, steps), pictures, strict=True):
        yield (
            f"{photo.name}, {coded.steps} steps: {bits_a_pixel(coded):.4f} bits a pixel,"
            f" {likeness_text(*likeness(photo.pixels, shown))}"
        )


def likeness(pixels: np.ndarray, shown: np.ndarray) -> tuple[float, float]:
    """PSNR and MS-SSIM of a picture, the latter nan where it is too small for that."""
    is_large = min(shown.shape[:2]) >= SMALLEST
    return psnr(pixels, shown), ms_ssim(pixels, shown) if is_large else np.nan


def likeness_text(ratio: float, similarity: float) -> str:
    """What `likeness` found, in words."""
    said = f"PSNR {ratio:.2f}"
    return said if np.isnan(similarity) else f"{said}, MS-SSIM {similarity:.4f}"
