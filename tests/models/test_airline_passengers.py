"""The forecasting network: by hand, as a layer and in JAX the same; what is held out is never seen."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close, evaluate

from symrnn.errors import UserError
from symrnn.models.airline_passengers import (
    AirlinePassengers,
    airline_passengers,
    airline_passengers_loss,
    features,
    fit,
    forecast,
    seasonal,
)
from symrnn.training.network import Network

BY_HAND = Path(__file__).parents[2] / "experiments" / "by_hand" / "airline_passengers.py"


def one_batch():
    recipe = AirlinePassengers(test_months=110)
    return recipe.batch(recipe.data(), 0)


def loss_and_gradient(graph):
    return [graph.loss, graph.outputs["growth"], *pytensor.grad(graph.loss, graph.params)]


def test_hand_and_layer_agree_to_rounding():
    results = []
    for written in ("layer", "hand"):
        graph = airline_passengers(weight_decay=0.01, written=written)
        results.append(evaluate(graph.inputs, loss_and_gradient(graph), one_batch()))
    assert_all_close(*results, 1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-10)])
def test_jax_by_hand_is_the_same_network(dtype, tolerance):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    graph = airline_passengers(weight_decay=0.01, dtype=dtype)
    batch = [array.astype(dtype) for array in one_batch()]
    params = [param.get_value() for param in graph.params]
    loss, _, *grads = evaluate(graph.inputs, loss_and_gradient(graph), batch)
    by_hand = jax.jit(jax.value_and_grad(run_path(str(BY_HAND))["loss"]))(params, *batch)
    assert_all_close(
        [loss, *grads], [np.asarray(each) for each in (by_hand[0], *by_hand[1])], tolerance
    )


@pytest.mark.parametrize("written", ["layer", "hand"])
def test_network_built_again_on_its_parameters_is_the_same(written):
    graph = airline_passengers(weight_decay=0.1, written=written)
    again = airline_passengers_loss(
        [p * 1 for p in graph.params], graph, written=written, weight_decay=0.1
    )
    loss, same = evaluate(graph.inputs, [graph.loss, again], one_batch())
    assert abs(loss - same) < 1e-15


def test_what_is_held_out_is_not_in_the_batch():
    recipe = AirlinePassengers()
    series = recipe.data()
    changed = series._replace(counts=np.where(np.arange(144) < 120, series.counts, 1e6))
    for ours, theirs in zip(recipe.batch(series, 0), recipe.batch(changed, 0), strict=True):
        assert len(ours) == 119
        np.testing.assert_array_equal(ours, theirs)


def fresh_network():
    recipe = AirlinePassengers()
    return Network(recipe.graph(), mode=FEW_REWRITES), recipe.data()


def test_a_forecast_sees_nothing_from_its_start_on():
    network, series = fresh_network()
    changed = series._replace(counts=np.where(np.arange(144) < 100, series.counts, 1e6))
    ahead = forecast(network, series, 100, 3)
    np.testing.assert_array_equal(ahead, forecast(network, changed, 100, 3))
    assert ahead[0] == pytest.approx(fit(network, series)[99], rel=1e-12)
    seen = series._replace(counts=np.concatenate([series.counts[:100], ahead]))
    np.testing.assert_allclose(fit(network, seen)[99:], ahead, rtol=1e-12)


def test_features_are_last_months_count_and_the_month():
    series = AirlinePassengers().data()
    xs = features(series, series.counts, 14)
    assert xs.shape == (13, 1, 13)
    np.testing.assert_allclose(xs[:2, 0, 0], np.log(series.counts[:2] / 112))
    np.testing.assert_array_equal(xs[:, 0, 1:].argmax(axis=1), [*range(1, 12), 0, 1])


def test_naive_errors_are_those_of_the_series():
    network, series = fresh_network()
    readings = AirlinePassengers().test(network, series)
    assert readings["error of last year's month"] == pytest.approx(
        np.sqrt(np.mean((series.counts[120:] - series.counts[108:132]) ** 2))
    )
    np.testing.assert_array_equal(seasonal(series.counts[:120], 24)[12:], series.counts[108:120])


def test_months_are_predicted_by_name():
    network, _ = fresh_network()
    lines = list(AirlinePassengers().predict(network, ("2",)))
    assert [line.split()[0] for line in lines] == ["1961-01", "1961-02"]
    assert all(float(line.split()[1]) > 0 for line in lines)


@pytest.mark.parametrize("words", [("0",), ("x",), ("1", "2")])
def test_a_wrong_number_of_months_is_refused(words):
    with pytest.raises(UserError, match="give a number of months to forecast"):
        list(AirlinePassengers().predict(fresh_network()[0], words))


def test_wrong_option_is_refused():
    with pytest.raises(UserError, match="written must be one of layer, hand, but is 'x'"):
        airline_passengers(written="x")
