"""``theano.gradient``."""

from pytensor.gradient import (
    DisconnectedGrad,
    DisconnectedInputError,
    DisconnectedType,
    GradientError,
    Lop,
    NullTypeGradError,
    Rop,
    UndefinedGrad,
    ZeroGrad,
    disconnected_grad,
    disconnected_grad_,
    disconnected_type,
    grad,
    grad_not_implemented,
    grad_undefined,
    hessian,
    jacobian,
    numeric_grad,
    subgraph_grad,
    undefined_grad,
    zero_grad,
    zero_grad_,
)

from symrnn.compat.missing import missing
from symrnn.compat.theano.verified import verify_grad
from symrnn.ops.gradient_views import GradClip, GradScale, grad_clip, grad_scale

consider_constant = disconnected_grad
consider_constant_ = disconnected_grad_
ConsiderConstant = DisconnectedGrad

__getattr__ = missing(__name__)
