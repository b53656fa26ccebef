"""Update rules: functions from a loss to the next values of its parameters.

An update rule takes a loss and the shared variables to train, and returns a dictionary ``{shared: next value}`` for the
``updates`` of `pytensor.function`. The dictionary holds the parameters and the rule's *state*, shared variables that it
makes itself: slots such as ``w.velocity`` or ``w.jump``, of the dtype and static shape of their parameter, and scalars
such as a step count. Names, argument order and defaults are Lasagne's wherever Lasagne has the rule.

`RULES` is the one table of rules by name, which training, commands and experiments choose from. A new rule is its
function, and its name and its row here; what holds for every rule is tested for every row.

A rule holds no graph but its own algebra. It asks `pytensor.grad` for the gradients once, so a training step holds each
recurrence of the network once forward and once backward, whatever the rule; the naive forms of Nesterov's momentum are
the exception, kept for comparison (`symrnn.updates.nesterov`).

==================================================== ===========================================
rules                                                module
==================================================== ===========================================
`sgd`, `momentum`, `apply_momentum`                  `symrnn.updates.sgd`
`nesterov_momentum` and its other four forms,        `symrnn.updates.nesterov`
`apply_nesterov_momentum`; `odd_values`,
`even_values` for evaluation and saving
`adagrad`, `rmsprop`, `adadelta`, `rmsprop_nesterov` `symrnn.updates.adaptive`
`adam`, `adamax`, `amsgrad`, `adamw`, `nadam`        `symrnn.updates.adam`
`nt_asgd`; `validation_slot` for who trains with it  `symrnn.updates.averaged`
`norm_constraint`, `total_norm_constraint`           `symrnn.updates.constraints`
`one_cycle`, `cosine`, `step_decay`, `warm_up`       `symrnn.updates.schedules`
==================================================== ===========================================

Parameters
----------
loss_or_grads
    A scalar expression, or the list of its gradients in the order of `params`.
params
    Shared variables, each once; the loss depends on every one.
learning_rate, momentum, ...
    A number, a scalar variable or a scalar shared variable. A number becomes part of the compiled function; a variable
    may change between calls, with no recompilation (`symrnn.updates.schedules`).

Returns
-------
A dictionary from shared variables to their next values, parameters and state. Its dtypes are those of the parameters,
whatever the dtype of the rates.

Raises
------
UserError
    When a parameter is not shared or stands twice, the loss is no scalar or does not depend on a parameter, the number,
    rank or dtype of given gradients does not fit, a rate is no scalar, or a number out of its range.

Examples
--------
>>> import numpy as np, pytensor, pytensor.tensor as pt
>>> w = pytensor.shared(np.zeros(2), name="w")
>>> x = pt.vector("x")
>>> loss = ((x - w) ** 2).sum()
>>> train = pytensor.function([x], loss, updates=nesterov_momentum(loss, [w], learning_rate=0.1))
>>> [round(float(train([1.0, 1.0])), 3) for _ in range(3)]
[2.0, 0.769, 0.099]

A learning rate that changes between calls:

>>> learning_rate = pytensor.shared(np.asarray(0.1), name="learning_rate")
>>> train = pytensor.function([x], loss, updates=sgd(loss, [w], learning_rate))
>>> learning_rate.set_value(0.05)
"""

from symrnn.updates.adam import adam, adamax, adamw, amsgrad, nadam
from symrnn.updates.adaptive import adadelta, adagrad, rmsprop, rmsprop_nesterov
from symrnn.updates.averaged import nt_asgd, validation_slot
from symrnn.updates.constraints import norm_constraint, total_norm_constraint
from symrnn.updates.gradients import get_or_compute_grads
from symrnn.updates.named_rule import NamedRule
from symrnn.updates.nesterov import (
    apply_nesterov_momentum,
    even_values,
    nesterov_momentum,
    nesterov_naive_clone,
    nesterov_naive_per_parameter,
    nesterov_naive_rebuild,
    nesterov_odd_even,
    odd_values,
)
from symrnn.updates.sgd import apply_momentum, momentum, sgd

RULES: dict[str, NamedRule] = {
    "adadelta": NamedRule(adadelta),
    "adagrad": NamedRule(adagrad),
    "adam": NamedRule(adam, momentum="beta1"),
    "adamax": NamedRule(adamax, momentum="beta1"),
    "adamw": NamedRule(adamw, momentum="beta1", has_decay=True),
    "amsgrad": NamedRule(amsgrad, momentum="beta1"),
    "momentum": NamedRule(momentum, momentum="momentum"),
    "nadam": NamedRule(nadam, momentum="beta1"),
    "nesterov_momentum": NamedRule(nesterov_momentum, momentum="momentum"),
    "nt_asgd": NamedRule(nt_asgd),
    "rmsprop": NamedRule(rmsprop),
    "rmsprop_nesterov": NamedRule(rmsprop_nesterov, momentum="momentum"),
    "sgd": NamedRule(sgd),
}

__all__ = [
    "RULES",
    "NamedRule",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "amsgrad",
    "apply_momentum",
    "apply_nesterov_momentum",
    "even_values",
    "get_or_compute_grads",
    "momentum",
    "nadam",
    "nesterov_momentum",
    "nesterov_naive_clone",
    "nesterov_naive_per_parameter",
    "nesterov_naive_rebuild",
    "nesterov_odd_even",
    "norm_constraint",
    "nt_asgd",
    "odd_values",
    "rmsprop",
    "rmsprop_nesterov",
    "sgd",
    "total_norm_constraint",
    "validation_slot",
]
