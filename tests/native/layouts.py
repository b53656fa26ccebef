"""Arrays that lie in memory as views do: given in row-major order, they are viewed by the graph's first step."""

import numpy as np
import pytensor.tensor as pt

TURNED = slice(None, None, -1)
SECOND = slice(1, None, 2)
LAYOUTS = {  # name: (what to give for an array, the view of it that the array is)
    "c": (lambda a: a, lambda v: v),
    "fortran": (lambda a: a.T, lambda v: v.T),
    "reversed": (lambda a: a[(TURNED,) * a.ndim], lambda v: v[(TURNED,) * v.ndim]),
    "strided": (lambda a: spread(a), lambda v: v[(SECOND,) * v.ndim]),
    "repeated": (lambda a: a[:1], None),  # along the first axis
}


def spread(a):
    """An array whose every second entries, from the second on, are those of `a`."""
    wide = np.full([2 * n for n in a.shape], 99).astype(a.dtype)
    wide[(SECOND,) * a.ndim] = a
    return wide


class Given:
    """An input of a graph in all layouts; of rank 0 there is one."""

    def __init__(self, letters: str, dtype: str, name: str):
        self.letters, self.dtype = letters, dtype
        self.layouts = list(LAYOUTS) if letters else ["c"]
        self.variables = {
            layout: pt.tensor(f"{name}_{layout}", shape=self._known(layout), dtype=dtype)
            for layout in self.layouts
        }

    def _known(self, layout):
        """The static shape: what is to be repeated must be known to be of extent 1."""
        rest = (None,) * (len(self.letters) - 1)
        return (1, *rest) if layout == "repeated" else (None,) * len(self.letters)

    def views(self):
        """The array in every layout, by the layout's name."""
        plain = self.variables["c"]
        return {
            name: LAYOUTS[name][1](var) if name != "repeated" else pt.alloc(var[0], *plain.shape)
            for name, var in self.variables.items()
        }

    def values(self, extents, rng):
        """Arrays to give for `variables`; all stand for arrays of one shape."""
        shape = [extents[letter] for letter in self.letters]
        result = []
        for layout in self.layouts:
            at_least = 1 if layout == "repeated" else 0
            array = numbers(
                rng, [max(n, at_least if i == 0 else 0) for i, n in enumerate(shape)], self.dtype
            )
            result.append(np.array(LAYOUTS[layout][0](array), order="C"))
        return result


def numbers(rng, shape, dtype):
    """Small ones, so that sums of whole numbers don't overflow and products neither."""
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.startswith("uint"):
        return rng.integers(0, 9, shape).astype(dtype)
    if dtype.startswith("int"):
        return rng.integers(-4, 5, shape).astype(dtype)
    return np.asarray(rng.normal(size=shape), dtype)
