"""How a matrix may lie in memory, by name: what a graph sees of its input, and what is given to be seen so."""

import numpy as np

MATRIX_LAYOUTS = {
    "rows": (lambda x: x, lambda a: a),
    "columns": (lambda x: x.T, lambda a: np.ascontiguousarray(a.T)),
    "reversed": (lambda x: x[::-1, ::-1], lambda a: np.ascontiguousarray(a[::-1, ::-1])),
}
