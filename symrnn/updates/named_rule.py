"""`NamedRule`: a row of `symrnn.updates.RULES`."""

from collections.abc import Callable
from typing import NamedTuple

from symrnn.typing import NewValues


class NamedRule(NamedTuple):
    """An update rule that programs choose by name, and what they must know of its rates."""

    build: Callable[..., NewValues]  # (loss_or_grads, params, learning_rate, **rates)
    momentum: str | None = None  # its rate that a cycle moves against the learning rate
    has_decay: bool = False  # weight_decay is a rate of its own, beside the gradient; else decay is L2 in the gradient
