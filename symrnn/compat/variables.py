"""What a variable does differently in a process that runs Theano programs."""

from pytensor.scalar.basic import EQ, GE, GT, LE, LT, NEQ
from pytensor.tensor.variable import _tensor_py_operators

_original = _tensor_py_operators.__bool__


def is_set(variable):
    """``if variable:`` asks in Theano whether one was given, so it is true, except for comparisons, which must
    not be asked."""
    op = variable.owner and getattr(variable.owner.op, "scalar_op", None)
    if isinstance(op, (EQ, NEQ, LT, LE, GT, GE)):
        return _original(variable)
    return True


def install_truth_value():
    """Let variables be true, as in Theano."""
    _tensor_py_operators.__bool__ = is_set


def uninstall_truth_value():
    """Let variables refuse to be asked, as in PyTensor."""
    _tensor_py_operators.__bool__ = _original
