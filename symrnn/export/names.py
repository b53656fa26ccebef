"""Names for a graph's values: those of the user's variables where they have one, fit for a program, each given once."""

import keyword
import re
from collections.abc import Iterable

from symrnn.export.graph import Graph, Value


def identifier(text: str) -> str:
    """`text` as a name in a program.

    Examples
    --------
    >>> identifier("layer1.w_x"), identifier("2nd"), identifier("lambda")
    ('layer1_w_x', '_2nd', 'lambda_')
    """
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_") or "value"
    name = f"_{name}" if name[0].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) else name


class Names:
    """Gives names; one that was given gets a number the next time, one that is `reserved` an underscore.

    Examples
    --------
    >>> names = Names(["range"])
    >>> names.fresh("x"), names.fresh("x"), names.fresh("range"), names.fresh("range")
    ('x', 'x_2', 'range_', 'range_2')
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = set(reserved)
        self._taken: set[str] = set()
        self._of: dict[Value, str] = {}

    def fresh(self, wanted: str) -> str:
        """`wanted`, or the first ``wanted_2``, ``wanted_3``, ... that is free."""
        stem, number = identifier(wanted), 1
        name = f"{stem}_" if stem in self._reserved else stem
        while name in self._taken | self._reserved:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name

    def of(self, value: Value, wanted: str = "") -> str:
        """The name of a value, the same one every time."""
        if value not in self._of:
            self._of[value] = self.fresh(value.name or wanted or "value")
        return self._of[value]

    def give(self, value: Value, name: str) -> None:
        """Call `value` by a name that is taken already."""
        self._of[value] = name

    def knows(self, value: Value) -> bool:
        """Whether a value has a name."""
        return value in self._of


def named_outputs(graph: Graph, given: Iterable[str]) -> None:
    """Set the graph's output names: those given, the variables' own, or ``output``."""
    # An output that is called as an input gets a number: in a file both are names of one scope.
    names = Names(identifier(v.name) for v in graph.inputs if v.name)
    graph.output_names = [
        names.fresh(name or value.name or "output")
        for name, value in zip(given, graph.outputs, strict=True)
    ]
