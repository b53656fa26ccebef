"""The nodes that native mode leaves to Python, as a table; from the values of a record, without PyTensor."""

from __future__ import annotations

from collections.abc import Mapping

from symrnn.measure.file_names import file_name
from symrnn.tables import Table

HEAD = ("op", "line", "times a step", "us each", "us a step", "why")
NOTHING = ("none", "", "0", "", "0", "every node is native code")


def python_node_table(values: Mapping) -> Table:
    """What Python runs in a step of native mode, the dearest first; without rows for a record of another mode.

    Examples
    --------
    >>> node = {"op": "Nonzero", "path": "model.py", "line": 3, "reason": "no rule", "times": 2.0}
    >>> table = python_node_table({"python_nodes": [node | {"call_s": 2e-6, "step_s": 4e-6}]})
    >>> table.rows
    [('Nonzero', 'model.py:3', '2', '2.0', '4.0', 'no rule')]
    """
    nodes = values.get("python_nodes")
    if nodes is None:
        return Table(HEAD, [], title=TITLE)
    rows = [row(node) for node in nodes] or [NOTHING]
    step_us = sum(node["step_s"] for node in nodes) * 1e6
    note = f"nodes left to Python: {len(nodes)}, {step_us:.1f} us of a step" if nodes else ""
    return Table(HEAD, rows, title=TITLE, note=note)


TITLE = "Left to Python by native mode"


def row(node: Mapping) -> tuple[str, ...]:
    """A node's texts, in the order of `HEAD`."""
    line = f"{file_name(node['path'])}:{node['line']}" if node["path"] else "(lost)"
    costs = (f"{node['times']:g}", f"{node['call_s'] * 1e6:.1f}", f"{node['step_s'] * 1e6:.1f}")
    return node["op"], line, *costs, node["reason"]
