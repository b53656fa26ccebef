"""``theano.sandbox.gpuarray``, as it is without a GPU."""

from symrnn.compat.missing import missing

from . import dnn

pygpu_activated = False

__getattr__ = missing(__name__)
