"""Trainings of a network under one rule at many rates, compiled once: what differs between them is shared."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytensor

from symrnn.training.network import Network
from symrnn.training.recipe import Recipe
from symrnn.training.rules import rule_updates
from symrnn.updates.gradients import slots_in


class SharedRates:
    """A recipe's network with the learning rate, the decay and the length of the schedule as shared variables.

    Parameters
    ----------
    recipe
        Whose graph is trained; those that are trained later differ in their seed and their data alone.
    rule, schedule
        As for `symrnn.training.rules.rule_updates`.

    Examples
    --------
    >>> from symrnn.models.binary_adder import BinaryAdder
    >>> with pytensor.config.change_flags(mode="FAST_COMPILE"):
    ...     rates = SharedRates(BinaryAdder(), "sgd", "step_decay")
    >>> steps = rates.train(BinaryAdder(seed=1), BinaryAdder().data(), 0.1, 0.0, 3)
    >>> len([loss for loss in steps])
    3
    """

    def __init__(self, recipe: Recipe, rule: str, schedule: str) -> None:
        self.graph = graph = recipe.graph()
        mode = pytensor.config.mode
        self.options = [
            pytensor.shared(np.ones((), pytensor.config.floatX), name=name)
            for name in ("rate", "decay", "length")
        ]
        rate, decay, length = self.options
        updates = rule_updates(
            rule,
            graph.loss,
            graph.params,
            learning_rate=rate,
            weight_decay=decay,
            schedule=schedule,
            steps=length,
        )
        self.updates: dict[Any, Any] = {**updates, **graph.carried}
        self.fresh = {state: state.get_value() for state in self.updates}
        self.step = pytensor.function(graph.inputs, graph.loss, updates=self.updates, mode=mode)
        self._network = Network(recipe.graph(), mode=mode)

    def train(
        self, recipe: Recipe, data: Any, learning_rate: float, weight_decay: float, steps: int
    ) -> Iterator[float]:
        """The loss of each of so many steps of a recipe, from its seed's parameters."""
        for state, value in self.fresh.items():
            state.set_value(value)
        for param, start in zip(self.graph.params, recipe.graph().params, strict=True):
            param.set_value(start.get_value())
        for shared, option in zip(self.options, (learning_rate, weight_decay, steps), strict=True):
            shared.set_value(np.asarray(option, shared.type.dtype))
        for number in range(steps):
            yield float(self.step(*recipe.batch(data, number)))

    @property
    def network(self) -> Network:
        """The network as it stands; of a rule that stores look-ahead values, without its jump."""
        jumps = slots_in(self.updates, "jump")
        self._network.set_values(
            [
                p.get_value() - (jumps[p].get_value() if p in jumps else 0)
                for p in self.graph.evaluated
            ]
        )
        return self._network
