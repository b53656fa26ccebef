"""The network of `symrnn.models.residual_network` in PyTorch, channels last, one thread."""

import numpy as np
import torch
from torch.nn import functional

GROUPS = 3
KEPT = 0.9


def torch_step(recipe, arrays, rate):
    """A function that takes a step of gradient descent on a batch and returns the parameters after it."""
    torch.set_num_threads(1)
    graph = recipe.graph()
    params = [leaf(p.get_value()) for p in graph.params]
    averages = [torch.from_numpy(np.array(a.get_value())) for a in graph.averages]
    xs, labels = arrays
    images = torch.from_numpy(xs).permute(0, 3, 1, 2)  # channels last in memory
    targets = torch.from_numpy(labels.astype("int64"))

    def step():
        for p in params:
            p.grad = None
        found = logits(recipe.blocks, params, iter(averages), images)
        functional.cross_entropy(found, targets).backward()
        with torch.no_grad():
            for p in params:
                p -= rate * p.grad
        return [in_our_order(p) for p in params]

    return step


def leaf(value):
    """A parameter; filters (KY, KX, C, F) as PyTorch has them, (F, C, KY, KX), channels last in memory."""
    found = torch.from_numpy(np.array(value))
    if found.ndim == 4:
        found = found.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    return found.requires_grad_()


def in_our_order(p):
    """The parameter as ours is."""
    value = p.detach()
    return (value.permute(2, 3, 1, 0) if value.ndim == 4 else value).numpy()


def logits(blocks, params, averages, xs):
    """``(B, K)`` of ``(B, C, Y, X)``; the running averages are updated."""
    stem, *rest = params
    *inner, gamma, beta, w, b = rest
    ys = functional.conv2d(xs, stem, padding=1)
    for i in range(GROUPS * blocks):
        gamma1, beta1, w1, gamma2, beta2, w2 = inner[6 * i : 6 * i + 6]
        stride = 2 if i and i % blocks == 0 else 1
        zs = normalized(ys, gamma1, beta1, averages)
        zs = functional.conv2d(zs, w1, stride=stride, padding=1)
        zs = functional.conv2d(normalized(zs, gamma2, beta2, averages), w2, padding=1)
        around = ys[:, :, ::stride, ::stride]
        missing = zs.shape[1] - around.shape[1]
        ys = zs + functional.pad(around, (0, 0, 0, 0, 0, missing))
    return normalized(ys, gamma, beta, averages).mean((2, 3)) @ w + b


def normalized(xs, gamma, beta, averages):
    """By the moments of the batch, with a rectifier."""
    mean, variance = next(averages), next(averages)
    normal = functional.batch_norm(xs, mean, variance, gamma, beta, True, 1 - KEPT)
    return functional.relu(normal)
