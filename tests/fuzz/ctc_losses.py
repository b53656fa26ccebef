"""Losses of unaligned sequences (CTC) and their gradients against recursion in NumPy and complex steps."""

from dataclasses import dataclass
from functools import cache

import ctc_oracle
import numpy as np
import pytensor
import pytensor.tensor as pt

import symrnn.native
from symrnn.ops.ctc import ctc_loss

assert symrnn.native  # makes mode="NATIVE" known
TOLERANCES = {"float32": 5e-4, "float64": 1e-9}
STEP = 1e-30


# Always the same, for native code is made for its shapes; lengths are drawn.
STEPS, BATCH, SYMBOLS, LABELS = 8, 3, 4, 5


@dataclass(frozen=True)
class CTCCase:
    """A batch of label sequences.

    Attributes
    ----------
    labels
        Of each item, up to `LABELS` from 1.
    frames
        Of each item, up to `STEPS`.
    kind
        One of `KINDS`.
    scale
        Of the logits; at 30 most symbols are all but impossible.
    """

    labels: tuple[tuple[int, ...], ...]
    frames: tuple[int, ...]
    kind: str
    scale: float
    seed: int


KINDS = {  # dtype, blank, zero_infinity: few, for each is a compilation
    "float64": ("float64", 0, False),
    "float32": ("float32", 0, True),
    "another blank": ("float64", 1, True),
}


@cache
def compiled(kind: str):
    """``(logits, labels, input_lengths, label_lengths, weights) -> [losses, gradient of their weighted sum]``."""
    dtype, blank, zero_infinity = KINDS[kind]
    logits = pt.tensor("logits", dtype=dtype, shape=(STEPS, BATCH, SYMBOLS))
    labels = pt.tensor("labels", dtype="int32", shape=(BATCH, LABELS))
    lengths = [pt.tensor(name, dtype="int32", shape=(BATCH,)) for name in ("frames", "counts")]
    weights = pt.tensor("weights", dtype=dtype, shape=(BATCH,))
    losses = ctc_loss(logits, labels, *lengths, blank=blank, zero_infinity=zero_infinity)
    gradient = pytensor.grad(pt.dot(losses, weights), logits)
    return pytensor.function([logits, labels, *lengths, weights], [losses, gradient], mode="NATIVE")


def check(case: CTCCase) -> None:
    """Each item's loss is the oracle's, its gradient along a drawn direction too, and nothing else has one."""
    dtype, blank, zero_infinity = KINDS[case.kind]
    rng = np.random.default_rng(case.seed)
    logits = (case.scale * rng.normal(size=(STEPS, BATCH, SYMBOLS))).astype(dtype)
    # With another blank, the label of its number is called 0.
    called = [[0 if blank and s == blank else s for s in labels] for labels in case.labels]
    padded = np.full((BATCH, LABELS), -1, "int32")
    for row, labels in zip(padded, called, strict=True):
        row[: len(labels)] = labels
    counts = np.array([len(labels) for labels in called], "int32")
    weights = rng.normal(size=BATCH).astype(dtype)
    losses, gradient = compiled(case.kind)(
        logits, padded, np.array(case.frames, "int32"), counts, weights
    )
    direction = rng.normal(size=logits.shape)
    for i, (labels, frames) in enumerate(zip(called, case.frames, strict=True)):
        tolerance = TOLERANCES[dtype] * max(1.0, case.scale)
        read = logits[:frames, i].astype("float64")
        expected = ctc_oracle.loss(read, labels, blank)
        assert not gradient[frames:, i].any()
        if np.isinf(expected):
            assert losses[i] == (0 if zero_infinity else np.inf)
            if zero_infinity:
                assert not gradient[:, i].any()
            continue
        np.testing.assert_allclose(losses[i], expected, rtol=tolerance, atol=tolerance)
        along = direction[:frames, i]
        slope = np.imag(ctc_oracle.loss(read + 1j * STEP * along, labels, blank)) / STEP
        found = (gradient[:frames, i] * along).sum()
        np.testing.assert_allclose(found, weights[i] * slope, rtol=tolerance, atol=tolerance)
