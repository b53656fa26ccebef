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

consider_constant = (
    zero_grad  # gradients through it are zero, and what it is computed from stays connected
)
consider_constant_ = zero_grad_
ConsiderConstant = ZeroGrad

__getattr__ = missing(__name__)
