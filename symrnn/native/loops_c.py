"""Loops over elements as C99 functions; see `symrnn.native.loops`.

Nothing is ``restrict``: where memory is shared that should not be, LLVM's text, which says so, comes to other numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from symrnn.native.loops import Function
from symrnn.native.program import Number
from symrnn.native.scalar import Scalar
from symrnn.native.scalar_c import c_lines, c_type, prototypes
from symrnn.native.sizes import Int
from symrnn.native.window import Window


def memory_type(dtype: str) -> str:
    """The type of an element in memory; a bool is a byte."""
    return "uint8_t" if dtype == "bool" else c_type(dtype)


class Loops:
    """Writes one function."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.locals: list[str] = []
        self.parameters: list[str] = []
        self.operands: list = []
        self.sizes: dict = {}
        self.declared: set[str] = set()
        self.count = 0
        self.depth = 1

    def line(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    def named(self, dtype: str, text: str) -> str:
        """A new name for a value."""
        self.count += 1
        self.line(f"{c_type(dtype)} x{self.count} = {text};")
        return f"x{self.count}"

    def size(self, size: Int) -> str:
        if isinstance(size, int):
            return str(size)
        if size not in self.sizes:
            self.sizes[size] = f"n{len(self.sizes)}"
            self.parameters.append(f"int64_t {self.sizes[size]}")
            self.operands.append(size)
        return self.sizes[size]

    def parameter(
        self, operand: Window | Number, name: str, *, is_alone: bool = False, is_read: bool = False
    ) -> str:
        kind = "int64_t "
        if isinstance(operand, Window):
            kind = f"{'const ' if is_read else ''}{memory_type(operand.dtype)} *"
        self.parameters.append(f"{kind}{name}")
        self.operands.append(operand)
        return name

    @contextmanager
    def loop(self, extent: Int | str, stem: str) -> Iterator[str]:
        limit = extent if isinstance(extent, str) else self.size(extent)
        self.count += 1
        name = f"{stem}{self.count}"
        self.line(f"for (int64_t {name} = 0; {name} < {limit}; ++{name}) {{")
        self.depth += 1
        yield name
        self.depth -= 1
        self.line("}")

    def times(self, left: str, right: str) -> str:
        return f"{left} * ({right})" if right.startswith("-") else f"{left} * {right}"

    def plus(self, left: str, right: str) -> str:
        return f"{left} + {right}"

    def load(self, pointer: str, offset: str, dtype: str) -> str:
        return self.named(dtype, f"{pointer}[{offset}]{' != 0' if dtype == 'bool' else ''}")

    def store(self, value: str, pointer: str, offset: str, dtype: str) -> None:
        self.line(f"{pointer}[{offset}] = {value};")

    def algebra(
        self, outputs: list[Scalar], arguments: dict[int, str], may_reorder: bool = False
    ) -> list[str]:
        self.count += 1
        lines, names = c_lines(outputs, arguments, prefix=f"s{self.count}_")
        for line in lines:
            self.line(line)
        self.declared |= prototypes(outputs)
        return names

    def local(self, name: str, dtype: str, count: int | None = None) -> str:
        kind, length = (c_type(dtype), "") if count is None else (memory_type(dtype), f"[{count}]")
        self.locals.append(f"  {kind} {name}{length};")
        return name

    def get(self, local: str, dtype: str) -> str:
        return self.named(dtype, local)

    def set(self, local: str, value: str, dtype: str) -> None:
        self.line(f"{local} = {value};")

    def vector(self, dtype: str, lanes: int) -> str:
        self.count += 1
        self.locals.append(f"  {self.vector_type(dtype, lanes)} v{self.count};")
        return f"v{self.count}"

    def no_vector(self, dtype: str, lanes: int) -> str:
        return f"({self.vector_type(dtype, lanes)}){{0}}"

    def get_vector(self, local: str, dtype: str, lanes: int) -> str:
        return local

    def set_vector(self, local: str, value: str, dtype: str, lanes: int) -> None:
        self.line(f"{local} = {value};")

    def load_vector(self, pointer: str, offset: str, dtype: str, lanes: int) -> str:
        self.count += 1
        kind = self.vector_type(dtype, lanes)
        self.line(f"{kind} x{self.count} = *(const {kind} *)({pointer} + {offset});")
        return f"x{self.count}"

    def store_vector(self, value: str, pointer: str, offset: str, dtype: str, lanes: int) -> None:
        self.line(f"*({self.vector_type(dtype, lanes)} *)({pointer} + {offset}) = {value};")

    def added_product(self, total: str, element: str, vector: str, dtype: str, lanes: int) -> str:
        return f"{total} + {element} * {vector}"

    def vector_type(self, dtype: str, lanes: int) -> str:
        """GCC's and Clang's vectors; an element's alignment, as a row may begin anywhere."""
        size = np.dtype(dtype).itemsize
        if lanes == 1:
            return c_type(dtype)
        self.declared.add(
            f"typedef {c_type(dtype)} {c_type(dtype)}x{lanes}"
            f" __attribute__((vector_size({lanes * size}), aligned({size}), may_alias));"
        )
        return f"{c_type(dtype)}x{lanes}"

    def function(self) -> Function:
        head = f"static void kernel({', '.join(self.parameters)}) {{"
        lines = [head, *self.locals, *self.lines, "}"]
        return Function("\n".join(lines), self.operands, self.declared)
