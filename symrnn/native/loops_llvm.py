"""Loops over elements as LLVM functions, named ``@kernel`` until the driver names them.

Each yields its text, the operands that it is called with (windows by address, sizes by value) and the declarations that
it needs. Extents and strides that are known stand in the text, so equal loops are equal texts.
"""

from __future__ import annotations

from symrnn.native.program import ArgExtreme, Kernel, Number, Reduce
from symrnn.native.scalar import Scalar
from symrnn.native.scalar_llvm import declarations, llvm_lines, llvm_type
from symrnn.native.sizes import Int
from symrnn.native.window import Window, collapsed

TILE = 256  # accumulators that a reduction over rows keeps at once
Function = tuple[str, list, set[str]]


def memory_type(dtype: str) -> str:
    """The type of an element in memory; a bool is a byte."""
    return "i8" if dtype == "bool" else llvm_type(dtype)


class Loops:
    """Writes one function: a nest of loops."""

    def __init__(self):
        self.lines: list[str] = []
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
        """A size as a value: a number, or a parameter."""
        if isinstance(size, int):
            return str(size)
        if size not in self.sizes:
            self.sizes[size] = f"%n{len(self.sizes)}"
            self.parameters.append(f"i64 {self.sizes[size]}")
            self.operands.append(size)
        return self.sizes[size]

    def parameter(self, operand: Window | Number, name: str, attributes: str = "") -> str:
        kind = "ptr" if isinstance(operand, Window) else "i64"
        self.parameters.append(f"{kind}{attributes} {name}")
        self.operands.append(operand)
        return name

    def loop(self, extent: Int, stem: str, start: str = "0"):
        """Open a loop; what is returned closes it. Tests before the body, for an extent of 0."""
        limit = self.size(extent) if not isinstance(extent, str) else extent
        self.count += 1
        name = f"{stem}{self.count}"
        before = self.block
        self.line(f"br label %{name}.head")
        at = len(self.lines)
        self.lines += [f"{name}.head:", "", f"  %{name}.more = icmp slt i64 %{name}, {limit}"]
        self.line(f"br i1 %{name}.more, label %{name}.body, label %{name}.end")
        self.lines.append(f"{name}.body:")
        self.block = f"{name}.body"

        def close() -> None:
            self.line(f"%{name}.next = add nuw nsw i64 %{name}, 1")
            self.line(f"br label %{name}.head")
            self.lines[at + 1] = f"  %{name} = phi i64 [{start}, %{before}], [%{name}.next, %{self.block}]"
            self.lines.append(f"{name}.end:")
            self.block = f"{name}.end"

        return f"%{name}", close

    def moved(self, offsets: list[str], index: str, strides: list[Int]) -> list[str]:
        """Offsets after a step along an axis; equal ones are one value."""
        known: dict = {}
        result = []
        for offset, stride in zip(offsets, strides, strict=True):
            key = (offset, stride if isinstance(stride, int) else self.size(stride))
            if key not in known:
                known[key] = self._moved(offset, index, stride)
            result.append(known[key])
        return result

    def _moved(self, offset: str, index: str, stride: Int) -> str:
        if isinstance(stride, int) and stride == 0:
            return offset
        step = index if isinstance(stride, int) and stride == 1 else self.value(f"mul i64 {index}, {self.size(stride)}")
        return step if offset == "0" else self.value(f"add i64 {offset}, {step}")

    def load(self, pointer: str, offset: str, dtype: str) -> str:
        kind = memory_type(dtype)
        value = self.value(f"load {kind}, ptr {self.address(pointer, offset, kind)}")
        return self.value(f"icmp ne i8 {value}, 0") if dtype == "bool" else value

    def store(self, value: str, pointer: str, offset: str, dtype: str) -> None:
        kind = memory_type(dtype)
        if dtype == "bool":
            value = self.value(f"zext i1 {value} to i8")
        self.line(f"store {kind} {value}, ptr {self.address(pointer, offset, kind)}")

    def address(self, pointer: str, offset: str, kind: str) -> str:
        return pointer if offset == "0" else self.value(f"getelementptr {kind}, ptr {pointer}, i64 {offset}")

    def algebra(self, outputs: list[Scalar], arguments: dict[int, str], may_reorder: bool = False) -> list[str]:
        self.count += 1
        lines, names = llvm_lines(outputs, arguments, prefix=f"s{self.count}.")
        if may_reorder:
            lines = [line.replace("fadd contract", "fadd reassoc contract").replace("fmul contract", "fmul reassoc contract")
                     for line in lines]  # fmt: skip
        self.lines += [f"  {line.strip()}" for line in lines]
        self.declared |= declarations(outputs)
        return names

    def function(self) -> Function:
        text = "\n".join(
            [
                f"define internal void @kernel({', '.join(self.parameters)}) noinline nounwind {{",
                "entry:",
                *self.lines,
                "  ret void",
                "}",
            ]
        )
        return text, self.operands, self.declared


