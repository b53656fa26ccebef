"""The GRID corpus: clips of one sentence each, and ``.align`` files that say when its words are said [1]_.

A path given to ``--data`` is a clip or a folder of clips, or a folder with a folder a speaker. A clip is a video,
``.mpg``, ``.avi`` or ``.mp4``, whose mouth is cut out by `symrnn.data.mouths` with OpenCV, the extra ``video``; or an
``.npz`` with ``crops (T, height, width)``, uint8, as ``symrnn predict lip_reading`` writes it, which takes the place of
a video of the same name: a corpus is cut once.

The sentence stands in the ``.align`` beside a clip, lines of ``start end word``, 1000 to a frame, with ``sil`` and
``sp`` for silence; or in the clip's name (`symrnn.data.grid_grammar`). Where both are there they must agree.

.. [1] https://spandh.dcs.shef.ac.uk/gridcorpus/
"""

import io
import re
from pathlib import Path

import numpy as np

from symrnn.data.clips import UNITS, Clip, Word
from symrnn.data.csv_rows import text_of
from symrnn.data.grid_grammar import sentence_named
from symrnn.data.npz import arrays_in_npz
from symrnn.data.pickled_arrays import Refused
from symrnn.errors import UserError, printable

VIDEOS = (".mpg", ".avi", ".mp4")
CROPS = ".npz"
ALIGN = ".align"
SILENT = ("sil", "sp")
LARGEST = 10**9  # of a time


def read(path: str | Path) -> list[Clip]:
    """The clips at `path`, by their speakers and names.

    Raises
    ------
    UserError
        When there are none, one cannot be read, has no sentence, or its mouth is lost.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, content in SAMPLE.items():
    ...         _ = Path(folder, name).write_bytes(content)
    ...     [(clip.sentence, clip.frames.shape) for clip in read(folder)][:2]
    [('bin', (8, 10, 20)), ('at a', (8, 10, 20))]
    """
    return [read_clip(file) for file in clips_at(Path(path))]


def clips_at(path: Path) -> list[Path]:
    """The files to read, those in folders of a folder too; crops take the place of a video."""
    if not path.is_dir():
        if path.suffix.lower() not in (*VIDEOS, CROPS):
            raise UserError(
                f"{path} must be a folder of clips, or a clip that ends in {', '.join(VIDEOS)} or {CROPS}"
            )
        return [path]
    files = [file for file in sorted([*path.glob("*"), *path.glob("*/*")]) if not hidden(file)]
    chosen = {file.with_suffix(""): file for file in files if file.suffix.lower() in VIDEOS}
    chosen |= {file.with_suffix(""): file for file in files if file.suffix.lower() == CROPS}
    for file in files:
        if file.suffix == ALIGN and file.with_suffix("") not in chosen:
            raise UserError(
                f"{file} must have its clip beside it, {file.with_suffix(CROPS).name} or a video of its name"
            )
    if not chosen:
        raise UserError(f"{path} must hold clips, {', '.join(VIDEOS)} or {CROPS}, but holds none")
    return [chosen[stem] for stem in sorted(chosen)]


def hidden(file: Path) -> bool:
    """Whether a name begins with a dot."""
    return file.name.startswith(".")


def read_clip(path: Path) -> Clip:
    """One clip with its sentence."""
    sentence, words = sentence_of(path)
    frames = crops_in(path)
    if words and words[-1].end > (len(frames) + 1) * UNITS:
        raise UserError(
            f"{path.with_suffix(ALIGN)} must end with its clip, after {len(frames)} frames, {UNITS} to a frame,"
            f" but its last word ends at {words[-1].end}"
        )
    return Clip(frames, sentence, words, path.parent.name)


