"""What a variable does differently in a process that runs Theano programs."""

from pytensor.compile.executor import Function
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace
from pytensor.scalar.basic import EQ, GE, GT, LE, LT, NEQ
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import TensorType
from pytensor.tensor.variable import _tensor_py_operators

_original = _tensor_py_operators.__bool__
_original_eval = Variable.eval


def is_set(variable):
    """``if variable:`` asks in Theano whether one was given, so it is true, except for comparisons, which must
    not be asked."""
    op = getattr(variable.owner, "op", None)
    if isinstance(op, Elemwise) and isinstance(op.scalar_op, EQ | NEQ | LT | LE | GT | GE):
        return _original(variable)
    return True


def with_free_sizes(inputs, outputs):
    """`inputs` and `outputs` with the sizes of inputs that are expressions forgotten, but for axes of size one.

    A value given in place of an expression had to fit only its rank and its broadcast axes in Theano, whose types
    knew no other size.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> y = 2 * pt.vector("x", shape=(3,))
    >>> [free], _ = with_free_sizes([y], [y + 1])
    >>> free.type.shape
    (None,)
    """
    replaced = {
        var: var.type.clone(shape=[1 if size == 1 else None for size in var.type.shape])(var.name)
        for var in inputs
        if isinstance(var, Variable)
        and var.owner is not None
        and isinstance(var.type, TensorType)
        and set(var.type.shape) - {1, None}
    }
    if not replaced:
        return inputs, outputs
    outputs = clone_replace(outputs, replaced, rebuild_strict=False)
    return [replaced.get(var, var) for var in inputs], outputs


def value_of(variable, inputs_to_values=None, **options):
    """``variable.eval(inputs_to_values)``."""
    given = inputs_to_values or {}
    inputs, [output] = with_free_sizes(list(given), [variable])
    return _original_eval(output, dict(zip(inputs, given.values(), strict=True)), **options)


def install():
    """Let variables be true, and expressions stand for values of any size, as in Theano."""
    _tensor_py_operators.__bool__ = is_set
    Variable.eval = value_of
    Function.fn = property(lambda function: function.vm)


def uninstall():
    """Let variables be PyTensor's."""
    _tensor_py_operators.__bool__ = _original
    Variable.eval = _original_eval
    if "fn" in vars(Function):
        del Function.fn
