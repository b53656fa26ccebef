"""Functions for any mode: one that needs static shapes gets them from the values of a call."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytensor
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Variable

from symrnn.errors import UserError
from symrnn.modes import known_mode
from symrnn.typing import Updates

STATIC = {"JAX"}  # modes that lower no array of symbolic shape


def compiled(
    inputs: Sequence[Variable],
    outputs: Variable | Sequence[Variable],
    updates: Updates | None = None,
    *,
    mode: str | Mode | None = None,
) -> Callable[..., Any]:
    """`pytensor.function`, or in a mode that needs static shapes one function for each set of shapes met.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> compiled([x], x.sum(), mode="FAST_COMPILE")([1.0, 2.0])
    array(3.)
    """
    # By name alone PyTensor would not know our own.
    known_mode(mode)
    new_values: Any = None if updates is None else dict(updates)
    if mode not in STATIC:
        return pytensor.function(inputs, outputs, updates=new_values, mode=mode)
    check_floats(outputs, mode)
    functions: dict[tuple, Callable] = {}  # by the shapes of a call

    def call(*values):
        shapes = tuple(np.shape(value) for value in values)
        if shapes not in functions:
            # The graph stays, its inputs are exchanged: shapes are inferred anew from these when it is rewritten.
            static = [x.type.clone(shape=s)(x.name) for x, s in zip(inputs, shapes, strict=True)]
            givens = dict(zip(inputs, static, strict=True))
            functions[shapes] = pytensor.function(
                static, outputs, updates=new_values, givens=givens, mode=mode
            )
        return functions[shapes](*values)

    return call


def check_floats(outputs: Variable | Sequence[Variable], mode: str | Mode) -> None:
    """Refuse float32 where PyTensor's lowering would make float64 of it: its sums accumulate in that."""
    first: Any = outputs if isinstance(outputs, Variable) else outputs[0]
    if first.type.dtype == "float32" and pytensor.config.floatX == "float64":
        raise UserError(
            f"a network in float32 needs floatX to be float32 in mode {mode}, but it is float64;"
            " set the environment variable PYTENSOR_FLAGS=floatX=float32"
        )
