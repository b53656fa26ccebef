"""How lips move when a sentence is spoken: phonemes, what each looks like, when it is said, and co-articulation.

A phoneme aims at a shape of the mouth, its viseme's; several phonemes share a viseme, as p, b and m do, and differ by
little: by how long they are held and by an `OWN` trait, which `distinct` scales down to nothing. A shape is reached
while its phoneme is said and fades before and after it, the more dominant the slower, after Cohen and Massaro [1]_:

``shape(t) = sum_i a_i exp(-d_i(t) / tau) target_i / sum_i a_i exp(-d_i(t) / tau)``

where ``d_i(t)`` is how far t lies outside the phoneme, in frames, and ``a_i`` the viseme's dominance.

.. [1] Cohen, Massaro: Modeling coarticulation in synthetic visual speech. Computer Animation (1993).
"""

from typing import NamedTuple

import numpy as np

from symrnn.data.clips import FRAMES, UNITS, Word

SHAPE = ("open", "wide", "round", "teeth", "tongue", "tuck", "press")
VISEMES = {  # dominance, then SHAPE: lips apart, spread, pursed; what shows; lower lip under the teeth; lips pressed
    "rest": (1.0, (0.02, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4)),
    "p": (6.0, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)),
    "f": (5.0, (0.10, 0.1, 0.0, 0.7, 0.0, 1.0, 0.2)),
    "th": (3.0, (0.25, 0.1, 0.0, 0.5, 1.0, 0.0, 0.0)),
    "t": (1.2, (0.25, 0.2, 0.0, 0.7, 0.4, 0.0, 0.0)),
    "s": (2.0, (0.14, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0)),
    "ch": (3.0, (0.22, -0.2, 0.6, 0.9, 0.0, 0.0, 0.0)),
    "k": (0.6, (0.35, 0.1, 0.0, 0.3, 0.2, 0.0, 0.0)),
    "r": (1.8, (0.28, -0.1, 0.5, 0.3, 0.1, 0.0, 0.0)),
    "w": (4.0, (0.08, -0.5, 1.0, 0.0, 0.0, 0.0, 0.1)),
    "iy": (2.0, (0.30, 0.9, 0.0, 0.7, 0.1, 0.0, 0.0)),
    "eh": (2.0, (0.60, 0.4, 0.0, 0.5, 0.3, 0.0, 0.0)),
    "aa": (2.0, (1.00, 0.1, 0.0, 0.3, 0.3, 0.0, 0.0)),
    "ao": (2.0, (0.70, -0.3, 0.6, 0.1, 0.1, 0.0, 0.0)),
    "uw": (3.0, (0.20, -0.4, 0.9, 0.0, 0.0, 0.0, 0.0)),
}
PHONEMES = {  # viseme, and its usual length in units of 2.3 frames, an eleventh of a second
    **{"P": ("p", 1.1), "B": ("p", 0.9), "M": ("p", 1.3), "F": ("f", 1.3), "V": ("f", 0.9)},
    **{"TH": ("th", 1.2), "DH": ("th", 0.8), "T": ("t", 0.9), "D": ("t", 0.8), "N": ("t", 1.1)},
    **{"L": ("t", 1.0), "S": ("s", 1.4), "Z": ("s", 1.1), "CH": ("ch", 1.3), "JH": ("ch", 1.1)},
    **{"K": ("k", 1.0), "G": ("k", 0.9), "Y": ("iy", 0.7), "R": ("r", 1.0), "W": ("w", 1.0)},
    **{"IY": ("iy", 1.4), "IH": ("iy", 0.9), "EH": ("eh", 1.2), "AE": ("eh", 1.2)},
    **{"AH": ("eh", 0.9), "AA": ("aa", 1.4), "AO": ("ao", 1.3), "UW": ("uw", 1.4)},
}
OWN = {  # by how much a phoneme differs from its viseme, where it does
    **{"B": {"press": -0.35}, "M": {"press": -0.15, "wide": 0.25}, "V": {"tuck": -0.3}},
    **{"D": {"open": 0.06, "tongue": 0.1}, "N": {"tongue": 0.35, "open": 0.03}},
    **{"L": {"tongue": 0.6, "open": 0.1}, "Z": {"open": 0.07}, "JH": {"round": 0.15}},
    **{"G": {"open": -0.1, "tongue": 0.2}, "IH": {"wide": -0.3, "open": 0.1}},
    **{"AE": {"open": 0.2, "wide": 0.2}, "AH": {"wide": -0.4, "open": -0.1}},
    **{"DH": {"tongue": -0.3}, "Y": {"open": -0.1}},
}
# British English; what glides from one shape to another is written as two.
SPOKEN = {
    **{"bin": "B IH N", "lay": "L EH IY", "place": "P L EH IY S", "set": "S EH T"},
    **{"blue": "B L UW", "green": "G R IY N", "red": "R EH D", "white": "W AA IY T"},
    **{"at": "AE T", "by": "B AA IY", "in": "IH N", "with": "W IH DH"},
    **{"a": "EH IY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F"},
    **{"g": "JH IY", "h": "EH IY CH", "i": "AA IY", "j": "JH EH IY", "k": "K EH IY"},
    **{"l": "EH L", "m": "EH M", "n": "EH N", "o": "AO UW", "p": "P IY", "q": "K Y UW"},
    **{"r": "AA", "s": "EH S", "t": "T IY", "u": "Y UW", "v": "V IY", "x": "EH K S"},
    **{"y": "W AA IY", "z": "Z EH D"},
    **{"zero": "Z IY R AO UW", "one": "W AH N", "two": "T UW", "three": "TH R IY"},
    **{"four": "F AO", "five": "F AA IY V", "six": "S IH K S", "seven": "S EH V AH N"},
    **{"eight": "EH IY T", "nine": "N AA IY N"},
    **{"again": "AH G EH N", "now": "N AA UW", "please": "P L IY Z", "soon": "S UW N"},
}