def inputs_of(loops: Loops, inputs, outputs: list[Window], names: list[str]):
    """Pointers of the inputs; one that is an output itself is read through the output's."""
    found = []
    for i, source in enumerate(inputs):
        if isinstance(source, Window) and source in outputs:
            found.append(names[outputs.index(source)])
        else:
            found.append(loops.parameter(source, f"%i{i}", " noalias readonly" if isinstance(source, Window) and all(
                source.buffer is not out.buffer for out in outputs) else ""))  # fmt: skip
    return found


def kernel_text(kernel: Kernel) -> Function:
    """Every output's element from the inputs' elements."""
    loops = Loops()
    windows = [w for w in kernel.inputs if isinstance(w, Window)]
    shared = {w.buffer for w in windows if w not in kernel.outputs}
    names = [
        loops.parameter(out, f"%o{i}", "" if out.buffer in shared else " noalias") for i, out in enumerate(kernel.outputs)
    ]
    pointers = inputs_of(loops, kernel.inputs, kernel.outputs, names)
    dims, steps = ordered(kernel.shape, [*kernel.outputs, *windows])
    offsets, closers = ["0"] * (len(kernel.outputs) + len(windows)), []
    for extent, strides in zip(dims, steps, strict=True):
        index, close = loops.loop(extent, "j")
        offsets = loops.moved(offsets, index, strides)
        closers.append(close)
    values = elements(loops, kernel.inputs, pointers, offsets[len(kernel.outputs) :])
    results = loops.algebra(kernel.body, values)
    for result, out, name, offset in zip(results, kernel.outputs, names, offsets, strict=False):
        loops.store(result, name, offset, out.dtype)
    for close in reversed(closers):
        close()
    return loops.function()


def elements(loops: Loops, inputs, pointers: list[str], offsets: list[str]) -> dict[int, str]:
    """The value of each input at the present index."""
    values, flat = {}, iter(offsets)
    for i, (source, pointer) in enumerate(zip(inputs, pointers, strict=True)):
        if isinstance(source, Window):
            values[i] = loops.load(pointer, next(flat), source.dtype)
        else:
            values[i] = from_i64(loops, pointer, source.dtype)
    return values


def from_i64(loops: Loops, value: str, dtype: str) -> str:
    kind = llvm_type(dtype)
    if kind == "i64":
        return value
    if kind in ("float", "double"):
        return loops.value(f"sitofp i64 {value} to {kind}")
    return loops.value(f"trunc i64 {value} to {kind}") if kind != "i1" else loops.value(f"icmp ne i64 {value}, 0")


def ordered(shape, windows: list[Window]):
    """Extents and strides of a nest, neighbours made one, the axis along which most windows are dense innermost."""
    dims, steps = collapsed(shape, [w.strides for w in windows])
    if len(dims) > 1 and all(isinstance(s, int) for stride in steps for s in stride):
        cost = [(sum(s not in (0, 1) for s in stride), -i) for i, stride in enumerate(steps)]
        inner = min(range(len(dims)), key=cost.__getitem__)
        if cost[inner][0] < cost[-1][0]:
            dims.append(dims.pop(inner))
            steps.append(steps.pop(inner))
    return dims, steps


def reduce_text(reduce: Reduce) -> Function:
    """An output's element from all elements along the reduced axes."""
    loops = Loops()
    output = loops.parameter(reduce.output, "%o0", " noalias")
    windows = [w for w in reduce.inputs if isinstance(w, Window)]
    pointers = inputs_of(loops, reduce.inputs, [], [])
    kinds = [axis in reduce.axes for axis in range(len(reduce.shape))]
    # a stride of its own for reduced axes keeps them from being made one with others
    dims, steps = collapsed(
        (*reduce.shape,), [*(w.strides for w in (reduce.output, *windows)), [0 if k else 1 << 40 for k in kinds]]
    )
    reduced = [bool(stride[-1] == 0) for stride in steps]
    steps = [stride[:-1] for stride in steps]
    kept = [(n, s) for n, s, r in zip(dims, steps, reduced, strict=True) if not r]
    folded = [(n, s) for n, s, r in zip(dims, steps, reduced, strict=True) if r]
    by_rows = bool(kept and folded and not reduced[-1] and (not isinstance(kept[-1][0], int) or kept[-1][0] >= 8))
    write = _by_rows if by_rows else _by_element
    write(loops, reduce, output, pointers, kept, folded, ["0"] * (1 + len(windows)))
    return loops.function()


def _by_element(loops, reduce, output, pointers, kept, folded, offsets) -> None:
    kind = llvm_type(reduce.initial.dtype)
    loops.lines.insert(0, f"  %acc = alloca {kind}")
    closers = []
    for extent, strides in kept:
        index, close = loops.loop(extent, "j")
        offsets = loops.moved(offsets, index, strides)
        closers.append(close)
    [start] = loops.algebra([reduce.initial], {})
    loops.line(f"store {kind} {start}, ptr %acc")
    inner, at = [], offsets
    for extent, strides in folded:
        index, close = loops.loop(extent, "r")
        at = loops.moved(at, index, strides)
        inner.append(close)
    values = elements(loops, reduce.inputs, pointers, at[1:])
    [element] = loops.algebra([reduce.element], values)
    before = loops.value(f"load {kind}, ptr %acc")
    [after] = loops.algebra([reduce.combine], {0: before, 1: element}, reduce.may_reorder)
    loops.line(f"store {kind} {after}, ptr %acc")
    for close in reversed(inner):
        close()
    total = loops.value(f"load {kind}, ptr %acc")
    [result] = loops.algebra([reduce.finish], {0: total})
    loops.store(result, output, offsets[0], reduce.output.dtype)
    for close in reversed(closers):
        close()


