"""Golden losses and gradients of connectionist temporal classification from PyTorch 2.13, CPU.

Run with PyTorch installed: ``python tests/golden/torch_ctc.py`` writes torch_ctc.npz beside it. Gradients are by the
logits, through ``log_softmax``, of the sum of all losses.
"""

from pathlib import Path

import numpy as np
import torch

rng = np.random.default_rng(15)
found = {}


def keep(
    name, shape, labels, input_lengths, label_lengths, *, dtype="float64", scale=1.0, **options
):
    """The arguments, the losses and the gradients of one batch; logits ``(T, B, C)``."""
    logits = (scale * rng.normal(size=shape)).astype(dtype)
    labels, input_lengths, label_lengths = map(np.array, (labels, input_lengths, label_lengths))
    x = torch.tensor(logits, requires_grad=True)
    losses = torch.nn.functional.ctc_loss(
        torch.log_softmax(x, dim=2),
        torch.tensor(labels),
        torch.tensor(input_lengths),
        torch.tensor(label_lengths),
        reduction="none",
        **options,
    )
    [gradient] = torch.autograd.grad(losses.sum(), [x])
    found.update(
        {
            f"{name}/logits": logits,
            f"{name}/labels": labels,
            f"{name}/input_lengths": input_lengths,
            f"{name}/label_lengths": label_lengths,
            f"{name}/losses": losses.detach().numpy(),
            f"{name}/gradient": gradient.numpy(),
            f"{name}/blank": np.array(options.get("blank", 0)),
            f"{name}/zero_infinity": np.array(options.get("zero_infinity", False)),
        }
    )


keep("ragged", (9, 4, 5), [[1, 2, 3], [4, 1, 0], [2, 0, 0], [3, 4, 2]], [9, 6, 3, 8], [3, 2, 1, 3])
keep("repeated", (8, 3, 4), [[1, 1, 1], [2, 2, 3], [3, 1, 1]], [8, 5, 4], [3, 3, 3])
keep("last_is_blank", (6, 2, 4), [[0, 0], [2, 1]], [6, 4], [2, 2], blank=3)
keep("no_labels", (5, 3, 3), [[1, 2], [1, 1], [2, 1]], [5, 3, 5], [0, 2, 0])
impossible = ((4, 5, 3), [[1, 1, 1], [1, 2, 1], [2, 2, 0], [1, 2, 1], [1, 0, 0]], [4, 4, 3, 2, 0])
keep("impossible", *impossible, [3, 3, 2, 3, 1])
keep("zero_infinity", *impossible, [3, 3, 2, 3, 1], zero_infinity=True)
keep("no_frames", (3, 2, 3), [[1, 2], [1, 1]], [0, 3], [0, 1])
many = rng.integers(1, 28, (2, 25))
keep("long", (75, 2, 28), many, [75, 61], [25, 20], scale=3.0)
keep("float32", (60, 2, 28), many, [60, 50], [25, 12], scale=3.0, dtype="float32")

np.savez_compressed(Path(__file__).with_suffix(".npz"), **found)
for name in dict.fromkeys(key.split("/")[0] for key in found):
    print(name, found[f"{name}/losses"], np.abs(found[f"{name}/gradient"]).sum((0, 2)))
