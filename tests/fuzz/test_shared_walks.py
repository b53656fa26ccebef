"""Walks drawn by hypothesis, some of them twice: shared, they are what loops in NumPy make of them."""

from dataclasses import replace

from drawn_cells import cells
from fuzzing import fuzzed
from hypothesis import strategies as st
from network_draws import GRAPH_MODES, layer_options, modes
from networks import LayerCase, NetworkCase
from shared_walks import SharedCase, check

SINGLE = ("scan", "states", "static", "foreign")


@st.composite
def walks(draw, cell) -> LayerCase:
    """A walk of one cell, or of two that are alike."""
    form = draw(st.sampled_from([*SINGLE, "scan", "foreign", "one scan", "two scans"]))
    count = 1 if form in SINGLE else 2
    initial = draw(st.sampled_from([None, "row"]))
    return LayerCase(
        form,
        (cell,) * count,
        draw(layer_options()),
        reverse=count == 1 and draw(st.booleans()),
        initials=(initial,) * count,
        is_tied=count == 2 and draw(st.booleans()),
    )


@st.composite
def changed(draw, layer: LayerCase, cell) -> LayerCase:
    """The walk again, or with one thing changed."""
    what = draw(st.sampled_from(["nothing", "options", "reverse", "initials", "walk"]))
    if what == "options":
        name = draw(st.sampled_from(["gradient", "gradient_steps", "grad_clipping"]))
        other = getattr(draw(layer_options()), name)
        return replace(layer, options=replace(layer.options, **{name: other}))
    if what == "reverse" and len(layer.cells) == 1:
        return replace(layer, reverse=not layer.reverse)
    if what == "initials":
        initial = None if layer.initials[0] else "row"
        return replace(layer, initials=(initial,) * len(layer.cells))
    return draw(walks(cell)) if what == "walk" else layer


@st.composite
def shared_walks(draw) -> SharedCase:
    cell, layers = draw(cells(draw(st.integers(1, 2)))), []
    layers.append(draw(walks(cell)))
    for _ in range(draw(st.integers(1, 2))):
        layers.append(draw(changed(draw(st.sampled_from(layers)), cell)))
    mask = draw(st.sampled_from([None, ("lengths", "bool"), ("holes", "int64")]))
    network = NetworkCase(
        (layers[0],),
        draw(st.integers(1, 2)),
        ((draw(st.integers(1, 4)), draw(st.integers(1, 2))),),
        (draw(st.booleans()), draw(st.booleans())),
        mask,
        leaves=draw(st.sampled_from(["shared", "shared", "halves", "inputs"])),
        seed=draw(st.integers(0, 999)),
    )
    networks = tuple(
        replace(network, layers=(layer,), last_only=layer.form != "states" and draw(st.booleans()))
        for layer in layers
    )
    # JAX takes no shapes but known ones
    return SharedCase(networks, draw(modes(GRAPH_MODES, may_be_jax=all(networks[0].knows))))


@fuzzed(shared_walks(), share=0.15)
def test_shared_walks_are_what_loops_in_numpy_make_of_them(case):
    check(case)
