"""How a layer is differentiated: the options that all functions of `symrnn.unroll` take."""

from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np

from symrnn.errors import UserError, check_choice

Gradient = Literal["assembled", "autodiff"]
Scans = Literal["one", "two"]
GRADIENTS: tuple[Gradient, ...] = ("assembled", "autodiff")
SCANS: tuple[Scans, ...] = ("one", "two")


class GradientOptions(TypedDict, total=False):
    """The fields of `Options` as keyword arguments."""

    gradient_steps: int | None
    grad_clipping: float | None
    gradient: Gradient


@dataclass(frozen=True)
class Options:
    """How a layer is differentiated; see `symrnn.unroll.api`."""

    gradient_steps: int | None = None
    grad_clipping: float | None = None
    gradient: Gradient = "assembled"

    def __post_init__(self) -> None:
        check_choice("gradient", self.gradient, GRADIENTS)
        steps, bound = self.gradient_steps, self.grad_clipping
        if steps is not None and (
            isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1
        ):
            raise UserError(
                f"gradient_steps must be a whole number of at least 1, or None for all, but is {steps!r}"
            )
        if steps is not None:
            # Of NumPy's as well; the builders ask whether a number of steps is an int.
            object.__setattr__(self, "gradient_steps", int(steps))
        if bound is not None and not bound > 0:
            raise UserError(
                f"grad_clipping must be above 0, or None for no bound, but is {bound!r}"
            )
