"""Tensor expressions that PyTensor lacks: loops, linearized steps, assembled gradients, convolution, pooling."""
