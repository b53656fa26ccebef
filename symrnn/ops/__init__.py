"""Tensor expressions that PyTensor lacks: loops, linearized steps, assembled gradients, convolution, pooling, CTC.

Beside them what is read off their values in NumPy: labels of CTC (`symrnn.ops.ctc_decoding`), rates of errors, and how
near pictures come (`symrnn.ops.image_quality`; to train on, `symrnn.ops.similarity`).
"""

__all__ = [
    "activations",
    "assembled",
    "batch_norm",
    "blocks",
    "conv",
    "ctc",
    "ctc_decoding",
    "error_rates",
    "fo_pool",
    "image_conv",
    "image_quality",
    "linearize",
    "nnet",
    "pool",
    "products",
    "random_stream",
    "scan",
    "similarity",
    "theano_conv",
    "windows",
]
