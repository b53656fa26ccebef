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
        them through all that a recipe must do, on the few samples of the reader's `SAMPLE`.
    free
        Options that may change when a run goes on from a checkpoint: ``{"steps"}`` where no update depends on how many
        there will be, as it does with a schedule.
    """

    free: ClassVar[frozenset[str]] = frozenset()
    small: ClassVar[tuple[Mapping[str, Any], ...]] = ({"batch_size": 2},)

    seed: int = 0
    steps: int = 1000
    batch_size: int = 64

    def __post_init__(self) -> None:
        check_options(self)

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

    def notes(self, data: Any) -> str:
        """What of the data the trained network needs, a vocabulary say: ``network.notes`` of `test` and `predict`."""
        return ""

    def validation_loss(self, network: "Network", data: Any) -> float:
        """What a rule such as `symrnn.updates.nt_asgd` waits for, every `validation_steps`."""
        raise UserError(
            f"{type(self).__name__} must define validation_loss() for a rule that waits for validation losses;"
            " take another rule"
        )

    @property
    def validation_steps(self) -> int:
        """Updates from one validation loss to the next."""
        return 100

    @abstractmethod
    def predict(
        self, network: "Network", words: tuple[str, ...], path: Path | None = None
    ) -> Iterable[str]:
        """Lines that show the trained network at work, on the arguments `words` or the file at `path`."""


def check_options(recipe: Recipe) -> None:
    """Refuse an option of another type than its default, or a number that its name does not allow.

    Numbers are finite. Whole ones are at least 1 and others above zero, but for `FROM_ZERO`, `SHARES`, which are also
    below 1, and those whose default is 0; where the default is below 0, so may the option be.

    Examples
    --------
    >>> from symrnn.models.binary_adder import BinaryAdder
    >>> BinaryAdder(steps=0)
    Traceback (most recent call last):
    symrnn.errors.UserError: steps must be at least 1, but is 0
    """
    for field in fields(recipe):
        value: Any = getattr(recipe, field.name)
        default: Any = field.default
        kind = type(default)
        fitting, words = KINDS[kind]
        # For Python True is a whole number; as a number of steps it is a slip.
        if not isinstance(value, fitting) or (isinstance(value, bool) and kind is not bool):
            raise UserError(f"{field.name} must be {words}, but is {value!r:.60}")
        if field.name == "dtype" and value not in DTYPES:
            raise UserError(f"dtype must be {' or '.join(DTYPES)}, but is {value!r:.60}")
        if kind in (int, float) and (rule := broken_rule(field.name, default, value)):
            raise UserError(f"{field.name} must be {rule}, but is {value}")


def broken_rule(name: str, default: float, value: Any) -> str:
    """The rule that a number breaks, in words; "" for none."""
    is_whole = isinstance(default, int)
    if is_whole and value >= LIMIT:
        return "below 2**63"
    if not abs(value) < math.inf:
        return "finite"
    if default < 0:
        return ""
    if name in SHARES:
        return "at least 0 and below 1" if not 0 <= value < 1 else ""
    if name in FROM_ZERO or default == 0:
        return "at least 0" if value < 0 else ""
    if is_whole:
        return "at least 1" if value < 1 else ""
    return "above 0" if value <= 0 else ""


KINDS: dict[
    type, tuple[type, str]
] = {  # type of a default: what its option may be, and how that is said
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    bool: (bool, "true or false"),
    str: (str, "a text"),
}
LIMIT = 2**63  # of whole numbers
DTYPES = ("float32", "float64")
FROM_ZERO = {
    *("shift", "weight_decay", "max_norm", "temperature"),
    *("jitter", "distinct", "weight"),  # of lip reading
    "cutout",
    "noise",  # of the image codec
    *("ar", "tar", "cache", "cache_sharpness"),  # of words
}
SHARES = {
    *("momentum", "rho", "dropout"),
    *("word_dropout", "input_dropout", "layer_dropout", "output_dropout", "weight_dropout"),
    *("zoneout", "cache_weight"),
}


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
    # A function of the step alone: a run that goes on meets the batches that it would have met.
    epoch, at = divmod(step, per_epoch)
    return shuffled(count, epoch, seed)[at * batch_size : (at + 1) * batch_size]


@lru_cache(maxsize=4)
def shuffled(count: int, epoch: int, seed: int) -> list[int]:
    """``range(count)`` in the order of one epoch."""
    # A list of two numbers seeds each pair apart; their sum would give an epoch of one seed to the next seed.
    return np.random.default_rng([seed, epoch]).permutation(count).tolist()
