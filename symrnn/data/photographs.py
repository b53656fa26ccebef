"""Photographs: those that scikit-image and scikit-learn ship, or files of the user's; Pillow reads them.

A photograph is an array of unsigned bytes ``(height, width, 3)``, red, green, blue; a grey one has three equal ones.
"""

import io
import struct
import zlib
from collections.abc import Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from symrnn.data.files import bytes_of
from symrnn.errors import UserError, printable

# of one photograph: what a header claims is looked at before anything is decoded
MOST_PIXELS = 2**26
DEEPEST = 2**16 - 1  # white of 16 bits
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm", ".pgm", ".tif", ".tiff")

PACKAGED = {  # name: package and file; those from JPEG files carry their losses
    "astronaut": ("skimage", "data/astronaut.png"),
    "camera": ("skimage", "data/camera.png"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "motorcycle_left": ("skimage", "data/motorcycle_left.png"),
    "motorcycle_right": ("skimage", "data/motorcycle_right.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "brick": ("skimage", "data/brick.png"),
    "grass": ("skimage", "data/grass.png"),
    "gravel": ("skimage", "data/gravel.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
}


class Photograph(NamedTuple):
    """A photograph with its name."""

    name: str
    pixels: np.ndarray  # (height, width, 3) uint8


def read(path: str | Path) -> list[Photograph]:
    """The photograph in the file at `path`, or those in the files of a folder, by their names.

    Raises
    ------
    UserError
        When a file is none that Pillow reads, or is larger than `MOST_PIXELS`, or a folder holds none.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, content in SAMPLE.items():
    ...         _ = pathlib.Path(folder, name).write_bytes(content)
    ...     [(found.name, found.pixels.shape) for found in read(folder)]
    [('hill', (24, 32, 3))]
    """
    path = Path(path)
    if not path.is_dir():
        return [Photograph(path.stem, read_pixels(path))]
    names = sorted(each for each in path.iterdir() if each.suffix.lower() in ENDINGS)
    if not names:
        raise UserError(
            f"{path} must hold photographs, files that end in {', '.join(ENDINGS[:4])}, but holds none"
        )
    return [Photograph(each.stem, read_pixels(each)) for each in names]


def packaged(names: Sequence[str] = tuple(PACKAGED)) -> list[Photograph]:
    """The photographs that scikit-image and scikit-learn ship."""
    return [Photograph(name, read_pixels(packaged_path(name))) for name in names]


def packaged_path(name: str) -> Path:
    """Where a packaged photograph lies."""
    package, file = PACKAGED[name]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            f"the photograph {name} comes with {package}, which is not installed;"
            " pip install 'symrnn[codecs]', or give --data"
        )
    return Path(next(iter(spec.submodule_search_locations)), file)


def read_pixels(path: str | Path) -> np.ndarray:
    """``(height, width, 3)`` uint8 of the file at `path`; transparency is laid on white."""
    try:
        content = bytes_of(path)
    except OSError as error:
        raise UserError(
            f"{path} must be a photograph, but could not be read: {error.strerror or error}"
        ) from error
    return pixels_of(content, str(path))


def pixels_of(content: bytes, name: str) -> np.ndarray:
    """The same from the content of a file that is called `name`."""
    from PIL import Image, ImageOps

    with reading(name), Image.open(io.BytesIO(content)) as opened:
        # Known from the header: nothing is decoded yet.
        width, height = opened.size
        if width * height > MOST_PIXELS:
            raise UserError(
                f"{name} must have at most {MOST_PIXELS} pixels, but has {width} x {height}; make it smaller"
            )
        # As a viewer shows it: cameras store pictures lying, and say so.
        image: Image.Image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I") or image.mode == "F":
            image = of_eight_bits(image, name)
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return np.asarray(image.convert("RGB"))


def of_eight_bits(image: Any, name: str) -> Any:
    """A grey photograph of 16 bits a pixel with 8, with the grey that it calls transparent; Pillow would clip."""
    from PIL import Image

    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > DEEPEST:
        raise UserError(
            f"{name} must have at most 16 bits a pixel, whole numbers from 0 to {DEEPEST}, but has {values.dtype}"
            f" from {values.min():g} to {values.max():g}; save it with 8 bits"
        )
    grey = Image.fromarray(np.rint(values / (DEEPEST / 255)).astype("u1"))
    clear = image.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype("u1")))
    return grey


@contextmanager
def reading(name: str) -> Any:
    """Turn whatever Pillow says of a file into one sentence."""
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    # A `UserError` is a ValueError, too, and says all already.
    except UserError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError,
            AttributeError, OverflowError, MemoryError, struct.error, zlib.error,
            Image.DecompressionBombError) as error:  # fmt: skip
        raise UserError(
            f"{name} must be a photograph that Pillow reads (PNG, JPEG, WebP), but is none, or is damaged"
            f" ({printable(error, 80)})"
        ) from error


def png_bytes(pixels: np.ndarray) -> bytes:
    """The content of a PNG file of ``(height, width, 3)`` or ``(height, width)``, uint8.

    Examples
    --------
    >>> pixels_of(png_bytes(np.full((2, 3), 7, "u1")), "seven").tolist()[0]
    [[7, 7, 7], [7, 7, 7], [7, 7, 7]]
    """

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data
            + struct.pack(">I", zlib.crc32(kind + data))
        )  # fmt: skip

    height, width = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 0
    rows = np.ascontiguousarray(pixels, "u1").reshape(height, -1)
    # a filter of 0, none, before each row
    filtered = np.concatenate([np.zeros((height, 1), "u1"), rows], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(filtered.tobytes(), 9)),
            chunk(b"IEND", b""),
        ]
    )


def sample_of(height: int, width: int, colour: tuple[int, int, int]) -> bytes:
    """A small photograph, a hill of one colour before a sky."""
    rows, columns = np.mgrid[:height, :width]
    far = np.hypot(rows - height, columns - width / 2)
    sky = np.stack([rows * 3 + 90, rows * 2 + 120, 200 - rows], axis=-1)
    hill = np.array(colour) * np.exp(-far / height)[:, :, None]
    return png_bytes(np.where(far[:, :, None] < 0.7 * height, hill, sky).astype("u1"))


SAMPLE = {"hill.png": sample_of(24, 32, (60, 80, 250))}
