"""Element-wise expressions taken apart into sums of products."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.duplicates.polynomial import difference, in_words, polynomial, total

w, v = pt.matrices("wv")
mu = pt.scalar("mu")


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        (w + mu * v, {(w,): 1, (v, mu): 1}),
        (w - (-mu) * v, {(w,): 1, (v, mu): 1}),
        (2 * w + 0.5 * v - w, {(w,): 1, (v,): 0.5}),
        ((w + v) * (w - v), {(w, w): 1, (v, v): -1}),
        (w / 4 - -v, {(w,): 0.25, (v,): 1}),
        (w - w, {}),
        (w + 3.0, {(w,): 1, (): 3}),
    ],
)
def test_terms_of_an_expression(expression, terms):
    assert polynomial(expression) == terms


def test_fused_expression_has_the_same_terms():
    mode = pytensor.compile.mode.Mode(linker="py", optimizer="fast_run")
    function = pytensor.function([w, v, mu], w + mu * v, mode=mode)
    [output] = function.maker.fgraph.outputs
    fused = {tuple(sorted(map(str, factors))): c for factors, c in polynomial(output).items()}
    assert type(output.owner.op.scalar_op).__name__ == "Composite"
    assert fused == {("mu", "v"): 1, ("w",): 1}


def test_what_is_no_arithmetic_is_an_atom():
    hidden = pt.tanh(w)
    assert polynomial(hidden + w) == {(hidden,): 1, (w,): 1}


def test_total_is_the_expression_again():
    terms = polynomial(w - 0.5 * mu * v + v * v)
    again = total(terms, w)
    assert polynomial(again) == terms
    assert again.type == w.type
    assert total({}, w).eval({w: np.ones((1, 2))}).tolist() == [[0, 0]]


def test_difference_drops_what_cancels():
    assert difference(polynomial(w + v), polynomial(w)) == {(v,): 1}


def test_words_have_signs_and_factors():
    assert in_words(polynomial(w - 0.9 * v)) == "+ w - 0.9*v"


def test_large_products_stay_whole():
    sums = [pt.add(*pt.vectors(*[f"x{i}{j}" for j in range(6)])) for i in range(2)]
    product = sums[0] * sums[1]
    assert polynomial(product) == {(product,): 1}
