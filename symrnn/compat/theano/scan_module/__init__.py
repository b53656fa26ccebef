"""``theano.scan`` and ``theano.scan_module``: scans that return updates beside their outputs."""

import warnings

from pytensor import scan as pytensor_scan
from pytensor.scan.utils import until
from pytensor.scan.views import foldl, foldr, map, reduce

from symrnn.compat.missing import missing

from ..updates import OrderedUpdates
from . import scan_op, scan_opt, scan_utils
from .scan_utils import clone


def scan(fn, sequences=None, outputs_info=None, non_sequences=None, n_steps=None, truncate_gradient=-1,
         go_backwards=False, mode=None, name=None, profile=False, allow_gc=None, strict=False,
         return_list=False):  # fmt: skip
    """`fn` over the steps of `sequences`: the outputs of all steps, and the updates of shared variables."""
    # PyTensor deprecates the updates that Theano's scan returned.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        outputs, updates = pytensor_scan(
            fn, sequences, outputs_info, non_sequences, n_steps, truncate_gradient, go_backwards, mode, name, profile,
            allow_gc, strict, return_list,
        )  # fmt: skip
    return outputs, OrderedUpdates(updates)


__getattr__ = missing(__name__)
