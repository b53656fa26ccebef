"""Learning rates and momenta as functions of a step count, inside the compiled function.

A schedule is an expression of a counter that the training function itself advances. So nothing is recompiled when the
rate changes, and nothing is set from outside between the steps:

>>> import numpy as np, pytensor, pytensor.tensor as pt
>>> from symrnn.updates import nesterov_momentum
>>> w = pytensor.shared(np.zeros(2), name="w")
>>> loss = ((w - 1) ** 2).sum()
>>> step = step_counter()
>>> learning_rate, momentum = one_cycle(step, steps=100, peak=0.1)
>>> updates = nesterov_momentum(loss, [w], learning_rate, momentum) | {step: step + 1}
>>> train = pytensor.function([], [loss, learning_rate], updates=updates)

With two dictionaries (`nesterov_odd_even`), advance the counter in the second. Every other argument of a schedule is a
number, a scalar variable or a scalar shared variable too: a shared ``peak`` changes a whole schedule, and schedules
nest (`warm_up` of a `cosine`). Steps count from 0: the first call has step 0. After its last step a schedule stays
where it is.

A schedule takes any integers, so a picture of it is ``cosine(pt.arange(100), 100, 0.1).eval()``.
"""

from typing import NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.typing import Rate
from symrnn.updates.gradients import check_rate


def step_counter(name: str = "step") -> TensorSharedVariable:
    """A shared step count, at 0; the updates of the training function advance it.

    Examples
    --------
    >>> step = step_counter()
    >>> count = pytensor.function([], step, updates={step: step + 1})
    >>> int(count()), int(count())
    (0, 1)
    """
    # Integers, for a float32 count stops counting at 2**24.
    return pytensor.shared(np.asarray(0, "int64"), name=name)


