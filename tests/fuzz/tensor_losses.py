"""Losses of tensors that are summed, turned, broadcast, multiplied and walked: the same in PyTensor and in NumPy."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from algebra import OPS, PAIRS, AtAKink
from hypothesis import strategies as st

STEPS = 3


def walk_in_pytensor(a, b):
    """``h := tanh(h b' + mean a)`` from zeros, for a matrix or vector b."""
    start = pt.zeros((b.shape[-1],), dtype="float64")
    return pytensor.scan(
        lambda h, m, b: pt.tanh(m + (b * h).sum(-1).mean() + h),
        outputs_info=[start],
        non_sequences=[a.mean(), b],
        n_steps=STEPS,
        return_updates=False,
    )


def walk_in_numpy(a, b):
    h, hs = np.zeros(b.shape[-1]), []
    for _ in range(STEPS):
        h = np.tanh(a.mean() + (b * h).sum(-1).mean() + h)
        hs.append(h)
    return np.array(hs)


def same(function):
    """What is written alike in both."""
    return function, function


SHAPING = {  # on one tensor
    "sum": same(lambda a: a.sum()),
    "sum over the first": same(lambda a: a.sum(axis=0)),
    "sum over the last": same(lambda a: a.sum(axis=-1)),
    "sum over the last, kept": same(lambda a: a.sum(axis=-1, keepdims=True)),
    "mean": same(lambda a: a.mean()),
    "turned": same(lambda a: a.T),
    "in front": same(lambda a: a[None]),
    "behind": same(lambda a: a[..., None]),
    "first": same(lambda a: a[0]),
    "product over the last": same(lambda a: a.prod(axis=-1)),
}
MIXING = {  # of two tensors
    "matmul": same(lambda a, b: a @ b),
    "walk": (walk_in_pytensor, walk_in_numpy),
}
TABLE = OPS | PAIRS | SHAPING | MIXING
IN_PYTENSOR = {name: meanings[0] for name, meanings in TABLE.items()}
IN_NUMPY = {name: meanings[1] for name, meanings in TABLE.items()}


@st.composite
def loss_programs(draw, shapes, most: int = 7):
    """A program on tensors of these shapes; what shapes do not allow is left out, and where it stands at a kink."""
    grown = [np.full(shape, 0.5) for shape in shapes]
    program: list[tuple] = []
    for _ in range(draw(st.integers(2, most))):
        name = draw(st.sampled_from(draw(st.sampled_from(GROUPS))))
        places = [draw(st.integers(0, len(grown) - 1))]
        if name in PAIRS or name in MIXING:
            places.append(draw(st.integers(0, len(grown) - 1)))
        given = [grown[place] for place in places]
        if name == "walk" and given[1].ndim not in (1, 2):
            continue
        if " over the " in name and not given[0].ndim:  # NumPy takes the last axis of a number
            continue
        try:
            value = np.asarray(IN_NUMPY[name](*given))
        except (
            ValueError,
            IndexError,
            AtAKink,
        ):  # at a kink of these values, which stand for shapes
            continue
        if value.ndim <= 3 and value.size <= 40:
            grown.append(value)
            program.append((name, *places))
    return tuple(program)


GROUPS = [
    sorted(OPS),
    sorted(PAIRS),
    sorted(PAIRS),
    sorted(SHAPING),
    sorted(SHAPING),
    sorted(MIXING),
]


def total(stack, count: int, sin):
    """A loss that reads every value that a program made, and every parameter."""
    waves = sum(sin(value * (1 + 0.1 * i)).sum() for i, value in enumerate(stack[count:]))
    return waves + sum(0.3 * (value**2).sum() for value in stack[:count])
