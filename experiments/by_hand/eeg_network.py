"""The network of `symrnn.models.eeg_network` as a JAX user writes it: JAX's own convolutions, pooling and scan.

Parameters in the order of the graph's: ``w, b`` of each block, ``w_x, w_h, b`` of the cell, ``w, b`` of the dense layer
and of the softmax.
"""

from functools import partial

import jax
import jax.numpy as jnp
from by_hand.digit_rows import cross_entropy, gru, lstm, walk

CELLS = {"lstm": lstm, "gru": gru}


def eeg_loss(cell, window, pool, params, xs, block_masks, masks, labels):
    """Mean cross-entropy of the classes."""
    *blocks, w_x, w_h, b, w, b_dense, w_y, b_y = params
    ys = xs
    for i, mask in enumerate(block_masks):
        ys = mask * jax.nn.relu(pooled(conv(ys, blocks[2 * i], window) + blocks[2 * i + 1], pool))
    _, hs = walk(CELLS[cell], (w_x, w_h, b), ys)
    h = masks[1] * jax.nn.relu((masks[0] * hs[-1]) @ w + b_dense)
    return cross_entropy(h @ w_y + b_y, labels).mean()


def conv(xs, w, window):
    """``(T, B, F)``, as many steps as `xs`; `w` is ``(K*C, F)``."""
    return jax.lax.conv_general_dilated(
        xs,
        w.reshape(window, xs.shape[2], w.shape[1]),
        window_strides=(1,),
        padding=[(window // 2, (window - 1) // 2)],
        dimension_numbers=("WNC", "WIO", "WNC"),
    )


def pooled(xs, pool):
    """The maxima of every `pool` steps."""
    return jax.lax.reduce_window(
        xs, -jnp.inf, jax.lax.max, (pool, 1, 1), (pool, 1, 1), padding="VALID"
    )


def loss_of(recipe):
    """The loss of a recipe's network, a function ``(params, *batch)``."""
    return partial(eeg_loss, recipe.cell, recipe.window, recipe.pool)
