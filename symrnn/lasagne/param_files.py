"""Parameter values in files, without running code on loading.

`save_params` and `load_params` keep them in NumPy's npz format. `read_param_pickle` reads the ``param_values.pkl``
files that model zoos shipped, as `symrnn.data.pickles` does: NumPy arrays in plain containers, nothing else.
"""

import io

import numpy as np

from symrnn.data.files import write_file
from symrnn.data.npz import arrays_in_npz
from symrnn.data.pickled_arrays import Refused
from symrnn.data.pickles import read_pickle
from symrnn.errors import UserError, printable

from .layers import get_all_param_values, get_all_params, set_all_param_values


def save_params(path, layer, **tags):
    """Write the parameters of a network, in the order of `layers.get_all_params`, to an npz file."""
    if hasattr(path, "write"):
        np.savez(path, *get_all_param_values(layer, **tags))
        return
    content = io.BytesIO()
    np.savez(content, *get_all_param_values(layer, **tags))
    # NumPy adds the ending to a path that lacks it.
    write_file(f"{path}" if f"{path}".endswith(".npz") else f"{path}.npz", content.getvalue())


def load_params(path, layer, **tags):
    """Set the parameters of a network from an npz file: one that `save_params` or ``np.savez(path, *values)`` wrote."""
    set_all_param_values(
        layer, read_params(path, expected=len(get_all_params(layer, **tags))), **tags
    )


def read_params(path, expected=None):
    """The arrays of an npz file in their order."""
    try:
        arrays = arrays_in_npz(path)
    except (Refused, OSError) as error:
        why = printable(error if isinstance(error, Refused) else error.strerror or error)
        raise UserError(
            f"{path} must be an npz file of plain arrays, but: {why}; give one that save_params wrote"
        ) from error
    names = [f"arr_{i}" for i in range(len(arrays))]
    if set(names) != set(arrays):
        raise UserError(
            f"{path} must hold arrays arr_0, arr_1, ... as np.savez(path, *values) writes them, but holds"
            f" {printable(sorted(arrays))}"
        )
    if expected not in (None, len(names)):
        raise UserError(
            f"{path} must hold {expected} arrays, one a parameter of the network, but holds {len(names)}"
        )
    return [arrays[name] for name in names]


def read_param_pickle(path):
    """What a pickle of parameter values holds: arrays, in lists, tuples and dictionaries of texts and numbers.

    Pickles of Python 2 are read too. A name outside NumPy's arrays is a `UserError`, and nothing of it is run.
    """
    return read_pickle(path)
