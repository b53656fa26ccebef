"""Tensor expressions that PyTensor lacks: loops, linearized steps, assembled gradients, convolution, pooling, CTC."""

__all__ = [
    "activations",
    "assembled",
    "batch_norm",
    "conv",
    "ctc",
    "error_rates",
    "fo_pool",
    "image_conv",
    "linearize",
    "nnet",
    "pool",
    "random_stream",
    "scan",
    "theano_conv",
    "windows",
]
