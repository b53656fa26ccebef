"""Functions for any mode: what a mode that needs static shapes cannot do is said in one sentence."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.errors import UserError
from symrnn.training.compiled import compiled


def test_float32_in_a_session_of_float64_is_refused_where_sums_would_widen_it():
    x = pt.fvector("x")
    with pytest.raises(UserError, match="needs floatX to be float32 in mode JAX, but it is float6"):
        compiled([x], x.sum(), mode="JAX")
    assert compiled([x], x.sum(), mode="FAST_COMPILE")(np.ones(3, "float32")) == 3
    with pytensor.config.change_flags(floatX="float32"):
        compiled([x], x.sum(), mode="JAX")
