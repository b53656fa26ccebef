"""What the recurrent layers share: their inputs, initial states and options, and a cell unrolled over them.

Inputs are (B, T, D), outputs (B, T, H); the builders in `symrnn.unroll`, which do the work, are time-major.
"""

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symrnn.unroll import scan_unroll, static_unroll

from .base import Layer, MergeLayer


class RecurrenceLayer(MergeLayer):
    """A layer that walks a sequence.

    Parameters
    ----------
    incoming
        The layer that gives the sequences (B, T, ...).
    states
        The initial states by name: a layer, an expression (B, H), or what a parameter is made of.
    backwards
        Walk from the last step to the first; the outputs stay in the order of time.
    learn_init
        Whether initial states that are parameters are trained.
    gradient_steps
        Steps from the end of the walk that the gradient goes back; -1 for all.
    grad_clipping
        Bound for the gradient of each step's pre-activations; 0 for none.
    unroll_scan
        Write every step out in the graph; the length must be known, `gradient_steps` -1.
    precompute_input
        Kept for its name: the input's product is always taken for all steps at once.
    mask_input
        A layer that gives (B, T), nonzero where a sequence has a step; other steps copy the state.
    only_return_final
        Return the output of the walk's last step alone.
    """

    def __init__(self, incoming, states, *, backwards, learn_init, gradient_steps, grad_clipping, unroll_scan,
                 precompute_input, mask_input, only_return_final, **kwargs):  # fmt: skip
        incomings = [incoming]
        self.mask_incoming_index = -1
        if mask_input is not None:
            incomings.append(mask_input)
            self.mask_incoming_index = 1
        for name, init in states.items():
            is_layer = isinstance(init, Layer)
            setattr(self, f"{name}_incoming_index", len(incomings) if is_layer else -1)
            incomings += [init] if is_layer else []
        super().__init__(incomings, **kwargs)
        self.learn_init = learn_init
        self.backwards = backwards
        self.gradient_steps = gradient_steps
        self.grad_clipping = grad_clipping
        self.unroll_scan = unroll_scan
        self.precompute_input = precompute_input
        self.only_return_final = only_return_final
        if unroll_scan and gradient_steps != -1:
            raise ValueError(f"Gradient steps must be -1 when unroll_scan is true, but gradient_steps is {gradient_steps}")
        if unroll_scan and self.input_shapes[0][1] is None:
            raise ValueError("Input sequence length cannot be specified as None when unroll_scan is true, but the input"
                             f" shape is {self.input_shapes[0]}")  # fmt: skip

    def add_initial(self, name, init, shape):
        """Keep an initial state under its name; one that is no layer and no expression becomes a parameter (1, ...)."""
        is_expression = isinstance(init, Variable) and not isinstance(init, SharedVariable)
        if is_expression and init.ndim != 1 + len(shape):
            raise ValueError(f"When {name} is provided as a TensorVariable, it should have {1 + len(shape)} dimensions and"
                             f" have shape (num_batch, num_units), but it has {init.ndim}")  # fmt: skip
        if not is_expression and not isinstance(init, Layer):
            init = self.add_param(init, (1, *shape), name=name, trainable=self.learn_init, regularizable=False)
        setattr(self, name, init)

    def initial(self, name, inputs):
        """The expression of an initial state."""
        index = getattr(self, f"{name}_incoming_index")
        return inputs[index] if index > 0 else getattr(self, name)

    def mask(self, inputs):
        """The mask's expression (B, T), or None."""
        return inputs[self.mask_incoming_index] if self.mask_incoming_index > 0 else None

    def walked(self, cell, inputs, *states):
        """The outputs of `cell` over the input, by this layer's options; `states` are the initial ones."""
        xs, mask = time_major(inputs[0], cell), self.mask(inputs)
        dtype = cell.w_x.type.dtype
        unroll = static_unroll if self.unroll_scan else scan_unroll
        steps = {"steps": self.input_shapes[0][1]} if self.unroll_scan and xs.type.shape[0] is None else {}
        hs = unroll(
            cell,
            xs,
            reverse=self.backwards,
            initial=cell.State(*(pt.cast(state, dtype) for state in states)),
            mask=None if mask is None else mask.dimshuffle(1, 0),
            last_only=self.only_return_final,
            gradient_steps=None if self.gradient_steps == -1 else self.gradient_steps,
            grad_clipping=self.grad_clipping or None,
            **steps,
        )
        return hs if self.only_return_final else hs.dimshuffle(1, 0, 2)

    def sequence_shape(self, input_shapes, *size):
        """The output's shape for outputs of `size` a step."""
        batch, steps = input_shapes[0][:2]
        return (batch, *size) if self.only_return_final else (batch, steps, *size)


def time_major(xs, cell):
    """The input (B, T, ...) as (T, B, D), of the cell's dtype."""
    xs = pt.as_tensor(xs)
    if xs.ndim > 3:
        xs = xs.flatten(3)
    return pt.cast(xs, cell.w_x.type.dtype).dimshuffle(1, 0, 2)


def of_shape(variable, *shape):
    """`variable` with its shape in its type, where the builders look for it."""
    return variable if variable.type.shape == shape else pt.specify_shape(variable, shape)


def side_by_side(weights, *shape):
    """Weights of one `shape` each, joined along their last axis."""
    joined = pt.concatenate([of_shape(weight, *shape) for weight in weights], axis=-1)
    return of_shape(joined, *shape[:-1], shape[-1] * len(weights))

