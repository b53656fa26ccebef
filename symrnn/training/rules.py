"""An update rule by its name, with decay, clipping and a schedule, and recipes whose options select it."""

from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.training.recipe import Recipe
from symrnn.typing import Params, Rate, Updates
from symrnn.updates import RULES, get_or_compute_grads, total_norm_constraint
from symrnn.updates.gradients import each_param
from symrnn.updates.schedules import cosine, one_cycle, step_counter, step_decay, warm_up


class Scheduled(NamedTuple):
    """The rates of a step: a number, or an expression of a step count."""

    learning_rate: Rate
    momentum: Rate | None = None  # where the schedule moves it


SCHEDULES = {  # name: (step, steps, rate) -> Scheduled
    "constant": lambda step, steps, rate: Scheduled(rate),
    "cosine": lambda step, steps, rate: Scheduled(cosine(step, steps, rate)),
    "one_cycle": lambda step, steps, rate: Scheduled(*one_cycle(step, steps, rate)),
    # Rounded up, so that the last third is the shorter one, and no fourth begins.
    "step_decay": lambda step, steps, rate: Scheduled(step_decay(step, -(-steps // 3), rate)),
    "warm_up": lambda step, steps, rate: Scheduled(warm_up(step, steps / 10, rate)),
}


def rule_updates(
    rule: str,
    loss: TensorVariable,
    params: Params,
    *,
    learning_rate: Rate,
    weight_decay: Rate = 0.0,
    max_norm: float | None = None,
    schedule: str = "constant",
    steps: Rate | None = None,
) -> Updates:
    """The updates of the rule called `rule`, for ``TrainingGraph.loss`` and ``TrainingGraph.params``.

    Parameters
    ----------
    rule
        A key of `symrnn.updates.RULES`; other hyper-parameters as there by default.
    learning_rate
        The highest one where a schedule moves it.
    weight_decay
        Decoupled for ``"adamw"``; for every other rule L2, ``weight_decay / 2 * (w**2).sum()`` in what is
        differentiated, the loss itself staying as it is. Every parameter decays, biases too, as in PyTorch.
    max_norm
        The gradients' common norm is at most this, before L2 is added; None for no bound.
    schedule
        A key of `SCHEDULES`: ``constant``; ``cosine`` down to zero; ``one_cycle``, which also moves the momentum
        (`beta1` of Adam's kin); ``step_decay``, a tenth after each third; ``warm_up`` over the first tenth.
    steps
        Length of the schedule in updates; all but ``constant`` need it.

    Rates, `weight_decay` and `steps` are numbers, or scalar variables that may change between calls.

    Returns
    -------
    The rule's dictionary; with a schedule also the step count, at 0.

    Raises
    ------
    UserError
        When a name is unknown, `steps` is missing, or a rate is wrong.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> updates = rule_updates("nesterov_momentum", (w**2).sum(), [w],
    ...                        learning_rate=0.1, schedule="one_cycle", steps=100)
    >>> list(updates)
    [w, w.jump, step]
    """
    check_choice("rule", rule, RULES)
    check_choice("schedule", schedule, SCHEDULES)
    if schedule != "constant" and steps is None:
        raise UserError(f"steps must be given for the schedule {schedule!r}; give its length")
    build, momentum_name, has_decay = RULES[rule]
    options = {"weight_decay": weight_decay} if has_decay else {}
    step = step_counter()
    rates = SCHEDULES[schedule](step, steps, learning_rate)
    # Rules without a momentum take the schedule's rate alone.
    if rates.momentum is not None and momentum_name:
        options[momentum_name] = rates.momentum
    # A rule that decays by itself must not decay twice.
    l2 = 0.0 if has_decay else weight_decay
    grads = regular_grads(loss, params, l2, max_norm)
    updates = dict(build(grads, params, rates.learning_rate, **options))
    return updates if schedule == "constant" else updates | {step: step + 1}


def regular_grads(
    loss: TensorVariable, params: Params, l2: Rate, max_norm: float | None
) -> list[TensorVariable]:
    """The gradients, bounded by `max_norm` together, and then those of L2."""

    def decayed(param, grad, weight_decay):
        return {param: grad + weight_decay * param}

    grads = get_or_compute_grads(loss, params)
    if max_norm is not None:
        grads = total_norm_constraint(grads, max_norm)
    # An expression may become zero only in a call: then it must stand in the graph.
    if isinstance(l2, Real) and l2 == 0:
        return grads
    return list(each_param(decayed, params, grads, weight_decay=l2).values())


@dataclass(frozen=True)
class RuleRecipe(Recipe):
    """A recipe whose options name its update rule; what is carried from batch to batch joins the updates.

    Attributes
    ----------
    rule, learning_rate, weight_decay, schedule
        As for `rule_updates`.
    max_norm
        As for `rule_updates`; 0 for no bound.
    """

    rule: str = "adamw"
    learning_rate: float = 0.01
    weight_decay: float = 0.01
    max_norm: float = 0.0
    schedule: str = "one_cycle"

    def updates(self, graph: TrainingGraph) -> Updates:
        """The next values of the parameters by the recipe's rule, and of what the network carries on."""
        updates = rule_updates(
            self.rule,
            graph.loss,
            graph.params,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            max_norm=self.max_norm or None,
            schedule=self.schedule,
            steps=self.steps,
        )
        return {**updates, **graph.carried}
