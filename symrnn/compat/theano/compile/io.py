"""``theano.compile.io``: inputs of functions, which may have defaults, and states that a call leaves changed."""

from pytensor.compile.io import In as PyTensorIn
from pytensor.compile.io import Out, SymbolicInput, SymbolicOutput
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.link.basic import Container

from symrnn.compat.missing import missing


class In(PyTensorIn):
    """An input; one with a `value` may be left out by the caller, and has `update` as its value at the next call.

    Attributes
    ----------
    default
        What the function takes when the caller gives nothing: a value, or the container of another function's input,
        which both then share; None where something must be given.
    following
        The value at the next call, an expression; None for an input that stays as it is.
    is_hidden
        Whether no place of a call is this input's, as where its container is another function's.
    """

    def __init__(self, variable, name=None, value=None, update=None, mutable=None, strict=False,
                 allow_downcast=None, autoname=True, implicit=None, borrow=None, shared=False):  # fmt: skip
        check_update(variable, update)
        kept = value if isinstance(value, SharedVariable) else None
        self.is_hidden = isinstance(value, Container) if implicit is None else bool(implicit)
        super().__init__(variable, name, kept, None, mutable, strict, allow_downcast, autoname,
                         implicit if kept is not None else None, borrow, shared)  # fmt: skip
        self.default = None if kept is not None else value
        self.following = update


def check_update(variable, update):
    """That `update` is of a type that `variable` can have."""
    if update is not None and not variable.type.is_super(update.type):
        raise TypeError(
            f"update must have the type of its input {variable}, {variable.type}, but is {update.type};"
            " give the input that type, or cast the update"
        )


class Param(In):
    """An input, as `theano.function` took it at first: `default` is the value that may be left out."""

    def __init__(self, variable, default=None, name=None, mutable=False, strict=False, allow_downcast=None,
                 implicit=None, borrow=None):  # fmt: skip
        super().__init__(variable, name, default, mutable=mutable, strict=strict, allow_downcast=allow_downcast,
                         implicit=implicit, borrow=borrow)  # fmt: skip


__getattr__ = missing(__name__)
