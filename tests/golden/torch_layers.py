"""Golden values of convolution, pooling, recurrent and normalising layers from PyTorch 2.13, float64.

Run with PyTorch installed: ``python tests/golden/torch_layers.py`` writes torch_layers.npz beside it.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as nnf

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(7)
found = {}


def tensor(*shape):
    return torch.tensor(rng.normal(size=shape), requires_grad=True)


def keep(name, output, **inputs):
    """The inputs, the output, and the inputs' gradients of ``sum(output * weight)`` for a fixed weight."""
    weight = torch.tensor(np.cos(np.arange(output.numel())).reshape(output.shape))
    grads = torch.autograd.grad((output * weight).sum(), list(inputs.values()))
    found[f"{name}/output"] = output.detach().numpy()
    for (key, value), grad in zip(inputs.items(), grads, strict=True):
        found[f"{name}/{key}"] = value.detach().numpy()
        found[f"{name}/grad_{key}"] = grad.numpy()


xs, filters = tensor(2, 4, 9), tensor(6, 2, 3)
keep("conv1d", nnf.conv1d(xs, filters, stride=2, padding=1, groups=2), xs=xs, filters=filters)
xs, filters = tensor(2, 3, 8, 7), tensor(4, 3, 3, 2)
keep(
    "conv2d",
    nnf.conv2d(xs, filters, stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
    xs=xs,
    filters=filters,
)
xs, filters = tensor(1, 2, 5, 4, 6), tensor(3, 2, 2, 3, 2)
keep("conv3d", nnf.conv3d(xs, filters, padding=1), xs=xs, filters=filters)
xs, filters = tensor(2, 4, 3, 4), tensor(4, 2, 3, 3)
keep(
    "transposed",
    nnf.conv_transpose2d(xs, filters, stride=2, padding=1, output_padding=1),
    xs=xs,
    filters=filters,
)
xs = tensor(2, 2, 7, 8)
keep("max_pool", nnf.max_pool2d(xs, (3, 2), stride=2, padding=1), xs=xs)
keep("mean_pool", nnf.avg_pool2d(xs, 3, stride=2, padding=1, count_include_pad=True), xs=xs)
keep(
    "mean_pool_exclusive",
    nnf.avg_pool2d(xs, 3, stride=2, padding=1, count_include_pad=False),
    xs=xs,
)
xs, gamma, beta = tensor(4, 3, 5), tensor(3), tensor(3)
keep(
    "batch_norm",
    nnf.batch_norm(xs, None, None, gamma, beta, training=True, eps=1e-4),
    xs=xs,
    gamma=gamma,
    beta=beta,
)
keep("layer_norm", nnf.layer_norm(xs, (3, 5), eps=1e-4), xs=xs)
keep("local_response", nnf.local_response_norm(xs, 3, alpha=3e-2, beta=0.75, k=2.0), xs=xs)

xs = tensor(2, 5, 3)  # (B, T, D)
for kind, module in (("rnn", torch.nn.RNN), ("lstm", torch.nn.LSTM)):
    net = module(3, 4, batch_first=True)
    hs, _ = net(xs)
    keep(
        kind,
        hs,
        xs=xs,
        w_x=net.weight_ih_l0,
        w_h=net.weight_hh_l0,
        b_x=net.bias_ih_l0,
        b_h=net.bias_hh_l0,
    )
net = torch.nn.GRU(3, 4, batch_first=True)
with torch.no_grad():
    net.bias_hh_l0.zero_()  # Lasagne has one bias a gate
hs, _ = net(xs)
keep("gru", hs, xs=xs, w_x=net.weight_ih_l0, w_h=net.weight_hh_l0, b_x=net.bias_ih_l0)

np.savez_compressed(Path(__file__).with_suffix(".npz"), **found)
