"""Arrays that lie in memory as views do: given in row-major order, they are viewed by the graph's first step."""

import numpy as np
import pytensor.tensor as pt

LAYOUTS = {  # name: (what to give for an array, the view of it that the array is)
    "c": (lambda a: a, lambda v: v),
    "fortran": (lambda a: a.T, lambda v: v.T),
    "reversed": (lambda a: a[(slice(None, None, -1),) * a.ndim], lambda v: v[(slice(None, None, -1),) * v.ndim]),
    "strided": (lambda a: spread(a), lambda v: v[(slice(1, None, 2),) * v.ndim]),
    "repeated": (lambda a: a[:1], None),  # along the first axis
}  # fmt: skip


def spread(a):
    """An array whose every second entries, from the second on, are those of `a`."""
    wide = np.full([2 * n for n in a.shape], 99).astype(a.dtype)
    wide[(slice(1, None, 2),) * a.ndim] = a
    return wide


class Given:
    """An input of a graph in all layouts."""

    def __init__(self, letters, dtype, name):
        self.letters, self.dtype, self.name = letters, dtype, name
        static = {"repeated": (1, *[None] * (len(letters) - 1))}
        self.variables = {
            layout: pt.tensor(f"{name}_{layout}", shape=static.get(layout, (None,) * len(letters)), dtype=dtype)
            for layout in LAYOUTS
        }  # fmt: skip

    def views(self):
        """The array in every layout, by the layout's name."""
        plain = self.variables["c"]
        repeated = pt.alloc(self.variables["repeated"][0], *plain.shape)
        return {
            name: repeated if view is None else view(self.variables[name])
            for name, (_, view) in LAYOUTS.items()
        }

    def values(self, extents, rng):
        """Arrays to give for `variables`; all stand for arrays of one shape."""
        shape = [extents[letter] for letter in self.letters]
        result = []
        for name, (given, _) in LAYOUTS.items():
            array = numbers(
                rng, shape if name != "repeated" else [max(1, shape[0]), *shape[1:]], self.dtype
            )
            result.append(np.ascontiguousarray(given(array)))
        return result


def numbers(rng, shape, dtype):
    """Small ones, so that sums of whole numbers don't overflow and products neither."""
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.startswith("int"):
        return rng.integers(-4, 5, shape).astype(dtype)
    return rng.normal(size=shape).astype(dtype)
