"""The loss of unaligned sequences written by hand in JAX has PyTorch's losses and gradients."""

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = np.load(ROOT / "tests" / "golden" / "torch_ctc.npz")
ARGUMENTS = ("logits", "labels", "input_lengths", "label_lengths")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ragged", "repeated", "no_labels"])
def test_jax_by_hand_is_pytorchs_loss(name, monkeypatch):
    jax = pytest.importorskip("jax")
    monkeypatch.syspath_prepend(str(ROOT / "experiments"))
    from by_hand.ctc import ctc_loss

    with jax.enable_x64(True):
        logits, *rest = (jax.numpy.asarray(GOLDEN[f"{name}/{key}"]) for key in ARGUMENTS)
        losses = ctc_loss(logits, *rest)
        gradient = jax.grad(lambda x: ctc_loss(x, *rest).sum())(logits)
    np.testing.assert_allclose(losses, GOLDEN[f"{name}/losses"], rtol=1e-10)
    np.testing.assert_allclose(gradient, GOLDEN[f"{name}/gradient"], atol=1e-10)