class Movement(NamedTuple):
    """A spoken sentence: ``shapes (T, 7)``, float32, columns as `SHAPE`, and its words in their order."""

    shapes: np.ndarray
    words: tuple[Word, ...]


def movement(
    sentence: str,
    rng: np.random.Generator,
    *,
    frames: int = FRAMES,
    rate: float = 1.0,
    tau: float = 0.9,
    distinct: float = 1.0,
) -> Movement:
    """The lips of somebody who says `sentence`.

    Parameters
    ----------
    sentence
        Words of `SPOKEN`.
    rng
        Draws when the sentence begins and how long each phoneme is held.
    rate
        Above 1 for who speaks fast.
    tau
        Frames in which a shape fades to a third.
    distinct
        How much phonemes of one viseme differ, 1 for as in `OWN`.

    Examples
    --------
    >>> said = movement("bin blue at f two now", np.random.default_rng(0))
    >>> said.shapes.shape, [word.text for word in said.words]
    ((75, 7), ['bin', 'blue', 'at', 'f', 'two', 'now'])
    """
    words = sentence.split()
    spoken = [SPOKEN[word].split() for word in words]
    flat = [phoneme for phonemes in spoken for phoneme in phonemes]
    lengths = np.array([PHONEMES[phoneme][1] for phoneme in flat])
    lengths *= rng.lognormal(0.0, 0.12, len(flat)) * 2.3 / rate
    # A sentence leaves some silence at both ends, whatever the speaker's rate.
    lengths *= min(1.0, 0.84 * frames / lengths.sum())
    slack = frames - lengths.sum()
    ends = slack * rng.uniform(0.3, 0.6) + np.cumsum(lengths)
    starts = ends - lengths
    targets, dominance = targets_of(flat, distinct)
    shapes = blended(starts, ends, targets, dominance, frames=frames, tau=tau)
    lasts = np.cumsum([len(phonemes) for phonemes in spoken])
    said: list[Word] = []
    for text, last, count in zip(words, lasts, map(len, spoken), strict=True):
        # A word begins where the last one ends: rounded by itself it might begin before that.
        start = said[-1].end if said else round(float(starts[last - count]) * UNITS)
        said.append(Word(start, round(float(ends[last - 1]) * UNITS), text))
    return Movement(shapes, tuple(said))


def targets_of(phonemes: list[str], distinct: float) -> tuple[np.ndarray, np.ndarray]:
    """``(P, 7)`` the shapes aimed at, and ``(P,)`` how dominant each is."""
    targets, dominance = [], []
    for phoneme in phonemes:
        strength, shape = VISEMES[PHONEMES[phoneme][0]]
        own = OWN.get(phoneme, {})
        targets.append(
            [
                value + distinct * own.get(name, 0.0)
                for name, value in zip(SHAPE, shape, strict=True)
            ]
        )
        dominance.append(strength)
    return np.array(targets), np.array(dominance)


def blended(
    starts: np.ndarray,
    ends: np.ndarray,
    targets: np.ndarray,
    dominance: np.ndarray,
    *,
    frames: int,
    tau: float,
) -> np.ndarray:
    """``(T, 7)``: the formula of this file; before and after all phonemes the mouth rests."""
    strength, rest = VISEMES["rest"]
    far = 10.0 * frames
    starts = np.concatenate([[-far], starts, [ends[-1] + 1]])
    ends = np.concatenate([[starts[1] - 1], ends, [far]])
    targets = np.concatenate([[rest], targets, [rest]])
    dominance = np.concatenate([[strength], dominance, [strength]])
    times = np.arange(frames)[:, None] + 0.5
    outside = np.maximum(0, np.maximum(starts - times, times - ends))  # (T, P)
    weights = dominance * np.exp(-outside / tau)
    return (weights @ targets / weights.sum(axis=1, keepdims=True)).astype("float32")
