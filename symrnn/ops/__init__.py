"""Tensor expressions that PyTensor lacks: loops, linearized steps, assembled gradients, convolution, pooling, CTC."""

__all__ = [
    "activations",
    "assembled",
    "conv",
    "ctc",
    "linearize",
    "nnet",
    "pool",
    "random_stream",
    "scan",
    "theano_conv",
    "windows",
]
