"""Element-wise programs that mean the same in PyTensor and in NumPy, drawn by hypothesis.

A program is a tuple of instructions ``(op, *places)``: each puts one value behind those that stand already, and reads
values by their places. NumPy's side takes complex numbers, so that a program can be differentiated by complex steps.
"""

import numpy as np
import pytensor.tensor as pt
from hypothesis import strategies as st

Program = tuple[tuple, ...]


class AtAKink(Exception):
    """A value lies where the gradient jumps, so rounding decides: such an example does not count."""


NEAR = 1e-6


def _beyond(a, b):
    """Whether ``a > b``, far enough for both sides to see it."""
    difference = np.real(a) - np.real(b)
    if np.any(abs(difference) < NEAR):
        raise AtAKink(f"{a} beside {b}")
    return difference > 0


def _softplus(a):
    is_large = (
        np.real(a) > 40
    )  # where it is `a` to the last digit, and the exponential will overflow
    return np.where(is_large, a, np.log1p(np.exp(np.where(is_large, 0, a))))


def _larger(a, b):
    return np.where(_beyond(a, b), a, b)


# Kinks stand where no value of a walk does: a state that starts at zero is at no corner. A walk that comes back to a
# state may still meet one (`AtAKink`). Numbers are exact in float16, so that float32 stays what it is.
OPS = {  # name: (in PyTensor, in NumPy), on one value or on two
    "tanh": (pt.tanh, np.tanh),
    "sin": (pt.sin, np.sin),
    "sigmoid": (pt.sigmoid, lambda a: (1 + np.tanh(a / 2)) / 2),
    "arctan": (pt.arctan, np.arctan),
    "bell": (lambda a: pt.exp(-(a**2)), lambda a: np.exp(-(a**2))),
    "softplus": (pt.softplus, _softplus),
    "root": (lambda a: pt.sqrt(1 + pt.sqr(a)), lambda a: np.sqrt(1 + a**2)),
    "negative": (lambda a: -a, lambda a: -a),
    "half": (lambda a: 0.5 * a, lambda a: 0.5 * a),
    "less": (lambda a: 1 - a, lambda a: 1 - a),
    "hinge": (lambda a: pt.maximum(a + 0.015625, 0), lambda a: _larger(a + 0.015625, 0)),
    "size": (
        lambda a: abs(a - 0.01953125),
        lambda a: np.where(_beyond(a, 0.01953125), 1, -1) * (a - 0.01953125),
    ),
}
PAIRS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "sub": (lambda a, b: a - b, lambda a, b: a - b),
    "mul": (lambda a, b: a * b, lambda a, b: a * b),
    "div": (lambda a, b: a / (1.5 + b**2), lambda a, b: a / (1.5 + b**2)),
    "max": (lambda a, b: pt.maximum(a, b + 0.021484375), lambda a, b: _larger(a, b + 0.021484375)),
    "gate": (
        lambda a, b: pt.switch(pt.gt(b, 0.0234375), a, -a),
        lambda a, b: np.where(_beyond(b, 0.0234375), a, -a),
    ),
}
IN_PYTENSOR = {name: meanings[0] for name, meanings in (OPS | PAIRS).items()}
IN_NUMPY = {name: meanings[1] for name, meanings in (OPS | PAIRS).items()}


def run(program: Program, values, meaning) -> list:
    """All values, those given and those that the program put behind them."""
    stack = list(values)
    for name, *places in program:
        stack.append(meaning[name](*(stack[place] for place in places)))
    return stack


def read_by(program: Program, given: int, place: int) -> set[int]:
    """The places that the value at `place` is made from, by what has a gradient."""
    reached, pending = set(), [place]
    while pending:
        at = pending.pop()
        if at not in reached:
            reached.add(at)
            name, *places = program[at - given] if at >= given else (None,)
            pending += places[:1] if name == "gate" else places  # which way a gate turns has none
    return reached


@st.composite
def programs(draw, given: int, most: int = 8) -> Program:
    """A program on so many given values; what it put last is read most."""
    program: list[tuple] = []
    for count in range(draw(st.integers(1, most))):
        places = st.integers(0, given + count - 1).map(lambda i, n=given + count: n - 1 - i)
        if draw(st.booleans()):
            program.append((draw(st.sampled_from(sorted(PAIRS))), draw(places), draw(places)))
        else:
            program.append((draw(st.sampled_from(sorted(OPS))), draw(places)))
    return tuple(program)
