"""The recipe `lip_reading`: LipNet reads sentences from lips.

Without a path the clips are those of `symrnn.data.talking_mouths`, rendered as they are asked for; those tested are of
speakers that were not trained on. A path is GRID, as `symrnn.data.grid` reads it. Sentences are tested as they are read
off, letter by letter, and as the likeliest ones of GRID's grammar.

>>> recipe = LipReader(size="tiny", batch_size=2)
>>> [f"{var.name} {var.type.shape}" for var in recipe.graph().inputs]
['xs (8, 2, 8, 8)', 'mask1 (2, 3)', 'labels (2, 4)', 'label_lengths (2,)']
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytensor

from symrnn.data.clips import Clip, standardised
from symrnn.data.files import write_file
from symrnn.data.grid import CROPS, VIDEOS, crops_bytes, crops_in, read
from symrnn.data.grid_grammar import encoded
from symrnn.data.talking_mouths import TalkingMouths
from symrnn.data.video import read_video, subtitled, write_video
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.models.lip_decoding import read_by_grammar, read_off
from symrnn.models.lip_network import SIZES, LipShape, lip_network
from symrnn.ops.error_rates import character_error_rate, word_error_rate
from symrnn.training.network import Network
from symrnn.training.recipe import epoch_batch
from symrnn.training.rules import RuleRecipe

CLIPS_EACH = 10  # of a rendered speaker; all together are kept in memory, a third of a GB
STRANGERS = 10**6  # the number of the first rendered speaker to test on
UNSEEN = ("s1", "s2", "s20", "s22")  # GRID's speakers that LipNet is tested on
HELD_EVERY = 10  # clips, of which one is held out where they are all in one folder
SHOWN = 4  # clips that `predict` reads unless told which


class Rendered(Sequence[Clip]):
    """Clips of so many speakers, each rendered when it is first asked for."""

    def __init__(self, mouths: TalkingMouths, first: int, speakers: int, each: int) -> None:
        self.mouths, self.first, self.speakers, self.each = mouths, first, speakers, each
        self.rendered: dict[int, Clip] = {}

    def __len__(self) -> int:
        return self.speakers * self.each

    def __getitem__(self, number: Any) -> Any:
        # What walks a Sequence stops at this error; a negative number would be a clip of another speaker.
        if not 0 <= number < len(self):
            raise IndexError(number)
        if number not in self.rendered:
            # Speaker after speaker, so that clips next to each other are of different ones.
            clip, speaker = divmod(int(number), self.speakers)
            self.rendered[number] = self.mouths.clip(clip, speaker=self.first + speaker)
        return self.rendered[number]


class LipData(NamedTuple):
    """Clips to train and to test on."""

    train: Sequence[Clip]
    test: Sequence[Clip]


@dataclass(frozen=True)
class LipReader(RuleRecipe):
    """Sentences from lips.

    Attributes
    ----------
    size
        A key of `symrnn.models.lip_network.SIZES`: ``"small"``, or ``"full"`` for LipNet's.
    dropout
        The share of the channels that is dropped, at least 0 and below 1.
    speakers
        Rendered speakers to train on, ten clips each.
    tested
        Rendered clips to test on, each of another speaker.
    jitter, dropped, distinct
        Of rendered clips, as for `symrnn.data.talking_mouths.TalkingMouths`.
    held_out
        Speakers of a corpus, the names of their folders with ``+`` between, which are not trained on but tested on. By
        default those that LipNet is tested on; of one folder every tenth clip. ``"none"``: what is trained on is
        tested on.
    beam
        Sentences that the search keeps on its way through a clip.
    weight
        How much GRID's grammar counts in it; 0 for not at all.
    crops
        A folder to which `predict` writes what it cut out of a video; "" for none.
    subtitles
        Whether `predict` writes there the video with what it read, too.
    rule, learning_rate, weight_decay, max_norm, schedule
        As for `symrnn.training.rules.rule_updates`.
    """

    steps: int = 2200
    batch_size: int = 12
    size: str = "small"
    dropout: float = 0.1
    speakers: int = 400
    tested: int = 100
    jitter: float = 1.0
    dropped: float = 0.0
    distinct: float = 1.0
    held_out: str = ""
    beam: int = 16
    weight: float = 1.0
    crops: str = "lips"
    subtitles: bool = False
    learning_rate: float = 0.004
    max_norm: float = 1.0

    free: ClassVar = frozenset(
        {"tested", "jitter", "dropped", "beam", "weight", "crops", "subtitles"}
    )
    small: ClassVar = ({"size": "tiny", "batch_size": 3, "dropout": 0.0, "crops": ""},)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("size", self.size, SIZES)

    @property
    def shape(self) -> LipShape:
        """The sizes of the network."""
        return SIZES[self.size]

    def data(self, path: Path | None = None) -> LipData:
        if path is not None:
            clips = read(path)
            for clip in clips:
                self.check_fits(clip)
            return split(clips, self.held_out)
        mouths = TalkingMouths(
            height=self.shape.height,
            width=self.shape.width,
            jitter=self.jitter,
            dropped=self.dropped,
            distinct=self.distinct,
        )
        return LipData(
            Rendered(mouths, 0, self.speakers, CLIPS_EACH),
            Rendered(mouths, STRANGERS, self.tested, 1),
        )

    def check_fits(self, clip: Clip) -> None:
        """Refuse a clip that the network has too few frames for."""
        self.check_frames(
            clip.frames, f"the clip of {clip.speaker} that says {clip.sentence!r:.60}"
        )
        if not 0 < len(clip.sentence) <= self.shape.longest:
            raise UserError(
                f"a sentence must have at most {self.shape.longest} letters, but {clip.sentence!r:.80} has"
                f" {len(clip.sentence)}"
            )

    def check_frames(self, frames: np.ndarray, who: str) -> None:
        """Refuse more frames than the network reads."""
        if len(frames) > (most := self.shape.frames):
            raise UserError(f"{who} must have at most {most} frames, but has {len(frames)}; cut it")

    def graph(self) -> TrainingGraph:
        return lip_network(self.size, batch=self.batch_size, seed=self.seed)

    def batch(self, data: LipData, step: int) -> list[np.ndarray]:
        drawn = epoch_batch(len(data.train), self.batch_size, step, self.seed)
        rng = np.random.default_rng([self.seed, step])
        clips = [data.train[number] for number in drawn]
        labels = np.zeros((self.batch_size, self.shape.longest), "int32")
        for row, clip in zip(labels, clips, strict=True):
            row[: len(clip.sentence)] = encoded(clip.sentence)
        lengths = np.array([len(clip.sentence) for clip in clips], "int32")
        return [self.seen([clip.frames for clip in clips]), *self.masks(rng), labels, lengths]

    def seen(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """``(T, B, height, width)``: crops as the network reads them; blank ones fill up the batch."""
        shape = self.shape
        xs = np.zeros(
            (shape.frames, self.batch_size, shape.height, shape.width), pytensor.config.floatX
        )
        for i, frames in enumerate(clips):
            xs[:, i] = standardised(frames, shape.frames, shape.height, shape.width)
        return xs

    def masks(self, rng: np.random.Generator | None = None) -> list[np.ndarray]:
        """Dropout masks ``(B, F)`` of each block; ones without `rng`."""
        sizes = [(self.batch_size, filters) for filters in self.shape.filters]
        dtype = pytensor.config.floatX
        if rng is None:
            return [np.ones(size, dtype) for size in sizes]
        return [
            ((rng.random(size) >= self.dropout) / (1 - self.dropout)).astype(dtype)
            for size in sizes
        ]

    def logits(self, network: Network, clips: Sequence[np.ndarray]) -> np.ndarray:
        """``(T, N, C)`` for the frames of N clips."""
        masks, found = self.masks(), []
        for begin in range(0, len(clips), self.batch_size):
            few = clips[begin : begin + self.batch_size]
            found.append(network("logits", self.seen(few), *masks)[:, : len(few)])
        return np.concatenate(found, axis=1)

    def read(self, network: Network, clips: Sequence[np.ndarray]) -> tuple[list[str], list[str]]:
        """The sentences of each clip's frames: read off, and by the grammar."""
        logits = self.logits(network, clips)
        return read_off(logits), read_by_grammar(logits, beam=self.beam, weight=self.weight)

    def test(self, network: Network, data: LipData) -> dict[str, float]:
        clips = list(data.test)
        true = [clip.sentence for clip in clips]
        rates: dict[str, float] = {"clips": len(clips)}
        kinds = ("read off", "by the grammar")
        for kind, found in zip(kinds, self.read(network, [c.frames for c in clips]), strict=True):
            rates[f"CER {kind}"] = character_error_rate(found, true)
            rates[f"WER {kind}"] = word_error_rate(found, true)
        return rates

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        if words:
            for word in words:
                yield from self.shown(network, Path(word) if path is None else path / word)
            return
        # No slice: rendered clips are made as they are asked for, one by one, and no more than are shown.
        clips = [clip for _, clip in zip(range(SHOWN), self.data(path).test, strict=False)]
        _, found = self.read(network, [clip.frames for clip in clips])
        for clip, sentence in zip(clips, found, strict=True):
            yield f"{clip.speaker}: {sentence or 'nothing'} (said: {clip.sentence})"

    def shown(self, network: Network, path: Path) -> Iterator[str]:
        """What is read in the clip at `path`, and what is written of it."""
        frames = crops_in(path)
        self.check_frames(frames, str(path))
        [sentence] = self.read(network, [frames])[1]
        yield sentence or "nothing"
        if not self.crops:
            return
        folder = Path(self.crops)
        crops = folder / f"{path.stem}{CROPS}"
        write_file(crops, crops_bytes(frames))
        yield f"crops: {crops}"
        if self.subtitles and path.suffix.lower() in VIDEOS:
            whole, rate = read_video(path)
            video = folder / f"{path.stem}.avi"
            write_video(video, subtitled(whole, sentence, video), rate)
            yield f"with subtitles: {video}"


