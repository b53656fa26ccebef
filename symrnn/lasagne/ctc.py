"""The loss of unaligned sequences (CTC) with the signature that programs of Theano's time carry.

Lasagne had none, so that programs brought their own file, mostly one of a family with `cost` and `pseudo_cost`: labels
``y (L, B)``, outputs ``y_hat (T, B, C + 1)``, and masks of ones and zeros for both, ``y_mask (L, B)`` and
``y_hat_mask (T, B)``, zeros last; the blank is the last symbol. In place of that file, write::

    from symrnn.lasagne import ctc

Both functions are `symrnn.ops.ctc.ctc_loss`, in the space of logarithms, of lengths that are the masks' sums. New
programs call that.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.ops.ctc import ctc_loss

from .utils import as_theano_expression

__all__ = ["cost", "pseudo_cost"]


def cost(
    y: Any, y_hat: Any, y_mask: Any, y_hat_mask: Any, log_scale: bool = True
) -> TensorVariable:
    """The negative log likelihood ``(B,)`` of `y`, where `y_hat` holds probabilities.

    Its gradient is that of `pseudo_cost`: in the programs' own files it was not to be taken. `log_scale` is not read.

    Examples
    --------
    >>> y, y_hat = np.array([[0]]), np.full((2, 1, 2), 0.5)
    >>> (-cost(y, y_hat, np.ones((1, 1)), np.ones((2, 1)))).exp().eval().round(6).tolist()
    [0.75]
    """
    return pseudo_cost(y, y_hat, y_mask, y_hat_mask)


def pseudo_cost(
    y: Any, y_hat: Any, y_mask: Any, y_hat_mask: Any, skip_softmax: bool = False
) -> TensorVariable:
    """`cost`, of unnormalised scores with `skip_softmax`, which is the stable way to train.

    It has the gradient that the programs' own functions have; their values were not the likelihood's, these are.

    Examples
    --------
    >>> y, scores = np.array([[0]]), np.zeros((2, 1, 2))
    >>> loss = pseudo_cost(y, scores, np.ones((1, 1)), np.ones((2, 1)), skip_softmax=True)
    >>> (-loss).exp().eval().round(6).tolist()
    [0.75]
    """
    y, y_hat, y_mask, y_hat_mask = map(as_theano_expression, (y, y_hat, y_mask, y_hat_mask))
    if not skip_softmax:
        # A softmax may round to 0, and the gradient of its logarithm would be NaN.
        y_hat = pt.log(pt.maximum(y_hat, np.finfo(y_hat.dtype).tiny))
    # Blank first: what was its place becomes 0, and each label one more.
    scores = pt.join(2, y_hat[:, :, -1:], y_hat[:, :, :-1])
    lengths = (pt.sum(mask, axis=0).astype("int32") for mask in (y_hat_mask, y_mask))
    return ctc_loss(scores, y.T.astype("int32") + 1, *lengths)
