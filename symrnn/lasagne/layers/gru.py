"""Gated recurrent unit as a layer."""

from .. import init, nonlinearities
from .dense import product
from .gates import Gate, GatedGRUCell, activation
from .lstm import add_gate, stacked
from .recurrence import RecurrenceLayer

# Lasagne's order, in which files of values have the parameters; the cells have their columns in another.
GATES = ("updategate", "resetgate", "hidden_update")
COLUMNS = ("resetgate", "updategate", "hidden_update")  # in the builders' order


class GRULayer(RecurrenceLayer):
    """Gated recurrent unit [1]_, built by `symrnn.unroll`.

    ``r = sigmoid(x W_in_to_resetgate + h W_hid_to_resetgate + b_resetgate)``, likewise ``u`` (updategate);
    ``n = tanh(x W_in_to_hidden_update + r * (h W_hid_to_hidden_update) + b_hidden_update)``;
    ``h := (1 - u) * h + u * n``. The reset gate multiplies the product, not the state as in [1]_.

    The gates say what their parameters are made of and what stands for sigmoid and tanh. See `RecurrenceLayer` for the
    options.

    .. [1] Cho et al.: Learning phrase representations using RNN encoder-decoder. EMNLP 2014. arXiv:1406.1078
    """

    def __init__(
        self,
        incoming,
        num_units,
        resetgate=Gate(W_cell=None),
        updategate=Gate(W_cell=None),
        hidden_update=Gate(W_cell=None, nonlinearity=nonlinearities.tanh),
        hid_init=init.Constant(0.0),
        backwards=False,
        learn_init=False,
        gradient_steps=-1,
        grad_clipping=0,
        unroll_scan=False,
        precompute_input=True,
        mask_input=None,
        only_return_final=False,
        **kwargs,
    ):
        super().__init__(incoming, {"hid_init": hid_init}, backwards, learn_init, gradient_steps, grad_clipping,
                         unroll_scan, precompute_input, mask_input, only_return_final, **kwargs)  # fmt: skip
        self.num_units = num_units
        self.num_inputs = product(self.input_shapes[0][2:])
        for name, gate in zip(GATES, (updategate, resetgate, hidden_update), strict=True):
            add_gate(self, gate, name)
        # The name that Lasagne has for it.
        self.nonlinearity_hid = self.nonlinearity_hidden_update
        self.add_initial("hid_init", hid_init, (num_units,))

    def get_output_shape_for(self, input_shapes):
        return self.sequence_shape(input_shapes, self.num_units)

    def get_output_for(self, inputs, **kwargs):
        used = (self.nonlinearity_resetgate, self.nonlinearity_updategate, self.nonlinearity_hid)
        cell = GatedGRUCell(
            *stacked(self, COLUMNS), tuple(map(activation, used)), self.grad_clipping
        )
        return self.walked(cell, inputs, self.initial("hid_init", inputs))