def crops_in(path: str | Path) -> np.ndarray:
    """``(T, height, width)``, uint8: the mouth in a video, or the crops that a file holds."""
    path = Path(path)
    if path.suffix.lower() != CROPS:
        from symrnn.data.mouths import mouth_crops

        return mouth_crops(path).frames
    try:
        held = arrays_in_npz(path)
    except Refused as error:
        raise UserError(f"{path} must be an npz file of crops, but {error}") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from error
    crops = held.get("crops")
    if crops is None or crops.dtype != np.uint8 or crops.ndim != 3 or 0 in crops.shape:
        found = "none" if crops is None else f"{crops.dtype} {list(crops.shape)}"
        raise UserError(f"{path} must hold crops, uint8 (frames, height, width), but holds {found}")
    return crops


def sentence_of(path: Path) -> tuple[str, tuple[Word, ...]]:
    """What is said in a clip, and its words where the times are known."""
    align, named = path.with_suffix(ALIGN), sentence_named(path.stem)
    if not align.exists():
        if named is None:
            raise UserError(
                f"{path} must be called as GRID's files, such as swwp2s{path.suffix}, or have {align.name} beside it"
            )
        return named, ()
    words = read_align(align)
    sentence = " ".join(word.text for word in words)
    # GRID's .align files write out letters and digits as its names do.
    if named not in (None, sentence):
        raise UserError(
            f"{align} must say what the name says, {named!r}, but says {sentence!r:.80}"
        )
    return sentence, words


def read_align(path: str | Path) -> tuple[Word, ...]:
    """The words of an ``.align`` file, without the silences.

    Raises
    ------
    UserError
        With the line that is no ``start end word``, or whose times go back.
    """
    said, last = [], 0
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if not line.strip():
            continue
        found = re.fullmatch(r"\s*([0-9]+)\s+([0-9]+)\s+([a-z]+)\s*", line)
        if not found:
            raise UserError(
                f"{path}, line {number}: there must be a start, an end and a word in small letters, but is"
                f" {printable(line, 40)!r}"
            )
        # Twelve digits are too large already; of thousands Python makes no number.
        start, end = int(found[1][:12]), int(found[2][:12])
        if not last <= start <= end <= LARGEST:
            raise UserError(
                f"{path}, line {number}: times must go on from {last}, but are {start} and {end}"
            )
        last = end
        if found[3] not in SILENT:
            said.append(Word(start, end, found[3]))
    if not said:
        raise UserError(f"{path} must hold lines of start, end and word, but holds no word")
    return tuple(said)


def align_text(words: tuple[Word, ...], frames: int) -> str:
    """The text of an ``.align`` file: `words`, and the silence around them to the end of the clip.

    Examples
    --------
    >>> print(align_text((Word(1000, 2500, "set"),), 4))
    0 1000 sil
    1000 2500 set
    2500 4000 sil
    """
    lines, last = [], 0
    for word in words:
        if word.start > last:
            lines.append(f"{last} {word.start} {'sp' if last else 'sil'}")
        lines.append(f"{word.start} {word.end} {word.text}")
        last = word.end
    if last < frames * UNITS:
        lines.append(f"{last} {frames * UNITS} sil")
    return "\n".join(lines)


def crops_bytes(crops: np.ndarray) -> bytes:
    """The npz file of ``crops (T, height, width)``, uint8."""
    file = io.BytesIO()
    np.savez_compressed(file, crops=crops)
    return file.getvalue()


def sample() -> dict[str, bytes]:
    """Four clips of few frames, in which bars of light stand for letters."""
    files = {}
    for number, sentence in enumerate(("bin", "at a", "soon", "by")):
        frames = np.full((8, 10, 20), 90, "uint8")
        for place, letter in enumerate(sentence.replace(" ", "")):
            frames[2 * place : 2 * place + 2, :, ord(letter) % 19] = 220
        texts = sentence.split()
        words = tuple(Word(3000 * i, 3000 * i + 3000, text) for i, text in enumerate(texts))
        files[f"clip{number}{CROPS}"] = crops_bytes(frames)
        files[f"clip{number}{ALIGN}"] = (align_text(words, 8) + "\n").encode()
    return files


SAMPLE = sample()
