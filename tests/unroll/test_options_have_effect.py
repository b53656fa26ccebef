"""No option is ignored: each one of each function, with either gradient, changes what it should, or is refused.

The options are read off the signatures, so that one that is added without its row fails.
"""

import inspect

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import AS_WRITTEN, make_cell
from pytensor.graph.traversal import apply_ancestors
from pytensor.scan.op import Scan

from symrnn.errors import UserError
from symrnn.ops.assembled import AssembledOp
from symrnn.unroll import api, bidirectional, scan_states, scan_unroll, stack, static_unroll
from symrnn.unroll.options import GRADIENTS, GradientOptions

T, B, H = 4, 3, 2
RNG = np.random.default_rng(0)
XS = RNG.normal(size=(T, B, 2 * H))
MASK = np.array([[1, 1, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]])


def cells(count, **options):
    """Cells that differ, as wide as a pair puts out."""
    names = ("lstm", "gru")[:count]
    return [make_cell(name, 2 * H, H, rng=i, **options) for i, name in enumerate(names)]


def two_deep(count, **options):
    """A layer of so many cells, upon a pair; the layers are apart."""
    return [cells(2), cells(count, **options)]


PATHS = {  # name: (function, what it is given before xs)
    "scan_unroll": (scan_unroll, lambda: cells(1)),
    "scan_states": (scan_states, lambda: cells(1)),
    "static_unroll": (static_unroll, lambda: cells(1)),
    "bidirectional": (bidirectional, lambda: cells(2)),
    "stack": (stack, lambda: [[*two_deep(1)]]),
    "stack of pairs": (stack, lambda: [[*two_deep(2)]]),
    "stack of pairs with layers=": (stack, lambda: [[cells(2, layers=3)]]),
}
GRADIENT_ONLY = {"gradient_steps": 1, "grad_clipping": 1e-3}
ALWAYS = {"mask": MASK} | GRADIENT_ONLY
OPTIONS = {  # function: its options, each with a value that is not the default
    scan_unroll: {"reverse": True, "initial": None, "last_only": True} | ALWAYS,
    scan_states: {"reverse": True, "initial": None} | ALWAYS,
    static_unroll: {"reverse": True, "initial": None, "last_only": True} | ALWAYS,
    bidirectional: {"initial": None, "last_only": True} | ALWAYS,
    stack: ALWAYS,
}
BUILT_ANOTHER_WAY = {"gradient", "scans", "steps"}  # these have tests of their own, below


def options_of(function):
    """The names of all options of a function."""
    own = inspect.signature(function).parameters.values()
    named = {p.name for p in own if p.kind is p.KEYWORD_ONLY}
    return named | set(GradientOptions.__annotations__)


def given(option, value, function):
    """The option's value for a function; of an initial state, one for each cell."""
    if option != "initial":
        return value
    lstm = [pt.constant(RNG.normal(size=H)) for _ in range(2)]
    return (lstm, pt.constant(RNG.normal(size=H))) if function is bidirectional else lstm


def flat(result):
    """``ys``, with the state where a function returns one."""
    ys, *states = result if isinstance(result, tuple) else (result,)
    return [ys, *(field for state in states for field in state)]


def weights_of(item):
    """The weights of each cell, in lists."""
    if isinstance(item, list):
        return [weights for part in item for weights in weights_of(part)]
    return [list(item.weights.values())]


@pytest.mark.parametrize("function", OPTIONS, ids=lambda function: function.__name__)
def test_every_option_has_its_row(function):
    assert options_of(function) == set(OPTIONS[function]) | (
        options_of(function) & BUILT_ANOTHER_WAY
    )


