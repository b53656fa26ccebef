"""Graphs that leave: any PyTensor graph to ONNX, ncnn or readable Python, with whole layers found by their algebra."""

from symrnn.export.api import export_ncnn, export_onnx, export_python
from symrnn.export.cell_patterns import CELL_PATTERNS, CellPattern
from symrnn.export.graph import Graph, Node, Value
from symrnn.export.matching import matched
from symrnn.export.onnx_import import ImportedLayer, TwoBiasGRUCell, layers_of_onnx
from symrnn.export.scalar_ops import SCALARS
from symrnn.export.simplify import RULES
from symrnn.export.subgraphs import SUBGRAPHS, Subgraph
from symrnn.export.tensor_ops import OPS

__all__ = [
    "CELL_PATTERNS",
    "OPS",
    "RULES",
    "SCALARS",
    "SUBGRAPHS",
    "CellPattern",
    "Graph",
    "ImportedLayer",
    "Node",
    "Subgraph",
    "TwoBiasGRUCell",
    "Value",
    "export_ncnn",
    "export_onnx",
    "export_python",
    "layers_of_onnx",
    "matched",
]
