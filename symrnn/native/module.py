"""LLVM text to machine code, in process; object code is kept on disk."""

from __future__ import annotations

import ctypes
import hashlib
from functools import cache

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from symrnn.native import object_cache
from symrnn.native.symbols import address

# The widest first, since the first that is there is taken.
WIDTHS = {"avx512f": 64, "avx2": 32, "avx": 32}  # bytes of a register, by features of the processor
# Of Python's own functions, which keep its lock: a program may call back, and takes arrays by their reference counts.
ENTRY = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


@cache
def target_machine_options() -> tuple[str, str]:
    """The processor's name and features, as LLVM names them."""
    # From 0.45 on llvmlite does it itself, and raises where it is asked to.
    if int(llvmlite.__version__.split(".")[1]) < 45:
        llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def machine_name() -> str:
    """What code is made for: system, processor and its features. A folder of caches may be shared by several machines.

    Examples
    --------
    >>> machine_name().splitlines() == [llvm.get_default_triple(), *target_machine_options()]
    True
    """
    return "\n".join([llvm.get_default_triple(), *target_machine_options()])


@cache
def vector_bytes() -> int:
    """Of this processor's widest registers: 64 or 32; 16 where nothing is known of it."""
    features = target_machine_options()[1].split(",")
    return next((n for name, n in WIDTHS.items() if f"+{name}" in features), 16)


def lanes_of(dtype: str) -> int:
    """Numbers that the widest registers hold."""
    return vector_bytes() // np.dtype(dtype).itemsize


def registers_of_sums() -> int:
    """Half of the widest registers: as many sums as a block may keep there, the rest is for factors."""
    return 16 if vector_bytes() == 64 else 8


def target_machine() -> llvm.TargetMachine:
    """For this processor. A new one each time: MCJIT owns the one that it is given."""
    cpu, features = target_machine_options()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=cpu, features=features, opt=2
    )


@cache
def _shared_target():
    return target_machine()


class LoadedModule:
    """An LLVM module as machine code in this process, compiled or from the disk.

    Attributes
    ----------
    run
        Its driver.
    address
        Where its `entry` is.
    was_cached
        Whether the object code came from disk.
    """

    def __init__(self, text: str, entry: str = "main"):
        machine = _shared_target()
        key = hashlib.sha256(
            "\n".join([text, llvmlite.__version__, machine_name()]).encode()
        ).hexdigest()
        code = object_cache.load(key)
        self.was_cached = code is not None
        for line in text.splitlines():
            # Kept code needs them as well: it has names in the place of addresses.
            if line.startswith("declare"):
                _resolve(line)
        if code is None:
            code = machine.emit_object(optimized(text, machine))
            object_cache.save(key, code)
        # The engine begins with a module of text; the code comes as an object, from LLVM or from the disk.
        empty = llvm.parse_assembly("")
        self.engine = llvm.create_mcjit_compiler(empty, target_machine())
        self.engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self.engine.finalize_object()
        self.address = self.engine.get_function_address(entry)
        self.run = ENTRY(self.address)


def optimized(text: str, machine: llvm.TargetMachine) -> llvm.ModuleRef:
    """The module at O2, loops vectorized and not unrolled."""
    module = llvm.parse_assembly(text)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_unrolling = False
    options.loop_vectorization = True
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


@cache
def _bind(name: str) -> None:
    llvm.add_symbol(name, address(name))


def _resolve(declaration: str) -> None:
    """Tell the linker where an external function is; LLVM's own need no address."""
    name = declaration.split("@", 1)[1].split("(", 1)[0]
    if not name.startswith("llvm."):
        _bind(name)
