"""Functions for any mode: one that needs static shapes gets them from the values of a call."""

import numpy as np
import pytensor

STATIC = {"JAX"}  # modes that lower no array of symbolic shape


def compiled(inputs, outputs, updates=None, *, mode=None):
    """`pytensor.function`, or in a mode that needs static shapes one function for each set of shapes met.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> compiled([x], x.sum(), mode="FAST_COMPILE")([1.0, 2.0])
    array(3.)
    """
    if mode not in STATIC:
        return pytensor.function(inputs, outputs, updates=updates, mode=mode)
    functions = {}

    def call(*values):
        shapes = tuple(np.shape(value) for value in values)
        if shapes not in functions:
            static = [x.type.clone(shape=s)(x.name) for x, s in zip(inputs, shapes, strict=True)]
            givens = dict(zip(inputs, static, strict=True))
            functions[shapes] = pytensor.function(
                static, outputs, updates=updates, givens=givens, mode=mode
            )
        return functions[shapes](*values)

    return call
