"""fo-pooling [1]_: a recurrence without products, its gradient assembled by hand.

A cell state that forgets and takes in, ``c_t = f_t * c_{t-1} + x_t``, is linear in what it carries, so its gradient is
a recurrence of the same kind that walks the other way, with ``g_t`` the gradient by ``c_t`` and by ``x_t``:

* ``g_t = dc_t + f_{t+1} * g_{t+1}``, one scan;
* ``df_t = g_t * c_{t-1}`` and ``dc_0 = f_1 * g_1``, outside of it.

Nothing is differentiated, and no step of either scan holds a product of matrices.

.. [1] Bradbury, Merity, Xiong, Socher: Quasi-recurrent neural networks. ICLR 2017. arXiv:1611.01576
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.ops.assembled import assembled
from symrnn.ops.scan import Recurrence, Values, plain_scan, scan_loop
from symrnn.ops.windows import length
from symrnn.typing import TensorLike


class Pooled(NamedTuple):
    """What `fo_pool` puts out."""

    hs: TensorVariable  # (T, B, H)
    c: TensorVariable  # (B, H), the state after the last step


def fo_pool(zs: TensorLike, fs: TensorLike, os: TensorLike, initial: TensorLike) -> Pooled:
    """The outputs of fo-pooling, and its last state.

    * ``c_t = f_t * c_{t-1} + (1 - f_t) * z_t``
    * ``h_t = o_t * c_t``

    Parameters
    ----------
    zs, fs, os
        ``(T, B, H)`` of one dtype: candidates, and the gates to forget and to put out, in [0, 1]. With zoneout, f is 1
        where a unit keeps its state.
    initial
        ``(B, H)``, the state before the first step.

    Raises
    ------
    UserError
        When the arguments have other axes or dtypes.

    Notes
    -----
    As in the paper; in the code beside it f is the share that is taken in.

    Examples
    --------
    >>> import numpy as np
    >>> half = np.full((3, 1, 1), 0.5)
    >>> fo_pool(np.ones((3, 1, 1)), half, np.ones((3, 1, 1)), np.zeros((1, 1))).hs.eval().ravel()
    array([0.5  , 0.75 , 0.875])
    """
    zs, fs, os = map(pt.as_tensor, (zs, fs, os))
    cs = linear_recurrence(fs, (1 - fs) * zs, initial)
    return Pooled(os * cs, cs[-1])


def linear_recurrence(factors: TensorLike, xs: TensorLike, initial: TensorLike) -> TensorVariable:
    """``(T, B, H)``: ``c_t = factors_t * c_{t-1} + x_t`` from ``c_0 = initial (B, H)``.

    Examples
    --------
    >>> import numpy as np
    >>> linear_recurrence(np.full((3, 1, 1), 2.0), np.ones((3, 1, 1)), np.zeros((1, 1))).eval().ravel()
    array([1., 3., 7.])
    """
    arguments = checked(factors, xs, initial)
    [cs] = assembled(LinearRecurrence(), arguments, name="LinearRecurrence")
    return cs


def linear_recurrence_plain(
    factors: TensorLike, xs: TensorLike, initial: TensorLike
) -> TensorVariable:
    """`linear_recurrence` as a plain scan that `pytensor.grad` differentiates: the form to compare with.

    Examples
    --------
    >>> import numpy as np
    >>> linear_recurrence_plain(np.full((2, 1, 1), 2.0), np.ones((2, 1, 1)), np.zeros((1, 1))).eval().ravel()
    array([1., 3.])
    """
    return LinearRecurrence().plain(checked(factors, xs, initial))[0]


class LinearRecurrence:
    """The recurrence as an `Assembly`: ``[factors, xs, initial] -> [cs]``."""

    visible = 1
    identity: Hashable = "linear recurrence"

    def lengths(self, inputs: Sequence[Variable]) -> list[Variable]:
        return []

    def outputs(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        factors, xs, initial = inputs
        walk = Recurrence(step, [factors, xs], [initial])
        [((cs,), _)] = scan_loop([walk], length(xs, 0), name="pool_forward")
        return [cs]

    def gradients(
        self,
        inputs: Sequence[TensorVariable],
        outputs: Sequence[TensorVariable],
        cotangents: Sequence[TensorVariable | None],
    ) -> list[TensorVariable | None]:
        factors, xs, initial = inputs
        [cs], [dcs] = outputs, cotangents
        assert dcs is not None  # it is the only output that is seen
        walk = Recurrence(step_back, [factors[::-1], dcs[::-1]], [pt.zeros_like(initial)])
        [((back,), (dinitial,))] = scan_loop([walk], length(xs, 0), name="pool_backward")
        gs = back[::-1]
        return [gs * pt.join(0, initial[None], cs[:-1]), gs, dinitial]

    def plain(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        factors, xs, initial = inputs
        walk = Recurrence(step, [factors, xs], [initial])
        [((cs,), _)] = plain_scan([walk], length(xs, 0), name="pool_plain")
        return [cs]


def step(elements: Values, states: Values, invariants: Values) -> tuple[Values, Values]:
    """``c_t`` from ``c_{t-1}``."""
    [factor, x], [before] = elements, states
    c = factor * before + x
    return [c], [c]


def step_back(elements: Values, states: Values, invariants: Values) -> tuple[Values, Values]:
    """``g_t``, and what it gives to the step before."""
    [factor, dc], [later] = elements, states
    g = dc + later
    return [g], [factor * g]


def checked(factors: TensorLike, xs: TensorLike, initial: TensorLike) -> list[TensorVariable]:
    """The arguments as variables, or a `UserError`."""
    given = [pt.as_tensor(x) for x in (factors, xs, initial)]
    for name, axes, var in zip(("factors", "xs", "initial"), (3, 3, 2), given, strict=True):
        if var.type.ndim != axes or var.type.dtype != given[1].type.dtype:
            raise UserError(
                f"{name} must have {axes} axes and the dtype of xs, {given[1].type.dtype}, but is of type {var.type};"
                " reshape or cast it"
            )
    batch, hidden = (
        a or b for a, b in zip(given[1].type.shape[1:], given[0].type.shape[1:], strict=True)
    )
    # A step must keep the type of its state.
    given[2] = pt.specify_shape(given[2], (batch, hidden))
    return given
