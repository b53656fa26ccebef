"""Uniform numbers of NumPy's Mersenne twister, whose state is an array of words: what Theano's streams drew.

As an array the state goes through functions of any mode; native code leaves the draw to Python, and nothing else.
"""

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.basic import infer_static_shape
from pytensor.tensor.type import TensorType

WORDS = 625  # 624 of the twister's, and the place among them


def seeded(seed):
    """The state of a twister that ``np.random.RandomState(seed)`` has.

    Examples
    --------
    >>> words = seeded(7)
    >>> twister_of(words).random() == np.random.RandomState(7).uniform()
    True
    """
    bits = np.random.MT19937()
    bits._legacy_seeding(int(seed))
    return words_of(bits)


def words_of(bits):
    """The state of a bit generator as an array."""
    state = bits.state["state"]
    return np.append(state["key"], np.uint32(state["pos"]))


def twister_of(words):
    """A generator in that state."""
    bits = np.random.MT19937(0)
    bits.state = {
        "bit_generator": "MT19937",
        "state": {"key": words[:-1], "pos": int(words[-1])},
    }
    return np.random.Generator(bits)


class TwisterUniform(Op):
    """Numbers in [0, 1) of a `size` (ndim,), after the next state of a twister (625,).

    Nothing has a gradient through it: what a size or a state does to numbers is no derivative.
    """

    __props__ = ()

    def make_node(self, state, size):
        _, shape = infer_static_shape(size)
        return Apply(self, [state, size], [state.type(), TensorType("float64", shape)()])

    def perform(self, node, inputs, outputs):
        words, size = inputs
        rng = twister_of(words)
        outputs[1][0] = np.asarray(rng.random(tuple(size)))
        outputs[0][0] = words_of(rng.bit_generator)

    def infer_shape(self, *given):
        node = given[-2]  # before PyTensor 3.1 a graph comes first
        return [None, tuple(node.inputs[1][i] for i in range(node.outputs[1].type.ndim))]

    def connection_pattern(self, node):
        return [[False, False], [False, False]]


uniform = TwisterUniform()
