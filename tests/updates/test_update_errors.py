"""Wrong arguments of update rules: one sentence with argument, rule, value and way out."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import disconnected_grad

from symrnn.errors import UserError
from symrnn.updates import apply_momentum, momentum, nesterov_momentum, nesterov_naive_rebuild, sgd

W = pytensor.shared(np.ones((2, 3)), name="w")
OTHER = pytensor.shared(np.ones(3), name="other")
LOSS = (W**2).sum()

WRONG = {  # what is wrong: (call, what the sentence says)
    "parameter not shared": (
        lambda: sgd(LOSS, [pt.matrix("m")], 0.1),
        r"params\[0\] must be a shared variable, but is m .*; make it with pytensor.shared",
    ),
    "parameter not shared, for given gradients": (
        lambda: sgd([LOSS], [pt.scalar("s")], 0.1),
        r"params\[0\] must be a shared variable, but is s",
    ),
    "parameter twice": (
        lambda: sgd(LOSS, [W, W], 0.1),
        r"params must differ from each other, but w stands in it twice; drop one",
    ),
    "loss not scalar": (
        lambda: sgd(W**2, [W], 0.1),
        r"loss must be a scalar expression, but is .*; reduce it with .mean",
    ),
    "loss without the parameter": (
        lambda: sgd(LOSS, [W, OTHER], 0.1),
        r"loss must depend on every parameter, but not on other; take it out of params",
    ),
    "loss without a gradient": (
        lambda: sgd(disconnected_grad(LOSS), [W], 0.1),
        r"loss must have a gradient for each of \[w\], but .*; take that parameter out of params",
    ),
    "rebuilt loss without the parameter": (
        lambda: nesterov_naive_rebuild(lambda even: (even[0] ** 2).sum(), [W, OTHER], 0.1),
        r"loss must depend on every parameter, but not on other",
    ),
    "rebuilt loss not scalar": (
        lambda: nesterov_naive_rebuild(lambda even: even[0], [W], 0.1),
        r"loss must be a scalar expression",
    ),
    "momentum for a parameter that the rule does not change": (
        lambda: apply_momentum(sgd(LOSS, [W], 0.1), [OTHER]),
        r"updates must change every parameter, but not other, only \[w\]; give the dictionary",
    ),
    "too few gradients": (
        lambda: sgd([W], [W, OTHER], 0.1),
        r"loss_or_grads must hold one gradient per parameter, but holds 1 for 2; give",
    ),
    "gradient of another rank": (
        lambda: sgd([OTHER], [W], 0.1),
        r"loss_or_grads\[0\] must have the rank of its parameter w, 2, but has 1; give",
    ),
    "gradient of a wider dtype": (
        lambda: sgd([pt.dvector()], [pytensor.shared(np.ones(3, "float32"), name="v")], 0.1),
        r"loss_or_grads\[0\] must fit the dtype of its parameter v, float32, but has float64; cast",
    ),
    "learning rate per unit": (
        lambda: sgd(LOSS, [W], pt.vector("rates")),
        r"learning_rate must be a number or a scalar variable, but is rates .*; give one rate",
    ),
    "learning rate as text": (
        lambda: sgd(LOSS, [W], "0.1"),
        r"learning_rate must be a number or a scalar variable, but is '0.1' \(str\); give",
    ),
    "learning rate not a number": (
        lambda: sgd(LOSS, [W], float("nan")),
        r"learning_rate must be finite, but is nan; ",
    ),
    "momentum of one": (
        lambda: nesterov_momentum(LOSS, [W], 0.1, 1),
        r"momentum must lie in \[0, 1\), but is 1; ",
    ),
    "momentum below zero": (
        lambda: momentum(LOSS, [W], 0.1, momentum=-0.1),
        r"momentum must lie in \[0, 1\), but is -0.1; ",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_argument_is_one_sentence(wrong):
    call, sentence = WRONG[wrong]
    with pytest.raises(UserError, match=sentence) as raised:
        call()
    assert "\n" not in str(raised.value)
