"""A program as C99 text, to read and to check LLVM's by: the same loops in the same order, the same driver.

The driver is ``int main_(void **arrays, void **memory, int64_t *extents)``, called as LLVM's is. What it calls besides
(BLAS, special functions) are pointers under their names, which whoever loads it must set. Compiled with
``-ffp-contract=off`` it comes to the same bits as LLVM's text does without ``contract`` and ``reassoc``.
"""

from __future__ import annotations

from symrnn.native.calls import Functions, gemm_call
from symrnn.native.loops_c import Loops, memory_type
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
from symrnn.native.scalar_c import PREAMBLE
from symrnn.native.sizes import Atom, Int, Quotient, Symbol
from symrnn.native.window import Buffer, Window

DATA_OFFSET = 16  # of the address of the elements in a NumPy array object


class Driver:
    """Writes the driver's lines."""

    def __init__(self, routine: Routine):
        self.lines: list[str] = []
        self.depth = 1
        self.functions = Functions(Loops)
        # their place in `memory`
        self.callbacks = len(routine.temporaries) + len(routine.constants)
        self.declarations: set[str] = set()
        self.names: dict[Buffer, str] = {}
        for i, buffer in enumerate(routine.arrays):
            data = f"*(void **)((char *)arrays[{i}] + {DATA_OFFSET})"
            self._name(buffer, f"{buffer.kind}{buffer.index}", data)
        for i, buffer in enumerate([*routine.temporaries, *routine.constants]):
            number = i if buffer.kind == "temporary" else buffer.index
            self._name(buffer, f"{buffer.kind}{number}", f"memory[{i}]")
        for i, name in enumerate(routine.extents):
            self.line(f"int64_t {name} = extents[{i}];")

    def _name(self, buffer: Buffer, name: str, address: str) -> None:
        self.names[buffer] = name
        self.line(f"{memory_type(buffer.dtype)} *{name} = {address};")

    def line(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    def block(self, head: str, body: list[Statement]) -> None:
        """A compound statement."""
        self.line(f"{head} {{")
        self.depth += 1
        self.statements(body)
        self.depth -= 1
        self.line("}")

    def size(self, size: Int) -> str:
        """A size as an expression."""
        if isinstance(size, int):
            return str(size)
        terms = []
        for atoms, coefficient in size.terms.items():
            factors = [str(coefficient)] if coefficient != 1 or not atoms else []
            terms.append(" * ".join([*factors, *map(self._atom, atoms)]))
        return f"({' + '.join(terms)})"

    def _atom(self, atom: Atom) -> str:
        if isinstance(atom, Symbol):
            return atom.name
        if isinstance(atom, Quotient):
            return f"({self.size(atom.size)} / {self.size(atom.divisor)})"
        return f"({self.size(atom.size)} % {atom.modulus})"

    def pointer(self, window: Window) -> str:
        """The address of a window's first element."""
        name = self.names[window.buffer]
        is_first = isinstance(window.offset, int) and window.offset == 0
        return name if is_first else f"{name} + {self.size(window.offset)}"

    # ---------------------------------------------------------------- statements

    def statements(self, body: list[Statement]) -> None:
        for statement in body:
            getattr(self, f"_{type(statement).__name__.lower()}")(statement)

    def _kernel(self, statement: Kernel | Reduce | RowArgmax | Lookup | Contraction) -> None:
        name, operands = self.functions.call(statement)
        given = [self.pointer(o) if isinstance(o, Window) else self.size(o) for o in operands]
        self.line(f"{name}({', '.join(given)});")

    _reduce = _rowargmax = _lookup = _contraction = _kernel

    def _call(self, call: Call) -> None:
        """Call back to Python, which finds addresses of windows in a table, and where to say that all went well."""
        windows = [self.pointer(w) for w in (*call.inputs, *call.outputs)]
        function = f"((void (*)(void *))memory[{self.callbacks + call.callback}])"
        self.line(f"{{ void *table[] = {{{', '.join([*windows, '(void *)1'])}}};")
        self.line(f"  {function}(table);")
        self.line(f"  if (table[{len(windows)}]) return {-1 - call.callback}; }}")

    def _loop(self, loop: Loop) -> None:
        name, steps = loop.name, self.size(loop.steps)
        if loop.stop is None:
            self.block(f"for (int64_t {name} = 0; {name} < {steps}; ++{name})", loop.body)
            return
        # Outside of the loop, since what follows reads it.
        self.line(f"int64_t {loop.done} = 0;")
        more = f"{loop.done} < {steps}"
        self.line(f"for (_Bool more = 1; more && {more};) {{")
        self.depth += 1
        self.line(f"int64_t {name} = {loop.done};")
        self.statements(loop.body)
        self.line(f"++{loop.done};")
        self.line(f"more = *({self.pointer(loop.stop)}) == 0;")
        self.depth -= 1
        self.line("}")

    def _branch(self, branch: Branch) -> None:
        self.block(f"if (*({self.pointer(branch.condition)}) != 0)", branch.then)
        self.block("else", branch.otherwise)

    def _load(self, load: Load) -> None:
        name, extent = load.name, self.size(load.extent)
        self.line(f"int64_t {name} = *({self.pointer(load.source)});")
        if load.has_sign:
            self.line(f"if ({name} < 0) {name} += {extent};")
        self.line(f"if ({name} < 0 || {name} >= {extent}) return {load.error + 1};")

    def _check(self, check: Check) -> None:
        self.line(f"if (*({self.pointer(check.condition)}) == 0) return {check.error + 1};")

    def _gemm(self, gemm: Gemm) -> None:
        name, operands = gemm_call(gemm)
        kind = memory_type(gemm.output.dtype)
        letter, matrix = "const char *", f"const {kind} *"
        types = [letter] * 2 + ["const int *"] * 3 + [matrix, matrix, "const int *"]
        types += [matrix, "const int *", matrix, f"{kind} *", "const int *"]
        self.declarations.add(f"void (*{name})({', '.join(types)});")
        given = [self._by_address(operand, kind) for operand in operands]
        self.line(f"{name}({', '.join(given)});")

    def _lapack(self, call: Lapack) -> None:
        types = [
            f"{memory_type(operand.dtype)} *"
            if isinstance(operand, Window)
            else f"const {'char' if isinstance(operand, str) else 'int'} *"
            for operand in call.operands
        ]
        self.declarations.add(f"void (*{call.name})({', '.join(types)});")
        given = [self._by_address(operand, "double") for operand in call.operands]
        self.line(f"{call.name}({', '.join(given)});")

    def _by_address(self, operand: str | Int | float | Window, kind: str) -> str:
        """The address of an argument of BLAS, whose numbers are of `kind`."""
        match operand:
            case Window():
                return self.pointer(operand)
            case str():
                return f'"{operand}"'
            case float():
                return f"&({kind}){{{operand}}}"
        return f"&(int){{{self.size(operand)}}}"


def c_text(routine: Routine) -> str:
    """The text of a C file."""
    driver = Driver(routine)
    driver.statements(routine.body)
    return "\n".join(
        [
            PREAMBLE,
            *sorted(driver.declarations | driver.functions.declared),
            *driver.functions.texts("static void "),
            "int main_(void **arrays, void **memory, int64_t *extents) {",
            *driver.lines,
            "  return 0;",
            "}",
            "",
        ]
    )
