"""``theano.compile.sharedvalue``: shared variables."""

import pytensor
from pytensor.compile.sharedvalue import SharedVariable, shared_constructor

from symrnn.compat.missing import missing


def shared(value, name=None, strict=False, allow_downcast=None, **kwargs):
    """A variable that keeps `value` between calls; ``broadcastable=`` says which axes have size one for good."""
    kwargs.pop("target", None)  # which GPU
    broadcastable = kwargs.pop("broadcastable", None)
    if broadcastable is not None:
        kwargs["shape"] = tuple(1 if one else None for one in broadcastable)
    return pytensor.shared(value, name=name, strict=strict, allow_downcast=allow_downcast, **kwargs)


__getattr__ = missing(__name__)
