"""`Network`: a trained graph at work, with outputs compiled as they are asked for."""

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import graph_inputs

from symrnn.errors import UserError, nearest
from symrnn.graph import TrainingGraph
from symrnn.training.compiled import compiled


class Network:
    """Outputs of a graph by name: ``network(output, *inputs)``.

    An output takes those of ``graph.inputs`` that it depends on, in their order, and after them any other variables it
    is built on. "loss" is an output too; a tuple of names gives a list of arrays. Each is compiled once.

    Parameters
    ----------
    graph
        A `TrainingGraph` of its own: the values of its parameters are replaced.
    values
        Of ``graph.evaluated``, the parameters and then averages, in their order, if they are not to stay as they are.
    mode
        As for `pytensor.function`.
    notes
        What ``recipe.notes(data)`` said of the data that it was trained on.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> from symrnn.graph import TrainingGraph
    >>> w, x, target = pytensor.shared(2.0, name="w"), pt.vector("x"), pt.vector("target")
    >>> graph = TrainingGraph([x, target], ((w * x - target) ** 2).sum(), [w], {"y": w * x})
    >>> network = Network(graph, [3.0], mode="FAST_COMPILE")
    >>> network("y", [1.0, 2.0])
    array([3., 6.])
    """

    def __init__(
        self,
        graph: TrainingGraph,
        values: Sequence[Any] | None = None,
        *,
        mode: str | Mode | None = None,
        notes: str = "",
    ) -> None:
        self.graph, self.mode, self.notes = graph, mode, notes
        self.functions: dict[tuple[str, ...], Callable] = {}
        if values is not None:
            self.set_values(values)

    def set_values(self, values: Sequence[Any]) -> None:
        """Evaluate these parameters and averages from now on."""
        for param, value in zip(self.graph.evaluated, values, strict=True):
            # A checkpoint may have been trained with another floatX.
            param.set_value(np.asarray(value, param.dtype))

    @overload
    def __call__(self, output: str, *inputs: Any) -> np.ndarray: ...
    @overload
    def __call__(self, output: tuple[str, ...], *inputs: Any) -> list[np.ndarray]: ...
    def __call__(self, output, *inputs):
        names = output if isinstance(output, tuple) else (output,)
        if names not in self.functions:
            outputs = [self.variable(name) for name in names]
            self.functions[names] = compiled(
                inputs_of(outputs, self.graph.inputs), outputs, mode=self.mode
            )
        values = [np.asarray(value) for value in self.functions[names](*inputs)]
        return values if isinstance(output, tuple) else values[0]

    def variable(self, name: str) -> Variable:
        """The output called `name`."""
        outputs = {"loss": self.graph.loss} | dict(self.graph.outputs)
        if name not in outputs:
            raise UserError(f"the network has no output {name!r}; {nearest(name, outputs)}")
        return outputs[name]


def inputs_of(outputs: Sequence[Variable], first: Sequence[Variable]) -> list[Variable]:
    """What has to be fed for `outputs`: those among `first` in that order, then others as they are met."""
    needed = [v for v in graph_inputs(outputs) if not isinstance(v, Constant | SharedVariable)]
    # A function takes its inputs by place, and callers know those of the training graph in their order.
    return [v for v in first if v in needed] + [v for v in needed if v not in first]
