"""Nesterov's momentum: one rule, five graphs.

The rule alternates two half-steps between *odd* values θ and *even* values φ. Its state is the jump ``u = μ v``,
momentum times velocity:

    jump:     φ := θ + u
    correct:  θ := φ - η g(φ),   u := μ (u - η g(φ))

Every form below is made of these two, and they differ in what stands in the shared variables between two calls:

=============================== ================= ==============================================
form                            parameters hold   graph
=============================== ================= ==============================================
`nesterov_momentum`             even values φ     one function: correct, then jump
`nesterov_odd_even`             both, in turn     two functions; only correct holds the network
`nesterov_naive_clone`          odd values θ      jump, then correct: gradients cloned onto θ + u
`nesterov_naive_rebuild`        odd values θ      the same, the network built again on θ + u
`nesterov_naive_per_parameter`  odd values θ      the same, one clone of the gradients a parameter
=============================== ================= ==============================================

**What holds when a rate changes.** All forms follow the same odd values, step by step, whatever the learning rate η and
the momentum μ do between calls, and the readout of odd values is exact. The rates of a call are those of its
correction. The momentum of call t is what the velocity keeps *as it leaves* call t; it makes the jump to the gradient
of the next call:

    g at θ[t] + μ[t-1] v[t],   v[t+1] = μ[t-1] v[t] - η[t] g,   θ[t+1] = θ[t] + v[t+1]

This is the rule of [2]_, each momentum given one call earlier: a form that stores even values has to jump before the
next call can tell it how far. What is stored is therefore the jump ``u = μ v`` and not the velocity: a jump once made
is not made stale by a new μ, and

    θ = φ - μ v = φ - u

asks for no momentum. With constant rates the steps are Lasagne's and PyTorch's. Their formula lets the velocity decay
by the new momentum where it has jumped by the old one, so on the calls where the momentum changes it departs from ours
(and from [2]_) by ``(μ[t] - μ[t-1]) v[t]``.

.. [1] Nesterov: A method of solving a convex programming problem with convergence rate O(1/k²). Soviet Mathematics
   Doklady 27 (1983).
.. [2] Sutskever, Martens, Dahl, Hinton: On the importance of initialization and momentum in deep learning. ICML 2013.
.. [3] Bengio, Boulanger-Lewandowski, Pascanu: Advances in optimizing recurrent networks. ICASSP 2013 (the form that
   stores even values).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pytensor.graph.replace import clone_replace, graph_replace
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.graph import check_loss, check_params
from symrnn.typing import LossOrGrads, NewValues, Params, Rate, UpdateRule
from symrnn.updates.gradients import each_param, get_or_compute_grads, slot, slot_in
from symrnn.updates.sgd import moved_params, sgd


def apply_nesterov_momentum(
    updates: NewValues, params: Params | None = None, momentum: Rate = 0.9
) -> NewValues:
    """Another rule's updates, with Nesterov's momentum; the parameters hold even values.

    * ``jump := momentum * (jump + updates[param] - param)``
    * ``param := updates[param] + jump``

    `updates`, `params` and `momentum` as in `apply_momentum`, state as in `nesterov_momentum`.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> apply_nesterov_momentum(sgd((w**2).sum(), [w], 0.25)).keys()
    dict_keys([w, w.jump])
    """
    # The rule and the jump after it in one: what is stored is where the next gradient is taken.
    correct = correction(updates, params, momentum)
    return correct | {
        param: correct[param] + correct[slot_in(correct, param, "jump")]
        for param in moved_params(updates, params)
    }


def nesterov_momentum(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate,
    momentum: Rate = 0.9,
    *,
    rule: UpdateRule = sgd,
) -> NewValues:
    """Nesterov's momentum in one function; the parameters hold even values.

    * ``jump := momentum * (jump - learning_rate * grad)``
    * ``param := param - learning_rate * grad + jump``

    Parameters
    ----------
    rule
        What corrects: ``rule(loss_or_grads, params, learning_rate) -> updates``, gradient descent by default. All forms
        take one.

    Others, return value and errors as in the module docstring of `symrnn.updates`.

    Notes
    -----
    State: ``w.jump`` per parameter, momentum times velocity. `odd_values` reads out what to evaluate and save.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> updates = nesterov_momentum((w**2).sum(), [w], 0.25, 0.5)
    >>> _ = pytensor.function([], updates=updates)()
    >>> w.get_value()  # the look-ahead values
    array([0.25, 0.5 ])
    >>> pytensor.function([], odd_values([w], updates))()
    [array([0.5, 1. ])]
    """
    return apply_nesterov_momentum(rule(loss_or_grads, params, learning_rate), params, momentum)


def nesterov_odd_even(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate,
    momentum: Rate = 0.9,
    *,
    rule: UpdateRule = sgd,
) -> tuple[NewValues, NewValues]:
    """Nesterov's momentum as two update dictionaries, ``jump, correct``, to be called in turn.

    * jump: ``param := param + jump``
    * correct: ``param := param - learning_rate * grad``, ``jump := momentum * (jump - learning_rate * grad)``

    Only ``correct`` holds the network, and no recurrence more than gradient descent. After it the parameters hold odd
    values, after ``jump`` even ones. ``jump`` takes no rates: symbolic ones are inputs of the second function alone.
    Parameters and state as in `nesterov_momentum`.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> loss = (w**2).sum()
    >>> jump, correct = nesterov_odd_even(loss, [w], 0.25, 0.5)
    >>> to_even = pytensor.function([], updates=jump)
    >>> to_odd = pytensor.function([], loss, updates=correct)
    >>> for _ in range(2):
    ...     _ = to_even(), to_odd()
    >>> w.get_value()
    array([0.125, 0.25 ])
    """
    # The jump stands in shared variables between the two calls, so the first dictionary holds no network at all.
    correct = correction(rule(loss_or_grads, params, learning_rate), params, momentum)
    return look_ahead(params, correct), correct


def nesterov_naive_clone(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate,
    momentum: Rate = 0.9,
    *,
    rule: UpdateRule = sgd,
) -> NewValues:
    """Nesterov's momentum on odd values, the gradients cloned onto the look-ahead values.

    * ``param := even - learning_rate * grad(even)``, ``even = param + jump``
    * ``jump := momentum * (jump - learning_rate * grad(even))``

    The form to compare with: a function that also returns the loss holds every forward recurrence twice, at odd values
    and at even ones. The loss at even values, which the other forms return, is
    ``clone_replace(loss, dict(zip(params, even_values(params, updates))))``. Parameters and state as in
    `nesterov_momentum`.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> step = pytensor.function([], updates=nesterov_naive_clone((w**2).sum(), [w], 0.25, 0.5))
    >>> _ = step(), step()
    >>> w.get_value()
    array([0.125, 0.25 ])
    """
    jump, correct = nesterov_odd_even(loss_or_grads, params, learning_rate, momentum, rule=rule)
    return cloned(correct, correct, jump)


def nesterov_naive_per_parameter(
    loss_or_grads: LossOrGrads,
    params: Params,
    learning_rate: Rate,
    momentum: Rate = 0.9,
    *,
    rule: UpdateRule = sgd,
) -> NewValues:
    """Nesterov's momentum on odd values, with one clone of the gradient graph per parameter.

    The steps of `nesterov_naive_clone`; the clones share nothing before rewriting. Parameters and state as in
    `nesterov_momentum`.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> updates = nesterov_naive_per_parameter((w**2).sum(), [w], 0.25, 0.5)
    >>> step = pytensor.function([], updates=updates)
    >>> _ = step(), step()
    >>> w.get_value()
    array([0.125, 0.25 ])
    """
    jump, correct = nesterov_odd_even(loss_or_grads, params, learning_rate, momentum, rule=rule)
    # A parameter and its state are cloned together, for they read one gradient; what two parameters share is cloned
    # twice.
    by_param: dict[TensorSharedVariable, list[TensorSharedVariable]] = {}
    for key in correct:
        by_param.setdefault(getattr(key.tag, "slot_of", key), []).append(key)
    clones = [cloned(keys, correct, jump) for keys in by_param.values()]
    return {key: value for clone in clones for key, value in clone.items()}


def nesterov_naive_rebuild(
    build_loss: Callable[[list[TensorVariable]], TensorVariable],
    params: Params,
    learning_rate: Rate,
    momentum: Rate = 0.9,
    *,
    rule: UpdateRule = sgd,
) -> NewValues:
    """Nesterov's momentum on odd values, the network built again on the look-ahead expressions.

    The steps of `nesterov_naive_clone`.

    Parameters
    ----------
    build_loss
        ``build_loss(even) -> loss``: builds the network on the look-ahead expressions, a list of ``param + jump``. They
        may reach its scans as non-sequences, or by closure (the scan then adds them up again in every step).

    Others and state as in `nesterov_momentum`.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> updates = nesterov_naive_rebuild(lambda even: (even[0] ** 2).sum(), [w], 0.25, 0.5)
    >>> step = pytensor.function([], updates=updates)
    >>> _ = step(), step()
    >>> w.get_value()
    array([0.125, 0.25 ])
    """
    check_params(params)
    # The rule is built on symbols first: its jump is what the network must be built on, and its gradients need the
    # network.
    stand_ins = [param.type(f"grad of {param}") for param in params]
    jump, correct = nesterov_odd_even(stand_ins, params, learning_rate, momentum, rule=rule)
    loss = build_loss(list(jump.values()))
    check_loss(loss)
    # Equal to those for even, which is not in the graph when a scan closes over it.
    grads = get_or_compute_grads(loss, params)
    replace: dict[Any, Any] = jump | dict(zip(stand_ins, grads, strict=True))
    values: Any = graph_replace(list(correct.values()), replace)
    return dict(zip(correct, values, strict=True))


def odd_values(
    params: Params, updates: NewValues, even: Sequence[TensorVariable] | None = None
) -> list[TensorVariable]:
    """The values to evaluate and save, ``θ = φ - u``; `even` is what `params` hold by default.

    `updates` is what the rule returned (of `nesterov_odd_even`, the second dictionary): its state is read. Exact
    whatever the rates did before or do next. For parameters that hold even values: after a call of `nesterov_momentum`,
    or after the jump of `nesterov_odd_even`.

    Examples
    --------
    The network evaluated on odd values, while training stores even ones:

    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> loss = (w**2).sum()
    >>> updates = nesterov_momentum(loss, [w], 0.25, 0.5)
    >>> odd = dict(zip([w], odd_values([w], updates)))
    >>> evaluate = pytensor.function([], clone_replace(loss, odd))
    """
    even = params if even is None else even
    return [phi - slot_in(updates, p, "jump") for p, phi in zip(params, even, strict=True)]


def even_values(
    params: Params, updates: NewValues, odd: Sequence[TensorVariable] | None = None
) -> list[TensorVariable]:
    """The look-ahead values ``φ = θ + u``; `odd` is what `params` hold by default.

    Undoes `odd_values`: on what it read out, it gives the values to store.

    Examples
    --------
    Given odd values, stored as look-ahead ones:

    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> updates = nesterov_momentum((w**2).sum(), [w], 0.25, 0.5)
    >>> saved = w.type("saved")
    >>> even = even_values([w], updates, odd=[saved])
    >>> load = pytensor.function([saved], updates=dict(zip([w], even)))
    """
    odd = params if odd is None else odd
    return [theta + slot_in(updates, p, "jump") for p, theta in zip(params, odd, strict=True)]


def correction(updates: NewValues, params: Params | None = None, momentum: Rate = 0.9) -> NewValues:
    """`updates`, which lead from even to odd values, and with them the next jump."""

    def step(param, odd, momentum):
        # The jump, and not the velocity: it stays exact when the momentum changes (see the module's docstring).
        jump = slot(param, "jump")
        return {jump: momentum * (jump + odd - param)}

    params = moved_params(updates, params)
    return dict(updates) | each_param(step, params, [updates[p] for p in params], momentum=momentum)


def look_ahead(params: Params, updates: NewValues) -> NewValues:
    """The updates that lead from odd to even values."""
    return dict(zip(params, even_values(params, updates), strict=True))


def cloned(
    keys: Iterable[TensorSharedVariable], updates: NewValues, replace: Mapping[Any, Any]
) -> NewValues:
    """The part of `updates` at `keys`, in one clone with `replace` substituted."""
    keys = list(keys)
    values: Any = clone_replace([updates[key] for key in keys], dict(replace))
    return dict(zip(keys, values, strict=True))
