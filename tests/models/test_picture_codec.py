"""A codec at work, small and untrained: what it tells is what it shows, of any size."""

import doctest
from dataclasses import replace
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest
import test_contract as contract

import symrnn.native
from symrnn.errors import UserError
from symrnn.models import recipe_class
from symrnn.models.bit_contexts import taught, untaught
from symrnn.models.codec_network import SIZES, CodecNetwork
from symrnn.models.coded_picture import coded_picture
from symrnn.models.picture_codec import (
    SHIPPED,
    PictureCodec,
    bits_a_pixel,
    load_codec,
    most_steps,
    save_codec,
)

for module in ("constriction", "skimage"):
    pytest.importorskip(module)
assert symrnn.native  # makes mode="NATIVE" known
OPTIONS = {"size": "tiny", "cell": "gru", "reconstruction": "additive"}


def photo(height=13, width=18, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype("uint8")


@pytest.fixture(scope="module")
def codec():
    network = CodecNetwork.create(SIZES["tiny"], rng=np.random.default_rng(0), dtype="float32")
    values = [p.get_value().astype("float16") for p in network.params]
    codec = PictureCodec(OPTIONS, values, untaught(2), "NATIVE")
    made = replace(codec, contexts=taught([codec.told(photo(), 3)[1]], hidden=2, updates=3))
    vars(made)["network"] = codec.network
    vars(made)["encoder"] = codec.encoder  # compiled already
    return made


@pytest.mark.parametrize("size", [(13, 18), (1, 1), (8, 4)])
def test_what_is_decompressed_is_what_the_encoder_saw(codec, size):
    pixels = photo(*size)
    pictures, _ = codec.told(pixels, 3)
    for coded, seen in zip(codec.each_step(pixels, 3), pictures, strict=True):
        shown = codec.decompressed(coded_picture(coded.to_bytes(), "it"))
        # two programs of the same sums: a rounding may fall on the other side
        assert abs(shown.astype(int) - seen).max() <= 1
        assert shown.shape == (*size, 3)


def test_more_bits_are_more_steps(codec):
    files = codec.each_step(photo(), 6)
    assert all(a < b for a, b in pairwise(map(bits_a_pixel, files)))
    for step, allowed in enumerate((bits_a_pixel(files[0]), bits_a_pixel(files[1]), 24.0), 1):
        chosen = codec.compressed(photo(), allowed)
        assert chosen.steps == min(step, SIZES["tiny"].own)  # more have no filters of their own
        assert chosen.to_bytes() == files[chosen.steps - 1].to_bytes()
    with pytest.raises(UserError, match="bits must be at least"):
        codec.compressed(photo(), 0.01)
    with pytest.raises(UserError, match="bits must be above 0"):
        most_steps(float("nan"), 0.25)


def test_grey_picture_stays_grey(codec):
    grey = np.repeat(photo()[:, :, :1], 3, axis=2)
    [coded] = codec.each_step(grey, 1)
    assert codec.decompressed(coded).shape == grey.shape[:2]


def test_picture_of_another_codec_is_one_sentence(codec):
    [coded] = codec.each_step(photo(), 1)
    other = PictureCodec(OPTIONS, [value + 1 for value in codec.values], codec.contexts)
    with pytest.raises(UserError, match=f"{codec.name.hex()}, but this is {other.name.hex()}"):
        other.decompressed(coded)


def test_codec_is_read_from_its_file(codec, tmp_path):
    save_codec(tmp_path / "codec.npz", codec)
    again = load_codec(tmp_path / "codec.npz")
    assert again.name == codec.name
    assert again.options == codec.options


BROKEN = {
    "noise": lambda content: b"noise",
    "cut off": lambda content: content[: len(content) // 2],
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken_codec_is_one_sentence(codec, how, tmp_path):
    path = tmp_path / "codec.npz"
    save_codec(path, codec)
    path.write_bytes(BROKEN[how](path.read_bytes()))
    with pytest.raises(UserError, match=r"codec\.npz"):
        load_codec(path)
    with pytest.raises(UserError, match="could not be read"):
        load_codec(tmp_path / "nowhere.npz")


def test_codec_of_another_size_is_one_sentence(codec, tmp_path):
    save_codec(tmp_path / "codec.npz", replace(codec, options=OPTIONS | {"size": "huge"}))
    with pytest.raises(UserError, match="size must be one of tiny, small, full"):
        load_codec(tmp_path / "codec.npz")


def test_codec_of_other_weights_is_one_sentence(codec):
    with pytest.raises(UserError, match="among at most"):
        _ = PictureCodec(OPTIONS | {"size": "full"}, codec.values, codec.contexts).network
    with pytest.raises(UserError, match="do not fit its options"):
        _ = PictureCodec(OPTIONS, [v.T for v in codec.values], codec.contexts).network


def test_shipped_codec_is_small_and_whole():
    assert SHIPPED.stat().st_size < 5e6
    shipped = load_codec()
    assert shipped.network.shape.channels == shipped.contexts.channels


@pytest.mark.parametrize("name", sorted(contract.CODECS))
def test_networks_keep_what_of_their_contract_needs_the_extra(name, tmp_path):
    contract.test_embedded_data_fit_the_network(name)
    options = recipe_class(name).small[0]
    contract.test_network_is_tested_and_predicts(contract.Version(name, dict(options), tmp_path))


EXAMPLES = [
    "symrnn.data.patches",
    "symrnn.models.coded_numbers",
    "symrnn.models.coded_picture",
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_that_need_the_extra_run(name):
    failed, tried = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert (failed, tried > 0) == (0, True)
