"""The loop: one update a turn, stopped by a loss that is not finite; the network tested beside it."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from toy_recipe import Line

from symrnn.errors import TrainingError, UserError
from symrnn.graph import TrainingGraph
from symrnn.training.compiled import compiled
from symrnn.training.loop import Training, check_state
from symrnn.training.network import Network

MODE = "FAST_COMPILE"


def started(**options):
    recipe = Line(**options)
    return Training(recipe, recipe.data(), mode=MODE)


def test_each_turn_is_one_update_and_its_loss_falls():
    training = started(steps=40)
    steps = list(training)
    assert [step.number for step in steps] == list(range(1, 41))
    assert [step.loss for step in steps] == training.losses
    assert steps[-1].loss < 0.1 * steps[0].loss
    assert list(training) == []


def test_a_loss_that_is_not_finite_stops_at_once_and_names_step_and_parameter():
    training = started(rule="sgd", learning_rate=1e200, steps=50)
    done = []
    with pytest.raises(TrainingError) as caught:
        done.extend(step for step in iter_into(training, done))
    assert str(caught.value).startswith(
        f"the loss is inf at step {len(done) + 1}, and the first parameter affected is a;"
    )
    assert len(training.losses) == len(done)
    with pytest.raises(TrainingError, match="not all state is finite"):
        training.checkpoint()


def iter_into(training, done):
    """The steps, each noted in `done` as it is made."""
    for step in training:
        done.append(step)
    return []


def test_a_loss_that_is_not_finite_while_parameters_are_is_told_so():
    training = started()
    training.data = [np.full(12, np.nan), np.zeros(12)]
    training.function = lambda *batch: np.nan
    with pytest.raises(TrainingError, match="nan at step 1, and all parameters are still finite"):
        list(training)


def test_the_network_is_tested_at_odd_values_and_training_goes_on_as_if_it_were_not():
    tested, untested = started(), started()
    for _ in tested:
        network = tested.network()
        network("line", [1.0])
        np.testing.assert_array_equal(
            [p.get_value() for p in network.graph.params], tested.values()
        )
    list(untested)
    assert tested.losses == untested.losses


def test_a_restart_is_a_new_training():
    training, fresh = started(), started(seed=3)
    list(training)
    training.restart(fresh.recipe, fresh.data)
    assert [step.loss for step in training] == [step.loss for step in fresh]
    np.testing.assert_array_equal(training.values(), fresh.values())


def test_a_graph_that_draws_random_numbers_is_refused():
    rng = pytensor.shared(np.random.default_rng(0), name="rng")
    _, drawn = pt.random.normal(rng=rng, return_next_rng=True)
    with pytest.raises(
        UserError, match="must not draw random numbers, but reads the generator rng"
    ):
        check_state(drawn, {})


def toy_network():
    w, x, y = pytensor.shared(np.ones(2), name="w"), pt.vector("x"), pt.vector("y")
    more = pt.scalar("more")
    outputs = {"sum": x + y, "product": w * x, "scaled": more * y}
    return Network(TrainingGraph([x, y], (w * x - y).sum(), [w], outputs), mode=MODE)


def test_an_output_takes_the_inputs_it_depends_on():
    network = toy_network()
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(network("sum", x, y), x + y)
    np.testing.assert_array_equal(network("product", x), x)
    np.testing.assert_array_equal(network("scaled", y, 2.0), 2 * y)
    assert network("loss", x, y) == (x - y).sum()
    network.set_values([[2.0, 3.0]])
    product, total = network(("product", "sum"), x, y)
    np.testing.assert_array_equal(product, [2.0, 6.0])
    np.testing.assert_array_equal(total, x + y)


def test_an_unknown_output_is_refused():
    with pytest.raises(UserError, match="no output 'prodct'; did you mean 'product'"):
        toy_network()("prodct", [1.0])


@pytest.mark.slow
def test_jax_gets_the_shapes_of_a_call():
    x = pt.vector("x")
    total = pytensor.shared(0.0, name="total")
    add = compiled([x], x.sum(), {total: total + pt.zeros(x.shape).shape[0]}, mode="JAX")
    assert [float(add(np.ones(n))) for n in (2, 3, 2)] == [2, 3, 2]
    assert total.get_value() == 7


@pytest.mark.parametrize(("mode", "written"), [(MODE, MODE), (None, "")])
def test_a_checkpoint_says_how_it_was_trained(mode, written, monkeypatch):
    monkeypatch.setattr("symrnn.training.loop.compiled", lambda *args, **options: None)
    recipe = Line(steps=3)
    checkpoint = Training(recipe, recipe.data(), mode=mode).checkpoint()
    assert (checkpoint.recipe, checkpoint.mode) == ("Line", written)
    assert checkpoint.options["steps"] == 3
    assert (checkpoint.data, checkpoint.data_hash, len(checkpoint.losses)) == ("", "", 0)
