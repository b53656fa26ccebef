"""Naive Nesterov forms drawn by hypothesis: what `odd_even_form` makes of them follows the rule in NumPy."""

from fuzzing import fuzzed
from hypothesis import strategies as st
from look_aheads import JUMPS, SCALES, LookAheadCase, check
from network_draws import GRAPH_MODES, modes
from tensor_losses import loss_programs
from training_runs import RateCase

SHAPES = [(2,), (3,), (2, 2), (2, 3), (1, 2), (3, 1), ()]


@st.composite
def rates(draw, values, calls) -> RateCase:
    kind = draw(st.sampled_from(["number", "number", "input", "shared"]))
    count = 1 if kind == "number" else calls
    return RateCase(kind, tuple(draw(st.sampled_from(values)) for _ in range(count)))


@st.composite
def look_aheads(draw) -> LookAheadCase:
    count, calls = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    shapes = tuple(draw(st.sampled_from(SHAPES)) for _ in range(count + 1))
    program = draw(loss_programs(shapes))
    # JAX takes no gradient of a scan of unknown length (docs/upstream/jax_gradient_of_unknown_length.md)
    may_be_jax = not any(name == "walk" for name, *_ in program)
    still = tuple(i for i in range(1, count) if draw(st.integers(0, 3)) == 0)
    return LookAheadCase(
        shapes,
        program,
        draw(st.sampled_from(["clone", "per parameter", "rebuild"])),
        draw(st.sampled_from(sorted(JUMPS))),
        draw(st.sampled_from(sorted(SCALES))),
        draw(rates([0.01, 0.05, 0.1], calls)),
        draw(rates([0.0, 0.5, 0.9], calls)),
        still,
        decay=draw(st.sampled_from([0.0, 0.0, 0.1])),
        starts=draw(st.booleans()),
        calls=calls,
        mode=draw(modes(GRAPH_MODES, may_be_jax)),
        seed=draw(st.integers(0, 999)),
    )


@fuzzed(look_aheads(), share=0.4)
def test_an_odd_even_form_follows_the_naive_rule_in_numpy(case):
    check(case)
