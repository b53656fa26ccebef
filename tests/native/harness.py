"""Loops over arrays around scalar expressions, compiled by LLVM or by the C compiler."""

import ctypes
import hashlib
import re
import subprocess
from functools import lru_cache

import llvmlite.binding as llvm
import numpy as np

from symrnn.native.emit_c import c_text
from symrnn.native.module import ENTRY
from symrnn.native.scalar import Scalar
from symrnn.native.scalar_c import PREAMBLE, c_lines, c_type, prototypes
from symrnn.native.scalar_llvm import FLAGS, declarations, llvm_lines, llvm_type
from symrnn.native.symbols import address


def memory_type(dtype):
    return "i8" if dtype == "bool" else llvm_type(dtype)


def loop_text(outputs: list[Scalar], dtypes: list[str], flags: str = FLAGS) -> str:
    """A module with ``loop(n, pointers of inputs and outputs)``."""
    pointers = [f"%p{i}" for i in range(len(dtypes) + len(outputs))]
    text = [*sorted(declarations(outputs))]
    text.append(f"define void @loop(i64 %n, {', '.join(f'ptr noalias {p}' for p in pointers)}) {{")
    text += ["entry:", "  %some = icmp sgt i64 %n, 0", "  br i1 %some, label %body, label %done"]
    text += ["body:", "  %i = phi i64 [0, %entry], [%j, %body]"]
    arguments = {}
    for index, dtype in enumerate(dtypes):
        t = memory_type(dtype)
        text.append(f"  %a{index} = getelementptr {t}, ptr %p{index}, i64 %i")
        text.append(f"  %m{index} = load {t}, ptr %a{index}")
        arguments[index] = f"%m{index}"
        if dtype == "bool":
            text.append(f"  %x{index} = icmp ne i8 %m{index}, 0")
            arguments[index] = f"%x{index}"
    lines, names = llvm_lines(outputs, arguments, flags=flags)
    text += ["  " + line for line in lines]
    for index, (out, name) in enumerate(zip(outputs, names)):
        t, p = memory_type(out.dtype), len(dtypes) + index
        text.append(f"  %o{index} = getelementptr {t}, ptr %p{p}, i64 %i")
        if out.dtype == "bool":
            text.append(f"  %z{index} = zext i1 {name} to i8")
            name = f"%z{index}"
        text.append(f"  store {t} {name}, ptr %o{index}")
    text += ["  %j = add i64 %i, 1", "  %more = icmp slt i64 %j, %n"]
    text += ["  br i1 %more, label %body, label %done", "done:", "  ret void", "}"]
    return "\n".join(text)


@lru_cache
def features():
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def optimized(text, vectorized=True):
    """``(module, target machine)`` after LLVM's passes at O2."""
    cpu, flags = features()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(cpu=cpu, features=flags, opt=2)
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = target.triple, str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = vectorized
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module, machine


def compiled(outputs, dtypes, flags=FLAGS, vectorized=True):
    """A function from arrays to the outputs' arrays."""
    for name in {n.data for out in outputs for n in calls(out)}:
        llvm.add_symbol(name, address(name))
    module, machine = optimized(loop_text(outputs, dtypes, flags), vectorized)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return called(engine.get_function_address("loop"), outputs, dtypes, keep=engine)


def loop_in_c(outputs, dtypes):
    """The loop in C."""
    arrays = [*dtypes, *(out.dtype for out in outputs)]
    parameters = ", ".join(f"{c_type(d)} *restrict p{i}" for i, d in enumerate(arrays))
    arguments = {i: f"x{i}" for i in range(len(dtypes))}
    lines, names = c_lines(outputs, arguments)
    loads = [f"{c_type(d)} x{i} = p{i}[i];" for i, d in enumerate(dtypes)]
    stores = [f"p{len(dtypes) + k}[i] = {name};" for k, name in enumerate(names)]
    body = "\n    ".join([*loads, *lines, *stores])
    head = "\n".join([PREAMBLE, *sorted(prototypes(outputs))])
    loop = f"  for (int64_t i = 0; i < n; ++i) {{\n    {body}\n  }}"
    return f"{head}\nvoid loop(int64_t n, {parameters}) {{\n{loop}\n}}\n"


def compiled_by_c(outputs, dtypes, directory):
    """`compiled` by the C compiler, which contracts nothing."""
    text = loop_in_c(outputs, dtypes)
    loaded = loaded_c(text, directory)
    address = ctypes.cast(loaded.loop, ctypes.c_void_p).value
    return called(address, outputs, dtypes, keep=loaded)


def loaded_c(text, directory):
    """The library that the C compiler makes of a text, the pointers in it set."""
    source = directory / f"{hashlib.sha1(text.encode()).hexdigest()}.c"
    source.write_text(text)
    library = source.with_suffix(".so")
    options = ["-std=c99", "-O0", "-ffp-contract=off", "-shared", "-fPIC", "-o", library, source]
    subprocess.run(["cc", *options, "-lm"], check=True, capture_output=True, text=True)
    loaded = ctypes.CDLL(str(library))
    for name in re.findall(r"^\w+ \(\*(\w+)\)\(", text, re.MULTILINE):
        ctypes.c_void_p.in_dll(loaded, name).value = address(name)
    return loaded


class LoadedC:
    """A routine as C, in the place of `symrnn.native.module.LoadedModule`."""

    def __init__(self, routine, directory):
        self.library = loaded_c(c_text(routine), directory)
        self.run = ENTRY(ctypes.cast(self.library.main_, ctypes.c_void_p).value)


def exact(text):
    """LLVM text that rounds every operation, and takes them in order, as C does."""
    return text.replace(" reassoc", "").replace(" contract", "")


def calls(out):
    from symrnn.native.scalar import in_order

    return [node for node in in_order([out]) if node.op == "call"]


def called(function, outputs, dtypes, keep):
    pointers = [ctypes.c_void_p] * (len(dtypes) + len(outputs))
    native = ctypes.CFUNCTYPE(None, ctypes.c_int64, *pointers)(function)

    def run(*arrays):
        arrays = [np.ascontiguousarray(a, d) for a, d in zip(arrays, dtypes, strict=True)]
        arrays = [a.copy() for a in np.broadcast_arrays(*arrays)] if len(arrays) > 1 else arrays
        results = [np.empty(arrays[0].shape, out.dtype) for out in outputs]
        native(arrays[0].size, *(a.ctypes.data for a in (*arrays, *results)))
        return results

    run.keep, run.native = keep, native
    return run
