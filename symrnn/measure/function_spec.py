"""What a PyTensor function is made of, before it is compiled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symrnn.errors import UserError


@dataclass(frozen=True)
class FunctionSpec:
    """Inputs, outputs and updates of a function.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> x, total = pt.scalar("x"), pytensor.shared(0.0)
    >>> spec = FunctionSpec([x], [2 * x], {total: total + x})
    >>> len(spec.targets)
    2
    """

    inputs: Sequence[Variable]
    outputs: Sequence[Variable]
    updates: Mapping[SharedVariable, Variable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "outputs", tuple(self.outputs))
        object.__setattr__(self, "updates", dict(self.updates))

    @property
    def targets(self) -> tuple[Variable, ...]:
        """Everything that the function computes: its outputs, then the new shared values."""
        return (*self.outputs, *self.updates.values())


def arguments_of(
    specs: Sequence[FunctionSpec], inputs: Sequence[Variable], batch: Sequence
) -> list[list]:
    """The arrays that each function is called with; `batch` has one for each of `inputs`."""
    inputs, batch = list(inputs), list(batch)
    if len(inputs) != len(batch):
        raise UserError(
            f"batch must hold one array for each of the {len(inputs)} inputs {inputs},"
            f" but holds {len(batch)}; return them in the order of the inputs"
        )
    arrays = dict(zip(inputs, batch, strict=True))
    missing = [v for spec in specs for v in spec.inputs if v not in arrays]
    if missing:
        raise UserError(
            f"functions may take the inputs {inputs} only, but one takes {missing[0]!r};"
            " add it to the inputs of the graph, or replace it by a value"
        )
    return [[arrays[variable] for variable in spec.inputs] for spec in specs]
