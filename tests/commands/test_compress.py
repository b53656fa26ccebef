"""`symrnn compress` and `symrnn decompress`: a file there and back; what is wrong is one sentence."""

import numpy as np
import pytest
from click.testing import CliRunner

from symrnn.commands.cli import cli
from symrnn.data.photographs import png_bytes, read_pixels
from symrnn.models.bit_contexts import untaught
from symrnn.models.codec_network import SIZES, CodecNetwork
from symrnn.models.picture_codec import PictureCodec, save_codec

pytest.importorskip("constriction")


@pytest.fixture
def folder(tmp_path):
    """A photograph and a codec."""
    network = CodecNetwork.create(SIZES["tiny"], rng=np.random.default_rng(0), dtype="float32")
    values = [p.get_value().astype("float16") for p in network.params]
    options = {"size": "tiny", "cell": "gru", "reconstruction": "additive"}
    save_codec(tmp_path / "codec.npz", PictureCodec(options, values, untaught(2)))
    pixels = np.random.default_rng(0).integers(0, 256, (11, 14, 3)).astype("uint8")
    (tmp_path / "photo.png").write_bytes(png_bytes(pixels))
    return tmp_path


def ran(folder, command, *words):
    names = [str(folder / word) for word in words[:2]]
    options = ("--codec", str(folder / "codec.npz"), *words[2:])
    return CliRunner().invoke(cli, [command, *names, *options])


def test_there_and_back(folder):
    there = ran(folder, "compress", "photo.png", "photo.srnn", "--bits", "6")
    assert "photo.srnn: 14 x 11, " in there.output, there.output
    back = ran(folder, "decompress", "photo.srnn", "back.png")
    assert back.output.endswith("back.png: 14 x 11\n")
    assert read_pixels(folder / "back.png").shape == (11, 14, 3)


@pytest.mark.parametrize(
    ("command", "words", "said"),
    [
        ("compress", ("nowhere.png", "photo.srnn"), "nowhere.png must be a photograph"),
        ("compress", ("codec.npz", "photo.srnn"), "codec.npz must be a photograph"),
        ("compress", ("photo.png", "photo.srnn", "--bits", "-1"), "bits must be above 0"),
        ("decompress", ("photo.png", "back.png"), "must be a picture that `symrnn compress` wrote"),
        ("decompress", ("nowhere.srnn", "back.png"), "could not be read"),
        ("decompress", ("nowhere.srnn", "back.bmp"), "must end in .png"),
    ],
)
def test_what_is_wrong_is_one_sentence(folder, command, words, said):
    result = ran(folder, command, *words)
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1
