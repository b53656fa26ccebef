"""Loops over elements as LLVM functions; see `symrnn.native.loops`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from symrnn.native.loops import Function
from symrnn.native.program import Number
from symrnn.native.scalar import Scalar
from symrnn.native.scalar_llvm import declarations, llvm_lines, llvm_type
from symrnn.native.sizes import Int
from symrnn.native.window import Window


def memory_type(dtype: str) -> str:
    """The type of an element in memory; a bool is a byte."""
    return "i8" if dtype == "bool" else llvm_type(dtype)


def vector_type(dtype: str, lanes: int) -> str:
    """The type of `lanes` elements at once."""
    return f"<{lanes} x {llvm_type(dtype)}>" if lanes > 1 else llvm_type(dtype)


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
        self.block = "entry"

    def line(self, text: str) -> None:
        self.lines.append("  " + text)

    def value(self, text: str) -> str:
        self.count += 1
        self.line(f"%x{self.count} = {text}")
        return f"%x{self.count}"

    def size(self, size: Int) -> str:
        if isinstance(size, int):
            return str(size)
        if size not in self.sizes:
            self.sizes[size] = f"%n{len(self.sizes)}"
            self.parameters.append(f"i64 {self.sizes[size]}")
            self.operands.append(size)
        return self.sizes[size]

    def parameter(
        self, operand: Window | Number, name: str, *, is_alone: bool = False, is_read: bool = False
    ) -> str:
        kind = "ptr" if isinstance(operand, Window) else "i64"
        attributes = (" noalias" if is_alone else "") + (" readonly" if is_read else "")
        self.parameters.append(f"{kind}{attributes} %{name}")
        self.operands.append(operand)
        return f"%{name}"

    @contextmanager
    def loop(self, extent: Int | str, stem: str) -> Iterator[str]:
        limit = extent if isinstance(extent, str) else self.size(extent)
        self.count += 1
        name, before = f"{stem}{self.count}", self.block
        self.line(f"br label %{name}.head")
        at = len(self.lines)
        # the second line is the phi's, once the last block of the body is known
        self.lines += [f"{name}.head:", "", f"  %{name}.more = icmp slt i64 %{name}, {limit}"]
        self.line(f"br i1 %{name}.more, label %{name}.body, label %{name}.end")
        self.lines.append(f"{name}.body:")
        self.block = f"{name}.body"
        yield f"%{name}"
        # It is below its limit, so it cannot wrap: LLVM may count on that.
        self.line(f"%{name}.next = add nuw nsw i64 %{name}, 1")
        self.line(f"br label %{name}.head")
        self.lines[at + 1] = f"  %{name} = phi i64 [0, %{before}], [%{name}.next, %{self.block}]"
        self.lines.append(f"{name}.end:")
        self.block = f"{name}.end"

    def times(self, left: str, right: str) -> str:
        return self.value(f"mul i64 {left}, {right}")

    def plus(self, left: str, right: str) -> str:
        return self.value(f"add i64 {left}, {right}")

    def load(self, pointer: str, offset: str, dtype: str) -> str:
        kind = memory_type(dtype)
        value = self.value(f"load {kind}, ptr {self.address(pointer, offset, kind)}")
        # A byte of a bool may be any but 0: NumPy sees bytes as bools without looking at them.
        return self.value(f"icmp ne i8 {value}, 0") if dtype == "bool" else value

    def store(self, value: str, pointer: str, offset: str, dtype: str) -> None:
        kind = memory_type(dtype)
        if dtype == "bool":
            value = self.value(f"zext i1 {value} to i8")
        self.line(f"store {kind} {value}, ptr {self.address(pointer, offset, kind)}")

    def address(self, pointer: str, offset: str, kind: str) -> str:
        if offset == "0":
            return pointer
        return self.value(f"getelementptr {kind}, ptr {pointer}, i64 {offset}")

    def algebra(
        self, outputs: list[Scalar], arguments: dict[int, str], may_reorder: bool = False
    ) -> list[str]:
        self.count += 1
        lines, names = llvm_lines(outputs, arguments, prefix=f"s{self.count}.")
        # Only what combines comes with this leave; what an element is computed by is written by another call.
        if may_reorder:
            for op in ("fadd", "fmul"):
                lines = [line.replace(f"{op} contract", f"{op} reassoc contract") for line in lines]
        self.lines += [f"  {line}" for line in lines]
        self.declared |= declarations(outputs)
        return names

    def local(self, name: str, dtype: str, count: int | None = None) -> str:
        # All of it stands in the function's first block, where LLVM makes registers of it.
        kind = llvm_type(dtype) if count is None else f"[{count} x {memory_type(dtype)}]"
        self.locals.append(f"  %{name} = alloca {kind}")
        return f"%{name}"

    def get(self, local: str, dtype: str) -> str:
        return self.value(f"load {llvm_type(dtype)}, ptr {local}")

    def set(self, local: str, value: str, dtype: str) -> None:
        self.line(f"store {llvm_type(dtype)} {value}, ptr {local}")

    def vector(self, dtype: str, lanes: int) -> str:
        self.count += 1
        self.locals.append(f"  %v{self.count} = alloca {vector_type(dtype, lanes)}")
        return f"%v{self.count}"

    def no_vector(self, dtype: str, lanes: int) -> str:
        return "zeroinitializer" if lanes > 1 else "0.0"

    def get_vector(self, local: str, dtype: str, lanes: int) -> str:
        return self.value(f"load {vector_type(dtype, lanes)}, ptr {local}")

    def set_vector(self, local: str, value: str, dtype: str, lanes: int) -> None:
        self.line(f"store {vector_type(dtype, lanes)} {value}, ptr {local}")

    def load_vector(self, pointer: str, offset: str, dtype: str, lanes: int) -> str:
        # An element's alignment: a row may begin anywhere.
        place, align = self.address(pointer, offset, memory_type(dtype)), np.dtype(dtype).itemsize
        return self.value(f"load {vector_type(dtype, lanes)}, ptr {place}, align {align}")

    def store_vector(self, value: str, pointer: str, offset: str, dtype: str, lanes: int) -> None:
        place, align = self.address(pointer, offset, memory_type(dtype)), np.dtype(dtype).itemsize
        self.line(f"store {vector_type(dtype, lanes)} {value}, ptr {place}, align {align}")

    def added_product(self, total: str, element: str, vector: str, dtype: str, lanes: int) -> str:
        kind = vector_type(dtype, lanes)
        if lanes > 1:
            one = self.value(f"insertelement {kind} poison, {llvm_type(dtype)} {element}, i64 0")
            places = f"<{lanes} x i32> zeroinitializer"
            element = self.value(f"shufflevector {kind} {one}, {kind} poison, {places}")
        # `contract` on both is the leave to make one fused operation of them.
        product = self.value(f"fmul contract {kind} {element}, {vector}")
        return self.value(f"fadd contract {kind} {total}, {product}")

    def function(self) -> Function:
        head = f"define internal void @kernel({', '.join(self.parameters)}) noinline nounwind {{"
        lines = [head, "entry:", *self.locals, *self.lines, "  ret void", "}"]
        return Function("\n".join(lines), self.operands, self.declared)
