"""A trained codec at work: photographs to `CodedPicture` and back, and the file that holds its weights.

The file is an ``npz`` of plain arrays: ``header`` (JSON: the network's size, cell and reconstruction), ``weights/NNN``
in float16, in the order of ``CodecNetwork.params``, and the contexts' ``w1, b1, w2, b2, levels``. The one that the
package ships was trained on photographs of packages (`symrnn.data.photographs`).

What must agree between two machines is the bits, and those are whole numbers. The picture that a decoder shows is
computed in float32, so two machines whose processors add up products in another order may show a pixel that differs by
1.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.mode import Mode

from symrnn.cells import CELLS
from symrnn.data.files import write_file
from symrnn.data.npz import arrays_in_npz
from symrnn.data.pickled_arrays import Refused
from symrnn.errors import UserError, check_choice, printable
from symrnn.models.bit_contexts import BitContexts
from symrnn.models.codec_network import RECONSTRUCTIONS, SIZES, CodecNetwork
from symrnn.models.coded_picture import (
    MOST_PIXELS,
    MOST_STEPS,
    CodedPicture,
    coded_words,
    told_bits,
)
from symrnn.params import of_at_most
from symrnn.training.compiled import compiled

SHIPPED = Path(__file__).with_name("image_codec.npz")
OPTIONS: dict[str, Iterable[str]] = {
    "size": SIZES,
    "cell": CELLS,
    "reconstruction": RECONSTRUCTIONS,
}
CONTEXTS = ("w1", "b1", "w2", "b2", "levels")
DTYPE = "float32"
LARGEST_SIDE = 2**16 - 1


@dataclass(frozen=True, eq=False)
class PictureCodec:
    """A network with its contexts.

    Attributes
    ----------
    options
        Of the network: ``size``, ``cell`` and ``reconstruction``.
    values
        Of its parameters, float16.
    contexts
        How likely its bits are.
    mode
        PyTensor's.
    """

    options: dict[str, str]
    values: Sequence[np.ndarray]
    contexts: BitContexts
    mode: str | Mode | None = None

    @cached_property
    def network(self) -> CodecNetwork:
        """With these values."""
        size = sum(value.size for value in self.values)
        # Options may be forged: a network larger than the file is refused before it is drawn.
        with of_at_most(size, "the codec holds no more, so its options are not its own"):
            network = CodecNetwork.create(
                SIZES[self.options["size"]],
                cell=self.options["cell"],
                reconstruction=self.options["reconstruction"],
                rng=np.random.default_rng(0),
                dtype=DTYPE,
            )
        shapes = [p.type.shape for p in network.params]
        if (
            shapes != [value.shape for value in self.values]
            or network.shape.channels != self.contexts.channels
        ):
            raise UserError(
                "the codec's weights do not fit its options; take a codec that `symrnn` wrote"
            )
        for param, value in zip(network.params, self.values, strict=True):
            param.set_value(value.astype(DTYPE))
        return network

    @cached_property
    def name(self) -> bytes:
        """Four bytes that tell it from other codecs."""
        whole = hashlib.sha256(json.dumps(self.options, sort_keys=True).encode())
        for array in (*self.values, *(getattr(self.contexts, part) for part in CONTEXTS)):
            whole.update(
                # The same name on every machine, whichever byte its numbers begin with.
                np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
            )
        return whole.digest()[:4]

    @cached_property
    def encoder(self) -> Callable[..., Any]:
        """``pictures (T, 1, 3, height, width), bits (T, 1, C, *S)`` from a picture and ``us``."""
        xs = pt.tensor("xs", dtype=DTYPE, shape=(1, 3, None, None))
        us = pt.tensor("us", dtype=DTYPE, shape=(None, 1, self.contexts.channels, None, None))
        return compiled([xs, us], list(self.network.coded(xs, us)), mode=self.mode)

    @cached_property
    def decoder(self) -> Callable[..., Any]:
        """``pictures (T, 1, 3, height, width)`` from bits."""
        bits = pt.tensor("bits", dtype=DTYPE, shape=(None, 1, self.contexts.channels, None, None))
        return compiled([bits], self.network.shown(bits), mode=self.mode)

    def places(self, height: int, width: int) -> tuple[int, int]:
        """Places of the code along both sides of a picture."""
        block = self.network.shape.block
        return -(-height // block), -(-width // block)

    def told(self, pixels: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """``(T, height, width, 3)`` uint8, the picture after each step, and its bits ``(T, C, *S)``, -1 and 1."""
        height, width = pixels.shape[:2]
        rows, columns = self.places(height, width)
        xs = in_blocks(pixels, self.network.shape.block).astype(DTYPE)
        us = np.full((steps, 1, self.contexts.channels, rows, columns), 0.5, DTYPE)
        pictures, bits = self.encoder(xs, us)
        return self.shown(pictures, height, width), np.where(bits[:, 0] > 0, 1, -1).astype("int8")

    def shown(self, pictures: np.ndarray, height: int, width: int) -> np.ndarray:
        """Pictures of the network as pixels, uint8."""
        return as_pixels(pictures[:, 0, :, :height, :width])

    def compressed(self, pixels: np.ndarray, bits: float) -> CodedPicture:
        """``(height, width, 3)`` uint8 in as many steps as `bits` a pixel allow, its header counted.

        They are at most as many as have filters of their own: what later ones would tell was not trained.

        Raises
        ------
        UserError
            When they do not allow one, or the picture is too large.
        """
        shape = self.network.shape
        most = min(shape.own or MOST_STEPS, most_steps(bits, shape.bits_a_pixel))
        coded = self.each_step(pixels, most)
        fitting = [one for one in coded if bits_a_pixel(one) <= bits]
        if not fitting:
            raise UserError(
                f"bits must be at least {bits_a_pixel(coded[0]):.3g} a pixel, what one step takes of this picture,"
                f" but is {bits:g}"
            )
        return fitting[-1]

    def each_step(self, pixels: np.ndarray, steps: int) -> list[CodedPicture]:
        """The picture in one step, in two, ..., in `steps`."""
        height, width = pixels.shape[:2]
        if height * width > MOST_PIXELS or max(height, width) > LARGEST_SIDE:
            raise UserError(
                f"a picture must have at most {MOST_PIXELS} pixels, no side above {LARGEST_SIDE}, but has"
                f" {width} x {height}; make it smaller"
            )
        is_grey = bool((pixels == pixels[:, :, :1]).all())
        words = coded_words(self.told(pixels, steps)[1], self.contexts)
        return [
            CodedPicture(height, width, is_grey, step, self.name, each)
            for step, each in enumerate(words, 1)
        ]

    def decompressed(self, coded: CodedPicture, name: str = "the file") -> np.ndarray:
        """``(height, width, 3)`` uint8, or ``(height, width)`` of a grey picture.

        Raises
        ------
        UserError
            When it is of another codec, or forged.
        """
        if coded.codec != self.name:
            raise UserError(
                f"{name} was compressed by the codec {coded.codec.hex()}, but this is {self.name.hex()}; give --codec"
                " the file that it was compressed with"
            )
        shape = (coded.steps, self.contexts.channels, *self.places(coded.height, coded.width))
        bits = told_bits(coded.words, self.contexts, shape, name)
        pictures = self.decoder(bits[:, None].astype(DTYPE))
        pixels = self.shown(pictures[-1:], coded.height, coded.width)[0]
        return np.rint(pixels.mean(axis=2)).astype("uint8") if coded.is_grey else pixels


def in_blocks(pixels: np.ndarray, block: int) -> np.ndarray:
    """A picture ``(height, width, 3)`` as a network is given it: ``(1, 3, *S)`` from -0.5 to 0.5, in whole blocks."""
    edges = [(0, -size % block) for size in pixels.shape[:2]]
    whole = np.pad(pixels, (*edges, (0, 0)), mode="edge")
    return whole.transpose(2, 0, 1)[None] / 255 - 0.5


def as_pixels(pictures: np.ndarray) -> np.ndarray:
    """``(..., height, width, 3)`` uint8 of pictures ``(..., 3, height, width)`` of a network."""
    return np.clip(np.rint((np.moveaxis(pictures, -3, -1) + 0.5) * 255), 0, 255).astype("uint8")


def most_steps(bits: float, raw: float) -> int:
    """Steps to try for so many `bits` a pixel, where a step has `raw` of them, which may be coded in a quarter.

    Examples
    --------
    >>> most_steps(0.5, 0.25), most_steps(0.001, 0.25)
    (8, 1)
    """
    if not 0 < bits <= 24:
        raise UserError(f"bits must be above 0 and at most 24 a pixel, but is {bits:g}")
    return max(1, round(min(MOST_STEPS, 4 * bits / raw)))


def bits_a_pixel(coded: CodedPicture) -> float:
    """Of the whole file."""
    return 8 * len(coded.to_bytes()) / (coded.height * coded.width)


def save_codec(path: str | Path, codec: PictureCodec) -> None:
    """Write the file of a codec."""
    arrays: dict[str, Any] = {"header": np.array(json.dumps(codec.options))}
    arrays |= {f"weights/{i:03d}": value for i, value in enumerate(codec.values)}
    arrays |= {part: getattr(codec.contexts, part) for part in CONTEXTS}
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_file(path, content.getvalue())


def load_codec(path: str | Path = SHIPPED, *, mode: str | None = None) -> PictureCodec:
    """The codec in a file, by default the one that the package ships.

    Raises
    ------
    UserError
        When it is none, or is damaged.

    Examples
    --------
    >>> len(load_codec().name)
    4
    """
    path = Path(path)
    try:
        arrays = arrays_in_npz(path)
        options = json.loads(str(arrays["header"]))
        count = sum(name.startswith("weights/") for name in arrays)
        values = [arrays[f"weights/{i:03d}"] for i in range(count)]
        contexts = {part: arrays[part] for part in CONTEXTS}
        if not isinstance(options, dict) or set(options) != set(OPTIONS):
            raise Refused("its header has other options")
        if not all(value.dtype == np.float16 and np.isfinite(value).all() for value in values):
            raise Refused("its weights are no float16")
    except OSError as error:
        raise UserError(
            f"{path} must be a codec, but could not be read: {error.strerror or error}"
        ) from error
    except (Refused, KeyError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is no codec that can be read: it is damaged, or no file that `symrnn predict image_codec"
            f" --set codec=FILE` wrote ({printable(error, 80)})"
        ) from error
    for name, choices in OPTIONS.items():
        check_choice(name, options[name], choices)
    return PictureCodec(options, values, BitContexts(**contexts), mode)
