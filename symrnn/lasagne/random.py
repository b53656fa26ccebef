"""The random generator that initialisers and noise layers draw their seeds from."""

import numpy as np

_rng = np.random


def get_rng():
    """The generator in use: the module `numpy.random`, unless `set_rng` gave another."""
    return _rng


def set_rng(new_rng):
    """Draw from `new_rng` from now on, for example ``numpy.random.RandomState(1)``.

    Layers that exist keep the streams they have.
    """
    global _rng
    _rng = new_rng
