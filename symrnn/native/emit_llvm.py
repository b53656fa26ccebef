"""A program as LLVM text: a function for each kernel (equal ones are one), and a driver that calls them.

The driver is ``i32 main(ptr arrays, ptr memory, ptr extents)``: `arrays` holds the NumPy objects of inputs and outputs,
`memory` the addresses of temporaries, constants and callbacks, `extents` the values of the extents that are
parameters. It returns 0, or 1 more than the number of the error that stopped it, or ``-1 - n`` after an exception in
callback n.
"""

from __future__ import annotations

from collections.abc import Sequence

from symrnn.native.calls import Functions, gemm_call
from symrnn.native.loops_llvm import Loops, memory_type
from symrnn.native.program import (
    Branch,
    Call,
    Check,
    Contraction,
    Gemm,
    Kernel,
    Lapack,
    Load,
    Lookup,
    Loop,
    Reduce,
    Routine,
    RowArgmax,
    Statement,
)
from symrnn.native.sizes import Atom, Int, Quotient, Symbol
from symrnn.native.window import Buffer, Window

# The driver is long, computes addresses and calls: for eight layers, optimizing it took half of LLVM's time, and no
# step was the faster for it.
AS_IT_STANDS = "noinline optnone"
DATA_OFFSET = 16  # of the address of the elements in a NumPy array object


