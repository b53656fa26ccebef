"""Losses of unaligned sequences (CTC) drawn by hypothesis, against NumPy."""

from ctc_losses import BATCH, KINDS, LABELS, STEPS, SYMBOLS, CTCCase, check
from fuzzing import fuzzed
from hypothesis import strategies as st


@st.composite
def losses(draw) -> CTCCase:
    labels = st.lists(st.integers(1, SYMBOLS - 1), max_size=LABELS).map(tuple)
    return CTCCase(
        tuple(draw(labels) for _ in range(BATCH)),
        tuple(draw(st.integers(0, STEPS)) for _ in range(BATCH)),
        draw(st.sampled_from([*KINDS])),
        draw(st.sampled_from([0.0, 1.0, 30.0])),
        draw(st.integers(0, 999)),
    )


# Each is done in a moment, once the three kinds are compiled: a hundred beside the hundred of all others.
@fuzzed(losses(), share=1.0)
def test_losses_and_gradients_are_what_recursion_in_numpy_makes_of_them(case):
    check(case)
