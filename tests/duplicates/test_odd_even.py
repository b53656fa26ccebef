"""Any naive Nesterov form becomes the odd/even form: the same trajectory, no recurrence more than written by hand."""

from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from foreign import (
    CELLS,
    FORMS,
    PYTHON,
    batch,
    even_nesterov,
    loss_of,
    naive_nesterov,
    restore,
    state,
    weights,
)
from helpers import AS_WRITTEN, FEW_REWRITES
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.graph.replace import clone_replace

from symrnn.duplicates.odd_even import odd_even_form
from symrnn.errors import UserError
from symrnn.measure.sizes import graph_size
from symrnn.updates import (
    adam,
    nesterov_naive_clone,
    nesterov_naive_per_parameter,
    nesterov_naive_rebuild,
    rmsprop,
    sgd,
)

RULES = ("sgd", "rmsprop", "adam")


def network(cell="tanh", layers=1, seed=0):
    params, xs = weights(cell, layers, seed), pt.tensor3("xs")
    return xs, params, lambda values, **options: loss_of(cell, xs, values, **options)


def counts(size):
    return size.scans, size.components


def compiled_counts(xs, loss, updates):
    return counts(graph_size(pytensor.function([xs], loss, updates=updates, mode=PYTHON)))


TOGETHER = [  # every form with every rule and every cell, every rule with every cell
    (form, rule, [*CELLS][(i + k) % len(CELLS)])
    for i, form in enumerate(FORMS)
    for k, rule in enumerate(RULES)
]


@pytest.mark.parametrize(("form", "rule", "cell"), TOGETHER)
def test_recurrences_are_those_of_the_form_written_by_hand(form, rule, cell):
    _, params, build = network(cell)
    naive = naive_nesterov(form, build, params, 0.1, 0.9, rule)
    result = odd_even_form(naive, [build(params)])
    # by hand, with the loss taken once: a forward and a backward scan
    assert counts(graph_size([*result.updates.values(), *result.outputs])) == (2, 2)
    assert counts(graph_size([*naive.values(), build(params)]))[1] >= 3


@cache  # four forms of one network and rule become the same
def size_by_hand(cell, rule):
    xs, params, build = network(cell)
    by_hand = even_nesterov(build, params, 0.1, 0.9, rule)
    return graph_size(pytensor.function([xs], build(params), updates=by_hand, mode=PYTHON))


@pytest.mark.parametrize(
    ("form", "cell", "rule"),
    [
        *((form, "tanh", "adam") for form in FORMS),
        ("per_parameter", "gru", "rmsprop"),
        ("closure", "lstm", "sgd"),
    ],
)
def test_rewritten_size_is_that_of_the_form_written_by_hand(form, cell, rule):
    xs, params, build = network(cell)
    result = odd_even_form(naive_nesterov(form, build, params, 0.1, 0.9, rule), [build(params)])
    mine = graph_size(pytensor.function([xs], result.outputs, updates=result.updates, mode=PYTHON))
    theirs = size_by_hand(cell, rule)
    assert counts(mine) == counts(theirs) == (2, 2)
    assert mine.nodes <= theirs.nodes + len(params)
    assert mine.inner_nodes == theirs.inner_nodes


def trained(xs, updates, inputs, rates, schedule, steps, readout=None, mode=FEW_REWRITES):
    """The values after `steps` calls, ``schedule(call)`` the rates of each: shared ones are set, inputs given."""
    shared = [rate for rate in rates if hasattr(rate, "set_value")]
    given = [rate for rate in rates if not hasattr(rate, "set_value")]
    step = pytensor.function([xs, *given], updates=updates, mode=mode, on_unused_input="ignore")
    for call in range(steps):
        values = dict(zip(rates, schedule(call), strict=True))
        for rate in shared:
            rate.set_value(values[rate])
        step(inputs, *(values[rate] for rate in given))
    return pytensor.function([], readout, mode=AS_WRITTEN)() if readout else None


def largest_difference(xs, params, naive, form, rates, schedule, steps):
    before = {x: x.get_value() for x in {*naive, *form.updates}}
    trained(xs, naive, batch(), rates, schedule, steps, mode=AS_WRITTEN)
    odd = [param.get_value() for param in params]
    restore(before)
    readout = [form.odd_values[param] for param in params]
    read = trained(xs, form.updates, batch(), rates, schedule, steps, readout)
    restore(before)
    return max(np.abs(a - b).max() for a, b in zip(odd, read, strict=True))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("form", ["clone", "closure"])
