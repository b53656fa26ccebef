"""``theano.gof``: the graph itself, and ops."""

from pytensor.graph import Apply, Constant, FunctionGraph, Type
from pytensor.graph.utils import InconsistencyError, MethodNotDefined, MissingInputError
from pytensor.link.basic import Container, Linker, LocalLinker, PerformLinker
from pytensor.link.c.basic import CLinker
from pytensor.link.c.type import Generic, generic

from symrnn.compat.missing import missing

from . import graph
from .graph import view_roots
from .op import Op, PureOp
from .variable import Variable

__getattr__ = missing(__name__, {
    "local_optimizer": "pytensor.graph.rewriting.basic.node_rewriter",
    "optimizer": "pytensor.graph.rewriting.basic.graph_rewriter",
    "EquilibriumOptimizer": "pytensor.graph.rewriting.basic.EquilibriumGraphRewriter",
    "PatternSub": "pytensor.graph.rewriting.basic.PatternNodeRewriter",
})  # fmt: skip
