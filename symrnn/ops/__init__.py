"""Tensor expressions that PyTensor lacks: loops, linearized steps, ops with an assembled gradient, convolution, pooling."""
