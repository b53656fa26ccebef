"""Where the time of a call goes: cycles of every loop over elements, matrix product and call into Python.

The program is written once more with the processor's counter read before and after each statement, which takes some ten
nanoseconds; what is compiled stays as it is.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from pytensor.compile.executor import Function

from symrnn.native.compiled import NativeProgram
from symrnn.native.emit_llvm import Driver, module_text
from symrnn.native.module import LoadedModule
from symrnn.native.program import (
    Call,
    Contraction,
    Gemm,
    Kernel,
    Lapack,
    Lookup,
    Reduce,
    Routine,
    RowArgmax,
    Statement,
)
from symrnn.native.report import native_function, native_programs

COUNTED = Kernel | Reduce | RowArgmax | Lookup | Contraction | Gemm | Lapack | Call
CYCLES = "call i64 @llvm.readcyclecounter()"


@dataclass(frozen=True)
class Spent:
    """What one kind of statement takes in a call of the function.

    Attributes
    ----------
    name
        The loop as `native_text` calls it, BLAS's function with its M, N, K, a contraction with its extents, or the op
        that Python runs.
    times
        How often a call runs it.
    seconds
        In a call, all times together.
    share
        Of the call's native programs, from 0 to 1.
    """

    name: str
    times: float
    seconds: float
    share: float


def native_profile(function: Function, *arguments: object, calls: int = 20) -> list[Spent]:
    """Where calls of a function spend their time, the dearest first; they update what the function updates.

    What Python runs between programs is left out (see `left_to_python`), so a function without a program has none.

    Raises
    ------
    TypeError
        When the function was compiled in another mode than NATIVE.
    ValueError
        When it was kept from an earlier process: only what is lowered here can be written anew.

    Examples
    --------
    >>> import numpy as np, pytensor, pytensor.tensor as pt
    >>> from symrnn.native import warm
    >>> x = pt.matrix("x")
    >>> with warm.turned_off():
    ...     f = pytensor.function([x], pt.tanh(x @ x.T).sum(), mode="NATIVE")
    >>> sorted(spent.name for spent in native_profile(f, np.ones((3, 2)), calls=2))
    ['dgemm 3 3 2', 'k0']
    """
    function(*arguments)  # makes the programs
    native = native_function(function)
    programs = native_programs(native)
    if not programs:
        return []
    if any(program.lowered.routine is None for program in programs):
        raise ValueError(
            "function was kept from an earlier process, and nothing tells what its program does; "
            "set SYMRNN_NATIVE_WARM=0 to have it lowered again"
        )
    native.repeated = None  # after some calls it goes to the code as it was
    timed = [TimedProgram(program) for program in programs]
    try:
        begin = perf_counter()
        for _ in range(calls):
            function(*arguments)
        seconds = (perf_counter() - begin) / calls
    finally:
        for each in timed:
            each.restore()
    cycles, times = Counter[str](), Counter[str]()
    for each in timed:
        cycles.update(each.cycles())
        times.update(each.times())
    whole = cycles.pop(WHOLE)
    return [
        Spent(name, times[name] / calls, seconds * spent / whole, spent / whole)
        for name, spent in cycles.most_common()
    ]


WHOLE = "the whole program"


class TimedDriver(Driver):
    """Writes a driver that counts cycles.

    Attributes
    ----------
    names
        Of the statements, in the order of the table ``@spent``: two numbers each, cycles and times.
    """

    def __init__(self, routine: Routine):
        super().__init__(routine)
        self.names: list[str] = []
        self.declarations.add("declare i64 @llvm.readcyclecounter()")
        self.begin_of_all = self.value(CYCLES)

    def statement(self, statement: Statement) -> None:
        if not isinstance(statement, COUNTED):
            super().statement(statement)  # what it holds is counted
            return
        begin = self.value(CYCLES)
        super().statement(statement)
        self._count(self._name(statement), begin)

    def finish(self) -> None:
        self._count(WHOLE, self.begin_of_all)
        self.globals["@spent"] = f"global [{2 * len(self.names)} x i64] zeroinitializer"
        super().finish()

    def _name(
        self, statement: Kernel | Reduce | RowArgmax | Lookup | Contraction | Gemm | Lapack | Call
    ) -> str:
        if isinstance(statement, Gemm):
            (m, k), n = statement.left.shape, statement.right.shape[1]
            kind = {"float32": "sgemm", "float64": "dgemm"}[statement.output.dtype]
            return f"{kind} {m} {n} {k}"
        if isinstance(statement, Contraction):
            return f"contraction {' '.join(map(str, statement.left.shape))} {statement.output.shape[2]}"
        if isinstance(statement, Lapack):
            return f"{statement.name} {statement.outputs[0].shape[0]}"
        if isinstance(statement, Call):
            return f"Python {statement.callback}"
        return self.functions.call(statement)[0]

    def _count(self, name: str, begin: str) -> None:
        passed = self.value(f"sub i64 {self.value(CYCLES)}, {begin}")
        for place, amount in ((0, passed), (1, "1")):
            slot = self.gep("@spent", 8 * (2 * len(self.names) + place))
            total = self.value(f"add i64 {self.value(f'load i64, ptr {slot}')}, {amount}")
            self.line(f"store i64 {total}, ptr {slot}")
        self.names.append(name)


class TimedProgram:
    """A program that runs a counting driver until it is restored."""

    def __init__(self, program: NativeProgram):
        routine = program.lowered.routine
        assert routine is not None
        driver = TimedDriver(routine)
        self.program, self.module = program, program.module
        # The counting code goes with the profile; a call that went straight there would outlive it.
        program.is_settled = False
        program.module = LoadedModule(module_text(driver, routine))
        self.names = driver.names
        address = program.module.engine.get_global_value_address("spent")
        self.table = (ctypes.c_int64 * (2 * len(self.names))).from_address(address)
        self.timed_module = program.module  # the table lies in it

    def restore(self) -> None:
        """As before."""
        self.program.module = self.module
        self.program.is_settled = True

    def cycles(self) -> Counter[str]:
        """By name."""
        return self._summed(self.table[0::2])

    def times(self) -> Counter[str]:
        """By name."""
        return self._summed(self.table[1::2])

    def _summed(self, numbers: Sequence[int]) -> Counter[str]:
        found = Counter[str]()
        for name, number in zip(self.names, numbers, strict=True):
            found[name] += number
        return found