def _by_rows(loops, reduce, output, pointers, kept, folded, offsets) -> None:
    """Rows are added to a tile of accumulators, so that elements are read in the order in which they lie."""
    kind = memory_type(reduce.initial.dtype)
    loops.lines.insert(0, f"  %acc = alloca [{TILE} x {kind}]")
    closers = []
    *outer, (width, strides) = kept
    for extent, steps in outer:
        index, close = loops.loop(extent, "j")
        offsets = loops.moved(offsets, index, steps)
        closers.append(close)
    limit = loops.size(width)
    tiles = -(-width // TILE) if isinstance(width, int) else loops.value(
        f"udiv i64 {loops.value(f'add i64 {limit}, {TILE - 1}')}, {TILE}")  # fmt: skip
    tile, close = loops.loop(tiles, "tile")
    closers.append(close)
    first = loops.value(f"mul i64 {tile}, {TILE}")
    left = loops.value(f"sub i64 {limit}, {first}")
    fewer = loops.value(f"icmp slt i64 {left}, {TILE}")
    count = loops.value(f"select i1 {fewer}, i64 {left}, i64 {TILE}") if not isinstance(width, int) or width % TILE else str(TILE)  # fmt: skip
    offsets = loops.moved(offsets, first, strides)
    dtype = reduce.initial.dtype

    column, close = loops.loop(count, "c")
    [start] = loops.algebra([reduce.initial], {})
    loops.store(start, "%acc", column, dtype)
    close()
    inner, at = [], offsets
    for extent, steps in folded:
        index, close = loops.loop(extent, "r")
        at = loops.moved(at, index, steps)
        inner.append(close)
    column, close = loops.loop(count, "c")
    inner.append(close)
    values = elements(loops, reduce.inputs, pointers, loops.moved(at, column, strides)[1:])
    [element] = loops.algebra([reduce.element], values)
    [after] = loops.algebra([reduce.combine], {0: loops.load("%acc", column, dtype), 1: element})
    loops.store(after, "%acc", column, dtype)
    for close in reversed(inner):
        close()
    column, close = loops.loop(count, "c")
    [result] = loops.algebra([reduce.finish], {0: loops.load("%acc", column, dtype)})
    loops.store(result, output, loops.moved(offsets, column, strides)[0], reduce.output.dtype)
    close()
    for close in reversed(closers):
        close()


def argextreme_text(statement: ArgExtreme) -> Function:
    """The index of the greatest entry of each row, the first of equal ones, or of the first NaN."""
    loops = Loops()
    source, target = statement.source, statement.output
    kind, dtype = memory_type(source.dtype), source.dtype
    output = loops.parameter(target, "%o0", " noalias")
    pointer = loops.parameter(source, "%i0", " noalias readonly")
    loops.lines[:0] = [f"  %best = alloca {kind}", "  %which = alloca i64"]
    dims, steps = collapsed(target.shape, [target.strides, source.strides[:-1]])
    offsets, closers = ["0", "0"], []
    for extent, strides in zip(dims, steps, strict=True):
        index, close = loops.loop(extent, "j")
        offsets = loops.moved(offsets, index, strides)
        closers.append(close)
    first = loops.value(f"load {kind}, ptr {loops.address(pointer, offsets[1], kind)}")
    loops.line(f"store {kind} {first}, ptr %best")
    loops.line("store i64 0, ptr %which")
    column, close = loops.loop(source.shape[-1], "c")
    [at] = loops.moved([offsets[1]], column, [source.strides[-1]])
    entry = loops.value(f"load {kind}, ptr {loops.address(pointer, at, kind)}")
    best = loops.value(f"load {kind}, ptr %best")
    if kind in ("float", "double"):
        greater = loops.value(f"fcmp ogt {kind} {entry}, {best}")
        is_nan = loops.value(f"fcmp uno {kind} {entry}, {entry}")
        was_number = loops.value(f"fcmp ord {kind} {best}, {best}")
        better = loops.value(f"or i1 {greater}, {is_nan}")
        better = loops.value(f"and i1 {better}, {was_number}")
    else:
        better = loops.value(f"icmp {'ugt' if dtype[0] in 'ub' else 'sgt'} {kind} {entry}, {best}")
    old = loops.value("load i64, ptr %which")
    loops.line(f"store {kind} {loops.value(f'select i1 {better}, {kind} {entry}, {kind} {best}')}, ptr %best")
    loops.line(f"store i64 {loops.value(f'select i1 {better}, i64 {column}, i64 {old}')}, ptr %which")
    close()
    loops.store(loops.value("load i64, ptr %which"), output, offsets[0], target.dtype)
    for close in reversed(closers):
        close()
    return loops.function()
