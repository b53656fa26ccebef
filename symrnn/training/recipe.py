"""`Recipe`: a network with its data, its update rule and its test, which is what `symrnn train` runs.

A recipe is a frozen dataclass. Its fields are the options of ``symrnn train NAME --set FIELD=VALUE`` and stand
in every checkpoint; everything else follows from them, so two recipes that are equal train alike. `batch` is a
function of the step alone: nothing but shared variables has to be saved for a run to go on bit-exactly.
Random masks, such as dropout's, are therefore inputs of the graph that `batch` draws, not states of it.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from numbers import Integral, Real
from pathlib import Path
from typing import ClassVar

import numpy as np

from symrnn.errors import UserError
from symrnn.graph import TrainingGraph
from symrnn.typing import Updates


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
    free
        Options that may change when a run goes on from a checkpoint: ``{"steps"}`` where no update depends on how many
        there will be, as it does with a schedule.
    """

    free: ClassVar[frozenset[str]] = frozenset()

    seed: int = 0
    steps: int = 1000
    batch_size: int = 64

    def __post_init__(self):
        check_options(self)

    @abstractmethod
    def data(self, path: Path | None = None):
        """What to train and test on: the file at `path`, or the embedded data."""

    @abstractmethod
    def graph(self) -> TrainingGraph:
        """The network with fresh parameters."""

    @abstractmethod
    def updates(self, graph: TrainingGraph) -> Updates:
        """One update of the parameters; states carried from batch to batch are keys too."""

    @abstractmethod
    def batch(self, data, step: int) -> list[np.ndarray]:
        """The inputs of the update number `step`, counted from 0, in the order of ``graph.inputs``."""

    @abstractmethod
    def test(self, network, data) -> Mapping[str, float]:
        """Readings on held-out data by name; ``network(output, *inputs)`` evaluates an output of the graph."""

    @abstractmethod
    def predict(self, network, words: tuple[str, ...], path: Path | None = None) -> Iterable[str]:
        """Lines that show the trained network at work, on the arguments `words` or the file at `path`."""


def check_options(recipe):
    """Refuse an option of another type than its default, or a number that its name does not allow.

    Numbers are finite. Whole ones are at least 1, but for `FROM_ZERO`; others are above zero, but for `FROM_ZERO` and
    for `SHARES`, which are also below 1.

    Examples
    --------
    >>> from symrnn.models.binary_adder import BinaryAdder
    >>> BinaryAdder(steps=0)
    Traceback (most recent call last):
    symrnn.errors.UserError: steps must be at least 1, but is 0
    """
    for field in fields(recipe):
        value, kind = getattr(recipe, field.name), type(field.default)
        fitting, words = KINDS[kind]
        if not isinstance(value, fitting) or (isinstance(value, bool) and kind is not bool):
            raise UserError(f"{field.name} must be {words}, but is {value!r:.60}")
        if field.name == "dtype" and value not in DTYPES:
            raise UserError(f"dtype must be {' or '.join(DTYPES)}, but is {value!r:.60}")
        if kind in (int, float) and (rule := broken_rule(field.name, value, kind)):
            raise UserError(f"{field.name} must be {rule}, but is {value}")


def broken_rule(name, value, kind):
    """The rule that a number breaks, in words; "" for none."""
    if kind is int and value >= LIMIT:
        return "below 2**63"
    if not abs(value) < math.inf:
        return "finite"
    if name in FROM_ZERO:
        return "at least 0" if value < 0 else ""
    if name in SHARES:
        return "at least 0 and below 1" if not 0 <= value < 1 else ""
    if kind is int:
        return "at least 1" if value < 1 else ""
    return "above 0" if value <= 0 else ""


KINDS = {  # type of a default: what its option may be, and how that is said
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    bool: (bool, "true or false"),
    str: (str, "a text"),
}
LIMIT = 2**63  # of whole numbers
DTYPES = ("float32", "float64")
FROM_ZERO = {"seed", "shift", "weight_decay", "temperature"}
SHARES = {"momentum", "rho", "dropout"}


def epoch_batch(count, batch_size, step, seed):
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
def shuffled(count, epoch, seed):
    """``range(count)`` in the order of one epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count).tolist()
