"""``theano.compile.io``: inputs of functions, which may have defaults."""

from pytensor.compile.io import In as PyTensorIn
from pytensor.compile.io import Out, SymbolicInput, SymbolicOutput
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.link.basic import Container

from symrnn.compat.missing import missing
from symrnn.errors import UserError


class In(PyTensorIn):
    """An input; one with a `value` may be left out by the caller.

    Attributes
    ----------
    default
        What the function takes when the caller gives nothing; None where something must be given.
    """

    def __init__(self, variable, name=None, value=None, update=None, mutable=None, strict=False,
                 allow_downcast=None, autoname=True, implicit=None, borrow=None, shared=False):  # fmt: skip
        if update is not None and not isinstance(value, Container | SharedVariable):
            raise UserError(
                f"update of an input that is no shared variable ({variable}) is not carried over;"
                " keep the value in theano.shared and give updates= to theano.function"
            )
        kept = value if isinstance(value, Container | SharedVariable) else None
        super().__init__(variable, name, kept, update, mutable, strict, allow_downcast, autoname, implicit,
                         borrow, shared)  # fmt: skip
        self.default = None if kept is not None else value


class Param(In):
    """An input, as `theano.function` took it at first: `default` is the value that may be left out."""

    def __init__(self, variable, default=None, name=None, mutable=False, strict=False, allow_downcast=None,
                 implicit=None, borrow=None):  # fmt: skip
        super().__init__(variable, name, default, mutable=mutable, strict=strict, allow_downcast=allow_downcast,
                         implicit=implicit, borrow=borrow)  # fmt: skip


__getattr__ = missing(__name__)
