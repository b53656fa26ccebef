"""What a compiled function became: native programs, and what is left to Python."""

from __future__ import annotations

from dataclasses import dataclass

from pytensor.compile.executor import Function
from pytensor.graph.basic import Apply

from symrnn.native.compiled import NativeProgram
from symrnn.native.runtime import Fallback, NativeFunction, Stage


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
    native = getattr(function.vm, "jit_fn", None)
    if not isinstance(native, NativeFunction):
        raise TypeError(
            f"function must be compiled in mode NATIVE, but is of {function.maker.mode}"
        )
    programs: list[NativeProgram] = []
    fallbacks: dict[Apply, str] = {}
    kept = [p.program for p in native.recorded if p.program is not None]
    if native.stage is not None:
        _gather(native.stage, programs, fallbacks)
    return NativeReport(
        programs=len([*kept, *programs]),
        warm_programs=len(kept),
        kernels=sum(program.kernels for program in [*kept, *programs]),
        text_bytes=sum(len(program.lowered.text) for program in [*kept, *programs]),
        arena_bytes=max((program.arena_bytes for program in [*kept, *programs]), default=0),
        cached_programs=sum(program.code.was_cached for program in [*kept, *programs]),
        fallbacks=tuple(fallbacks.items()),
    )


def _gather(stage: Stage, programs: list[NativeProgram], fallbacks: dict[Apply, str]) -> None:
    for variant in stage.variants:
        if variant.program is not None:
            programs.append(variant.program)
        fallbacks.update((f.node, _reason(f)) for f in variant.fallbacks)
        if variant.following is not None:
            _gather(variant.following, programs, fallbacks)


def _reason(fallback: Fallback) -> str:
    return str(fallback.reason)
