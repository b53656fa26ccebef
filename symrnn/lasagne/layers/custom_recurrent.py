"""Recurrent layers whose step is a network of other layers, and the plain one, whose step is a dense layer."""

import warnings

import pytensor.tensor as pt
from pytensor.scan import scan

from symrnn.ops.gradient_views import grad_clip
from symrnn.ops.random_stream import set_default_update

from .. import init, nonlinearities, utils
from . import helper
from .dense import DenseLayer, product
from .gates import SimpleCell, activation
from .input import InputLayer
from .recurrence import RecurrenceLayer, of_shape


class CustomRecurrentLayer(RecurrenceLayer):
    """``h := nonlinearity(input_to_hidden(x) + hidden_to_hidden(h))`` with networks for both.

    `input_to_hidden` and `hidden_to_hidden` are the last layers of networks with one input layer each. Where
    `precompute_input` holds, the first is applied to all steps at once, as a batch of ``B * T``. The step may be any
    network, so `pytensor.scan` runs it; `RecurrentLayer` takes the assembled form of `symrnn.unroll` where it can. See
    `RecurrenceLayer` for the options.
    """

    def __init__(
        self,
        incoming,
        input_to_hidden,
        hidden_to_hidden,
        nonlinearity=nonlinearities.rectify,
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
        self.input_to_hidden = input_to_hidden
        self.hidden_to_hidden = hidden_to_hidden
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        check_networks(self)
        for network in (input_to_hidden, hidden_to_hidden):
            # Both networks are evaluated with the arguments that this layer is given.
            self.get_output_kwargs += sorted(helper.known_arguments(network))
        self.add_initial("hid_init", hid_init, hidden_to_hidden.output_shape[1:])

    def get_params(self, **tags):
        """The layer's own parameters, then those of both networks."""
        params = super().get_params(**tags)
        params += helper.get_all_params(self.input_to_hidden, **tags)
        return params + helper.get_all_params(self.hidden_to_hidden, **tags)

    def get_output_shape_for(self, input_shapes):
        return self.sequence_shape(input_shapes, *self.hidden_to_hidden.output_shape[1:])

    def get_output_for(self, inputs, **kwargs):
        xs, mask = pt.as_tensor(inputs[0]), self.mask(inputs)
        xs = xs.dimshuffle(1, 0, *range(2, xs.ndim))  # (T, B, ...)
        steps, batch = xs.shape[0], xs.shape[1]
        if self.precompute_input:
            flat = xs.reshape((steps * batch, *trailing(xs, 2)))
            flat, _ = helper.evaluated(self.input_to_hidden, flat, kwargs)
            xs = flat.reshape((steps, batch, *trailing(flat, 1)))
        sequences = [xs]
        if mask is not None:
            sequences.append(mask.dimshuffle(1, 0, *["x"] * (xs.ndim - 2)))
        hs = self._hidden_states(sequences, self._initial(inputs, batch), kwargs)
        if self.only_return_final:
            # The last of the walk, which backwards is at the first step of the sequence.
            return hs[-1]
        hs = hs[::-1] if self.backwards else hs
        return hs.dimshuffle(1, 0, *range(2, hs.ndim))

    def _initial(self, inputs, batch):
        """The initial state, once for every item."""
        state = self.initial("hid_init", inputs)
        if state is not self.hid_init or state not in self.params:
            return state
        return pt.alloc(self.repeatable(state), batch, *trailing(state, 1))

    def _hidden_states(self, sequences, initial, kwargs):
        """The hidden states of all steps (T, B, ...), in the order of the walk."""

        def step(x, *others):
            # A mask comes between the entry and the state, if there is one.
            h_prev = others[-1]
            if not self.precompute_input:
                x, _ = helper.evaluated(self.input_to_hidden, x, kwargs)
            z = helper.evaluated(self.hidden_to_hidden, h_prev, kwargs)[0] + x
            if self.grad_clipping:
                z = grad_clip(z, -self.grad_clipping, self.grad_clipping)
            h = self.nonlinearity(z)
            return pt.switch(others[0], h, h_prev) if len(others) > 1 else h

        if self.unroll_scan:
            return utils.unroll_scan(
                step, sequences, [initial], [], self.input_shapes[0][1], self.backwards
            )[0]
        # PyTensor deprecates the updates that a scan returns; random layers in the step need them.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            hs, updates = scan(step, sequences=sequences, outputs_info=[initial], go_backwards=self.backwards,
                               truncate_gradient=self.gradient_steps)  # fmt: skip
        for shared, value in updates.items():  # random layers inside the step
            set_default_update(shared, value)
        return hs


