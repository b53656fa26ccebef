"""What several test files need: a mode that compiles in a moment, and gradients side by side."""

from copy import copy
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import ClassVar

import numpy as np
import pytensor
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.link.basic import PerformLinker
from pytensor.link.vm import VMLinker
from pytensor.scan.op import Scan

from symrnn import cells
from symrnn.native.rewrites import SparingMode


class StepsToo(PerformLinker):
    """The Python linker, with steps of scans rewritten as the graph around them is.

    PyTensor 3.0 rewrites each step for a fast run, whatever the function's mode: half of the time of a gradient.
    """

    def make_all(self, *args, **kwargs):
        for node in self.fgraph.apply_nodes if REWRITES_STEPS_ITSELF else ():
            if isinstance(node.op, Scan) and node.op.mode is None:
                node.op = copy(node.op)
                node.op.mode = STEPS
        return super().make_all(*args, **kwargs)


REWRITES_STEPS_ITSELF = not hasattr(Scan, "compile_fn")  # before PyTensor 3.3
STEPS = SparingMode(VMLinker(use_cloop=False, c_thunks=False), "fast_compile")

FEW_REWRITES = SparingMode(StepsToo(), "fast_compile")

# The graph as it was written, with what stands for graphs inlined: a tenth of the time. It is for the other side of a
# comparison, whose rewriting is PyTensor's own affair, and for algebra whose rewritten form another test compiles.
AS_WRITTEN = SparingMode(
    StepsToo(),
    RewriteDatabaseQuery(include=["merge", "inline_assembled", "inline_ofg_expansion"]),
)
MODES = {"assembled": FEW_REWRITES, "autodiff": AS_WRITTEN}  # of a gradient: tested, compared with

# name: (class, its own fields); every cell that has a name, so that a new one meets every test of cells
CELLS = {name: (cls, {}) for name, cls in cells.CELLS.items()}
CELLS["relu"] = (cells.RNNCell, {"activation": "relu"})


@dataclass(frozen=True)
class OneGateCell(cells.Cell):
    """What the cells of single tests have in common: one state ``h``, and one block of columns."""

    State: ClassVar = cells.RNNState
    gates: ClassVar = 1


class SameType(Op):
    """An op of one input whose output is of its type; a test says what it computes."""

    __props__ = ()

    def make_node(self, x):
        return Apply(self, [x], [x.type()])


def make_cell(name, input_size=3, hidden_size=2, rng=0, **options):
    """A cell of the table."""
    cls, fields = CELLS[name]
    return cls.create(input_size, hidden_size, rng=rng, **fields, **options)


def evaluate(inputs, outputs, values, mode=FEW_REWRITES):
    """The values of `outputs`, compiled with few rewrites."""
    function = pytensor.function(inputs, outputs, mode=mode, on_unused_input="ignore")
    return [np.asarray(value) for value in function(*values)]


def assert_all_close(actual, expected, tolerance):
    """Every array close to its partner, by the largest difference."""
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected, strict=True):
        assert a.shape == e.shape
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


def assert_elements_are_closed_in_order(page):
    """Each element of an HTML page ends before the one around it does."""

    class Closed(HTMLParser):
        open: list

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "br"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    parser = Closed()
    parser.open = []
    parser.feed(page)
    assert parser.open == []