def warm_up(step: TensorVariable, steps: Rate, rate: Rate, start: Rate = 0.0) -> TensorVariable:
    """A rate that rises in a line from ``start * rate`` to `rate` over `steps` steps.

    Notes
    -----
    PyTorch's ``LinearLR`` with ``start_factor=start``.

    Examples
    --------
    >>> warm_up(pt.arange(5), 4, 1.0).eval()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    rate, start = check_rate("rate", rate), check_rate("start", start)
    return rate * (start + (1 - start) * fraction(step, steps))


def step_decay(step: TensorVariable, every: Rate, rate: Rate, factor: Rate = 0.1) -> TensorVariable:
    """A rate multiplied by `factor` after each `every` steps.

    Notes
    -----
    PyTorch's ``StepLR``.

    Examples
    --------
    >>> step_decay(pt.arange(6), 2, 8.0, factor=0.5).eval()
    array([8., 8., 4., 4., 2., 2.])
    """
    every, rate = check_steps("every", every), check_rate("rate", rate)
    return rate * check_rate("factor", factor) ** in_floatx(check_step(step) // every)


def cosine(step: TensorVariable, steps: Rate, high: Rate, low: Rate = 0.0) -> TensorVariable:
    """A rate that falls from `high` to `low` over `steps` steps, half a cosine [1]_.

    * ``low + (high - low) * (1 + cos(pi * step / steps)) / 2``

    Notes
    -----
    PyTorch's ``CosineAnnealingLR``, which rises again after the last step where this stays low.

    References
    ----------
    .. [1] Loshchilov, Hutter: SGDR, stochastic gradient descent with warm restarts. ICLR 2017.

    Examples
    --------
    >>> cosine(pt.arange(5), 4, 1.0).eval().round(3)
    array([1.   , 0.854, 0.5  , 0.146, 0.   ])
    """
    return half_cosine(check_rate("high", high), check_rate("low", low), fraction(step, steps))


class OneCycle(NamedTuple):
    """The two rates of `one_cycle`."""

    learning_rate: TensorVariable
    momentum: TensorVariable


def one_cycle(
    step: TensorVariable,
    steps: Rate,
    peak: Rate,
    *,
    rising: Rate = 0.3,
    start: Rate = 1 / 25,
    end: Rate = 1 / 25e4,
    low_momentum: Rate = 0.85,
    high_momentum: Rate = 0.95,
) -> OneCycle:
    """Learning rate up to `peak` and down again, momentum the other way, in one cycle [1]_.

    * the first ``rising * steps - 1`` steps: from ``start * peak`` to `peak`, momentum high to low
    * the others: from `peak` to ``end * peak``, momentum low to high; both half a cosine

    Parameters
    ----------
    step, steps
        The step count, and the number of steps in the cycle.
    peak
        The highest learning rate.
    rising
        The fraction of the steps in which it rises.
    start, end
        The first and the last learning rate, as fractions of `peak`.

    Returns
    -------
    ``OneCycle(learning_rate, momentum)``.

    Notes
    -----
    PyTorch's ``OneCycleLR``, its ``div_factor`` 25 and ``final_div_factor`` 1e4.

    References
    ----------
    .. [1] Smith, Topin: Super-convergence, very fast training of neural networks using large learning rates.
       arXiv:1708.07120

    Examples
    --------
    >>> rate, momentum = one_cycle(pt.arange(11), 11, 1.0, rising=5 / 11)
    >>> rate.eval().round(2)
    array([0.04, 0.18, 0.52, 0.86, 1.  , 0.93, 0.75, 0.5 , 0.25, 0.07, 0.  ])
    >>> momentum.eval()[[0, 4, 10]]
    array([0.95, 0.85, 0.95])
    """
    steps, rising = check_steps("steps", steps), check_rate("rising", rising)
    check_rising(rising, steps)
    peak, start, end = check_rate("peak", peak), check_rate("start", start), check_rate("end", end)
    high, low = (check_rate("momentum", rate) for rate in (high_momentum, low_momentum))
    # `top` is the step of the peak, counted from 0 as PyTorch counts.
    elapsed, top = in_floatx(check_step(step)), rising * steps - 1
    up = pt.clip(elapsed / top, 0, 1)
    down = pt.clip((elapsed - top) / (steps - 1 - top), 0, 1)
    return OneCycle(
        pt.switch(
            down > 0, half_cosine(peak, end * peak, down), half_cosine(start * peak, peak, up)
        ),
        pt.switch(down > 0, half_cosine(low, high, down), half_cosine(high, low, up)),
    )


def half_cosine(start: Rate, end: Rate, fraction: TensorVariable) -> TensorVariable:
    """From `start` at fraction 0 to `end` at fraction 1."""
    return end + (start - end) * (1 + pt.cos(np.pi * fraction)) / 2


def fraction(step: TensorVariable, steps: Rate) -> TensorVariable:
    """How much of `steps` has passed, from 0 to 1."""
    return pt.clip(in_floatx(check_step(step)) / check_steps("steps", steps), 0, 1)


def in_floatx(count: TensorVariable) -> TensorVariable:
    # An integer divided by an integer is float64, and would stay so in a float32 training step.
    return pt.cast(count, pytensor.config.floatX)


def check_step(step: TensorVariable) -> TensorVariable:
    """`step` as a variable; refused when it holds no integers."""
    step = pt.as_tensor(step)
    if not np.issubdtype(step.dtype, np.integer):
        raise UserError(
            f"step must hold integers, but is {step} of dtype {step.dtype}; give a step_counter()"
        )
    return step


def check_rising(rising: Rate, steps: Rate) -> None:
    """Refuse numbers that leave no step to rise in, or none to fall in."""
    # Of expressions nothing is known before the call.
    if not isinstance(rising * steps, Variable) and not 1 < rising * steps < steps:
        raise UserError(
            f"rising must leave more than one of {steps} steps to rise in, and one to fall in,"
            f" but is {rising}; give more steps, or a fraction such as 0.3"
        )


def check_steps(name: str, steps: Rate) -> Rate:
    """A number of steps, or a scalar variable."""
    steps = check_rate(name, steps)
    if not isinstance(steps, Variable) and steps <= 0:
        raise UserError(f"{name} must be positive, but is {steps}; give a number of steps")
    return steps
