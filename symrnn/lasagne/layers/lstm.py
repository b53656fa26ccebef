"""Long short-term memory as a layer."""

from .. import init, nonlinearities
from .dense import product
from .gates import Gate, lstm_cell
from .recurrence import RecurrenceLayer, of_shape, side_by_side

# Lasagne's order, in which files of values have the parameters; the cells have their columns in another.
GATES = ("ingate", "forgetgate", "cell", "outgate")
COLUMNS = ("ingate", "forgetgate", "outgate", "cell")  # in the builders' order


class LSTMLayer(RecurrenceLayer):
    """Long short-term memory [1]_, by default with peepholes [2]_, built by `symrnn.unroll`.

    ``i = sigmoid(x W_in_to_ingate + h W_hid_to_ingate + c * W_cell_to_ingate + b_ingate)``, likewise ``f``
    (forgetgate);
    ``c := f * c + i * tanh(x W_in_to_cell + h W_hid_to_cell + b_cell)``;
    ``o = sigmoid(... + c * W_cell_to_outgate + b_outgate)`` of the new cell; ``h := o * tanh(c)``.

    The gates say what their parameters are made of and what stands for sigmoid and tanh; `nonlinearity` is the
    last tanh.
    See `RecurrenceLayer` for the options.

    .. [1] Hochreiter, Schmidhuber: Long short-term memory. Neural Computation 9 (1997).
    .. [2] Gers, Schraudolph, Schmidhuber: Learning precise timing with LSTM recurrent networks. JMLR 3 (2002).
    """

    def __init__(
        self,
        incoming,
        num_units,
        ingate=Gate(),
        forgetgate=Gate(),
        cell=Gate(W_cell=None, nonlinearity=nonlinearities.tanh),
        outgate=Gate(),
        nonlinearity=nonlinearities.tanh,
        cell_init=init.Constant(0.0),
        hid_init=init.Constant(0.0),
        backwards=False,
        learn_init=False,
        peepholes=True,
        gradient_steps=-1,
        grad_clipping=0,
        unroll_scan=False,
        precompute_input=True,
        mask_input=None,
        only_return_final=False,
        **kwargs,
    ):
        states = {"hid_init": hid_init, "cell_init": cell_init}
        super().__init__(incoming, states, backwards, learn_init, gradient_steps, grad_clipping,
                         unroll_scan, precompute_input, mask_input, only_return_final, **kwargs)  # fmt: skip
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self.num_units = num_units
        self.peepholes = peepholes
        self.num_inputs = product(self.input_shapes[0][2:])
        gates = dict(zip(GATES, (ingate, forgetgate, cell, outgate), strict=True))
        for name, gate in gates.items():
            add_gate(self, gate, name)
        if peepholes:
            for name in ("ingate", "forgetgate", "outgate"):
                weight = self.add_param(gates[name].W_cell, (num_units,), name=f"W_cell_to_{name}")
                setattr(self, f"W_cell_to_{name}", weight)
        # The cell's before the hidden state's: so Lasagne adds them, though it counts their layers the other way round.
        self.add_initial("cell_init", cell_init, (num_units,))
        self.add_initial("hid_init", hid_init, (num_units,))

    def get_output_shape_for(self, input_shapes):
        return self.sequence_shape(input_shapes, self.num_units)

    def get_output_for(self, inputs, **kwargs):
        w_x, w_h, b = stacked(self, COLUMNS)
        seen = COLUMNS[:3] if self.peepholes else ()
        peepholes = [of_shape(getattr(self, f"W_cell_to_{name}"), self.num_units) for name in seen]
        used = [getattr(self, f"nonlinearity_{name}") for name in COLUMNS]
        cell = lstm_cell(w_x, w_h, b, peepholes, (*used, self.nonlinearity))
        return self.walked(
            cell, inputs, self.initial("hid_init", inputs), self.initial("cell_init", inputs)
        )


def add_gate(layer, gate, name):
    """Give `layer` the parameters of a gate: ``W_in_to_name``, ``W_hid_to_name``, ``b_name``; and its nonlinearity."""
    shapes = {
        f"W_in_to_{name}": (gate.W_in, (layer.num_inputs, layer.num_units), {}),
        f"W_hid_to_{name}": (gate.W_hid, (layer.num_units, layer.num_units), {}),
        f"b_{name}": (gate.b, (layer.num_units,), {"regularizable": False}),
    }
    for param, (spec, shape, tags) in shapes.items():
        setattr(layer, param, layer.add_param(spec, shape, name=param, **tags))
    setattr(layer, f"nonlinearity_{name}", gate.nonlinearity)


def stacked(layer, names):
    """The weights (D, G*H), (H, G*H) and biases (G*H,) of a layer's gates, side by side."""
    inputs, units = layer.num_inputs, layer.num_units
    return (
        side_by_side([getattr(layer, f"W_in_to_{name}") for name in names], inputs, units),
        side_by_side([getattr(layer, f"W_hid_to_{name}") for name in names], units, units),
        side_by_side([getattr(layer, f"b_{name}") for name in names], units),
    )
