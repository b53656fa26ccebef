"""Scans with every kind of state, and their gradients: functions from arrays and a number of steps to named outputs.

`xs` is ``(T, 3)``, `h` ``(3,)``, `w` ``(3, 3)`` and `hs` ``(3, 3)``, the three entries before the first step.

No steps
--------
A trace without a state has, after no steps, extents that only a step knows. PyTensor's Python code then puts
out an array without entries of shape ``(0, 0)``; native code knows the shapes of a step without running it, and puts
out ``(0, 3)``. Only that there is no entry is compared. PyTensor's gradients read such a trace and raise,
so they are called with at least one step here; native code gives zeros, which has its own test.
"""

from dataclasses import dataclass

import numpy as np
import pytensor
import pytensor.tensor as pt
from layouts import LAYOUTS, numbers
from pytensor.scan.utils import until

STEPS = pt.lscalar("steps")


class Arguments:
    """What a scan reads, in one layout; `steps` says how long `xs` is."""

    def __init__(self, dtype, layout):
        self.layout = layout if layout != "repeated" else "c"
        shapes = {"xs": (None, 3), "h": (3,), "w": (3, 3), "hs": (3, 3)}
        spread = 2 if self.layout == "strided" else 1
        self.dtype = dtype
        self.variables = [
            pt.tensor(f"{name}_{layout}", shape=[n and n * spread for n in shape], dtype=dtype)
            for name, shape in shapes.items()
        ]
        self.views = [LAYOUTS[self.layout][1](v) for v in self.variables]
        if self.layout == "fortran":
            self.variables[0] = pt.tensor("xs_fortran", shape=(3, None), dtype=dtype)
            self.views[0] = self.variables[0].T

    def values(self, steps, rng):
        arrays = [numbers(rng, shape, self.dtype) for shape in ((steps, 3), (3,), (3, 3), (3, 3))]
        return [np.ascontiguousarray(LAYOUTS[self.layout][0](a)) for a in arrays]


def scan(step, **options):
    return pytensor.scan(step, return_updates=False, **options)


def mapped(xs, h, w, hs, n):
    """No state."""
    twice = scan(lambda x, h: x * h, sequences=xs, non_sequences=h)
    gates, sums = scan(lambda x: (pt.tanh(x), x.sum()), sequences=xs)
    both = scan(lambda x, y: x - y, sequences=[xs, xs[::-1]])
    return {"twice": twice, "gates": gates, "sums": sums, "both": both}


def one_state(xs, h, w, hs, n):
    """A state that is read one step before."""

    def step(x, h, w):
        return pt.tanh(x + pt.dot(h, w))

    options = {"sequences": xs, "outputs_info": h, "non_sequences": w}
    trace = scan(step, **options)
    outputs = {"trace": trace, "backwards": scan(step, go_backwards=True, **options)}
    return outputs | {"turned": scan(step, **options)[::-1], "every second": trace[::2]}


def truncated(xs, h, w, hs, n):
    """The end of a trace alone: PyTensor keeps a short buffer."""

    def step(h, w):
        return pt.tanh(pt.dot(h, w)), (h * 2).sum()

    trace, sums = scan(step, outputs_info=[h, None], non_sequences=w, n_steps=3)
    return {"last": trace[-1], "last two": trace[-2:], "sum": sums[-1]}


def counted(xs, h, w, hs, n):
    """As many steps as a number says: 0, 1 and more."""
    grown, powers = scan(lambda a, b: (a * 0.5 + 1, b + a), outputs_info=[h, h * 2], n_steps=n)
    return {"grown": grown, "powers": powers}