def test_trajectory_over_200_steps_is_the_same(form, rule):
    xs, params, build = network()
    naive = naive_nesterov(form, build, params, 0.05, 0.9, rule)
    result = odd_even_form(naive)
    assert largest_difference(xs, params, naive, result, [], lambda call: (), 200) < 1e-9


@pytest.mark.parametrize("rule", [sgd, rmsprop, adam])
@pytest.mark.parametrize(
    "form", [nesterov_naive_clone, nesterov_naive_rebuild, nesterov_naive_per_parameter]
)
def test_naive_forms_of_symrnn_are_turned_into_odd_even(form, rule):
    xs, params, build = network()
    loss = build(params)
    given = build if form is nesterov_naive_rebuild else loss
    naive = form(given, params, 0.05, 0.9, rule=rule)
    result = odd_even_form(naive, [loss])
    assert list(result.odd_values) == [p for p in naive if p in params]
    assert counts(graph_size([*result.updates.values(), *result.outputs])) == (2, 2)
    assert largest_difference(xs, params, naive, result, [], lambda call: (), 10) < 1e-12


def test_parameter_and_velocity_that_look_alike_are_refused():
    a, b = (pytensor.shared(np.ones((2, 2)), name=name) for name in "ab")
    step = 0.1 * pt.tanh(pt.matrix("x") @ (a + b)).sum(axis=0)
    message = refusal({a: a + b - step, b: b + a - step})
    assert message.startswith("updates must tell parameter from velocity, but a and b are added up")


RATES = {
    "numbers": lambda: ([], 0.05, 0.9),
    "inputs": lambda: (lambda a, b: ([a, b], a, b))(pt.scalar("rate"), pt.scalar("momentum")),
    "shared": lambda: (lambda a, b: ([a, b], a, b))(
        pytensor.shared(0.05, name="rate"), pytensor.shared(0.9, name="momentum")
    ),
}


