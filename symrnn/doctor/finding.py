"""`Finding`: one cause, where it stands, its figures and its cure; `Patient`: what causes are looked for in."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph

from symrnn.measure.function_spec import FunctionSpec


@dataclass(frozen=True)
class Finding:
    """One cause of slow or repeated compiling.

    Attributes
    ----------
    kind
        One of the names of `symrnn.doctor.examination.CAUSES`.
    sentence
        What it is, with its figures.
    line
        ``train.py:12``; "" where it belongs to none.
    cure
        What to do.
    """

    kind: str
    sentence: str
    line: str
    cure: str

    def __str__(self) -> str:
        where = f"{self.line}: " if self.line else ""
        return f"{where}{self.sentence}\n   cure: {self.cure}"


@dataclass(frozen=True)
class Conversion:
    """A node as Numba was given it."""

    node: Apply
    has_key: bool  # for the cache on the disk
    in_object_mode: bool


@dataclass
class Patient:
    """A target as it was built, rewritten and linked, and what was said meanwhile."""

    mode: Mode
    specs: Sequence[FunctionSpec]
    rewritten: Sequence[FunctionGraph]
    outputs: Sequence[Variable]  # of the graph before rewriting; as it runs where that is gone
    conversions: Sequence[Conversion] = ()
    hidden: Sequence[warnings.WarningMessage] = field(default_factory=list)

    @property
    def linker(self) -> str:
        """The name of the linker's class."""
        return type(self.mode.linker).__name__
