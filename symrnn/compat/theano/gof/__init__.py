"""``theano.gof``: the graph itself, and ops."""

from pytensor.graph import Apply, Constant, FunctionGraph, Type
from pytensor.graph.null_type import NullType
from pytensor.graph.utils import InconsistencyError, MethodNotDefined, MissingInputError
from pytensor.link.basic import Container, Linker, LocalLinker, PerformLinker, WrapLinker
from pytensor.link.c.basic import CLinker, DualLinker, OpWiseCLinker
from pytensor.link.c.type import Generic, generic
from pytensor.link.vm import VMLinker as VM_Linker

from symrnn.compat.missing import missing

from . import fg, graph, null_type, op, opt, type, utils, variable
from .graph import view_roots
from .op import Op, PureOp
from .opt import (
    EquilibriumOptimizer,
    LocalOptimizer,
    MergeOptimizer,
    Optimizer,
    PatternSub,
    SeqOptimizer,
    local_optimizer,
    optimizer,
    out2in,
)
from .variable import Variable

__getattr__ = missing(__name__, {
    "toolbox": "pytensor.graph.features",
    "destroyhandler": "pytensor.graph.destroyhandler",
    "link": "pytensor.link.basic",
    "vm": "pytensor.link.vm",
    "cc": "pytensor.link.c.basic",
    "sched": "the order of pytensor.graph.traversal.io_toposort",
})  # fmt: skip
