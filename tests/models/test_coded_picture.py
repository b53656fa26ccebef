"""The file of a coded picture: what is written is read, and whatever else is read is one sentence."""

import zlib
from dataclasses import replace

import numpy as np
import pytest

from symrnn.errors import UserError
from symrnn.models.bit_contexts import taught
from symrnn.models.coded_picture import HEADER, CodedPicture, coded_picture, coded_words, told_bits

pytest.importorskip("constriction")
BITS = np.where(np.random.default_rng(0).random((3, 2, 4, 5)) < 0.3, -1, 1).astype("int8")
MUTATIONS = 1000


@pytest.fixture(scope="module")
def contexts():
    return taught([BITS], hidden=4, updates=30)


@pytest.fixture(scope="module")
def picture(contexts):
    return CodedPicture(30, 37, False, 3, b"abcd", coded_words(BITS, contexts)[-1])


def read(content, contexts):
    """The bits in a file, as the decoder comes by them."""
    said = coded_picture(content, "it")
    shape = (said.steps, 2, -(-said.height // 8), -(-said.width // 8))
    return told_bits(said.words, contexts, shape, "it")


def test_what_is_written_is_read(picture, contexts):
    said = coded_picture(picture.to_bytes(), "it")
    assert replace(said, words=None) == replace(picture, words=None)
    np.testing.assert_array_equal(read(picture.to_bytes(), contexts), BITS)


def test_each_number_of_steps_is_a_file_of_its_own(contexts):
    for steps, words in enumerate(coded_words(BITS, contexts), 1):
        shape = (steps, *BITS.shape[1:])
        np.testing.assert_array_equal(told_bits(words, contexts, shape, "it"), BITS[:steps])


def test_likely_bits_take_less_room(contexts):
    wide = np.ones((1, 2, 40, 40), "int8")
    sure = taught([wide], hidden=4, updates=100)
    assert 32 * len(coded_words(wide, sure)[0]) < 0.1 * wide.size


def with_sum(content):
    """The same bytes under a checksum that fits."""
    fields = list(HEADER.unpack_from(content))
    payload, fields[-1] = content[HEADER.size :], 0
    fields[-1] = zlib.crc32(HEADER.pack(*fields) + payload)
    return HEADER.pack(*fields) + payload


def mutated(content, rng):
    """A file with bytes changed, cut out or put in."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(content)))
        match int(rng.integers(4)):
            case 0:
                content[at] ^= 1 << int(rng.integers(8))
            case 1:
                content[at] = int(rng.integers(256))
            case 2:
                del content[at : at + int(rng.integers(1, 9))]
            case 3:
                content[at:at] = rng.bytes(int(rng.integers(1, 9)))
        content = content or bytearray(b"S")
    return bytes(content)


@pytest.mark.parametrize("is_forged", [False, True], ids=["damaged", "with a checksum that fits"])
def test_mutated_file_is_read_or_one_sentence(picture, contexts, is_forged):
    rng, told, refused = np.random.default_rng(is_forged), 0, set()
    whole = picture.to_bytes()
    for _ in range(MUTATIONS):
        content = mutated(whole, rng)
        if is_forged and len(content) >= HEADER.size:
            content = with_sum(content)
        try:
            bits = read(content, contexts)
        except UserError as error:
            refused.add(str(error))
        else:
            told += content != whole
            assert np.isin(bits, [-1, 1]).all()
    assert not any("\n" in sentence for sentence in refused)
    # a checksum finds all that is damaged; what is forged well is some other picture
    assert told > 100 if is_forged else told == 0
    assert len(refused) >= 3


def test_claimed_sizes_allocate_nothing(picture, contexts):
    for height, width in ((65535, 65535), (4096, 4096), (0, 5)):
        forged = with_sum(replace(picture, height=height, width=width).to_bytes())
        with pytest.raises(UserError, match="forged"):
            read(forged, contexts)
