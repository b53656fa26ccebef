"""``theano.gradient``."""

from pytensor.gradient import (
    DisconnectedInputError,
    DisconnectedType,
    GradientError,
    Lop,
    NullTypeGradError,
    Rop,
    disconnected_grad,
    disconnected_type,
    grad,
    grad_not_implemented,
    grad_undefined,
    hessian,
    jacobian,
    numeric_grad,
    subgraph_grad,
    undefined_grad,
    verify_grad,
    zero_grad,
)

from symrnn.compat.missing import missing
from symrnn.ops.gradient_views import GradClip, GradScale, grad_clip, grad_scale

consider_constant = disconnected_grad

__getattr__ = missing(__name__)
