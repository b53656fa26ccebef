"""Types and axis letters used across symrnn.

Axis letters: ``B`` batch, ``T`` time, ``D`` input, ``H`` hidden, ``C`` channels, ``V`` vocabulary, ``K`` classes, ``L``
layers. Our own builders are time-major, ``(T, B, D)``; `symrnn.lasagne` is ``(B, T, D)``, as Lasagne is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pytensor.graph.basic import Variable
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

Updates = Mapping[Any, Variable]  # shared variable -> its next value
NewValues = dict[TensorSharedVariable, TensorVariable]  # the same, as an update rule returns it
Params = Sequence[TensorSharedVariable]
Gradients = Sequence[TensorVariable]  # one a parameter, in their order
LossOrGrads = TensorVariable | Gradients
Rate = float | TensorVariable  # a number, a scalar variable or a scalar shared variable
UpdateRule = Callable[[LossOrGrads, Params, Rate], NewValues]

Shape = tuple[int, ...]
Size = int | TensorVariable  # a length that is known, or an expression of it
TensorLike = Variable | np.ndarray | float  # what `pytensor.tensor.as_tensor` takes
Initializer = Callable[..., np.ndarray]  # (shape, rng) -> values in float64
