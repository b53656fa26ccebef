"""Tensor expressions that PyTensor lacks: loops, linearized steps, assembled gradients, convolution, pooling."""

__all__ = [
    "activations",
    "assembled",
    "conv",
    "linearize",
    "nnet",
    "pool",
    "random_stream",
    "scan",
    "theano_conv",
    "windows",
]
