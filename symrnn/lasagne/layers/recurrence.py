"""What the recurrent layers share: their inputs, initial states and options, and a cell unrolled over them.

Inputs are (B, T, D), outputs (B, T, H); the builders in `symrnn.unroll`, which do the work, are time-major.
"""

from dataclasses import dataclass

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.elemwise import DimShuffle

from symrnn.cells import Cell
from symrnn.unroll import bidirectional, scan_unroll, static_unroll
from symrnn.unroll.sequence import lengths_of

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

    def __init__(self, incoming, states, backwards, learn_init, gradient_steps, grad_clipping, unroll_scan,
                 precompute_input, mask_input, only_return_final, **kwargs):  # fmt: skip
        # In Lasagne's order, with its names of the places: mask, hidden state, cell.
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
            raise ValueError(
                f"Gradient steps must be -1 when unroll_scan is true, but gradient_steps is {gradient_steps}"
            )
        if unroll_scan and self.input_shapes[0][1] is None:
            raise ValueError("Input sequence length cannot be specified as None when unroll_scan is true, but the input"
                             f" shape is {self.input_shapes[0]}")  # fmt: skip

    def add_initial(self, name, init, shape):
        """Keep an initial state under its name; one that is no layer and no expression becomes a parameter (1, ...)."""
        is_expression = isinstance(init, Variable) and not isinstance(init, SharedVariable)
        if is_expression and init.ndim != 1 + len(shape):
            raise ValueError(f"When {name} is provided as a TensorVariable, it should have {1 + len(shape)} "
                             f"dimensions and"
                             f" have shape (num_batch, num_units), but it has {init.ndim}")  # fmt: skip
        if not is_expression and not isinstance(init, Layer):
            init = self.add_param(
                init, (1, *shape), name=name, trainable=self.learn_init, regularizable=False
            )
        setattr(self, name, init)

    def initial(self, name, inputs):
        """The expression of an initial state."""
        index = getattr(self, f"{name}_incoming_index")
        # Place 0 is that of the sequences, so -1 and 0 are none.
        return inputs[index] if index > 0 else getattr(self, name)

    def mask(self, inputs):
        """The mask's expression (B, T), or None."""
        return inputs[self.mask_incoming_index] if self.mask_incoming_index > 0 else None

    def walked(self, cell, inputs, *states):
        """The outputs of `cell` over the input, by this layer's options; `states` are the initial ones."""
        mask = self.mask(inputs)
        walk = Walk(
            cell,
            time_major(inputs[0], cell),
            self.backwards,
            # The walk carries states of one dtype; a layer below, or a number of floatX, may have another.
            cell.State(*(pt.cast(self.repeatable(state), cell.w_x.type.dtype) for state in states)),
            mask if mask is None else swapped(mask),
            {
                "last_only": self.only_return_final,
                "gradient_steps": None if self.gradient_steps == -1 else self.gradient_steps,
                "grad_clipping": self.grad_clipping or None,
            },
        )
        if self.unroll_scan:
            return walk.written_out(self.input_shapes[0][1])
        output = walk.output()
        output.tag.walk = walk
        return output

    def repeatable(self, state):
        """An initial state that is a parameter (1, H) with its size of one in its type: it stands for every item.

        A shared variable that a program made does not have it there.
        """
        if state not in self.params or state.type.shape[0] == 1:
            return state
        return pt.specify_shape(state, (1, *(None,) * (state.ndim - 1)))

    def sequence_shape(self, input_shapes, *size):
        """The output's shape for outputs of `size` a step."""
        batch, steps = input_shapes[0][:2]
        return (batch, *size) if self.only_return_final else (batch, steps, *size)


@dataclass(frozen=True, eq=False)
class Walk:
    """A cell on its way over a sequence: what the layer that feeds on two of them needs to let them walk together."""

    cell: Cell
    xs: Variable  # (T, B, D)
    backwards: bool
    initial: tuple
    mask: Variable | None  # (T, B)
    options: dict

    def output(self):
        """The outputs (B, T, H), or (B, H) with ``last_only``."""
        return batch_major(scan_unroll(self.cell, self.xs, reverse=self.backwards, initial=self.initial,
                                       mask=self.mask, **self.options))  # fmt: skip

    def written_out(self, steps):
        """The same, every step in the graph."""
        steps = {"steps": steps} if self.xs.type.shape[0] is None else {}
        return batch_major(static_unroll(self.cell, self.xs, reverse=self.backwards, initial=self.initial,
                                         mask=self.mask, **self.options, **steps))  # fmt: skip

    def mirrors(self, other):
        """Whether `other` walks the same sequence from the other end."""
        return (
            not self.backwards
            and other.backwards
            and self.xs is other.xs
            and self.mask is other.mask
            and self.options == other.options
            and self.cell.w_h.type.dtype == other.cell.w_h.type.dtype
        )


def side_by_side_outputs(outputs):
    """The outputs of two layers that walk one sequence from both ends, joined along the last axis; by one scan.

    None where `outputs` are anything else.
    """
    walks = [
        getattr(output.tag, "walk", None) for output in outputs if isinstance(output, Variable)
    ]
    if len(outputs) != 2 or len(walks) != 2 or None in walks or not walks[0].mirrors(walks[1]):
        return None
    forward, backward = walks
    return batch_major(bidirectional(forward.cell, backward.cell, forward.xs, mask=forward.mask,
                                     initial=(forward.initial, backward.initial), **forward.options))  # fmt: skip


def forget_walk(output):
    """Let `output` stand for itself: more than one layer reads it, so that it has to be computed anyway."""
    if getattr(getattr(output, "tag", None), "walk", None) is not None:
        del output.tag.walk


def time_major(xs, cell):
    """The input (B, T, ...) as (T, B, D), of the cell's dtype."""
    xs = pt.as_tensor(xs)
    if xs.ndim > 3:
        xs = xs.flatten(3)
    return swapped(pt.cast(xs, cell.w_x.type.dtype))


def swapped(xs):
    """`xs` with its first two axes exchanged, the same variable every time; twice gives `xs` back."""
    if hasattr(xs.tag, "swapped"):
        return xs.tag.swapped
    node = xs.owner
    order = (1, 0, *range(2, xs.ndim))
    if node is not None and isinstance(node.op, DimShuffle) and tuple(node.op.new_order) == order:
        return node.inputs[0]
    # Kept, so that two layers that read one input walk the same variable, which `mirrors` asks for.
    xs.tag.swapped = xs.dimshuffle(order)
    return xs.tag.swapped


def batch_major(hs):
    """(T, B, H) as (B, T, H), its lengths stated where they are known from the input; (B, H) as it is."""
    if hs.ndim != 3:
        return hs
    lengths = lengths_of(hs)
    if not lengths:
        return swapped(hs)
    steps, batch = lengths
    stated = pt.specify_shape(swapped(hs), (batch, steps, None))
    # The layer above walks what this one put out, not the copy that states its lengths.
    stated.tag.swapped = hs
    return stated


def of_shape(variable, *shape):
    """`variable` with its shape in its type, where the builders look for it."""
    return variable if variable.type.shape == shape else pt.specify_shape(variable, shape)


def side_by_side(weights, *shape):
    """Weights of one `shape` each, joined along their last axis."""
    joined = pt.concatenate([of_shape(weight, *shape) for weight in weights], axis=-1)
    return of_shape(joined, *shape[:-1], shape[-1] * len(weights))
