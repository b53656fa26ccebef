"""Equal recurrences computed once, before the gradient is taken."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from foreign import CELLS, PYTHON, batch, layer, stack, weights

from symrnn.duplicates.share import share_recurrences
from symrnn.measure.sizes import graph_size

xs = pt.tensor3("xs")


def twice(cell, layers, **options):
    """Loss and report, each built by itself: a recursive ``get_output`` called twice."""
    params = weights(cell, layers)
    loss = (stack(cell, xs, params, name="loss", **options) ** 2).mean()
    return params, loss, stack(cell, xs, params, name="report", **options).mean()


@pytest.mark.parametrize(("cell", "layers"), [*((cell, 1) for cell in CELLS), ("tanh", 3)])
def test_components_are_those_of_the_network_built_once(cell, layers):
    params, loss, report = twice(cell, layers)
    shared_loss, shared_report = share_recurrences([loss, report])
    total = shared_loss + shared_report
    gradients = pytensor.grad(total, params, disconnected_inputs="ignore")
    size = graph_size([shared_loss, shared_report, *gradients])
    assert (size.scans, size.components) == (2 * layers, 2 * layers)
    gradients = pytensor.grad(loss + report, params, disconnected_inputs="ignore")
    assert graph_size([loss, report, *gradients]).components == 4 * layers


@pytest.mark.graph_budget(scans=2, components=2)
def test_gradient_of_a_shared_network_has_two_scans():
    params, loss, report = twice("gru", 1)
    loss, report = share_recurrences([loss, report])
    wanted = pytensor.grad(loss + report, params, disconnected_inputs="ignore")
    pytensor.function([xs], [loss, report, *wanted], mode=PYTHON)


def test_values_stay():
    _, loss, report = twice("lstm", 1)
    mode = pytensor.compile.mode.Mode(linker="py", optimizer="fast_compile")
    shared = share_recurrences([loss, report])
    function = pytensor.function([xs], [loss, report, *shared], mode=mode)
    a, b, c, d = function(batch())
    np.testing.assert_allclose([a, b], [c, d], rtol=1e-15)


def test_one_variable_gives_one_variable():
    params = weights("tanh")
    assert share_recurrences(stack("tanh", xs, params)).type.ndim == 3


def test_recurrences_of_different_weights_stay_apart():
    first, second = weights("tanh"), weights("tanh")
    outputs = share_recurrences([layer("tanh", xs, *first[:2]), layer("tanh", xs, *second[:2])])
    assert graph_size(outputs).components == 2


def test_states_of_different_lengths_stay_apart():
    params = weights("tanh")
    outputs = [layer("tanh", xs, *params[:2]), layer("tanh", xs, *params[:2], n_steps=2)]
    assert graph_size(share_recurrences(outputs)).components == 2


def test_given_graph_is_left_alone():
    _, loss, report = twice("tanh", 1)
    share_recurrences([loss, report])
    assert graph_size([loss, report]).components == 2


def assembled_twice(**options):
    from symrnn.cells import RNNCell
    from symrnn.unroll import scan_unroll

    cell = RNNCell.create(2, 3, rng=np.random.default_rng(0))
    return share_recurrences([scan_unroll(cell, xs).sum(), scan_unroll(cell, xs, **options).sum()])


def test_layers_with_an_assembled_gradient_are_shared():
    first, again = assembled_twice()
    assert first is again


def test_layers_with_another_gradient_stay_apart():
    first, other = assembled_twice(grad_clipping=1.0)
    assert first is not other
