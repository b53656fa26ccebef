"""What counts as a look-ahead: a parameter plus a jump made of state, read where its gradient is taken."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from foreign import PYTHON, naive_nesterov, restore
from pytensor.graph.replace import clone_replace

from symrnn.duplicates.odd_even import odd_even_form
from symrnn.errors import UserError


def param(*values, name):
    return pytensor.shared(np.array(values), name=name)


LOSSES = {  # of two vectors
    "a parameter that no network reads": lambda w, u: pt.sort(pt.sin(w)).sum() + pt.tanh(u).sum(),
    "one that is only decayed": lambda w, u: pt.sort(pt.sin(w)).sum() + (u**2).sum(),
    # 2 (w + v / 2) is v plus 2 w: no jump of v, for w is no state that decays
    "a product that makes the jump whole": lambda w, u: (pt.sin(2 * w) * u).sum() + (u**2).sum(),
}


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("case", LOSSES)
def test_the_loss_is_offered_where_every_gradient_is_taken(case, decay):
    w, u = param(1.0, 2.0, name="w"), param(3.0, 4.0, name="u")
    loss = LOSSES[case](w, u)
    naive = naive_nesterov("clone", lambda params: LOSSES[case](*params), [w, u], 0.1, 0.5)
    if decay:
        naive |= {p: naive[p] - decay * p for p in (w, u)}
    start = {variable: variable.get_value() for variable in naive}
    form = odd_even_form(naive, [loss])
    assert set(form.odd_values) == {w, u}
    step = pytensor.function([], form.outputs, updates=form.updates, mode=PYTHON)
    losses = [step()[0] for _ in range(4)]

    restore(start)
    wv, uv = (v for v in naive if v not in (w, u))
    even = clone_replace(loss, [(w, w + 0.5 * wv), (u, u + 0.5 * uv)])
    step = pytensor.function([], even, updates=naive, mode=PYTHON)
    np.testing.assert_allclose(losses, [step() for _ in range(4)], rtol=1e-12)


@pytest.mark.parametrize("bend", [lambda a: a, pt.tanh])
def test_a_sum_with_a_parameter_that_is_looked_ahead_is_no_jump(bend):
    a, b, v = (
        pytensor.shared(np.array([n, 2.0]), name=name)
        for n, name in ((1.0, "a"), (3.0, "b"), (0.5, "v"))
    )

    def loss(a, b):
        return (pt.sin(b + bend(a)) * b).sum() + (a**2).sum()

    even = a + 0.9 * v
    grads = pytensor.grad(loss(even, b), [even, b])
    velocity = 0.9 * v - 0.1 * grads[0]
    form = odd_even_form({v: velocity, a: a + velocity, b: b - 0.1 * grads[1]}, [loss(a, b)])
    assert list(form.odd_values) == [a]
    pytensor.function([], updates=form.jump, mode=PYTHON)()
    [value] = pytensor.function([], form.outputs, mode=PYTHON)()
    expected = loss(pt.constant([1.45, 3.8]), pt.constant([3.0, 2.0])).eval()
    np.testing.assert_allclose(value, expected, rtol=1e-12)


@pytest.mark.parametrize(("shape", "dtype"), [((2,), "float64"), ((2, 2), "float32")])
def test_jump_that_the_parameter_cannot_hold_is_none(shape, dtype):
    w = pytensor.shared(np.ones(shape, dtype), name="w")
    v = pytensor.shared(np.zeros((2, 2)), name="v")
    gradient = pt.tanh(w + 0.9 * v)
    updates = {v: 0.9 * v - 0.1 * gradient, w: w - 0.1 * gradient.mean().astype(dtype)}
    with pytest.raises(UserError, match="updates must look ahead, but the network reads none"):
        odd_even_form(updates)


def loss_of_a_sum(a, b):
    return pt.sin(b + a).sum()


def test_a_parameter_that_decays_is_no_jump_of_another_without_a_velocity():
    """Found by the fuzzer's night: of momentum 0 nothing is left to look ahead by, and b + a was taken for it."""
    a, b, u, v = (
        pytensor.shared(np.full(shape, 0.1), name=n)
        for n, shape in zip("abuv", ((), 2) * 2, strict=True)
    )
    gradients = pytensor.grad(loss_of_a_sum(a, b), [a, b])
    new_u, new_v = (0.0 * x - 0.1 * g for x, g in zip((u, v), gradients, strict=True))
    updates = {u: new_u, v: new_v, a: 0.9 * a + new_u, b: 0.9 * b + new_v}
    with pytest.raises(UserError, match="updates must look ahead, but the network reads none"):
        odd_even_form(updates)


def test_a_parameter_that_decays_is_no_part_of_the_jump_of_another():
    a, b, v = (
        pytensor.shared(np.full(shape, 0.1), name=n)
        for n, shape in zip("abv", ((), 2, 2), strict=True)
    )
    even = b + 0.9 * v
    for_a, for_b = pytensor.grad(loss_of_a_sum(a, even), [a, even])
    new_v = 0.9 * v - 0.1 * for_b
    form = odd_even_form({v: new_v, a: 0.9 * a - 0.1 * for_a, b: 0.9 * b + new_v})
    assert form.explanation == "b holds its look-ahead value b + 0.9*v."
