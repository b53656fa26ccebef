"""The sparing inference of assumptions says what PyTensor's own says, before and after a change of the graph."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.assumptions import core
from pytensor.assumptions.core import AssumptionFeature, AssumptionKey
from pytensor.graph.fg import FunctionGraph

from symrnn.native.assumed import SparingAssumptionFeature

KEYS = [key for key in vars(core).values() if isinstance(key, AssumptionKey)]


def matrices(x, d):
    """Values of which something holds, nothing does, or something once x is an identity: x (n, n), d (n,)."""
    n = 3
    eye, diagonal, zeros = pt.eye(n), pt.diag(d), pt.zeros((n, n))
    upper = pt.triu(x)
    made = [x, x + x.T, x @ x.T, x @ eye, x[::-1], x.T, 2 * x, pt.exp(x), x.reshape((n, n)) + 1]
    made += [eye @ diagonal, diagonal.T @ diagonal, diagonal * x, zeros, zeros[0].set(d), upper]
    made += [pt.constant(np.eye(n)[[2, 0, 1]]), pt.constant(np.tri(n)), zeros + x, eye[:, :2]]
    return [*made, *(a @ b for a, b in zip(made[:15], reversed(made[:15]), strict=True))]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_it_says_what_pytensor_says(key):
    answers = []
    for feature in (SparingAssumptionFeature(), AssumptionFeature()):
        x, d = pt.tensor("x", shape=(3, 3), dtype="float64"), pt.tensor("d", shape=(3,))
        fgraph = FunctionGraph([x, d], matrices(x, d), clone=False, features=[feature])
        said = [feature.check(out, key) for out in fgraph.outputs]
        fgraph.replace_all([(x, pt.eye(3))], import_missing=True)
        said += [feature.check(out, key) for out in fgraph.outputs]
        answers.append(said)
    assert answers[0] == answers[1]
    assert key.name != "diagonal" or {*answers[0]} == {True, False}
