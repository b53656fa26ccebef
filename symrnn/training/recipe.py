"""`Recipe`: a network with its data, its update rule and its test, which is what `symrnn train` runs.

A recipe is a frozen dataclass. Its fields are the options of ``symrnn train NAME --set FIELD=VALUE`` and stand
in every checkpoint; everything else follows from them, so two recipes that are equal train alike. `batch` is a
function of the step alone: nothing but shared variables has to be saved for a run to go on bit-exactly.
Random masks, such as dropout's, are therefore inputs of the graph that `batch` draws, not states of it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from symrnn.errors import UserError
from symrnn.graph import TrainingGraph
from symrnn.typing import Updates

if TYPE_CHECKING:
    from symrnn.training.network import Network


@dataclass(frozen=True, kw_only=True)
class Recipe(ABC):
    """How one network is trained, tested and used.

    Attributes
    ----------
    seed
        Of the parameters, the split of the data, and the order of the batches.
    steps
        Updates to make.
    batch_size
        B.
    small
        Options of versions that are built in a moment, one for each kind of network that the options select; tests take
        them through all that a recipe must do.
    free
        Options that may change when a run goes on from a checkpoint: ``{"steps"}`` where no update depends on how many
        there will be, as it does with a schedule.
    """

    free: ClassVar[frozenset[str]] = frozenset()
    small: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)

    seed: int = 0
    steps: int = 1000
    batch_size: int = 64

    @abstractmethod
    def data(self, path: Path | None = None) -> Any:
        """What to train and test on: the file at `path`, or the embedded data."""

    @abstractmethod
    def graph(self) -> TrainingGraph:
        """The network with fresh parameters."""

    @abstractmethod
    def updates(self, graph: TrainingGraph) -> Updates:
        """One update of the parameters; states carried from batch to batch are keys too."""

    @abstractmethod
    def batch(self, data: Any, step: int) -> list[np.ndarray]:
        """The inputs of the update number `step`, counted from 0, in the order of ``graph.inputs``."""

    @abstractmethod
    def test(self, network: "Network", data: Any) -> Mapping[str, float]:
        """Readings on held-out data by name; ``network(output, *inputs)`` evaluates an output of the graph."""

    @abstractmethod
    def predict(
        self, network: "Network", words: tuple[str, ...], path: Path | None = None
    ) -> Iterable[str]:
        """Lines that show the trained network at work, on the arguments `words` or the file at `path`."""


def returned(recipe: Recipe, method: str, value: Any, kind: type | UnionType, expected: str) -> Any:
    """What a method of a recipe returned, refused where it is not of its `kind`, in words the `expected`."""
    if not isinstance(value, kind):
        raise UserError(
            f"{type(recipe).__name__}.{method}() must return {expected}, but returned {value!r:.60}"
        )
    return value


def epoch_batch(count: int, batch_size: int, step: int, seed: int) -> list[int]:
    """Indices ``(B,)`` of the batch number `step` of `count` samples, shuffled anew each epoch; a rest is dropped.

    Raises
    ------
    UserError
        When there are fewer samples than a batch takes.

    Examples
    --------
    >>> first, second = (epoch_batch(6, 3, step, seed=0) for step in (0, 1))
    >>> sorted([*first, *second])
    [0, 1, 2, 3, 4, 5]
    """
    per_epoch = count // batch_size
    if per_epoch == 0:
        raise UserError(
            f"batch_size must be at most the number of samples, {count}, but is {batch_size};"
            f" add --set batch_size={count}, or give more data"
        )
    epoch, at = divmod(step, per_epoch)
    return shuffled(count, epoch, seed)[at * batch_size : (at + 1) * batch_size]


@lru_cache(maxsize=4)
def shuffled(count: int, epoch: int, seed: int) -> list[int]:
    """``range(count)`` in the order of one epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count).tolist()
