"""``theano.compile``: functions, modes and shared variables."""

from pytensor.compile.debug.profiling import ProfileStats
from pytensor.compile.executor import Function
from pytensor.compile.io import Out, SymbolicInput, SymbolicOutput
from pytensor.compile.maker import FunctionMaker
from pytensor.compile.mode import (
    optdb,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    register_linker,
    register_mode,
    register_optimizer,
)
from pytensor.compile.ops import DeepCopyOp, FromFunctionOp, ViewOp, deep_copy_op, view_op
from pytensor.compile.rebuild import rebuild_collect_shared
from pytensor.compile.sharedvalue import SharedVariable

from symrnn.compat.missing import missing

from . import (
    builders,
    debugmode,
    function_module,
    io,
    mode,
    monitormode,
    nanguardmode,
    pfunc,
    sharedvalue,
)
from .builders import OpFromGraph
from .debugmode import DebugMode
from .functions import as_op, function
from .io import In, Param
from .mode import FAST_COMPILE, Mode, get_default_mode, get_mode
from .monitormode import MonitorMode
from .sharedvalue import shared

__getattr__ = missing(__name__, {
    "Rebroadcast": "pytensor.tensor.specify_broadcastable",
})  # fmt: skip
