"""How networks are drawn: every cell, option, form, mask, dtype and backend with every other."""

from collections.abc import Sequence
from importlib.util import find_spec

from drawn_cells import CellCase, Foreign, cells
from fuzzing import EXAMPLES, FEW
from hypothesis import strategies as st
from networks import LayerCase, LayerOptions, NetworkCase

ONE, TWO = ("scan", "states", "static"), ("one scan", "two scans")
MODES = ["NATIVE"] * 9 + ["few rewrites"] * 6 + ["Python"]
# What is drawn for a change of the graph: native mode rewrites, and compiles, for half of such an example's time.
GRAPH_MODES = ["few rewrites"] * 12 + ["NATIVE"] * 3 + ["Python"]
# JAX takes seconds to import and to compile for, so that it has the nights, where it is installed.
HAS_JAX = EXAMPLES > FEW and find_spec("jax") is not None


@st.composite
def modes(draw, names: Sequence[str] = MODES, may_be_jax: bool = True) -> str:
    if HAS_JAX and may_be_jax and draw(st.integers(0, 63)) == 63:
        return "JAX"
    return draw(st.sampled_from(names))


@st.composite
def layer_options(draw) -> LayerOptions:
    return LayerOptions(
        draw(st.sampled_from(["assembled", "assembled", "autodiff"])),
        draw(st.sampled_from([None, None, 1, 2, 3, 7])),
        draw(st.sampled_from([None, None, 0.02, 0.3])),
    )


@st.composite
def layers(draw, inputs: int, steps: int, forms, options: LayerOptions | None) -> LayerCase:
    """A layer on so many inputs, for walks of at least so many steps."""
    form = draw(st.sampled_from(forms))
    options = draw(layer_options()) if options is None else options
    if form == "layers":
        return draw(equal_layers(inputs, options))
    count = 2 if form in TWO else 1 if form in ONE else draw(st.integers(1, 2))
    drawn = [draw(cells(draw(st.integers(1, 3)))) for _ in range(count)]
    is_tied = count == 2 and draw(st.integers(0, 7)) == 0
    if is_tied:
        drawn[1] = drawn[0]
    kinds = st.sampled_from([None, None, "row", "one row", "rows"])
    initials = [None if form == "stack" else draw(kinds) for _ in drawn]
    return LayerCase(
        form,
        tuple(drawn),
        options,
        reverse=form in ONE and draw(st.booleans()),
        initials=tuple(initials),
        cut=draw(st.integers(0, steps - 1)) if form == "states" else 0,
        is_tied=is_tied,
    )


@st.composite
def equal_layers(draw, width: int, options: LayerOptions) -> LayerCase:
    """Layers as wide as their input, in one scan over their weights."""
    first = draw(st.integers(1, width))
    sizes = [width] if first == width else [first, width - first]
    drawn = tuple(draw(cells(size)) for size in sizes)
    deep = draw(st.integers(1, 3))
    return LayerCase("layers", drawn, options, initials=(None,) * len(drawn), deep=deep)


@st.composite
def networks(draw) -> NetworkCase:
    """A network of one or two layers (those in one scan count once), and one or two calls of it."""
    steps, batch = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    is_one_stack = draw(st.integers(0, 3)) == 0
    forms = ("stack", "layers") if is_one_stack else (*ONE, *TWO, "stack", "layers")
    shared_options = draw(layer_options()) if is_one_stack else None
    inputs = width = draw(st.integers(1, 3))
    made: list[LayerCase] = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        made.append(draw(layers(width, steps, forms, shared_options)))
        width = made[-1].width
    mode = draw(modes())
    # JAX takes no shapes but known ones, and PyTensor's scan of float32 there carries float64 where that is floatX.
    knows = (True, True) if mode == "JAX" else (draw(st.booleans()), draw(st.booleans()))
    sizes = [(steps, batch)]
    if mode != "JAX" and draw(
        st.booleans()
    ):  # lengths of another call, where the graph leaves them open
        is_fixed = knows[0] or any(layer.form == "static" for layer in made)
        has_rows = any(is_of_one_batch(layer) for layer in made)
        sizes += [
            (
                steps if is_fixed else draw(st.integers(least(made), 6)),
                batch if knows[1] or has_rows else draw(st.integers(1, 4)),
            ),
            sizes[0],
        ]
    kinds = st.tuples(
        st.sampled_from(["lengths", "holes"]),
        st.sampled_from(["bool", "int64", "int8", "float32", "float64"]),
    )
    last_only = not is_one_stack and made[-1].form not in ("states", "stack", "layers")
    return NetworkCase(
        tuple(made),
        inputs,
        tuple(sizes),
        knows,
        draw(st.one_of(st.none(), kinds)),
        dtype="float64" if mode == "JAX" else draw(st.sampled_from(["float64"] * 2 + ["float32"])),
        mode=mode,
        leaves=draw(st.sampled_from(["shared", "shared", "halves", "inputs"])),
        last_only=last_only and draw(st.booleans()),
        is_one_stack=is_one_stack,
        seed=draw(st.integers(0, 999)),
    )


def least(made: list[LayerCase]) -> int:
    """The fewest steps that a walk may have."""
    return 1 + max(layer.cut for layer in made)


def is_of_one_batch(layer: LayerCase) -> bool:
    """Whether a layer reads something with a row for each sequence."""
    kinds: list[CellCase] = list(layer.cells)
    params = [p for c in kinds if isinstance(c.kind, Foreign) for p in c.kind.params]
    return "rows" in (*layer.initials, *params)