class Driver:
    """Writes the driver's lines."""

    def __init__(self, routine: Routine):
        self.lines: list[str] = []
        self.functions = Functions(Loops)
        self.slots: list[str] = []  # where sizes stand that BLAS reads
        self.globals: dict[str, str] = {}
        self.tables: list[str] = []
        # their place in the table of addresses
        self.callbacks = len(routine.temporaries) + len(routine.constants)
        self.declarations: set[str] = set()
        self.count = 0
        self.symbols: dict[str, str] = {}
        self.block = "entry"
        self.pointers: dict[Buffer, str] = {}
        for i, buffer in enumerate(routine.arrays):
            array = self.value(f"load ptr, ptr {self.gep('%arrays', 8 * i)}")
            self.pointers[buffer] = self.value(f"load ptr, ptr {self.gep(array, DATA_OFFSET)}")
        for i, buffer in enumerate([*routine.temporaries, *routine.constants]):
            self.pointers[buffer] = self.value(f"load ptr, ptr {self.gep('%memory', 8 * i)}")
        for i, name in enumerate(routine.extents):
            self.symbols[name] = self.value(f"load i64, ptr {self.gep('%extents', 8 * i)}")

    # ---------------------------------------------------------------- lines

    def line(self, text: str) -> None:
        self.lines.append("  " + text)

    def value(self, text: str) -> str:
        """A new name for what an instruction yields."""
        self.count += 1
        self.line(f"%v{self.count} = {text}")
        return f"%v{self.count}"

    def begin(self, block: str) -> None:
        self.lines.append(f"{block}:")
        self.block = block

    def label(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def gep(self, pointer: str, offset: int) -> str:
        return self.value(f"getelementptr i8, ptr {pointer}, i64 {offset}")

    def size(self, size: Int) -> str:
        """A size as an i64 value."""
        if isinstance(size, int):
            return str(size)
        total = None
        for atoms, coefficient in size.terms.items():
            factors = [str(coefficient)] if coefficient != 1 or not atoms else []
            factors += [self._atom(a) for a in atoms]
            term = factors[0]
            for factor in factors[1:]:
                term = self.value(f"mul i64 {term}, {factor}")
            total = term if total is None else self.value(f"add i64 {total}, {term}")
        return total or "0"

    def _atom(self, atom: Atom) -> str:
        if isinstance(atom, Symbol):
            return self.symbols[atom.name]
        if isinstance(atom, Quotient):
            return self.value(f"udiv i64 {self.size(atom.size)}, {self.size(atom.divisor)}")
        return self.value(f"urem i64 {self.size(atom.size)}, {atom.modulus}")

    def pointer(self, window: Window) -> str:
        """The address of a window's first element."""
        base = self.pointers[window.buffer]
        if isinstance(window.offset, int) and window.offset == 0:
            return base
        offset = self.size(window.offset)
        return self.value(f"getelementptr {memory_type(window.dtype)}, ptr {base}, i64 {offset}")

    # ---------------------------------------------------------------- statements

    def statements(self, body: list[Statement]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        getattr(self, f"_{type(statement).__name__.lower()}")(statement)

    def finish(self) -> None:
        """All went well."""
        self.line("ret i32 0")

    def _kernel(self, statement: Kernel | Reduce | RowArgmax | Lookup | Contraction) -> None:
        name, operands = self.functions.call(statement)
        given = [
            f"ptr {self.pointer(o)}" if isinstance(o, Window) else f"i64 {self.size(o)}"
            for o in operands
        ]
        self.line(f"call void @{name}({', '.join(given)})")

    _reduce = _rowargmax = _lookup = _contraction = _kernel

    def _call(self, call: Call) -> None:
        """Call back to Python, which finds addresses of windows in a table, and where to say that all went well."""
        table = f"%table{len(self.tables)}"
        windows = [*call.inputs, *call.outputs]
        # At the function's begin: a loop would take it anew in each step, and give nothing back before the end.
        self.tables.append(f"{table} = alloca [{len(windows) + 1} x ptr]")
        for i, window in enumerate(windows):
            self.line(f"store ptr {self.pointer(window)}, ptr {self.gep(table, 8 * i)}")
        # Python says that it went well, as an exception may come before any line of the callback.
        status = self.gep(table, 8 * len(windows))
        self.line(f"store i64 1, ptr {status}")
        place = self.gep("%memory", 8 * (self.callbacks + call.callback))
        function = self.value(f"load ptr, ptr {place}")
        self.line(f"call void {function}(ptr {table})")
        failed = self.value(f"load i64, ptr {status}")
        good, bad = self.label("good"), self.label("bad")
        self.line(f"br i1 {self.value(f'icmp eq i64 {failed}, 0')}, label %{good}, label %{bad}")
        self.begin(bad)
        self.line(f"ret i32 {-1 - call.callback}")
        self.begin(good)

    def _loop(self, loop: Loop) -> None:
        head, inside, end = (self.label(stem) for stem in ("head", "body", "end"))
        # Before the loop: a size is lines that compute it.
        steps, before = self.size(loop.steps), self.block
        counter = f"%{loop.name}"
        self.line(f"br label %{head}")
        at = len(self.lines)
        self.begin(head)
        self.line("")  # the phi, once the last block of the body is known
        self.line(f"%{head}.more = icmp slt i64 {counter}, {steps}")
        self.line(f"br i1 %{head}.more, label %{inside}, label %{end}")
        self.begin(inside)
        self.symbols[loop.name] = counter
        self.statements(loop.body)
        self.line(f"{counter}.next = add i64 {counter}, 1")
        last = self.block
        if loop.stop is None:
            self.line(f"br label %{head}")
        else:
            self.line(f"br i1 {self._truth(loop.stop)}, label %{end}, label %{head}")
        self.lines[at + 1] = f"  {counter} = phi i64 [0, %{before}], [{counter}.next, %{last}]"
        self.begin(end)
        # From the head: so many were done before. From a body that stopped: that one too.
        if loop.stop is not None:
            self.symbols[loop.done] = self.value(
                f"phi i64 [{counter}, %{head}], [{counter}.next, %{last}]"
            )

    def _branch(self, branch: Branch) -> None:
        then, otherwise, end = (self.label(stem) for stem in ("then", "else", "end"))
        self.line(f"br i1 {self._truth(branch.condition)}, label %{then}, label %{otherwise}")
        for label, body in ((then, branch.then), (otherwise, branch.otherwise)):
            self.begin(label)
            self.statements(body)
            self.line(f"br label %{end}")
        self.begin(end)

    def _stop_unless(self, condition: str, error: int) -> None:
        good, bad = self.label("good"), self.label("bad")
        self.line(f"br i1 {condition}, label %{good}, label %{bad}")
        self.begin(bad)
        self.line(f"ret i32 {error + 1}")
        self.begin(good)

    def _load(self, load: Load) -> None:
        kind = memory_type(load.source.dtype)
        raw = self.value(f"load {kind}, ptr {self.pointer(load.source)}")
        widen = "zext" if load.source.dtype.startswith(("u", "bool")) else "sext"
        number = raw if kind == "i64" else self.value(f"{widen} {kind} {raw} to i64")
        extent = self.size(load.extent)
        index = number
        if load.has_sign:
            from_end = self.value(f"add i64 {number}, {extent}")
            negative = self.value(f"icmp slt i64 {number}, 0")
            index = self.value(f"select i1 {negative}, i64 {from_end}, i64 {number}")
        # Without signs, one comparison refuses what is too large and what is still negative.
        self._stop_unless(self.value(f"icmp ult i64 {index}, {extent}"), load.error)
        self.symbols[load.name] = index

    def _check(self, check: Check) -> None:
        self._stop_unless(self._truth(check.condition), check.error)

    def _truth(self, window: Window) -> str:
        """Whether a 0-d window holds a number other than 0."""
        kind = memory_type(window.dtype)
        raw = self.value(f"load {kind}, ptr {self.pointer(window)}")
        # NaN is true, as in Python: it differs from 0, though it is "unordered".
        return self.value(
            f"fcmp une {kind} {raw}, 0.0"
            if kind in ("float", "double")
            else f"icmp ne {kind} {raw}, 0"
        )

    def _gemm(self, gemm: Gemm) -> None:
        self._fortran(*gemm_call(gemm), memory_type(gemm.output.dtype))

    def _lapack(self, call: Lapack) -> None:
        self._fortran(call.name, call.operands, memory_type(call.outputs[0].dtype))

    def _fortran(
        self, name: str, operands: Sequence[str | Int | float | Window], kind: str
    ) -> None:
        given = [self._by_address(operand, kind) for operand in operands]
        self.declarations.add(f"declare void @{name}({', '.join(['ptr'] * len(given))})")
        self.line(f"call void @{name}({', '.join(given)})")

    def _by_address(self, operand: str | Int | float | Window, kind: str) -> str:
        """The address of an argument of BLAS, whose numbers are of `kind`."""
        match operand:
            case Window():
                return f"ptr {self.pointer(operand)}"
            case str():
                self.globals[f"@letter.{operand}"] = f"private constant i8 {ord(operand)}"
                return f"ptr @letter.{operand}"
            case float():
                name = f"@number.{kind}.{int(operand)}"
                self.globals[name] = f"private constant {kind} {operand:.1f}"
                return f"ptr {name}"
        return self._int(operand)

    def _int(self, size: Int) -> str:
        """The address of a size as BLAS reads it."""
        if isinstance(size, int):
            self.globals[f"@int.{size}"] = f"private constant i32 {size}"
            return f"ptr @int.{size}"
        place = f"%slot{len(self.slots)}"
        # A slot for each, never used again: all arguments of a call are addresses, of numbers that stand there at once.
        self.slots.append(place)
        # SciPy's BLAS and LAPACK count in 32 bits.
        self.line(f"store i32 {self.value(f'trunc i64 {self.size(size)} to i32')}, ptr {place}")
        return f"ptr {place}"


def llvm_text(routine: Routine) -> str:
    """The module's text."""
    return module_text(Driver(routine), routine)


def module_text(driver: Driver, routine: Routine) -> str:
    """The text of a module whose driver `driver` writes."""
    driver.statements(routine.body)
    driver.finish()
    return "\n".join(
        [
            *(f"{name} = {value}" for name, value in driver.globals.items()),
            *sorted(driver.declarations | driver.functions.declared),
            *driver.functions.texts("@"),
            f"define i32 @main(ptr noalias %arrays, ptr noalias %memory, ptr noalias %extents) {AS_IT_STANDS} {{",
            "entry:",
            *(f"  {slot} = alloca i32" for slot in driver.slots),
            *(f"  {table}" for table in driver.tables),
            *driver.lines,
            "}",
        ]
    )
