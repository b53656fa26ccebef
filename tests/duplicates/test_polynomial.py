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


ATOMS = {  # what applies Add or Mul, and is no element-wise sum or product of real numbers
    "sum": w.sum(),
    "sum of rows": w.sum(0),
    "sum of columns": w.sum(1),
    "product": w.prod(),
    "running sum": w.cumsum(0),
    "flags": pt.matrix("f", dtype="bool") + pt.matrix("g", dtype="bool"),
    "small integers": pt.matrix("i", dtype="int8") * pt.matrix("j", dtype="int8"),
    "column": mu * w[:, 0][:, None] / mu,
    "turned": w.T,
    "division by nothing": w / 0.0,
}


@pytest.mark.parametrize("name", ATOMS)
def test_what_only_looks_like_arithmetic_is_an_atom(name):
    atom = ATOMS[name]
    assert polynomial(atom + v) == {(atom,): 1, (v,): 1}


def test_sums_over_different_axes_do_not_cancel():
    x = pt.matrix("x", shape=(2, 2))
    assert difference(polynomial(x.sum(0)), polynomial(x.sum(1)))
    b = pt.vector("b")
    assert difference(polynomial(b[None] * w), polynomial(b[:, None] * w))


def test_total_has_the_shape_of_what_it_stands_for():
    b = pt.vector("b")
    rest = (w + b) - w
    assert polynomial(rest) == {(b,): 1}
    values = {w: np.ones((2, 3)), b: np.arange(3.0)}
    assert total(polynomial(rest), rest).eval(values).tolist() == [[0, 1, 2]] * 2


def test_total_of_integers_and_flags_is_real():
    i, f, g = pt.matrix("i", dtype="int64"), *(pt.matrix(n, dtype="bool") for n in "fg")
    half = 0.5 * i + f + 1.0 * g
    values = {i: [[3, 1]], f: [[True, True]], g: [[True, False]]}
    assert total(polynomial(half), half).eval(values).tolist() == [[3.5, 1.5]]


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
