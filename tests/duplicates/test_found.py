"""Every planted duplicate is found with its cause."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from foreign import (
    CELLS,
    PYTHON,
    SIZE,
    layer,
    loss_of,
    naive_nesterov,
    stack,
    state,
    weights,
)
from pytensor.gradient import disconnected_grad
from pytensor.graph.replace import clone_replace

from symrnn.duplicates.found import duplicates
from symrnn.duplicates.kinds import Kind
from symrnn.duplicates.share import share_recurrences
from symrnn.measure.sizes import graph_size

xs, ys = pt.tensor3("xs"), pt.tensor3("ys")


def velocities(params):
    return [state(p, "v") for p in params]


def moved(params, by):
    return [p + d for p, d in zip(params, by, strict=True)]


def mask(seed):
    rng = pytensor.shared(np.random.default_rng(seed), name=f"rng{seed}")
    _, drawn = pt.random.bernoulli(0.5, size=(2, SIZE), rng=rng, return_next_rng=True)
    return drawn


def noise(params):
    rng = pytensor.shared(np.random.default_rng(0), name="noise_rng")
    drawn = [
        pt.random.normal(0, 0.1, size=p.get_value().shape, rng=rng, return_next_rng=True)
        for p in params
    ]
    return [noise for _, noise in drawn]


PLANTED = {  # kind: two networks (cell, params) -> (T, B, H) that compute the same step twice
    "built twice": (Kind.EQUAL, lambda c, p: (stack(c, xs, p), stack(c, xs, p))),
    "built twice under two names": (
        Kind.EQUAL,
        lambda c, p: (stack(c, xs, p, name="loss"), stack(c, xs, p, name="report")),
    ),
    "look-ahead by clone": (
        Kind.LOOK_AHEAD,
        lambda c, p: (
            stack(c, xs, p),
            clone_replace(
                stack(c, xs, p), dict(zip(p, moved(p, [0.9 * v for v in velocities(p)])))
            ),
        ),
    ),
    "look-ahead by rebuilding": (
        Kind.LOOK_AHEAD,
        lambda c, p: (stack(c, xs, p), stack(c, xs, moved(p, [0.9 * v for v in velocities(p)]))),
    ),
    "look-ahead by closure": (
        Kind.LOOK_AHEAD,
        lambda c, p: (
            stack(c, xs, p),
            stack(c, xs, moved(p, [0.9 * v for v in velocities(p)]), closure=True),
        ),
    ),
    "two constants": (
        Kind.CONSTANTS,
        lambda c, p: (stack(c, xs * 0.9, p), stack(c, xs * 0.8, p)),
    ),
    "reversed sequence": (Kind.REVERSED, lambda c, p: (stack(c, xs, p), stack(c, xs[::-1], p))),
    "two slices": (Kind.SLICES, lambda c, p: (stack(c, xs[1:], p), stack(c, xs[:-1], p))),
    "dropout mask against none": (
        Kind.MASK,
        lambda c, p: (stack(c, xs * mask(0), p), stack(c, xs, p)),
    ),
    "two dropout masks": (
        Kind.DRAWS,
        lambda c, p: (stack(c, xs * mask(0), p), stack(c, xs * mask(1), p)),
    ),
    "initial state": (
        Kind.INITIAL_STATE,
        lambda c, p: (
            stack(c, xs, p),
            stack(c, xs, p, initial=pytensor.shared(np.ones((2, SIZE)))),
        ),
    ),
    "other data": (Kind.DATA, lambda c, p: (stack(c, xs, p), stack(c, ys, p))),
    "weight noise": (Kind.NOISE, lambda c, p: (stack(c, xs, p), stack(c, xs, moved(p, noise(p))))),
    "stopped gradient": (
        Kind.GRADIENT,
        lambda c, p: (stack(c, xs, p), stack(c, disconnected_grad(xs), p)),
    ),
    "two settings": (
        Kind.SETTINGS,
        lambda c, p: (
            stack(c, xs * pytensor.shared(0.5, name="a"), p),
            stack(c, xs * pytensor.shared(0.7, name="b"), p),
        ),
    ),
    "copied parameters": (
        Kind.COPY,
        lambda c, p: (stack(c, xs, p), stack(c, xs, [q.clone() for q in p])),
    ),
}


@pytest.mark.parametrize(("layers", "cell"), [(1, "lstm"), (2, "gru"), (3, "tanh")])
@pytest.mark.parametrize("planted", PLANTED)
def test_planted_duplicate_is_found_in_every_layer(planted, cell, layers):
    kind, build = PLANTED[planted]
    groups = duplicates(build(cell, weights(cell, layers)))
    assert [len(group.components) for group in groups] == [2] * layers
    assert {group.kinds for group in groups} == {(kind,)}
    assert all(group.nodes >= len(group.components[1].step_nodes) for group in groups)


@pytest.mark.parametrize("planted", ["built twice", "look-ahead by clone", "reversed sequence"])
def test_planted_duplicate_is_found_among_the_gradients(planted):
    _, build = PLANTED[planted]
    params = weights("tanh")
    a, b = build("tanh", params)
    wanted = pytensor.grad(
        (a * params[-1]).sum() + (b**2).sum(), params, disconnected_inputs="ignore"
    )
    assert any(len(group.components) == 2 for group in duplicates([a, b, *wanted]))


@pytest.mark.parametrize(("layers", "cell"), [(1, "lstm"), (2, "tanh")])
@pytest.mark.parametrize("planted", PLANTED)
def test_gradients_follow_from_the_duplicates_that_they_are_gradients_of(planted, cell, layers):
    _, build = PLANTED[planted]
    params = weights(cell, layers)
    a, b = build(cell, params)
    loss = (a @ params[-1]).mean() + (b**2).mean()
    wanted = pytensor.grad(loss, params, disconnected_inputs="ignore")
    groups = duplicates([loss, *wanted])
    gradients = [group for group in groups if group.are_gradients]
    origins = [group.follows_from for group in gradients]
    assert all(origin in groups and not origin.are_gradients for origin in origins)
    assert len({origin.components for origin in origins}) == len(gradients)


@pytest.mark.parametrize("cell", ["tanh", "lstm"])
def test_what_follows_is_gone_after_sharing_and_a_new_gradient(cell):
    params = weights(cell, 2)

    def loss_of_two(a, b):
        return (a @ params[-1]).mean() + (b**2).mean()

    twice = [stack(cell, xs, params), stack(cell, xs, params, name="again")]
    loss = loss_of_two(*twice)
    first, *others = duplicates([loss, *pytensor.grad(loss, params)])
    assert len(others) == 3  # the second layer, and the gradient of each
    assert first.follows_from is None
    assert all(group.follows_from is not None for group in others)
    loss = loss_of_two(*share_recurrences(twice))
    assert duplicates([loss, *pytensor.grad(loss, params)]) == []


def test_one_gradient_taken_twice_follows_from_nothing():
    params = weights("tanh")
    hs = stack("tanh", xs, params)
    wanted = [pytensor.grad(cost, params[1]) for cost in ((hs @ params[-1]).mean(), (hs**2).mean())]
    (group,) = duplicates(wanted)
    assert group.are_gradients
    assert group.follows_from is None


def test_layers_that_differ_by_themselves_follow_from_nothing():
    _, build = PLANTED["look-ahead by clone"]
    groups = duplicates(build("tanh", weights("tanh", 3)))
    assert [group.follows_from for group in groups] == [None, None, None]


@pytest.mark.parametrize("cell", CELLS)
def test_look_ahead_packed_in_one_scan_is_found(cell):
    params = weights(cell)
    updates = naive_nesterov("clone", lambda p, **o: loss_of(cell, xs, p, **o), params, 0.1, 0.9)
    function = pytensor.function([xs], loss_of(cell, xs, params), updates=updates, mode=PYTHON)
    [group] = duplicates(function)
    assert group.is_packed
    assert group.kinds == (Kind.LOOK_AHEAD,)
    assert {str(d) for d in group.differences} == {
        "w_h0 against w_h0 + 0.9*w_h0.v (a look-ahead)",
        "w_x0 against w_x0 + 0.9*w_x0.v (a look-ahead)",
    }


@pytest.mark.parametrize(
    "planted", ["reversed sequence", "other data", "two slices", "two constants"]
)
def test_planted_duplicate_is_found_after_rewriting(planted):
    kind, build = PLANTED[planted]
    params = weights("gru")
    a, b = build("gru", params)
    gradients = pytensor.grad((a * params[-1]).sum(), params)
    function = pytensor.function(
        [xs, ys], [a[-1], b[-1], *gradients], mode=PYTHON, on_unused_input="ignore"
    )
    [group] = duplicates(function)
    assert group.kinds == (kind,)


@pytest.mark.parametrize("copy", ["look-ahead", "reversed"])
def test_copy_of_an_assembled_layer_is_found_although_it_records_less(copy):
    from symrnn.cells import LSTMCell
    from symrnn.unroll import scan_unroll

    cell = LSTMCell.create(SIZE, SIZE, rng=np.random.default_rng(0))
    even = {p: p + 0.9 * state(p, "v") for p in cell.params}
    hs = scan_unroll(cell, xs)
    report = clone_replace(hs, even) if copy == "look-ahead" else scan_unroll(cell, xs[::-1])
    gradients = pytensor.grad((hs**2).mean(), list(cell.params))
    outputs = [hs.mean(), report.mean(), *gradients]
    [before] = duplicates(outputs)
    [after] = duplicates(pytensor.function([xs], outputs, mode=PYTHON))
    kind = Kind.LOOK_AHEAD if copy == "look-ahead" else Kind.REVERSED
    assert before.kinds == after.kinds == (kind,)
    if copy == "look-ahead":  # of each parameter, also of the bias, whose sum has one term more
        for group in (before, after):
            moved = {str(difference).split(" against ")[0] for difference in group.differences}
            assert moved == {"w_x", "w_h", "b"}


@pytest.mark.parametrize(
    ("sequence", "kind"),
    [
        (xs[::-1], Kind.REVERSED),
        (xs[::-1, 1:], Kind.REVERSED),
        (xs[:, ::-1], Kind.SLICES),
        (xs[1:, ::-1], Kind.SLICES),
    ],
    ids=["time", "time of a part", "batch", "batch of a part"],
)
def test_a_walk_is_reversed_along_time_alone(sequence, kind):
    p = weights("tanh")
    [group] = duplicates([layer("tanh", xs, *p[:2]), layer("tanh", sequence, *p[:2])])
    assert group.kinds == (kind,)


def test_cost_is_what_the_graph_loses_without_the_copy():
    params = weights("tanh")
    once, twice = stack("tanh", xs, params), stack("tanh", xs, params)
    [group] = duplicates([once, twice])
    both, one = graph_size([once, twice]), graph_size(once)
    # constants are merged before counting, so the shapes of the copy count at most
    assert 0 < group.nodes <= both.total_nodes - one.total_nodes


def test_recurrences_inside_of_a_scan_are_seen():
    p = weights("tanh")

    def outer(x, s):
        return s + layer("tanh", x, *p[:2])[-1] + layer("tanh", x, *p[:2], name="again")[-1]

    start = pt.zeros((2, SIZE))
    hs = pytensor.scan(outer, pt.tensor4("batches"), outputs_info=[start], return_updates=False)
    [group] = duplicates(hs)
    assert group.kinds == (Kind.EQUAL,)


def test_recurrences_inside_of_an_op_from_graph_are_seen():
    from pytensor.compile.builders import OpFromGraph

    p = weights("tanh")
    op = OpFromGraph([xs, *p[:2]], [layer("tanh", xs, *p[:2])])
    moved_h = p[1] + 0.9 * state(p[1], "v")
    [group] = duplicates([op(xs, *p[:2]), op(xs, p[0], moved_h)])
    assert group.kinds == (Kind.LOOK_AHEAD,)


def test_step_is_the_same_in_whatever_order_it_was_given():
    p = weights("tanh")

    def run(order, **options):
        names = {"w": p[1], "b": p[2]}

        def advance(z, h, *given):
            w, b = (dict(zip(order, given, strict=True))[name] for name in "wb")
            return pt.tanh(z + h @ w + b)

        weights_in_order = [names[name] for name in order]
        return pytensor.scan(
            advance, xs @ p[0], [pt.zeros((2, SIZE))], weights_in_order, return_updates=False
        )

    [group] = duplicates([run("wb"), run("bw")])
    assert group.kinds == (Kind.EQUAL,)
