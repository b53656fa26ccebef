"""The recipe `image_codec`: Toderici's recurrent image codec, trained on patches of photographs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import pytensor

from symrnn.cells import CELLS
from symrnn.data.photographs import PACKAGED, Photograph, packaged, read
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.models.codec_network import COUNTED, SIZES, codec
from symrnn.training.network import Network
from symrnn.training.rules import RuleRecipe

HELD_OUT = "coffee"
REDUCED = (1.0, 0.75, 0.5)


class CodecData(NamedTuple):
    train: Sequence[np.ndarray]  # (height, width, 3) uint8 each
    test: Sequence[Photograph]


@dataclass(frozen=True)
class ImageCodec(RuleRecipe):
    """Pictures in bits."""

    steps: int = 6000
    batch_size: int = 16
    size: str = "small"
    cell: str = "gru"
    reconstruction: str = "additive"
    iterations: int = 4
    patch: int = 64
    noise: float = 1.0
    weights: str = ""
    rule: str = "adam"
    learning_rate: float = 0.001
    weight_decay: float = 0.0
    max_norm: float = 1.0
    schedule: str = "constant"

    free: ClassVar = frozenset({"steps"})
    small: ClassVar = ({"size": "tiny", "batch_size": 2, "patch": 8, "iterations": 2},)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("size", self.size, SIZES)
        check_choice("cell", self.cell, CELLS)

    def data(self, path: Path | None = None) -> CodecData:
        if path is not None:
            found = read(path)
            return CodecData([each.pixels for each in found], found)
        train = packaged([name for name in PACKAGED if name != HELD_OUT])
        return CodecData(
            [reduced(p.pixels, part) for p in train for part in REDUCED], packaged([HELD_OUT])
        )

    def graph(self) -> TrainingGraph:
        graph = codec(SIZES[self.size], batch=self.batch_size, patch=self.patch, cell=self.cell,
                      iterations=self.iterations, reconstruction=self.reconstruction, seed=self.seed)
        if self.weights:
            from symrnn.training.checkpoint import check_arrays, load_checkpoint
            values = load_checkpoint(self.weights).values
            check_arrays("values", values, graph.params)
            for p, (_, v) in zip(graph.params, values, strict=True):
                p.set_value(np.asarray(v, p.dtype))
        return graph

    def batch(self, data: CodecData, step: int) -> list[np.ndarray]:
        rng = np.random.default_rng([self.seed, step])
        patches = cut(data.train, self.batch_size, self.patch, rng)
        return self.fed(patches, rng)

    def fed(self, patches, rng):
        dtype = pytensor.config.floatX
        xs = (patches / 255 - 0.5).astype(dtype)
        _, u, *_ = self.graph_inputs
        u = rng.random(u.type.shape)
        u = (0.5 + self.noise * (u - 0.5)).astype(dtype)
        return [xs, u, *local_weights(xs)]

    @property
    def graph_inputs(self):
        global _INPUTS
        key = (self.size, self.batch_size, self.patch, self.iterations)
        if key not in _INPUTS:
            _INPUTS[key] = self.graph().inputs
        return _INPUTS[key]

    def test(self, network: Network, data: CodecData) -> dict[str, float]:
        rng = np.random.default_rng(5)
        losses = []
        for _ in range(8):
            patches = cut([p.pixels for p in data.test], self.batch_size, self.patch, rng)
            xs, u, *w = self.fed(patches, rng)
            losses.append(float(network("loss", xs, 0 * u + 0.5, *w)))
        return {"loss": float(np.mean(losses))}

    def predict(self, network, words, path=None) -> Iterator[str]:
        yield f"loss {self.test(network, self.data(path))['loss']:.4f}"

_INPUTS = {}


def reduced(pixels: np.ndarray, part: float) -> np.ndarray:
    from PIL import Image
    if part == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = round(width * part), round(height * part)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def cut(photos, count, patch, rng):
    """``(count, 3, patch, patch)`` uint8, from anywhere, turned and mirrored."""
    areas = np.array([max(0, (p.shape[0] - patch + 1) * (p.shape[1] - patch + 1)) for p in photos], float)
    grey = np.array([bool((p[::7, ::7, 0] == p[::7, ::7, 1]).all()) for p in photos])
    areas = np.where(grey, 0.25, 1.0) * areas ** 0.5
    if not areas.sum():
        raise UserError(f"there must be a photograph of at least {patch} x {patch} pixels, but all are smaller")
    found = []
    for which in rng.choice(len(photos), count, p=areas / areas.sum()):
        p = photos[which]
        row, column = rng.integers(p.shape[0] - patch + 1), rng.integers(p.shape[1] - patch + 1)
        a = np.rot90(p[row : row + patch, column : column + patch], rng.integers(4))
        found.append(a[:, :: rng.choice([-1, 1])].transpose(2, 0, 1))
    return np.stack(found)


def local_weights(xs):
    from scipy.ndimage import uniform_filter
    found = []
    for _ in COUNTED:
        size = (1, 1, 7, 7)
        mean = uniform_filter(xs, size, mode="reflect")
        var = np.maximum(uniform_filter(xs * xs, size, mode="reflect") - mean * mean, 0)
        found.append((0.1 / np.sqrt(var + 0.0009)).astype(xs.dtype))
        b, c, h, w = xs.shape
        xs = xs.reshape(b, c, h // 2, 2, w // 2, 2).mean((3, 5), dtype=xs.dtype)
    return found