def split(clips: list[Clip], held_out: str) -> LipData:
    """Clips to train and to test on; see `LipReader`."""
    if held_out == "none":
        return LipData(clips, clips)
    speakers = sorted({clip.speaker for clip in clips})
    if held_out:
        names = held_out.split("+")
        if missing := [name for name in names if name not in speakers]:
            raise UserError(
                f"held_out must name speakers, among {', '.join(speakers)[:200]}, but names {missing[0]!r}"
            )
    else:
        names = [name for name in UNSEEN if name in speakers] or speakers[-1:]
    if len(speakers) > 1:
        parts = (
            [clip for clip in clips if clip.speaker not in names],
            [clip for clip in clips if clip.speaker in names],
        )
    else:
        # The last one, too, for a folder of fewer clips.
        held = [i % HELD_EVERY == HELD_EVERY - 1 or i == len(clips) - 1 for i in range(len(clips))]
        parts = (
            [clip for clip, is_held in zip(clips, held, strict=True) if not is_held],
            [clip for clip, is_held in zip(clips, held, strict=True) if is_held],
        )
    if not all(parts):
        raise UserError(
            f"there must be clips to train and to test on, but there are {len(parts[0])} and {len(parts[1])};"
            " give more clips, or --set held_out=none"
        )
    return LipData(*parts)