def taps(xs, h, w, hs, n):
    """States that are read several steps before, sequences at several places."""
    options = {"outputs_info": [{"initial": hs, "taps": [-3, -1]}], "n_steps": n}
    far = scan(lambda a, b: a - 0.5 * b, **options)
    padded = {"input": pt.concatenate([hs, xs]), "taps": [-2, 0]}
    near = scan(lambda past, now, h: now - past * h, sequences=[padded], outputs_info=h)
    mixed, other = scan(
        lambda x, a, b, h: (a + b * x, h + a),
        sequences=xs,
        outputs_info=[{"initial": hs[:2], "taps": [-2, -1]}, h],
    )
    return {"far": far, "near": near, "mixed": mixed, "other": other}


def swapped(xs, h, w, hs, n):
    """States that are each other's next value."""
    a, b = scan(lambda x, a, b: (b, a + x), sequences=xs, outputs_info=[h, h * 2])
    return {"a": a, "b": b}


def stopped(xs, h, w, hs, n):
    """Loops that a condition ends, at the first step or never."""

    def step(x, a, h):
        new = a + abs(x).sum()
        return (new, new * h), until(new > 4)

    sums, scaled = scan(
        step, sequences=xs, outputs_info=[pt.zeros_like(h[0]), None], non_sequences=h
    )
    return {"sums": sums, "scaled": scaled, "all": sums.sum()}


def gradient(xs, h, w, hs, n):
    """Sums over all steps: states of the gradient that are written where they are read."""
    trace = scan(
        lambda x, h, w: pt.tanh(x + pt.dot(h, w)), sequences=xs, outputs_info=h, non_sequences=w
    )
    return dict(zip(["xs", "h", "w"], pt.grad((trace**2).sum(), [xs, h, w]), strict=True))


def gradient_of_the_end(xs, h, w, hs, n):
    trace = scan(lambda h, w: pt.tanh(pt.dot(h, w)), outputs_info=h, non_sequences=w, n_steps=3)
    return dict(zip(["h", "w"], pt.grad((trace[-1] ** 2).sum(), [h, w]), strict=True))


def gradient_of_taps(xs, h, w, hs, n):
    first = {"initial": hs, "taps": [-3, -1]}
    trace = scan(lambda x, a, b: a * x - pt.tanh(b), sequences=xs, outputs_info=[first])
    return dict(zip(["xs", "hs"], pt.grad((trace**2).sum(), [xs, hs]), strict=True))


def nested(xs, h, w, hs, n):
    """A scan in a step, and its gradient."""

    def step(x, h, w):
        return scan(lambda row, a: pt.tanh(a * row + x), sequences=w, outputs_info=h)[-1]

    trace = scan(step, sequences=xs, outputs_info=h, non_sequences=w)
    return {"trace": trace, "gradient": pt.grad(trace.sum(), w)}


def indexed(xs, h, w, hs, n):
    """Steps that read and write by the number of the step."""
    numbered = {"sequences": pt.arange(n)}
    rows = scan(lambda i, w: w[i % 3] * i, non_sequences=w, **numbered)
    written = scan(lambda i, h: pt.inc_subtensor(h[i % 3], 1.0), outputs_info=h, **numbered)
    return {"rows": rows, "written": written}


@dataclass(frozen=True)
class Kind:
    """A function that builds scans, and what may differ after no steps (see above)."""

    build: object
    traces: frozenset[str] = frozenset()
    steps: tuple[int, ...] = (4, 5, 1, 0, 6)
    left: frozenset[str] = frozenset()


SOME = (4, 5, 1, 6)
SCANS = {
    "mapped": Kind(mapped, frozenset({"twice", "gates", "both"})),
    "one state": Kind(one_state),
    "truncated": Kind(truncated),
    "counted": Kind(counted),
    "taps": Kind(taps),
    "swapped": Kind(swapped),
    "stopped": Kind(stopped, frozenset({"scaled"}), left=frozenset({"Ended"})),
    "gradient": Kind(gradient, steps=SOME),
    "gradient of the end": Kind(gradient_of_the_end),
    "gradient of taps": Kind(gradient_of_taps, steps=SOME),
    "nested": Kind(nested),
    "indexed": Kind(indexed, frozenset({"rows"})),
}
