"""Cells to draw: those of the table, and foreign ones of any number of states, gates and parameters."""

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from typing import Any, NamedTuple

import numpy as np
import oracle
import pytensor.tensor as pt
from algebra import IN_NUMPY, IN_PYTENSOR, Program, programs, read_by, run
from helpers import CELLS
from hypothesis import strategies as st

from symrnn.cells import Cell

SHAPES = {  # of a parameter of a foreign cell, by B and H
    "row": lambda batch, hidden: (hidden,),
    "one row": lambda batch, hidden: (1, hidden),
    "number": lambda batch, hidden: (),
    "rows": lambda batch, hidden: (batch, hidden),
}


class InShort:
    """A record that is written as the call that makes it, what is not the default alone."""

    def __repr__(self) -> str:
        given = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"{type(self).__name__}({', '.join(given)})"


class Foreign(NamedTuple):
    """A cell that no table has.

    The program is given the columns of ``z`` and of ``r``, one block of H a gate, the states, and the parameters;
    `after` are the places of the next states.
    """

    gates: int
    states: int
    params: tuple[str, ...]  # names of SHAPES
    program: Program
    after: tuple[int, ...]


class CellCase(NamedTuple):
    """A cell as it is drawn: a name of the table, or a foreign one."""

    kind: str | Foreign
    hidden: int

    @property
    def states(self) -> int:
        if isinstance(self.kind, Foreign):
            return self.kind.states
        return len(CELLS[self.kind][0].State._fields)

    @property
    def width(self) -> int:
        """Columns of ``w_h``."""
        gates = self.kind.gates if isinstance(self.kind, Foreign) else CELLS[self.kind][0].gates
        return gates * self.hidden

    def shapes(self, inputs: int, batch: int) -> dict[str, tuple[int, ...]]:
        """The shape of every weight by name."""
        shapes = {
            "w_x": (inputs, self.width),
            "w_h": (self.hidden, self.width),
            "b": (self.width,),
        }
        if isinstance(self.kind, Foreign):
            params = enumerate(self.kind.params)
            return shapes | {f"p{i}": SHAPES[name](batch, self.hidden) for i, name in params}
        return shapes | ({"p": (3, self.hidden)} if self.kind == "peephole_lstm" else {})

    def made(self, weights: dict[str, Any]) -> Cell:
        """The library's cell of these variables."""
        if isinstance(self.kind, Foreign):
            return foreign_class(self.kind)(**weights)
        cls, own = CELLS[self.kind]
        return cls(**weights, **own)

    @property
    def advance(self) -> Callable:
        """One step in NumPy, as in `oracle`; a foreign cell's parameters are of rank 2."""
        if isinstance(self.kind, Foreign):
            return in_numpy(self.kind)
        return getattr(oracle, f"advance_{self.kind}")

    def flat(self, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Weights as `advance` takes them."""
        return {k: np.atleast_2d(v) if k[1:].isdigit() else v for k, v in weights.items()}


def blocks(a, count: int) -> list:
    size = a.shape[-1] // count
    return [a[..., i * size : (i + 1) * size] for i in range(count)]


def in_numpy(foreign: Foreign) -> Callable:
    def advance(w, z, r, *state):
        params = [w[f"p{i}"] for i in range(len(foreign.params))]
        given = [*blocks(z, foreign.gates), *blocks(r, foreign.gates), *state, *params]
        values = run(foreign.program, given, IN_NUMPY)
        return tuple(values[place] for place in foreign.after)

    return advance


def foreign_class(foreign: Foreign) -> type[Cell]:
    """The class of a foreign cell, with a State of its own."""
    names = ["h", *(f"s{i}" for i in range(1, foreign.states))]
    state = NamedTuple("State", [(name, pt.TensorVariable) for name in names])

    def advance(self, z, r, given):
        size, count = self.hidden_size, foreign.gates
        columns = [a[:, i * size : (i + 1) * size] for a in (z, r) for i in range(count)]
        params = [getattr(self, f"p{i}") for i in range(len(foreign.params))]
        values = run(foreign.program, [*columns, *given, *params], IN_PYTENSOR)
        return state(*(values[place] for place in foreign.after))

    params = [(f"p{i}", pt.TensorVariable) for i in range(len(foreign.params))]
    own = {"State": state, "gates": foreign.gates, "advance": advance}
    return make_dataclass("Foreign", params, bases=(Cell,), namespace=own, frozen=True)


@st.composite
def foreign_cells(draw, may_have_rows: bool = True) -> Foreign:
    """A foreign cell that reads ``z`` and ``r``, as every cell must."""
    gates, states = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    kinds = sorted(SHAPES) if may_have_rows else sorted(set(SHAPES) - {"rows"})
    params = tuple(draw(st.lists(st.sampled_from(kinds), max_size=2)))
    given = 2 * gates + states + len(params)
    program = draw(programs(given))
    after = [draw(st.integers(0, given + len(program) - 1)) for _ in range(states)]
    # A state is (B, H), so it is made of what is; and one of them at least is made of z, and one of r.
    matrices = set(range(2 * gates + states))
    after[0] = given + len(program) - 1
    for i, place in enumerate(after):
        if not read_by(program, given, place) & matrices:
            program = (*program, ("add", place, 2 * gates + i))
            after[i] = given + len(program) - 1
    for needed in (range(gates), range(gates, 2 * gates)):
        read = set().union(*(read_by(program, given, place) for place in after))
        if read.isdisjoint(needed):
            i = draw(st.integers(0, states - 1))
            program = (*program, ("add", after[i], draw(st.sampled_from(needed))))
            after[i] = given + len(program) - 1
    return Foreign(gates, states, params, program, tuple(after))


@st.composite
def cells(draw, hidden: int, may_have_rows: bool = True) -> CellCase:
    kind = draw(st.one_of(st.sampled_from(sorted(CELLS)), foreign_cells(may_have_rows)))
    return CellCase(kind, hidden)
