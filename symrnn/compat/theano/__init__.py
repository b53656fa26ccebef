"""``theano``: functions, shared variables, scans and gradients."""

from pytensor import Lop, OpFromGraph, Rop
from pytensor.compile.io import Out, SymbolicInput, SymbolicOutput
from pytensor.gradient import grad, subgraph_grad
from pytensor.graph import FunctionGraph
from pytensor.printing import pp, pprint
from pytensor.scan.views import foldl, foldr, map, reduce
from pytensor.tensor import dot

from symrnn.compat.missing import missing
from symrnn.compat.theano.configuration import change_flags, config

from . import (
    compat,
    compile,
    configdefaults,
    configparser,
    gof,
    gpuarray,
    gradient,
    ifelse,
    misc,
    printing,
    sandbox,
    scalar,
    scan_module,
    tensor,
    updates,
    version,
)
from .compile import (
    In,
    Mode,
    Param,
    ProfileStats,
    as_op,
    function,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    shared,
)
from .gof import (
    Apply,
    CLinker,
    Constant,
    Container,
    Generic,
    InconsistencyError,
    Linker,
    Op,
    Type,
    Variable,
    generic,
)
from .misc.safe_asarray import _asarray
from .scan_module import clone, scan
from .tensor import get_scalar_constant_value
from .updates import OrderedUpdates
from .version import version as __version__

__getattr__ = missing(__name__, {
    "typed_list": "Python lists, or pytensor.scan",
    "sparse": "import theano.sparse first",
    "function_dump": "pytensor.compile.function_dump",
})  # fmt: skip
