"""Layers of `symrnn.models.word_network`: LSTM cells, and a quasi-recurrent layer [1]_.

A QRNN computes its gates for all steps at once, by a causal convolution over the last one or two inputs, and its scan
is `symrnn.ops.fo_pool`, element-wise:

* ``z, f, o = tanh, sigmoid, sigmoid`` of ``[x_{t-1}, x_t] @ w + b``, or of ``x_t @ w + b`` for a window of 1;
* ``c_t = f_t * c_{t-1} + (1 - f_t) * z_t``, ``h_t = o_t * c_t``.

.. [1] Bradbury, Merity, Xiong, Socher: Quasi-recurrent neural networks. ICLR 2017. arXiv:1611.01576
"""

from dataclasses import dataclass, replace

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import LSTMCell, LSTMState
from symrnn.errors import check_choice
from symrnn.init import glorot_uniform, zeros
from symrnn.models.tcn import product
from symrnn.models.word_network import dropped
from symrnn.ops.activations import sigmoid, tanh
from symrnn.ops.fo_pool import fo_pool, linear_recurrence_plain
from symrnn.params import param
from symrnn.unroll import Gradient, scan_states

WINDOWS = (1, 2)


@dataclass(frozen=True)
class LSTMLayer:
    """A layer of LSTM cells; weight drop is for ``w_h``, its state is ``h`` and ``c``."""

    cell: LSTMCell

    @property
    def widths(self) -> tuple[int, int, int]:
        return self.cell.input_size, self.cell.hidden_size, 2 * self.cell.hidden_size

    @property
    def dropped_shape(self) -> tuple[int, int]:
        return self.cell.hidden_size, 4 * self.cell.hidden_size

    def walk(
        self,
        xs: TensorVariable,
        state: TensorVariable,
        *,
        weight_mask: TensorVariable | None = None,
        step_mask: TensorVariable | float | None = None,
        gradient: Gradient = "assembled",
    ) -> tuple[TensorVariable, TensorVariable]:
        """``ys (T, B, H)`` and ``(B, 2H)`` after the last step; there is no zoneout."""
        assert step_mask is None
        hidden = self.cell.hidden_size
        cell = replace(self.cell, w_h=dropped(self.cell.w_h, weight_mask))
        initial = LSTMState(state[:, :hidden], state[:, hidden:])
        ys, last = scan_states(cell, xs, initial=initial, gradient=gradient)
        return ys, pt.join(1, *last)


@dataclass(frozen=True)
class QRNNLayer:
    """A quasi-recurrent layer; its state is ``c``, and with a window of 2 the last input.

    Attributes
    ----------
    w
        ``(window*D, 3H)``, the rows of the earlier input first, the columns of z, f and o; weight drop is for it.
    b
        ``(3H,)``.
    window
        Inputs that a step sees, 1 or 2.
    """

    w: TensorVariable
    b: TensorVariable
    window: int = 1

    @classmethod
    def create(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        window: int = 1,
        rng: np.random.Generator,
        name: str = "",
        dtype: str | None = None,
    ) -> "QRNNLayer":
        """A layer with fresh parameters.

        Examples
        --------
        >>> QRNNLayer.create(3, 5, window=2, rng=np.random.default_rng(0)).w.type.shape
        (6, 15)
        """
        check_choice("window", window, WINDOWS)
        width = 3 * hidden_size
        return cls(
            param(f"{name}w", (window * input_size, width), glorot_uniform, rng, dtype=dtype),
            param(f"{name}b", (width,), zeros, rng, dtype=dtype),
            window,
        )

    @property
    def widths(self) -> tuple[int, int, int]:
        rows, columns = self.dropped_shape
        seen, hidden = rows // self.window, columns // 3
        return seen, hidden, hidden + seen * (self.window - 1)

    @property
    def dropped_shape(self) -> tuple[int, int]:
        return self.w.type.shape

    def walk(
        self,
        xs: TensorVariable,
        state: TensorVariable,
        *,
        weight_mask: TensorVariable | None = None,
        step_mask: TensorVariable | float | None = None,
        gradient: Gradient = "assembled",
    ) -> tuple[TensorVariable, TensorVariable]:
        """``ys (T, B, H)`` and the state after the last step; `step_mask` is 0 where a state stays, or their mean."""
        _, hidden, _ = self.widths
        c, seen = state[:, :hidden], xs
        if self.window == 2:
            # The input before the first step is the last one of the batch before, which came with the state.
            seen = pt.join(2, pt.join(0, state[None, :, hidden:], xs[:-1]), xs)
        a = product(seen, dropped(self.w, weight_mask)) + self.b
        zs = tanh(a[:, :, :hidden])
        gates = sigmoid(a[:, :, hidden:])
        fs, os = gates[:, :, :hidden], gates[:, :, hidden:]
        if step_mask is not None:
            # As in [1]: f is 1 where a state stays.
            fs = 1 - (1 - fs) * pt.as_tensor(step_mask, dtype=fs.type.dtype)
        if gradient == "assembled":
            hs, last = fo_pool(zs, fs, os, c)
        else:
            # The same recurrence as a scan that PyTensor differentiates, to compare with.
            cs = linear_recurrence_plain(fs, (1 - fs) * zs, c)
            hs, last = os * cs, cs[-1]
        return hs, last if self.window == 1 else pt.join(1, last, xs[-1])