def test_every_function_has_its_options():
    public = {
        f for f in vars(api).values() if inspect.isfunction(f) and f.__module__ == api.__name__
    }
    takes_cells = {f for f in public if not f.__name__.startswith(("_", "check"))}
    assert takes_cells == set(OPTIONS) == {function for function, _ in PATHS.values()}


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("path", PATHS)
def test_every_option_changes_values_or_the_gradients_of_every_cell(path, gradient):
    function, make = PATHS[path]
    made, xs = make(), pt.tensor("xs", shape=(T, None, 2 * H))
    options = OPTIONS[function]
    each = {"none": {}} | {name: {name: given(name, v, function)} for name, v in options.items()}
    weights, outputs, values = weights_of(made), [], {}
    for option in each.values():
        found = flat(function(*made, xs, gradient=gradient, **option))
        loss = sum(pt.sin(y).sum() for y in found)
        outputs.append([found[0], *pytensor.grad(loss, sum(weights, []))])
    results = iter(pytensor.function([xs], sum(outputs, []), mode=AS_WRITTEN)(XS))
    for name, row in zip(each, outputs, strict=True):
        values[name] = [next(results) for _ in row]
    plain = values.pop("none")
    for name, found in values.items():
        ys_differ = differ(found[0], plain[0])
        assert ys_differ == (name not in GRADIENT_ONLY), name
        begin = 1
        for of_cell in weights:
            part = slice(begin, begin + len(of_cell))
            pairs = zip(found[part], plain[part], strict=True)
            assert all(differ(*pair) for pair in pairs), (name, of_cell)
            begin += len(of_cell)


def differ(one, other):
    return one.shape != other.shape or abs(one - other).max() > 1e-4


def scans_of(result):
    """How many scans and assembled layers a graph has, at its surface."""
    ops = [node.op for node in apply_ancestors(flat(result))]
    return sum(isinstance(op, Scan) for op in ops), sum(isinstance(op, AssembledOp) for op in ops)


LAYERS = {"stack": 2, "stack of pairs": 2}  # others are one


@pytest.mark.parametrize("path", PATHS)
def test_gradient_chooses_who_differentiates(path):
    function, make = PATHS[path]
    made, xs = make(), pt.tensor("xs", shape=(T, None, 2 * H))
    scans, layers = scans_of(function(*made, xs, gradient="autodiff"))
    assert (scans, layers) == ((0 if function is static_unroll else LAYERS.get(path, 1)), 0)
    assert scans_of(function(*made, xs, gradient="assembled")) == (0, LAYERS.get(path, 1))


def test_scans_chooses_how_many_scans():
    xs = pt.tensor("xs", shape=(T, None, 2 * H))
    for gradient, place in (("autodiff", 0), ("assembled", 1)):
        one, two = (
            scans_of(bidirectional(*cells(2), xs, scans=scans, gradient=gradient))[place]
            for scans in ("one", "two")
        )
        assert (one, two) == (1, 2)


@pytest.mark.parametrize("gradient", GRADIENTS)
def test_steps_is_the_length_that_the_input_does_not_tell(gradient):
    [cell], xs = cells(1), pt.tensor("xs", shape=(None, None, 2 * H))
    with pytest.raises(UserError, match="static_unroll needs a fixed number of steps"):
        static_unroll(cell, xs, gradient=gradient)
    counts = [
        len(set(apply_ancestors([static_unroll(cell, xs, steps=n, gradient="autodiff")])))
        for n in (2, 3)
    ]
    assert counts[0] < counts[1]
    with pytest.raises(UserError, match="steps must be the length of xs, 4, but is 3"):
        static_unroll(cell, pt.tensor(shape=(T, None, 2 * H)), steps=3, gradient=gradient)


WRONG = {
    "gradient": "numeric",
    "gradient_steps": 0,
    "grad_clipping": 0.0,
    "mask": pt.dvector("mask"),
    "initial": (1, 2, 3),
    "scans": "three",
    "steps": -1,
}


@pytest.mark.parametrize("path", PATHS)
def test_wrong_values_are_refused_by_their_names(path):
    function, make = PATHS[path]
    made, xs = make(), pt.tensor("xs", shape=(T, None, 2 * H))
    refused = sorted(options_of(function) & set(WRONG))
    assert len(refused) >= 4
    for name in refused:
        with pytest.raises(UserError, match=name):
            function(*made, xs, **{name: WRONG[name]})


@pytest.mark.parametrize("path", PATHS)
def test_an_option_that_a_function_has_not_is_refused(path):
    function, make = PATHS[path]
    every = set().union(*map(options_of, OPTIONS))
    xs = pt.tensor("xs", shape=(T, None, 2 * H))
    for name in sorted(every - options_of(function)):
        with pytest.raises(TypeError, match=name):
            function(*make(), xs, **{name: None})
