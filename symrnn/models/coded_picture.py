"""The file of a coded picture: a header, and its bits, coded by how likely each is.

======== ======== ==============================================================================================
bytes    what
======== ======== ==============================================================================================
4        ``SRNN``
1        version, 1
1        1 of a grey picture, 0 of one in colour
2, 2     height and width in pixels, least significant byte first
1        steps
4        of which codec: the first bytes of the SHA-256 of its weights
4        CRC-32 of all the rest
the rest 32-bit words of a range coder, least significant byte first (`constriction`)
======== ======== ==============================================================================================
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from symrnn.errors import UserError
from symrnn.models.bit_contexts import BitContexts, places

MAGIC, VERSION = b"SRNN", 1
HEADER = struct.Struct("<4sBBHHB4sI")
# what a picture may take in memory follows from its size, which a forged header may claim
MOST_PIXELS = 2**24
MOST_STEPS = 32


@dataclass(frozen=True)
class CodedPicture:
    """What a file says.

    Attributes
    ----------
    height, width
        In pixels.
    is_grey
        Whether it is to be shown in grey.
    steps
        T.
    codec
        Four bytes: which codec it is of.
    words
        ``(N,)`` uint32.
    """

    height: int
    width: int
    is_grey: bool
    steps: int
    codec: bytes
    words: np.ndarray

    def to_bytes(self) -> bytes:
        """The file.

        Examples
        --------
        >>> made = CodedPicture(8, 16, False, 1, b"abcd", np.array([7], "uint32"))
        >>> len(made.to_bytes()), coded_picture(made.to_bytes(), "made") .width
        (23, 16)
        """
        payload = self.words.astype("<u4").tobytes()
        # The checksum is of the file with 0 in its own place.
        return self._header(zlib.crc32(self._header(0) + payload)) + payload

    def _header(self, crc: int) -> bytes:
        return HEADER.pack(
            MAGIC, VERSION, self.is_grey, self.height, self.width, self.steps, self.codec, crc
        )


def coded_picture(content: bytes, name: str) -> CodedPicture:
    """What the file called `name` says; nothing is allocated that it does not hold.

    Raises
    ------
    UserError
        When it is no such file, of another version, cut off or damaged.
    """
    if len(content) < HEADER.size or not content.startswith(MAGIC):
        raise UserError(
            f"{name} must be a picture that `symrnn compress` wrote, which begins with {MAGIC.decode()} and has at"
            f" least {HEADER.size} bytes, but is none; compress the picture again"
        )
    _, version, grey, height, width, steps, codec, crc = HEADER.unpack_from(content)
    payload = content[HEADER.size :]
    if version != VERSION:
        raise UserError(
            f"{name} must be of version {VERSION} of the format, but is of version {version}; take a newer symrnn"
        )
    found = CodedPicture(
        height,
        width,
        bool(grey),
        steps,
        codec,
        # Whole words; what is left over is refused below.
        np.frombuffer(payload[: len(payload) // 4 * 4], "<u4"),
    )
    if len(payload) % 4 or zlib.crc32(found._header(0) + payload) != crc:
        raise UserError(
            f"{name} is cut off or damaged: its checksum does not fit; compress the picture again"
        )
    if not 0 < height * width <= MOST_PIXELS or not 0 < steps <= MOST_STEPS or grey > 1:
        raise UserError(
            f"{name} must hold a picture of 1 to {MOST_PIXELS} pixels in 1 to {MOST_STEPS} steps, but its header says"
            f" {width} x {height} in {steps}; it is forged"
        )
    return found


def constriction(what: str) -> Any:
    """The module of that name."""
    try:
        import constriction
    except ModuleNotFoundError as error:
        raise UserError(
            f"{what} takes constriction, which is not installed; pip install 'symrnn[codecs]'"
        ) from error
    return constriction


def coded_words(bits: np.ndarray, contexts: BitContexts) -> list[np.ndarray]:
    """The words of a range coder of the first step of ``bits (T, C, height, width)``, -1 and 1, of the first two, ...

    Examples
    --------
    >>> from symrnn.models.bit_contexts import untaught
    >>> bits = np.where(np.random.default_rng(0).random((2, 2, 5, 4)) < 0.5, -1, 1)
    >>> words = coded_words(bits, untaught(2))
    >>> [len(each) for each in words]  # 40 and 80 bits
    [2, 3]
    >>> bool((told_bits(words[1], untaught(2), bits.shape, "they") == bits).all())
    True
    """
    stream = constriction("to compress").stream
    encoder, model, found = stream.queue.RangeEncoder(), stream.model.Bernoulli(perfect=False), []
    framed = np.pad(bits.astype("int8"), ((0, 0), (0, 0), (1, 1), (1, 1)))
    # A step ends with the last pass of its last channel.
    last = len(bits[0]) - 1, 3
    for place in places(*bits.shape[:2]):
        ones = (place.of(bits) > 0).astype("int32").ravel()
        if ones.size:
            encoder.encode(ones, model, contexts.probabilities(framed, place))
        if (place.channel, place.turn) == last:
            found.append(np.asarray(encoder.get_compressed(), "uint32"))
    return found


def told_bits(
    words: np.ndarray, contexts: BitContexts, shape: tuple[int, ...], name: str
) -> np.ndarray:
    """``(T, C, height, width)`` int8, -1 and 1: the bits of `shape` that `words` tell.

    Raises
    ------
    UserError
        When there are fewer words than so many bits take.
    """
    stream = constriction("to decompress").stream
    # Before anything is allocated. Python's numbers, for a product of 64 bits could be forged to overflow.
    if int(np.prod(shape, dtype=object)) * contexts.cheapest > 32 * (len(words) + 2):
        raise UserError(
            f"{name} is forged: its {len(words)} words cannot tell the bits of so large a picture; compress it again"
        )
    decoder = stream.queue.RangeDecoder(np.ascontiguousarray(words, "uint32"))
    model = stream.model.Bernoulli(perfect=False)
    framed = np.zeros((*shape[:2], shape[2] + 2, shape[3] + 2), "int8")
    # A view of the frame: what is decoded is what the next places see.
    bits = framed[:, :, 1:-1, 1:-1]
    for place in places(*shape[:2]):
        into = place.of(bits)
        if not into.size:
            continue
        try:
            ones = decoder.decode(model, contexts.probabilities(framed, place))
        except (AssertionError, ValueError) as error:  # what it says of words that no encoder wrote
            raise UserError(
                f"{name} is forged: its words tell no bits; compress the picture again"
            ) from error
        into[:] = np.where(np.asarray(ones).reshape(into.shape) > 0, 1, -1)
    return bits
