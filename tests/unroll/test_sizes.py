"""How large our own graphs are: numbers in ``test_sizes.graphs.txt``, which ``pytest --graph-update`` writes."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import CELLS, make_cell

from symrnn.measure.sizes import graph_size
from symrnn.unroll import stack
from symrnn.updates import nesterov_momentum, nesterov_odd_even, sgd

D, H = 3, 4


def network(cell, depth, *, layers_as="subgraphs"):
    """``(xs, loss, params)`` of `depth` bidirectional layers, shapes symbolic."""
    rng = np.random.default_rng(0)

    def pair(size, layers=None):
        return [make_cell(cell, size, H, rng=rng, layers=layers) for _ in range(2)]

    if layers_as == "scan":
        layers = [pair(D), pair(2 * H, depth - 1)]
    else:
        layers = [pair(D if i == 0 else 2 * H) for i in range(depth)]
    xs = pt.tensor("xs", shape=(None, None, D))
    params = [param for layer in layers for c in layer for param in c.params]
    return xs, (stack(layers, xs) ** 2).mean(), params


def train(rule, cell, depth, **options):
    """A training function in Numba mode, rewritten but not compiled: that waits for a call."""
    xs, loss, params = network(cell, depth, **options)
    updates = rule(loss, params, 0.1)
    updates = updates[-1] if isinstance(updates, tuple | list) else updates
    return pytensor.function([xs], loss, updates=updates, mode="NUMBA")


@pytest.mark.parametrize("cell", CELLS)
def test_training_step_keeps_its_size(cell, graph_snapshot):
    graph_snapshot.check(train(sgd, cell, 2), name=f"{cell}, two bidirectional layers, sgd")


def test_bidirectional_tanh_layer_has_at_most_55_nodes():
    shallow, deep = (graph_size(train(sgd, "rnn", depth)) for depth in (2, 4))
    assert (deep.nodes - shallow.nodes) / 2 <= 55
    assert (deep.scans - shallow.scans) / 2 == 2
    assert (deep.components - shallow.components) / 2 == 4


def test_layers_as_a_scan_do_not_grow_with_depth():
    shallow, deep = (graph_size(train(sgd, "rnn", depth, layers_as="scan")) for depth in (4, 32))
    assert shallow == deep


@pytest.mark.parametrize("rule", [nesterov_momentum, nesterov_odd_even])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_odd_even_adds_no_recurrence_to_sgd(cell, rule):
    floor, size = (graph_size(train(each, cell, 1)) for each in (sgd, rule))
    params = len(network(cell, 1)[2])
    assert (size.scans, size.components, size.inner_nodes) == (
        floor.scans,
        floor.components,
        floor.inner_nodes,
    )
    assert floor.nodes <= size.nodes <= floor.nodes + params


@pytest.mark.graph_budget(scans=2, components=4)
def test_bidirectional_layer_is_one_scan_each_way():
    train(sgd, "lstm", 1)
