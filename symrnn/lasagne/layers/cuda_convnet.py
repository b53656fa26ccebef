"""Lasagne's layers over cuda-convnet, whose axes are (C, H, W, B), need that library and a GPU."""

raise ImportError(
    "lasagne.layers.cuda_convnet requires a GPU and pylearn2; use lasagne.layers.Conv2DLayer and its kin"
)