def trailing(x, first):
    """The sizes of the axes of `x` from `first` on: numbers where they are known."""
    return [
        x.shape[i] if x.type.shape[i] is None else x.type.shape[i] for i in range(first, x.ndim)
    ]


def check_networks(layer):
    """Refuse networks with several inputs, and shapes that do not fit each other."""
    below, step = layer.input_to_hidden, layer.hidden_to_hidden
    starts = [single_input(name, network) for name, network in
              (("input_to_hidden", below), ("hidden_to_hidden", step))]  # fmt: skip
    batch, steps = layer.input_shapes[0][:2]
    at_once = layer.precompute_input
    items = (None if None in (batch, steps) else batch * steps) if at_once else batch
    one, other = below.output_shape, step.output_shape
    pairs = {
        "the first axis of input_to_hidden's output, and the number of its items": (
            one[:1],
            (items,),
        ),
        "the outputs of input_to_hidden and hidden_to_hidden after the first axis": (
            one[1:],
            other[1:],
        ),
        "the input and output of hidden_to_hidden after the first axis": (
            starts[1].shape[1:],
            other[1:],
        ),
    }
    if not at_once:
        pairs["the first axes of both outputs"] = (one[:1], other[:1])
    for what, (this, that) in pairs.items():
        if not agree(this, that):
            raise ValueError(
                f"Shapes must match with precompute_input={at_once}: {what} are {this} and {that}"
            )


def single_input(name, network):
    """The one input layer of a network."""
    starts = [one for one in helper.get_all_layers(network) if isinstance(one, InputLayer)]
    if len(starts) != 1:
        raise ValueError(f"`{name}` must have exactly one InputLayer, but has {len(starts)}")
    return starts[0]


def agree(one, other):
    """Whether two shapes may be the same."""
    return len(one) == len(other) and all(
        a is None or b is None or a == b for a, b in zip(one, other, strict=True)
    )


class RecurrentLayer(CustomRecurrentLayer):
    """``h := nonlinearity(x W_in_to_hid + h W_hid_to_hid + b)``, built by `symrnn.unroll`.

    See `RecurrenceLayer` for the options.
    """

    def __init__(
        self,
        incoming,
        num_units,
        W_in_to_hid=init.Uniform(),
        W_hid_to_hid=init.Uniform(),
        b=init.Constant(0.0),
        nonlinearity=nonlinearities.rectify,
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
        input_shape = incoming if isinstance(incoming, tuple) else incoming.output_shape
        name = kwargs.get("name")
        prefix = "" if name is None else f"{name}."
        self.num_units = num_units
        # Names as Lasagne's: files of values and programs that ask by name go by them.
        below = DenseLayer(InputLayer((None, *input_shape[2:])), num_units, W=W_in_to_hid, b=b, nonlinearity=None,
                           name=f"{prefix}input_to_hidden")  # fmt: skip
        step = DenseLayer(InputLayer((None, num_units)), num_units, W=W_hid_to_hid, b=None, nonlinearity=None,
                          name=f"{prefix}hidden_to_hidden")  # fmt: skip
        self.W_in_to_hid = below.W
        self.W_hid_to_hid = step.W
        self.b = below.b
        super().__init__(incoming, below, step, nonlinearity, hid_init, backwards, learn_init, gradient_steps,
                         grad_clipping, unroll_scan, precompute_input, mask_input, only_return_final,
                         **kwargs)  # fmt: skip

    def get_output_for(self, inputs, **kwargs):
        below, step = self.input_to_hidden, self.hidden_to_hidden
        if not (is_affine(below) and is_affine(step) and step.b is None):
            return super().get_output_for(inputs, **kwargs)  # somebody changed the networks
        features = product(self.input_shapes[0][2:])
        b = pt.zeros(self.num_units, dtype=step.W.dtype) if below.b is None else below.b
        cell = SimpleCell(
            of_shape(below.W, features, self.num_units),
            of_shape(step.W, self.num_units, self.num_units),
            of_shape(b, self.num_units),
            activation(self.nonlinearity),
        )
        return self.walked(cell, inputs, self.initial("hid_init", inputs))


def is_affine(layer):
    """Whether a layer is a plain dense one without a nonlinearity."""
    return type(layer) is DenseLayer and layer.nonlinearity is nonlinearities.identity
