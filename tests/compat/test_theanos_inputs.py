"""Inputs of Theano's functions that a call may leave out: defaults, and states that a call leaves changed."""

import copy

import pytensor.tensor as pt
import pytest

pytestmark = pytest.mark.usefixtures("installed")


def accumulator(sign=1, **given):
    """A function that adds its input to a state, 10 at first, or takes it away; and the variable of the state."""
    import theano

    x, s = pt.scalar("x"), pt.scalar("s")
    options = {"value": 10.0, "update": s + sign * x} | given
    return theano.function([x, theano.In(s, **options)], s, mode="FAST_COMPILE"), s


def test_inputs_with_defaults_may_be_left_out():
    import theano
    import theano.tensor as T

    x, y, z = T.scalars("xyz")
    for one in (theano.In(y, value=2.0), theano.Param(y, default=2.0)):
        f = theano.function([x, one, theano.In(z, value=1.0)], x * y - z)
        assert [
            float(f(3.0)),
            float(f(3.0, 4.0)),
            float(f(3.0, z=0.0)),
            float(f(y=5.0, x=1.0)),
        ] == [5.0, 11.0, 6.0, 4.0]
        assert f.maker.fgraph
        with pytest.raises(TypeError, match="needs x"):
            f(y=1.0)
        with pytest.raises(TypeError, match="given twice"):
            f(1.0, x=1.0)


def test_a_default_is_an_item_that_can_be_set():
    import theano

    x, y = pt.scalars("xy")
    f = theano.function([x, theano.In(y, value=2)], x * y, mode="FAST_COMPILE")
    assert (f(3.0), f[y], f["y"], f.value[y]) == (6.0, 2.0, 2.0, 2.0)
    assert f(3.0, 5.0) == 15.0
    assert f[y] == 2.0  # a value that is given holds for one call
    f[y] = 4
    assert f(3.0) == 12.0
    with pytest.raises(TypeError, match="at most 2 inputs, but 3"):
        f(1.0, 2.0, 3.0)


def test_names_that_repeat_are_given_by_place():
    import theano

    x, y = pt.scalar("x"), pt.scalar("x")
    f = theano.function([x, theano.In(y, value=2.0)], x - y, mode="FAST_COMPILE")
    assert f(5.0, 1.0) == 4.0
    with pytest.raises(TypeError, match="several inputs are called 'x'"):
        f(x=1.0)


def test_a_state_has_its_update_at_the_next_call():
    count, s = accumulator()
    assert [float(count(1.0)), float(count(2.0)), float(count[s])] == [10.0, 11.0, 13.0]
    assert float(count(1.0, 0.0)) == 0.0  # a state that is given
    assert float(count["s"]) == 1.0
    count[s] = 7
    assert float(count(0.0)) == 7.0


def test_functions_share_a_state_by_its_container():
    up, s = accumulator()
    down, t = accumulator(sign=-1, value=up.container[s])
    up(5.0)
    assert down[t] == up[s] == 15.0
    down(1.0)
    assert up[s] == 14.0
    with pytest.raises(TypeError, match="at most 1 inputs"):
        down(1.0, 2.0)  # the state belongs to the other function
    shown, _ = accumulator(sign=-1, value=up.container[s], implicit=False)
    shown(1.0, 0.0)
    assert up[s] == -1.0


def test_a_copy_of_a_function_has_states_of_its_own():
    up, s = accumulator()
    down, t = accumulator(sign=-1, value=up.container[s])
    copied, apart = copy.copy(up), down.copy()
    up(5.0)
    assert (float(up[s]), float(copied[s]), float(apart[t])) == (15.0, 10.0, 10.0)
    assert copied.container[s] is not up.container[s]


def test_states_and_shared_variables_change_at_once():
    import theano

    shared, a = theano.shared(1.0), pt.dscalar("a")
    swap = theano.function(
        [theano.In(a, value=0.0, update=shared)], [], updates={shared: a}, mode="FAST_COMPILE"
    )
    assert [(swap(), float(shared.get_value()))[1] for _ in range(3)] == [0.0, 1.0, 0.0]


def test_an_update_of_another_type_is_refused():
    import theano

    with pytest.raises(
        TypeError, match=r"update must have the type of its input a.*cast the update"
    ):
        theano.In(pt.dscalar("a"), value=0.0, update=pt.dvector("b"))


def test_functions_of_a_dictionary_have_a_state():
    import theano

    s = pt.scalar("s")
    f = theano.function(
        [theano.In(s, value=1.0, update=2 * s)], {"now": s, "next": 2 * s}, mode="FAST_COMPILE"
    )
    assert {key: float(one) for key, one in f().items()} == {"now": 1.0, "next": 2.0}
    assert float(f()["now"]) == 2.0
    assert f.maker.fgraph
