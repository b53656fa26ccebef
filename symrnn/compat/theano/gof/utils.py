"""``theano.gof.utils``."""

from pytensor.graph.utils import (
    InconsistencyError,
    MethodNotDefined,
    MissingInputError,
    add_tag_trace,
)

from symrnn.compat.missing import missing


def hash_from_code(msg):
    """A name for some text or bytes."""
    import hashlib

    return hashlib.sha256(msg.encode() if isinstance(msg, str) else msg).hexdigest()


def flatten(a):
    """The entries of nested tuples, lists and sets, in one list."""
    return (
        [one for part in a for one in flatten(part)] if isinstance(a, (tuple, list, set)) else [a]
    )


__getattr__ = missing(__name__)
