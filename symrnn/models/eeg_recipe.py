"""What the recipes `eeg_cnn_lstm` and `eeg_cnn_gru` share: EEG, how it is prepared and split, and what is said of it.

Without a path the recordings are those of `symrnn.data.eeg_generator`. A path is one of DEAP's ``sXX.dat`` or a folder
of them, an ``sXX.bdf`` or ``.edf`` as the amplifier wrote it or a folder of them, or a pair ``NAME_TRAIN.ts`` and
``NAME_TEST.ts``, one of the two or their folder, whose split is given and whose series are taken whole. Whatever is
fitted to data, the scaling and the network, is fitted to the training part alone.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import pytensor

from symrnn.data import READERS, deap, eeg_raw, ts
from symrnn.data.eeg_generator import EEGGenerator
from symrnn.data.eeg_recordings import CHANNELS, CLASSES, Recordings, Segments, segments_of
from symrnn.data.eeg_splits import SPLITS, shuffled_by_recording, split_places
from symrnn.data.eeg_steps import SCALINGS, Signal, fitted_scaling, prepared, steps_named
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.models.eeg_network import EEGShape, eeg_network
from symrnn.training.network import Network
from symrnn.training.recipe import epoch_batch
from symrnn.training.rules import RuleRecipe

SHOWN = 8  # recordings that `predict` tells of unless told which
LABELS = ("true", "shuffled")


class EEGData(NamedTuple):
    """Segments to train and to test on, and the names of the classes."""

    train: Segments
    test: Segments
    classes: tuple[str, ...]


@dataclass(frozen=True)
class EEGRecipe(RuleRecipe):
    """A class for each stretch of EEG.

    Attributes
    ----------
    samples, channels, classes
        Of a stretch, as for `symrnn.models.eeg_network.EEGShape`; with ``.ts`` files they must be those of the series.
    blocks, filters, window, pool, hidden_size, readout, members
        As for `symrnn.models.eeg_network.EEGShape`.
    split, folds, fold
        As for `symrnn.data.eeg_splits.split_places`.
    labels
        ``"shuffled"``: dealt out anew among the recordings, or among the training series where the split is given.
    prepare
        Steps of `symrnn.data.eeg_steps` with ``+`` between them.
    scaling
        ``"z_score"`` or ``"min_max"``.
    mean_of
        Samples of a series whose mean is one sample for the network.
    deltas
        Whether the differences between a sample and the one before it are channels too, which brings out what is fast.
    dropout
        The share of the units that is dropped, at least 0 and below 1.
    noise
        Deviation of the noise that is added to what is trained on, drawn anew each time.
    shift
        The most samples that a stretch is moved in time before it is trained on; its first or last sample is repeated.
    rule, learning_rate, weight_decay, max_norm, schedule
        As for `symrnn.training.rules.rule_updates`.
    """

    steps: int = 600
    samples: int = 128
    channels: int = len(CHANNELS)
    classes: int = len(CLASSES)
    blocks: int = 2
    filters: int = 32
    window: int = 5
    pool: int = 4
    hidden_size: int = 32
    readout: str = "last"
    members: int = 1
    split: str = "recording"
    folds: int = 5
    fold: int = 0
    labels: str = "true"
    prepare: str = "eyes+average+baseline"
    scaling: str = "z_score"
    mean_of: int = 1
    deltas: bool = False
    dropout: float = 0.2
    noise: float = 0.0
    shift: int = 0
    learning_rate: float = 0.005

    small: ClassVar = (
        {
            **{"samples": 16, "blocks": 1, "window": 2, "pool": 8},
            **{"filters": 3, "hidden_size": 3, "batch_size": 4, "folds": 4},
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("split", self.split, SPLITS)
        check_choice("labels", self.labels, LABELS)
        check_choice("scaling", self.scaling, SCALINGS)
        steps_named(self.prepare)
        if not 0 <= self.fold < self.folds:
            raise UserError(
                f"fold must be at least 0 and below folds, {self.folds}, but is {self.fold}"
            )
        if self.shift >= self.shape.samples:
            raise UserError(
                f"shift must be below the samples that the network reads, {self.shape.samples}, but is {self.shift}"
            )

    @property
    @abstractmethod
    def cell(self) -> str:
        """A key of `symrnn.cells.CELLS`."""

    @property
    def shape(self) -> EEGShape:
        """The sizes of the network."""
        return EEGShape(
            samples=self.samples // self.mean_of,
            channels=self.channels * (1 + self.deltas),
            classes=self.classes,
            blocks=self.blocks,
            filters=self.filters,
            window=self.window,
            pool=self.pool,
            hidden_size=self.hidden_size,
            readout=self.readout,
            members=self.members,
        )

    def data(self, path: Path | None = None) -> EEGData:
        if path is not None and ts.is_ts(path):
            parts, classes = self.given(*ts.read(path))
        else:
            parts, classes = self.divided(recordings_at(path)), CLASSES
        found = {"samples": parts[0].xs.shape[1], "channels": parts[0].xs.shape[2]}
        check_options_fit(self, found | {"classes": len(classes)}, is_made_up=path is None)
        train, test = (part._replace(xs=self.features(part.xs)) for part in parts)
        scaled = fitted_scaling(self.scaling, train.xs)
        train, test = (part._replace(xs=scaled(part.xs)) for part in (train, test))
        return EEGData(train, test, classes)

    def features(self, xs: np.ndarray) -> np.ndarray:
        """What the network reads of ``xs (S, T, C)``, not yet scaled."""
        xs = means_of(xs, self.mean_of)
        if not self.deltas:
            return xs
        return np.concatenate([xs, np.diff(xs, axis=1, prepend=xs[:, :1])], axis=2)

    def divided(self, recordings: Recordings) -> tuple[Segments, Segments]:
        """Prepared recordings, cut and split."""
        names = steps_named(self.prepare)
        xs = np.stack(
            [
                prepared(Signal(x, eyes, 128.0), names).xs.astype("float32")
                for x, eyes in zip(recordings.xs, recordings.eyes, strict=True)
            ]
        )
        cut = segments_of(xs, recordings.labels, recordings.subjects, self.samples)
        if self.labels == "shuffled":
            cut = shuffled_by_recording(cut, self.seed)
        parts = split_places(cut, self.split, folds=self.folds, fold=self.fold, seed=self.seed)
        train, test = (cut.take(places) for places in parts)
        return train, test

    def given(
        self, train: ts.LabelledSeries, test: ts.LabelledSeries
    ) -> tuple[tuple[Segments, Segments], tuple[str, ...]]:
        """The parts of a split that is given, each series a recording."""
        parts = []
        for series in (train, test):
            places = np.arange(len(series.labels), dtype="int32")
            stretches = np.ascontiguousarray(series.xs.transpose(0, 2, 1))
            parts.append(Segments(stretches, series.labels, places, np.zeros_like(places)))
        if self.labels == "shuffled":
            parts[0] = shuffled_by_recording(parts[0], self.seed)
        return (parts[0], parts[1]), train.classes

    def graph(self) -> TrainingGraph:
        return eeg_network(self.cell, self.shape, batch=self.batch_size, seed=self.seed)

    def batch(self, data: EEGData, step: int) -> list[np.ndarray]:
        drawn = epoch_batch(len(data.train.labels), self.batch_size, step, self.seed)
        # Drawn from the step, so that a broken run goes on alike.
        rng = np.random.default_rng([self.seed, step])
        xs = moved(data.train.xs[drawn], rng.integers(-self.shift, self.shift + 1, len(drawn)))
        if self.noise:
            xs = xs + self.noise * rng.standard_normal(xs.shape)
        return [time_first(xs), *self.masks(rng), data.train.labels[drawn]]

    def masks(self, rng: np.random.Generator | None = None) -> list[np.ndarray]:
        """Dropout masks ``(M, B, F)`` and ``(2, B, H)`` of each member; ones without `rng`."""
        shape, dtype = self.shape, pytensor.config.floatX
        sizes = (
            (shape.members * shape.blocks, self.batch_size, shape.filters),
            (shape.members * 2, self.batch_size, shape.hidden_size),
        )
        if rng is None:
            return [np.ones(size, dtype) for size in sizes]
        return [
            ((rng.random(size) >= self.dropout) / (1 - self.dropout)).astype(dtype)
            for size in sizes
        ]

    def probabilities(self, network: Network, segments: Segments) -> np.ndarray:
        """Of each class, for each segment, ``(S, K)``."""
        count, masks = len(segments.labels), self.masks()
        found = []
        for begin in range(0, count, self.batch_size):
            xs = segments.xs[begin : begin + self.batch_size]
            # The graph knows B, so the last batch is filled up.
            missing = self.batch_size - len(xs)
            filled = np.pad(xs, ((0, missing), (0, 0), (0, 0)))
            found.append(network("logits", time_first(filled), *masks)[: len(xs)])
        logits = np.concatenate(found)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def test(self, network: Network, data: EEGData) -> dict[str, float]:
        from sklearn.metrics import f1_score

        shares = self.probabilities(network, data.test)
        said, labels = shares.argmax(axis=1), data.test.labels
        whole, true = by_recording(shares, data.test)
        return {
            "segments": labels.size,
            "accuracy": float((said == labels).mean()),
            "accuracy by recording": float((whole.argmax(axis=1) == true).mean()),
            "F1": float(f1_score(labels, said, average="macro", zero_division=0)),
        }

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        data = self.data(path)
        shares, true = by_recording(self.probabilities(network, data.test), data.test)
        numbers = np.unique(data.test.recordings).tolist()
        for number in chosen_among(words, numbers):
            at = numbers.index(number)
            said = int(shares[at].argmax())
            yield (
                f"recording {number}: {data.classes[said]} with {100 * shares[at, said]:.0f} %,"
                f" is {data.classes[true[at]]}"
            )


def recordings_at(path: Path | None) -> Recordings:
    """Those of a path, or made up; the same ones whatever the seed of a training."""
    if path is None:
        return EEGGenerator().recordings()
    if not path.exists():
        raise UserError(f"{path} must be {READERS['deap']}, but there is none")
    if eeg_raw.is_raw(path):
        return eeg_raw.read(path)
    if not deap.is_preprocessed(path):
        found = "holds none" if path.is_dir() else "is another file"
        raise UserError(f"{path} must be {READERS['deap']}, but {found}")
    return deap.read(path)


def check_options_fit(recipe: EEGRecipe, found: dict[str, int], *, is_made_up: bool) -> None:
    """Refuse options that are not the sizes of the data, naming all that must change."""
    wrong = {name: size for name, size in found.items() if getattr(recipe, name) != size}
    if wrong:
        names = " and ".join(wrong)
        options = " ".join(f"--set {name}={size}" for name, size in wrong.items())
        had = " and ".join(str(getattr(recipe, name)) for name in wrong)
        sizes = " and ".join(map(str, wrong.values()))
        raise UserError(
            f"{names} must be those of the data, {sizes}, but are {had}; add {options}"
            # A network that was trained on a file asks for that file again when it is to predict.
            + ", or, for the data that they are of, --data PATH" * is_made_up
        )


def means_of(xs: np.ndarray, count: int) -> np.ndarray:
    """``(S, T // count, C)``, the means of every `count` samples of ``xs (S, T, C)``.

    Examples
    --------
    >>> means_of(np.arange(5.0).reshape(1, 5, 1), 2).ravel()
    array([0.5, 2.5])
    """
    if count == 1:
        return xs
    cases, samples, channels = xs.shape
    kept = xs[:, : samples // count * count]
    return kept.reshape(cases, samples // count, count, channels).mean(axis=2)


def moved(xs: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """``xs (B, T, C)``, each later by its number in ``moves (B,)``; the first or last sample fills what is missing.

    Examples
    --------
    >>> moved(np.arange(6.0).reshape(2, 3, 1), np.array([1, -1]))[:, :, 0].tolist()
    [[0.0, 0.0, 1.0], [4.0, 5.0, 5.0]]
    """
    if not moves.any():
        return xs
    count, samples, _ = xs.shape
    times = np.clip(np.arange(samples) - moves[:, None], 0, samples - 1)
    return xs[np.arange(count)[:, None], times]


def time_first(xs: np.ndarray) -> np.ndarray:
    """``(T, B, C)`` of ``xs (B, T, C)``, as the graph reads them."""
    return np.ascontiguousarray(xs.transpose(1, 0, 2), dtype=pytensor.config.floatX)


def by_recording(shares: np.ndarray, segments: Segments) -> tuple[np.ndarray, np.ndarray]:
    """The mean of ``shares (S, K)`` over the segments of each recording, ``(R, K)``, and its label, ``(R,)``."""
    _, first, which = np.unique(segments.recordings, return_index=True, return_inverse=True)
    sums = np.stack([np.bincount(which, weights=column) for column in shares.T], axis=1)
    return sums / np.bincount(which)[:, None], segments.labels[first]


def chosen_among(words: tuple[str, ...], numbers: list[int]) -> list[int]:
    """The recordings asked for; the first few where there are none."""
    for word in words:
        if not word.isdecimal() or int(word) not in numbers:
            listed = ", ".join(map(str, numbers[:20])) + (" ..." if len(numbers) > 20 else "")
            raise UserError(f"give numbers of recordings held out, {listed}, but got {word!r}")
    return [int(word) for word in words] or numbers[:SHOWN]
