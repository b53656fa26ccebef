"""Photographs of more than eight bits a pixel: white stays white, grey grey, and what has no white is refused."""

import io

import numpy as np
import pytest

from symrnn.data.photographs import pixels_of
from symrnn.errors import UserError

Image = pytest.importorskip("PIL.Image")
DEEP = np.array([[0, 256, 257, 1000], [32768, 40000, 65278, 65535]], "u2")
SHOWN = [[0, 1, 1, 4], [128, 156, 254, 255]]  # round(value / 257)


def content_of(values, ending="PNG", **options):
    """A file of these values."""
    file = io.BytesIO()
    Image.fromarray(values).save(file, ending, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        content_of(DEEP),
        content_of(DEEP, "TIFF"),
        content_of(DEEP.astype("i4"), "TIFF"),
        b"P5 4 2 65535\n" + DEEP.astype(">u2").tobytes(),
    ],
    ids=["png", "tiff", "tiff of 32 bits", "pgm"],
)
def test_sixteen_bits_are_scaled_to_eight(content):
    pixels = pixels_of(content, "deep")
    assert pixels.dtype == np.uint8
    assert pixels.shape == (2, 4, 3)
    assert (pixels == pixels[:, :, :1]).all()
    assert pixels[:, :, 0].tolist() == SHOWN


def test_the_grey_that_a_file_calls_transparent_is_laid_on_white():
    pixels = pixels_of(content_of(DEEP, transparency=256), "deep")
    assert pixels[:, :, 0].tolist() == [[0, 255, 1, 4], SHOWN[1]]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (DEEP.astype("f4") / 65535, "but has float32 from 0 to 1; save it with 8 bits"),
        (DEEP.astype("i4") * 2, "but has int32 from 0 to 131070; save it with 8 bits"),
        (DEEP.astype("i4") - 1, "but has int32 from -1 to 65534; save it with 8 bits"),
    ],
)
def test_numbers_without_a_white_are_refused(values, told):
    with pytest.raises(UserError, match="deep must have at most 16 bits a pixel") as caught:
        pixels_of(content_of(values, "TIFF"), "deep")
    assert str(caught.value).endswith(told)
