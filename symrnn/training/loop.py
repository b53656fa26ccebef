"""`Training`: the update of a recipe, compiled, with the state that a checkpoint saves."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors

from symrnn.data.files import fingerprint
from symrnn.errors import TrainingError, UserError
from symrnn.graph import TrainingGraph
from symrnn.training.checkpoint import Checkpoint, check_arrays, check_same_run, versions
from symrnn.training.compiled import compiled
from symrnn.training.network import Network
from symrnn.training.recipe import Recipe, returned
from symrnn.typing import NewValues, Updates
from symrnn.updates.averaged import MEAN, validation_slot
from symrnn.updates.gradients import slots_in


@dataclass(frozen=True)
class Step:
    """One update: its number counted from 1, the loss before it, and the seconds it took."""

    number: int
    loss: float
    seconds: float


class Training:
    """A network that is trained by iterating over it; each turn is one update, up to ``recipe.steps``.

    Parameters
    ----------
    recipe
        What to train.
    data
        What ``recipe.data(path)`` returned.
    mode
        As for `pytensor.function`.
    data_path
        The user's file as it was given, "" for the embedded data.
    checkpoint
        Where to go on; losses and state will be bit for bit what they would be without the break.

    Raises
    ------
    TrainingError
        While iterating, when a loss is not finite: nothing is trained further.
    UserError
        When the checkpoint is of another run.

    Examples
    --------
    >>> from symrnn.models.binary_adder import BinaryAdder
    >>> recipe = BinaryAdder(steps=3)
    >>> training = Training(recipe, recipe.data(), mode="FAST_COMPILE")
    >>> [step.number for step in training], len(training.losses)
    ([1, 2, 3], 3)
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Any,
        *,
        mode: str | None = None,
        data_path: str = "",
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.recipe, self.data, self.mode, self.data_path = recipe, data, mode, data_path
        self.graph = returned(recipe, "graph", recipe.graph(), TrainingGraph, "a TrainingGraph")
        self.updates: NewValues = dict(
            returned(
                recipe, "updates", recipe.updates(self.graph), Mapping, "a dictionary of updates"
            )
        )
        self.losses: list[float] = []
        self.notes = recipe.notes(data)
        self.validated: Network | None = None
        self.data_hash = fingerprint(data_path) if data_path else ""
        check_state(self.graph.loss, self.updates)
        self.function = compiled(self.graph.inputs, self.graph.loss, self.updates, mode=mode)
        if checkpoint is not None:
            self.go_on(checkpoint)

    def __iter__(self) -> Iterator[Step]:
        while len(self.losses) < self.recipe.steps:
            # The losses count the steps, so that a run that goes on from a checkpoint is fed what would have come
            # next.
            batch = self.batch(len(self.losses))
            begin = perf_counter()
            loss = float(self.function(*batch))
            seconds = perf_counter() - begin
            if not np.isfinite(loss):
                # The step is not counted, and no checkpoint is written after it: the last good one stays.
                raise TrainingError(self.trouble(f"the loss is {loss}", len(self.losses) + 1))
            self.losses.append(loss)
            self.validate()
            yield Step(len(self.losses), loss, seconds)

    def batch(self, step: int) -> list[np.ndarray]:
        """What the update number `step`, counted from 0, is fed with: an array for each of ``graph.inputs``."""
        batch = returned(
            self.recipe, "batch", self.recipe.batch(self.data, step), list | tuple, "arrays"
        )
        if len(batch) != len(self.graph.inputs):
            names = ", ".join(str(x.name) for x in self.graph.inputs)
            raise UserError(
                f"{type(self.recipe).__name__}.batch() must return an array for each of the graph's inputs, {names},"
                f" but returned {len(batch)}"
            )
        return batch

    def validate(self) -> None:
        """Tell a rule that waits for validation losses the next one, when it is time."""
        slot = validation_slot(self.updates)
        if slot is None or len(self.losses) % self.recipe.validation_steps:
            return
        if self.validated is None:
            self.validated = self.network()
        # The function that evaluates stays compiled; only its values are new.
        self.validated.set_values(self.values())
        loss = self.recipe.validation_loss(self.validated, self.data)
        slot.set_value(np.asarray(loss, slot.dtype))

    def tested(self) -> Mapping[str, float]:
        """What the recipe's test says of the network as it stands, on held-out data."""
        readings = self.recipe.test(self.network(), self.data)
        return returned(self.recipe, "test", readings, Mapping, "a dictionary of numbers")

    def checkpoint(self) -> Checkpoint:
        """The run as it stands between two steps; refused when any of its state is not finite."""
        state = [(str(variable.name), np.array(variable.get_value())) for variable in self.updates]
        if not all(np.isfinite(array).all() for _, array in state):
            raise TrainingError(self.trouble("not all state is finite", len(self.losses)))
        return Checkpoint(
            recipe=type(self.recipe).__name__,
            options=asdict(self.recipe),
            data=self.data_path,
            mode=self.mode or "",
            versions=versions(),
            losses=np.array(self.losses),
            state=tuple(state),
            data_hash=self.data_hash,
            notes=self.notes,
            values=tuple(
                zip([str(p.name) for p in self.graph.evaluated], self.values(), strict=True)
            ),
        )

    def go_on(self, checkpoint: Checkpoint) -> None:
        """Take over the state of a checkpoint of the same run."""
        check_same_run(checkpoint, self.recipe, self.data_path, self.data_hash)
        # All are looked at before the first is set: a run that is refused is as it was.
        check_arrays("state", checkpoint.state, self.updates)
        for variable, (_, array) in zip(self.updates, checkpoint.state, strict=True):
            variable.set_value(array)
        self.losses = checkpoint.losses.tolist()

    def restart(self, recipe: Recipe, data: Any) -> None:
        """Train a recipe that differs in its seed alone, from its own fresh values; nothing is compiled again."""
        # New variables in the same order, since only the seed differs: their values are taken over.
        graph = recipe.graph()
        for variable, fresh in zip(self.updates, recipe.updates(graph), strict=True):
            variable.set_value(fresh.get_value())
        self.recipe, self.data, self.losses = recipe, data, []
        self.notes = recipe.notes(data)

    def values(self) -> list[np.ndarray]:
        """The values to evaluate, in the order of ``graph.evaluated``.

        Those that are stored; where the rule keeps a Nesterov jump u, and so stores look-ahead values φ, ``φ - u``;
        where it keeps means, those.
        """
        jumps, means = (slots_in(self.updates, kind) for kind in ("jump", MEAN))
        return [
            np.array(means.get(p, p).get_value()) - (jumps[p].get_value() if p in jumps else 0)
            for p in self.graph.evaluated
        ]

    def network(self) -> Network:
        """The network at those values, to be tested while training goes on."""
        return Network(self.recipe.graph(), self.values(), mode=self.mode, notes=self.notes)

    def trouble(self, what: str, step: int) -> str:
        """A sentence that names the step and the first parameter that is not finite."""
        affected = [p.name for p in self.graph.params if not np.isfinite(p.get_value()).all()]
        first = f"the first parameter affected is {affected[0]}" if affected else (
            "all parameters are still finite")  # fmt: skip
        return (
            f"{what} at step {step}, and {first}; training has stopped, try a lower learning rate"
        )


def check_state(loss: Variable, updates: Updates) -> None:
    """Refuse state that no array can hold: that of random generators."""
    state = [v for v in ancestors([loss, *updates.values()]) if isinstance(v, SharedVariable)]
    random = [v for v in state if not isinstance(v.get_value(borrow=True), np.ndarray | np.generic)]
    if random:
        raise UserError(
            f"the graph of a recipe must not draw random numbers, but reads the generator {random[0]},"
            " whose state no checkpoint holds; draw them in batch(), and make them inputs"
        )
