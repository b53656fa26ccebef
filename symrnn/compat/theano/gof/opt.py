"""``theano.gof.opt``: rewrites of graphs."""

from pytensor.graph.rewriting.basic import EquilibriumGraphRewriter as EquilibriumOptimizer
from pytensor.graph.rewriting.basic import GraphRewriter as Optimizer
from pytensor.graph.rewriting.basic import (
    MergeOptimizer,
    check_stack_trace,
    copy_stack_trace,
    out2in,
)
from pytensor.graph.rewriting.basic import NodeRewriter as LocalOptimizer
from pytensor.graph.rewriting.basic import PatternNodeRewriter as PatternSub
from pytensor.graph.rewriting.basic import SequentialGraphRewriter as SeqOptimizer
from pytensor.graph.rewriting.basic import graph_rewriter as optimizer
from pytensor.graph.rewriting.basic import node_rewriter as local_optimizer

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
