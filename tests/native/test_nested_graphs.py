"""Graphs within graphs: Scans that stop, branches that aren't taken, ops in a step that Python runs, `OpFromGraph`."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import same_in_both
from pytensor import scan
from pytensor.compile.builders import OpFromGraph
from pytensor.scan.utils import until
from pytensor.tensor.special import log_softmax, softmax, xlogy

from symrnn.native import native_report

pytestmark = pytest.mark.usefixtures("cold")

try:
    from pytensor.conditional.op import ifelse
except ImportError:  # before PyTensor 3.3
    from pytensor.ifelse import ifelse

x, y, n, c = pt.dvector("x"), pt.dmatrix("y"), pt.lscalar("n"), pt.bscalar("c")
XS, YS = np.array([0.5, -1.0, 2.0, 0.25]), np.eye(4) * 3 + 1


def fallbacks(function):
    return [type(node.op).__name__ for node, _ in native_report(function).fallbacks]


def doubled():
    return scan(
        lambda p: (p * 2, until(p > 20)), outputs_info=[x[0]], n_steps=n, return_updates=False
    )


def two_taps():
    return scan(
        lambda p, q: ([p + q, p * q], until(p > 20)),
        outputs_info=[{"initial": x[:2] + 2, "taps": [-1, -2]}, None],
        n_steps=n,
        return_updates=False,
    )


WHILE = {
    "whole": lambda: [doubled()],
    "last": lambda: [doubled()[-1]],
    "last two": lambda: [doubled()[-2:]],
    "two taps and a trace": lambda: two_taps(),
    "a trace's end": lambda: [two_taps()[1][-1]],
}


@pytest.mark.parametrize("name", WHILE)
def test_scan_stops_by_a_condition(name):
    f = same_in_both([x, n], WHILE[name](), *[(XS, np.int64(k)) for k in (2, 3, 7, 30)])
    assert set(fallbacks(f)) <= {"Ended"}


def test_branch_that_is_not_taken_is_not_computed():
    f = pytensor.function([c, x], ifelse(c, x[3], x.sum()), mode="NATIVE")
    assert f(0, XS[:2]) == XS[:2].sum()
    assert f(1, XS) == XS[3]
    with pytest.raises(IndexError):
        f(1, XS[:2])


def test_branch_that_python_runs_is_not_run_unless_taken():
    def fail(node, inputs, outputs):
        raise AssertionError("this branch was not to be taken")

    class Failing(pytensor.graph.op.Op):
        itypes, otypes = [pt.dvector], [pt.dvector]
        perform = lambda self, *given: fail(*given)  # noqa: E731

    f = pytensor.function([c, x], ifelse(c, Failing()(x), x * 2), mode="NATIVE")
    np.testing.assert_array_equal(f(0, XS), XS * 2)
    with pytest.raises(AssertionError, match="not to be taken"):
        f(1, XS)


BRANCHES = {
    "same shape": lambda: [ifelse(c, x * 2, x - 1) * 3, x.sum()],
    "other shape": lambda: [ifelse(c, x[1:], x - 1) * 3],
    "two outputs": lambda: ifelse(c, [x, y], [x[::-1], y.T]),
    "nested": lambda: [ifelse(c, ifelse(pt.gt(x.sum(), 0), x, -x), x * 0)],
    "both read one value": lambda: [ifelse(c, pt.exp(x) + 1, pt.exp(x) - 1)],
    "a value goes through": lambda: [ifelse(c, x, x * 2)],
    "inverse": lambda: [ifelse(c, pt.linalg.inv(y), y)],
}


@pytest.mark.parametrize("name", BRANCHES)
def test_branches(name):
    same_in_both([c, x, y], BRANCHES[name](), *[(np.int8(k), XS, YS) for k in (0, 1, 0)])


def test_branches_within_a_step():
    out = scan(
        lambda a: ifelse(pt.gt(a, 0.3), a * 2, pt.exp(a)), sequences=[x], return_updates=False
    )
    f = same_in_both([x], [out], (XS,))
    assert fallbacks(f) == []


def solved():
    def step(h, a):
        return pt.linalg.solve(a + pt.diag(h**2), h) + pt.sort(-h)

    return scan(step, outputs_info=[x], non_sequences=[y], n_steps=5, return_updates=False)


def test_step_calls_python_for_what_has_no_rule():
    f = same_in_both([x, y], [solved(), solved()[-1]], (XS, YS), (XS * 2, YS))
    assert sorted(fallbacks(f)) == ["SortOp"]
    assert native_report(f).programs == 1


@pytest.mark.filterwarnings("ignore:.*deprecated `fgraph` parameter:DeprecationWarning")
def test_step_calls_an_op_whose_shape_is_inferred_with_a_graph():
    class Twice(pytensor.graph.op.Op):
        itypes, otypes = [pt.dvector], [pt.dvector]

        def perform(self, node, inputs, outputs):
            outputs[0][0] = 2 * inputs[0]

        def infer_shape(self, fgraph, node, shapes):
            return shapes

    out = scan(lambda h: Twice()(h) + 1, outputs_info=[x], n_steps=3, return_updates=False)
    f = pytensor.function([x], out[-1], mode="NATIVE")
    np.testing.assert_array_equal(f([0.0, 1.0]), [7.0, 15.0])
    assert fallbacks(f) == ["Twice"]


def test_exception_in_a_step_is_raised():
    class Picky(pytensor.graph.op.Op):
        itypes, otypes = [pt.dscalar], [pt.dscalar]

        def perform(self, node, inputs, outputs):
            if inputs[0] > 1:
                raise ZeroDivisionError("more than one")
            outputs[0][0] = np.asarray(inputs[0] + 1)

    f = pytensor.function(
        [x], scan(lambda a: Picky()(a) * 2, sequences=[x], return_updates=False), mode="NATIVE"
    )
    np.testing.assert_array_equal(f([0.0, 1.0]), [2.0, 4.0])
    with pytest.raises(ZeroDivisionError, match="more than one"):
        f(XS)
    np.testing.assert_array_equal(f([0.0, 0.5]), [2.0, 3.0])


INTERPRETED = {
    "shapes that depend on values": lambda: scan(
        lambda h: pt.unique(pt.round(h)).sum() * h / 10,
        outputs_info=[x],
        n_steps=3,
        return_updates=False,
    ),
}


@pytest.mark.parametrize("name", INTERPRETED)
def test_python_counts_steps_that_cannot_be_lowered(name):
    f = same_in_both([x], [INTERPRETED[name]()], (XS,))
    assert fallbacks(f) == ["Steps"]


def test_loop_that_stops_within_a_loop_is_lowered():
    def until_large(a):
        options = {"outputs_info": [a + 3], "n_steps": 10, "return_updates": False}
        return scan(lambda p: (p * 2, until(p > 20)), **options)[-1]

    f = same_in_both([x], [scan(until_large, sequences=[x], return_updates=False)], (XS,))
    assert fallbacks(f) == []


def test_generator_is_carried_from_step_to_step():
    rng = pytensor.shared(np.random.default_rng(3))

    def step(h, rng):
        following, noise = pt.random.normal(0, 1, rng=rng, return_next_rng=True)
        return [h + noise, following]

    hs, _ = scan(step, outputs_info=[x[0], rng], n_steps=4, return_updates=False)
    same_in_both([x], [hs], (XS,))


def test_number_outside_decides_a_shape_inside():
    out = scan(lambda row, k: row[:k].sum(), sequences=[y], non_sequences=[n], return_updates=False)
    f = same_in_both([y, n], [out], (YS, np.int64(2)), (YS, np.int64(3)))
    assert fallbacks(f) == []


class Halved(OpFromGraph):
    """Of a class of its own, as other libraries have them."""


def halved():
    a = pt.dvector("a")
    return Halved([a], [a / 2, pt.stack([a, a[::-1]])])


OF_GRAPHS = {
    "twice": lambda: [*halved()(x), *halved()(x + 1)],
    "within another": lambda: OpFromGraph([x], [halved()(x)[0] + x])(x, return_list=True),
    "passes on": lambda: OpFromGraph([x], [x, x[::-1]])(x, return_list=True),
    "in a step": lambda: [
        scan(lambda row: halved()(row)[0], sequences=[y], return_updates=False)
    ],
    "with a scan": lambda: OpFromGraph(
        [x], [scan(lambda a, h: a + h, sequences=[x], outputs_info=[x[0]], return_updates=False)]
    )(x, return_list=True),
    "special functions": lambda: [
        pt.logsumexp(y, axis=0), softmax(y, axis=1), log_softmax(y, axis=0), xlogy(x**2, x**2 + 1),
        pt.logaddexp(x, x[::-1]), pt.diag(x),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", OF_GRAPHS)
def test_graphs_in_ops_are_written_out(name):
    f = same_in_both([x, y], OF_GRAPHS[name](), (XS, YS))
    assert fallbacks(f) == []


def test_scan_of_no_steps_leaves_its_states():
    hs = scan(lambda a, h: a + h, sequences=[x], outputs_info=[pt.zeros(())], return_updates=False)
    f = pytensor.function([x], [hs, hs.sum()], mode="NATIVE")
    trace, total = f(np.zeros(0))
    assert trace.shape == (0,)
    assert total == 0


def test_scan_that_stops_at_once_has_no_last_entry():
    ends = scan(lambda a: (a + 1, until(a > 9)), sequences=[x], return_updates=False)[-1]
    f = pytensor.function([x], ends, mode="NATIVE")
    assert f([1.0]) == 2
    with pytest.raises(IndexError):
        f([])
