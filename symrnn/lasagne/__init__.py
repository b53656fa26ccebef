"""The Lasagne API (0.2.dev1) on PyTensor, built on symrnn's own builders.

Networks are chains of layers; `layers.get_output` turns one into an expression, `updates` turns a loss into update
dictionaries. Names,
signatures, defaults and attributes are Lasagne's, so that its tutorials, recipes and programs apply as they
stand. Tensors are ``(B, T, D)`` here (the builders in `symrnn.unroll` are time-major).

Beyond Lasagne: `param_files` saves and loads parameter values without pickling code, and `ctc` is the loss of unaligned
sequences with the signature of the file that programs brought along for it.

Examples
--------
>>> from symrnn import lasagne
>>> l_in = lasagne.layers.InputLayer((None, 5, 3))
>>> l_out = lasagne.layers.LSTMLayer(l_in, num_units=4, only_return_final=True)
>>> lasagne.layers.get_output_shape(l_out)
(None, 4)
"""

from . import (
    ctc,
    init,
    layers,
    nonlinearities,
    objectives,
    param_files,
    random,
    regularization,
    updates,
    utils,
)

__version__ = "0.2.dev1"

__all__ = [
    "ctc",
    "init",
    "layers",
    "nonlinearities",
    "objectives",
    "param_files",
    "random",
    "regularization",
    "updates",
    "utils",
]