@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    cell=st.sampled_from(sorted(CELLS)),
    layers=st.integers(1, 2),
    form=st.sampled_from(FORMS),
    rule=st.sampled_from(RULES),
    rates=st.sampled_from(sorted(RATES)),
    seed=st.integers(0, 99),
)
def test_random_networks_follow_the_same_trajectory(cell, layers, form, rule, rates, seed):
    xs, params, build = network(cell, layers, seed)
    changing, rate, momentum = RATES[rates]()
    naive = naive_nesterov(form, build, params, rate, momentum, rule)
    result = odd_even_form(naive)

    def schedule(call):
        return (0.05 / (1 + call // 5), 0.5 + 0.4 * (call % 7) / 7) if changing else ()

    assert largest_difference(xs, params, naive, result, changing, schedule, 15) < 1e-9


def test_momentum_with_its_own_update_needs_no_memory():
    xs, params, build = network()
    momentum = pytensor.shared(0.5, name="momentum")
    naive = naive_nesterov("clone", build, params, 0.1, momentum)
    naive[momentum] = 0.9 + 0.9 * (momentum - 0.9)
    result = odd_even_form(naive)
    assert result.updates.keys() == naive.keys()
    assert largest_difference(xs, params, naive, result, [], lambda call: (), 30) < 1e-9


def test_changing_momentum_is_remembered_and_a_constant_one_not():
    _, params, build = network()
    momentum = pytensor.shared(0.9, name="momentum")
    naive = naive_nesterov("clone", build, params, 0.1, momentum)
    more = odd_even_form(naive).updates.keys() - naive.keys()
    assert [x.name for x in more] == ["momentum.last"]
    assert odd_even_form(naive, constant=[momentum]).updates.keys() == naive.keys()


def test_changing_momentum_adds_no_recurrence():
    xs, params, build = network()
    naive = naive_nesterov("rebuild", build, params, 0.1, pytensor.shared(0.9, name="momentum"))
    result = odd_even_form(naive, [build(params)])
    assert compiled_counts(xs, result.outputs, result.updates) == (2, 2)


def test_jump_enters_from_a_state_that_is_not_zero():
    xs, params, build = network()
    naive = naive_nesterov("clone", build, params, 0.1, 0.9)
    for velocity in naive.keys() - set(params):
        velocity.set_value(velocity.get_value() + 0.1)
    result = odd_even_form(naive)
    before = {x: x.get_value() for x in naive}
    trained(xs, naive, batch(), [], lambda call: (), 3, mode=AS_WRITTEN)
    odd = [param.get_value() for param in params]
    restore(before)
    pytensor.function([], updates=result.jump, mode=FEW_REWRITES)()
    readout = [result.odd_values[param] for param in params]
    read = trained(xs, result.updates, batch(), [], lambda call: (), 3, readout)
    assert max(np.abs(a - b).max() for a, b in zip(odd, read, strict=True)) < 1e-12


def test_loss_at_odd_values_is_offered_and_named_as_what_keeps_the_copy():
    xs, params, build = network()
    naive = naive_nesterov("clone", build, params, 0.1, 0.9)
    loss = build(params).copy(name="loss")
    result = odd_even_form(naive, [loss])
    assert result.explanation.splitlines()[-1] == (
        "Output 0 (loss) at the odd values keeps a second copy of 1 of the 2 recurrences;"
        " outputs[0] is the same at the look-ahead values, without the copy."
    )
    assert compiled_counts(xs, result.odd_outputs, result.updates)[1] == 3
    step = pytensor.function([xs], loss, updates=naive, mode=FEW_REWRITES)
    before = {x: x.get_value() for x in naive}
    losses = [step(batch()) for _ in range(5)]
    restore(before)
    step = pytensor.function([xs], result.odd_outputs, updates=result.updates, mode=FEW_REWRITES)
    np.testing.assert_allclose([step(batch())[0] for _ in range(5)], losses, rtol=1e-12)


def test_weight_decay_at_odd_values_stays():
    xs, params, build = network()
    naive = naive_nesterov("clone", build, params, 0.1, 0.9)
    naive |= {p: naive[p] - 0.01 * p for p in params}
    result = odd_even_form(naive)
    assert counts(graph_size(list(result.updates.values()))) == (2, 2)
    assert largest_difference(xs, params, naive, result, [], lambda call: (), 20) < 1e-12


def partly_looked_ahead(readout_even):
    """All parameters but the last have momentum; the gradient of the last is taken at even or odd values."""
    xs, (*params, readout), build = network()
    naive = naive_nesterov("clone", lambda ps, **o: build([*ps, readout], **o), params, 0.1, 0.9)
    grad = pytensor.grad(build([*params, readout]), readout)
    velocities = [v for v in naive if v not in params]
    even = {p: p + 0.9 * v for p, v in zip(params, velocities, strict=True)}
    return (
        xs,
        [*params, readout],
        naive | {readout: readout - 0.1 * (clone_replace(grad, even) if readout_even else grad)},
    )


def test_parameters_without_momentum_stay_as_they_are():
    xs, params, naive = partly_looked_ahead(readout_even=True)
    result = odd_even_form(naive)
    assert list(result.odd_values) == params[:-1]
    result.odd_values[params[-1]] = params[-1]
    assert largest_difference(xs, params, naive, result, [], lambda call: (), 20) < 1e-12


def test_parameters_trained_at_odd_values_are_refused():
    message = refusal(partly_looked_ahead(readout_even=False)[2])
    assert message.startswith("updates[w_y] must read the network at look-ahead values only, but")
    assert "reads w_x0 at the odd value w_x0, while others read it at w_x0 + 0.9*w_x0.v" in message


def refusal(updates):
    with pytest.raises(UserError) as caught:
        odd_even_form(updates)
    return str(caught.value)


def test_plain_momentum_is_refused():
    _, params, build = network()
    grads = pytensor.grad(build(params), params)
    updates = {}
    for p, g in zip(params, grads, strict=True):
        v = state(p, "v")
        updates |= {v: 0.9 * v - 0.1 * g, p: p + 0.9 * v - 0.1 * g}
    assert refusal(updates).startswith("updates must look ahead, but the network reads none")


def test_even_form_is_refused_as_done():
    _, params, build = network()
    assert "hold look-ahead values already" in refusal(even_nesterov(build, params, 0.1, 0.9))


def test_two_jumps_of_one_parameter_are_refused():
    _, params, build = network()
    naive = naive_nesterov("clone", build, params, 0.1, 0.9)
    again = naive_nesterov("clone", build, params, 0.1, 0.5)
    both = {p: naive[p] + (again[p] - p) for p in params}
    assert "in one way, but read it at" in refusal(naive | again | both)
    # a state that moves no parameter makes no jump: the second network stands at other values than the first
    message = refusal(naive | {k: v for k, v in again.items() if k not in params})
    assert "must read the network at look-ahead values only, but its" in message


def test_gradient_with_others_at_odd_values_is_refused():
    _, params, build = network()
    velocities = [state(p, "v") for p in params]
    updates = {}
    for i, (p, v) in enumerate(zip(params, velocities, strict=True)):
        values = [q + 0.9 * u if i == j else q for j, (q, u) in enumerate(zip(params, velocities))]
        updates[v] = 0.9 * v - 0.1 * pytensor.grad(build(values), p)
        updates[p] = p + updates[v]
    message = refusal(updates)
    assert message.startswith("updates[w_h0.v] must read the network at look-ahead values only")
    assert "take every gradient at look-ahead values" in message


def test_momentum_by_differences_is_refused():
    _, params, build = network()
    previous = [state(p, "previous") for p in params]
    even = [p + 0.9 * (p - q) for p, q in zip(params, previous, strict=True)]
    grads = pytensor.grad(build(even), even)
    updates = {p: e - 0.1 * g for p, e, g in zip(params, even, grads, strict=True)}
    updates |= dict(zip(previous, params, strict=True))
    assert "at the odd value w_x0, while others read it at w_x0 - w_x0.previous;" in refusal(
        updates
    )


A, B, C, D = (2,), (2, 2), (3,), (2, 3)

REDUCING = {  # losses of two parameters that are reduced, broadcast or turned, and the shapes of these
    "sum": (lambda a, b: (a.sum() * b).sum(), A, B),
    "sum of another size": (lambda a, b: (a.sum() * b).sum(), C, B),
    "sums over both axes": (lambda a, b: (a.sum(0) * a.sum(1) * b).sum(), B, A),
    "sum, axes kept": (lambda a, b: (a.sum(1, keepdims=True) * b).sum(), D, B),
    "mean": (lambda a, b: (a.mean(0) * b).sum(), D, D),
    "product": (lambda a, b: (a.prod(0) * b).sum(), B, A),
    "maximum": (lambda a, b: (a.max(1) * b).sum(), B, B),
    "row": (lambda a, b: (a * b).sum(), C, D),
    "column": (lambda a, b: (a[:, None] * b).sum(), A, D),
    "row less column": (lambda a, b: (a[:, None] * b - a * b).sum(), C, (3, 3)),
    "turned": (lambda a, b: (a.T * b - a * b).sum(), B, B),
    "network beside a sum": (lambda a, b: pt.tanh(a @ b).sum() + (a.sum() * b).sum(), B, B),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("form", [nesterov_naive_clone, nesterov_naive_per_parameter])
@pytest.mark.parametrize("case", REDUCING)
def test_reduced_parameters_follow_the_same_trajectory(case, form, dtype):
    build, *shapes = REDUCING[case]
    rng = np.random.default_rng(0)
    params = [
        pytensor.shared(rng.normal(size=shape).astype(dtype), name=name)
        for name, shape in zip("ab", shapes, strict=True)
    ]
    loss = build(*params) + sum((p**2).sum() for p in params)
    naive = form(loss, params, 0.1, 0.9)
    result = odd_even_form(naive)
    assert set(result.odd_values) == set(params)
    xs, tolerance = pt.tensor3("xs"), 1e-12 if dtype == "float64" else 1e-6
    assert largest_difference(xs, params, naive, result, [], lambda call: (), 3) < tolerance


def test_velocity_of_fewer_axes_follows_the_same_trajectory():
    xs, w, v = (
        pt.tensor3("xs"),
        *(pytensor.shared(np.ones(s), name=n) for n, s in (("w", B), ("v", ()))),
    )
    velocity = 0.9 * v - 0.1 * pt.tanh((w + 0.9 * v) @ (w + 0.9 * v)).sum()
    naive = {v: velocity, w: w + velocity}
    result = odd_even_form(naive)
    v.set_value(np.array(0.0))
    assert largest_difference(xs, [w], naive, result, [], lambda call: (), 3) < 1e-12


@pytest.mark.parametrize(
    ("updates", "message"),
    [
        ({pt.vector("x"): pt.vector("y")}, "updates must map shared variables"),
        ({pytensor.shared(1.0, name="w"): 2.0}, "updates[w] must be an expression, but is 2.0"),
    ],
)
def test_what_is_no_update_dictionary_is_refused(updates, message):
    assert refusal(updates).startswith(message)
