"""What a compiled function became: native programs, and what is left to Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pytensor.compile.executor import Function
from pytensor.graph.basic import Apply

from symrnn.native.compiled import NativeProgram
from symrnn.native.emit_c import c_text
from symrnn.native.runtime import NativeFunction
from symrnn.native.stages import Fallback, Stage


@dataclass(frozen=True)
class NativeReport:
    """A function after the calls so far.

    Attributes
    ----------
    programs
        Native programs, one for each pattern of signatures and stage.
    kernels
        Loops over elements, equal ones counted once in a program.
    text_bytes
        LLVM text of all programs.
    arena_bytes
        Temporaries of the largest program.
    cached_programs
        Programs whose object code came from disk.
    warm_programs
        Programs that were kept from an earlier process: the graph was neither rewritten nor lowered.
    fallbacks
        Nodes that PyTensor runs itself, each with the reason.
    """

    programs: int
    kernels: int
    text_bytes: int
    arena_bytes: int
    cached_programs: int
    warm_programs: int
    fallbacks: tuple[tuple[Apply, str], ...]


def native_report(function: Function) -> NativeReport:
    """What a function that was compiled with ``mode="NATIVE"`` and called became.

    Raises
    ------
    TypeError
        When it was compiled in another mode.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> import symrnn.native
    >>> x = pt.vector("x")
    >>> f = pytensor.function([x], pt.tanh(x) * 2, mode="NATIVE")
    >>> _ = f([1.0, 2.0])
    >>> report = native_report(f)
    >>> report.programs, report.kernels, report.fallbacks
    (1, 1, ())
    """
    native = native_function(function)
    fallbacks: dict[Apply, str] = {}
    kept = [p.program for p in native.recorded if p.program is not None]
    if native.stage is not None:
        _gather(native.stage, [], fallbacks)
    programs = native_programs(native)
    for program in programs:
        fallbacks |= {call.node: str(call.reason) for call in program.lowered.callbacks}
    return NativeReport(
        programs=len(programs),
        warm_programs=len(kept),
        kernels=sum(program.kernels for program in programs),
        text_bytes=sum(len(program.lowered.text) for program in programs),
        arena_bytes=max((program.arena_bytes for program in programs), default=0),
        cached_programs=sum(program.module.was_cached for program in programs),
        fallbacks=tuple(fallbacks.items()),
    )


def native_text(function: Function, language: Literal["llvm", "c"] = "llvm") -> str:
    """The programs that a function became, as LLVM text before LLVM's passes or as C.

    Raises
    ------
    ValueError
        For C, when a program was kept from an earlier process, of which there is LLVM text alone.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> from symrnn.native import warm
    >>> x = pt.vector("x")
    >>> with warm.turned_off():
    ...     f = pytensor.function([x], x * 2, mode="NATIVE")
    >>> _ = f([1.0, 2.0])
    >>> text = native_text(f, "c")
    >>> print(text[text.index("static") : text.index("int main_")])
    static void k0(double *o0, const double *i0) {
      for (int64_t j1 = 0; j1 < 2; ++j1) {
        double x2 = i0[j1];
        double s3_0 = (0x1.0000000000000p+1) * x2;
        o0[j1] = s3_0;
      }
    }
    """
    programs = native_programs(native_function(function))
    if language == "llvm":
        return "\n\n".join(program.lowered.text for program in programs)
    routines = [r for program in programs if (r := program.lowered.routine) is not None]
    if len(routines) < len(programs):
        raise ValueError(
            "language must be 'llvm' for a function that was kept from an earlier process; "
            "set SYMRNN_NATIVE_WARM=0 to have it lowered again"
        )
    return "\n\n".join(c_text(routine) for routine in routines)


def native_function(function: Function) -> NativeFunction:
    """What PyTensor calls, where the function was compiled in native mode."""
    native = getattr(function.vm, "jit_fn", None)
    if not isinstance(native, NativeFunction):
        raise TypeError(
            f"function must be compiled in mode NATIVE, but is of {function.maker.mode}"
        )
    return native


def native_programs(native: NativeFunction) -> list[NativeProgram]:
    """All its programs, those that were kept from an earlier process first."""
    programs = [p.program for p in native.recorded if p.program is not None]
    if native.stage is not None:
        _gather(native.stage, programs, {})
    return programs


def _gather(stage: Stage, programs: list[NativeProgram], fallbacks: dict[Apply, str]) -> None:
    for variant in stage.variants:
        if variant.program is not None:
            programs.append(variant.program)
        fallbacks.update((f.node, _reason(f)) for f in variant.fallbacks)
        if variant.following is not None:
            _gather(variant.following, programs, fallbacks)


def _reason(fallback: Fallback) -> str:
    return str(fallback.reason)
