"""What a variable does differently in a process that runs Theano programs."""

from pytensor.compile.executor import Function
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace
from pytensor.scalar.basic import EQ, GE, GT, LE, LT, NEQ
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import TensorType
from pytensor.tensor.variable import _tensor_py_operators

from symrnn.compat.rerun import Rerun

_original = _tensor_py_operators.__bool__
_original_eval = Variable.eval
_original_str = Elemwise.__str__
OLD_NAMES = {
    **{"reciprocal": "inv", "sign": "sgn", "abs": "abs_"},
    **{
        "RoundHalfToEven": "round_half_to_even",
        "RoundHalfAwayFromZero": "round_half_away_from_zero",
    },
}


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
    # Not strictly, since what reads them may get another type, too.
    outputs = clone_replace(outputs, replaced, rebuild_strict=False)
    return [replaced.get(var, var) for var in inputs], outputs


def value_of(variable, inputs_to_values=None, **options):
    """``variable.eval(inputs_to_values)``."""
    given = inputs_to_values or {}
    inputs, [output] = with_free_sizes(list(given), [variable])
    return _original_eval(output, dict(zip(inputs, given.values(), strict=True)), **options)


def elemwise_name(op):
    """How an element-wise op was printed: ``Elemwise{add,no_inplace}``, ``Elemwise{add}[(0, 0)]``.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> elemwise_name(pt.true_div), elemwise_name(pt.reciprocal)
    ('Elemwise{true_div,no_inplace}', 'Elemwise{inv,no_inplace}')
    """
    if op.name:
        return op.name
    scalar = getattr(op.scalar_op, "name", None) or str(op.scalar_op)
    scalar = OLD_NAMES.get(scalar, scalar)
    pairs = sorted(op.inplace_pattern.items())
    return f"Elemwise{{{scalar}}}{pairs}" if pairs else f"Elemwise{{{scalar},no_inplace}}"


def install():
    """Let variables be true, and expressions stand for values of any size, as in Theano."""
    _tensor_py_operators.__bool__ = is_set
    Variable.eval = value_of
    Function.fn = property(Rerun)
    # what programs set to save a check that is not made here
    Function._check_for_aliased_inputs = property(
        lambda function: False, lambda function, one: None
    )
    Elemwise.__str__ = elemwise_name


def uninstall():
    """Let variables be PyTensor's."""
    _tensor_py_operators.__bool__ = _original
    Variable.eval = _original_eval
    Elemwise.__str__ = _original_str
    for name in ("fn", "_check_for_aliased_inputs"):
        if name in vars(Function):
            delattr(Function, name)
