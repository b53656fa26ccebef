"""``theano.tensor.nnet.bn``."""

from symrnn.compat.missing import missing
from symrnn.ops.nnet import batch_normalization

__getattr__ = missing(__name__, {"batch_normalization_train": "lasagne.layers.BatchNormLayer"})
