"""Expressions drawn by hypothesis: the polynomial of each, evaluated, is the expression."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pytensor.compile.mode import Mode
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors

from symrnn.duplicates.polynomial import difference, polynomial, total

# Constants are drawn, zero among them: PyTensor folds what is divided by it as NumPy does, with a warning.
pytestmark = pytest.mark.filterwarnings(
    "ignore:(divide by zero|invalid value|overflow):RuntimeWarning"
)

FUSED = Mode(linker="py", optimizer="fast_run").excluding("inplace")

VALUES = {
    "w": np.array([[0.3, -1.2, 0.7], [2.1, 0.4, -0.8]]),
    "v": np.array([[1.5, 0.2, -0.6], [-0.9, 1.1, 0.1]]),
    "square": np.array([[0.5, -1.0, 0.7], [1.2, 0.3, -0.4], [0.8, 1.9, -0.7]]),
    "row": np.array([[0.5, -0.25, 2.0]]),
    "column": np.array([[1.25], [-0.75]]),
    "b": np.array([-0.5, 0.6, 1.7]),
    "mu": np.array(0.9),
    "narrow": np.full((2, 3), 0.375, "float32"),
    "counts": np.array([[100, -3, 7], [50, 2, 90]], "int8"),
    "flags": np.array([[1, 0, 1], [1, 1, 0]], "bool"),
}
KNOWN = {  # every size is in the type, so that what does not fit is refused as it is built
    name: pt.tensor(name, dtype=value.dtype, shape=value.shape) for name, value in VALUES.items()
}
LOOSE = {  # no size is but those of one, which broadcasting needs
    name: pt.tensor(name, dtype=x.type.dtype, shape=[1 if s == 1 else None for s in x.type.shape])
    for name, x in KNOWN.items()
}
NUMBERS = (
    0.5,
    -2.0,
    3,
    1,
    0,
    True,
    0.1,
    1e3,
    np.float32(0.3),
    np.full((1, 1), 0.25),
    np.arange(3.0),
)

TWO = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (3 + pt.sqr(y)),
    "maximum": pt.maximum,
    "multiply, add": lambda x, y: x * y + x,
    "there and back": lambda x, y: (x + y) - x,
    "switch": lambda x, y: pt.switch(pt.gt(x, 0), x, y),
    "second": pt.second,
}
ONE = {
    "negative": lambda x: -x,
    "half": lambda x: x / 2,
    "by nothing": lambda x: x / 0.0,
    "square": lambda x: x**2,
    "tanh": pt.tanh,
    "sum": pt.sum,
    "sum(0)": lambda x: x.sum(0),
    "sum(-1)": lambda x: x.sum(-1),
    "sum, kept": lambda x: x.sum(-1, keepdims=True),
    "mean": pt.mean,
    "max": pt.max,
    "prod(0)": lambda x: x.prod(0),
    "cumsum": lambda x: x.cumsum(0),
    "float32": lambda x: pt.cast(x, "float32"),
    "int8": lambda x: pt.cast(pt.clip(x, -100, 100), "int8"),
    "in front": lambda x: x[None],
    "behind": lambda x: x[..., None],
    "turned": lambda x: x.T,
    "one row": lambda x: x[0],
}


@st.composite
def graphs(draw, max_nodes=8):
    """A graph grown node by node on what stands in it already; what can't be built is left out."""
    grown = list(KNOWN.values())
    for _ in range(draw(st.integers(1, max_nodes))):
        x = draw(st.sampled_from(grown[-3:] + grown))
        build, given = ONE[draw(st.sampled_from(sorted(ONE)))], [x]
        if draw(st.integers(0, 3)):
            build = TWO[draw(st.sampled_from(sorted(TWO)))]
            given = [x, draw(st.one_of(st.sampled_from(grown), st.sampled_from(NUMBERS)))]
        try:
            grown.append(pt.as_tensor(build(*given)))
        except (ValueError, TypeError, IndexError, NotImplementedError):
            continue
    return grown


def expressions():
    return graphs().map(lambda grown: grown[-1])


@st.composite
def pairs(draw):
    """Two expressions of one type and float64, in one graph: the last one, where it has a fellow."""
    grown = draw(graphs(max_nodes=16))
    ends = list(reversed([x for x in grown if x.dtype == "float64"]))
    left = next(x for x in ends if any(y.type == x.type for y in ends if y is not x))
    return left, draw(st.sampled_from([y for y in ends if y.type == left.type]))


def loosened(expression):
    """The same expression on variables of unknown sizes."""
    swaps = {x: LOOSE[name] for name, x in KNOWN.items()}
    return clone_replace([expression], swaps, rebuild_strict=False)[0]


def rewritten(variables, expression):
    """The expression after PyTensor's rewrites, fused, on the variables of the compiled function."""
    graph = pytensor.function(
        variables, expression, mode=FUSED, on_unused_input="ignore"
    ).maker.fgraph
    return graph.inputs, graph.outputs[0]


def assert_same_values(variables, actual, expected):
    """Equal where they are finite, the same shape and type everywhere."""
    assert actual.type.dtype == expected.type.dtype
    assert actual.type.ndim == expected.type.ndim
    try:
        function = pytensor.function(
            list(variables), [actual, expected], mode=FEW_REWRITES, on_unused_input="ignore"
        )
        value, wanted = function(*VALUES.values())
    except OverflowError:  # PyTensor's Python linker on int8 in a fused op
        reject()
    except TypeError as error:
        if "bool input not supported" not in str(error):
            raise
        reject()  # local_add_canonizer of 3.0 on a difference of truth values
    assert value.shape == wanted.shape
    finite = np.isfinite(wanted)
    is_narrow = any(getattr(x.type, "dtype", "") == "int8" for x in ancestors([expected]))
    if is_narrow and max(abs(each[finite]).max(initial=0) for each in (value, wanted)) > 100:
        reject()  # int8 wraps around in one order of adding and not in another
    scale = max(1, np.abs(wanted[finite]).max(initial=0))
    is_rough = any(getattr(x.type, "dtype", "") == "float32" for x in ancestors([expected]))
    tolerance = 1e-4 if is_rough else 1e-9
    np.testing.assert_allclose(value[finite], wanted[finite], atol=tolerance * scale, rtol=0)


EXAMPLES = settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@given(expression=expressions(), is_loose=st.booleans())
@EXAMPLES
def test_polynomial_of_a_random_expression_is_the_expression(expression, is_loose):
    variables = (LOOSE if is_loose else KNOWN).values()
    expression = loosened(expression) if is_loose else expression
    again = total(polynomial(expression), expression)
    assert_same_values(variables, again, expression)


@given(expression=expressions(), is_loose=st.booleans())
@settings(EXAMPLES, max_examples=60)
def test_polynomial_of_a_random_fused_expression_is_the_expression(expression, is_loose):
    variables = list((LOOSE if is_loose else KNOWN).values())
    expression = loosened(expression) if is_loose else expression
    inputs, fused = rewritten(variables, expression)
    again = total(polynomial(fused), fused)
    assert_same_values(inputs, again, fused)


@given(pair=pairs())
@EXAMPLES
def test_expressions_of_equal_polynomials_are_equal(pair):
    """What `explain` and `odd_even_form` rely on: what cancels is gone, and what is left is the difference."""
    left, right = pair
    rest = difference(polynomial(left), polynomial(right))
    assert_same_values(KNOWN.values(), total(rest, left), left - right)
