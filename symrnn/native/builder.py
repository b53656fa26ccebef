"""Lowering, node by node: what each variable of a graph is, and the statements that compute it.

Element-wise algebra is not written at once. It gathers in *open kernels*, one loop for all nodes of one shape that
share what they read; a kernel is closed, and becomes a statement, when something else needs a value of it. What is
asked for outside a loop is given a place: a new buffer, or the window of a Join, a trace or an output that wants it
there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable

from symrnn.native.generators import state_of
from symrnn.native.program import Check, Kernel, Number, Statement
from symrnn.native.python_ops import PythonCall
from symrnn.native.scalar import Scalar, arg, cast, const, in_order, scalar, substituted
from symrnn.native.shapes import Shape, Shapes, dtype_of, is_generator
from symrnn.native.sizes import Int, Size, product
from symrnn.native.window import Buffer, Window, whole

MOST_INPUTS = 24  # of a kernel: more streams than that are slower than two passes
TINY = 64  # elements: a kernel as small as that costs its call, so unrelated ones are made one


@dataclass(eq=False)
class OpenKernel:
    """Element-wise algebra of one shape that is not written yet."""

    shape: Shape
    inputs: list[Window | Number] = field(default_factory=list)
    members: dict[Variable, Scalar] = field(default_factory=dict)
    copies: list[tuple[Scalar, Window]] = field(default_factory=list)  # written besides

    def argument(self, source: Window | Number) -> Scalar:
        """The element of `source`, a window of the kernel's shape."""
        for i, known in enumerate(self.inputs):
            if known == source:
                return arg(i, source.dtype)
        self.inputs.append(source)
        return arg(len(self.inputs) - 1, source.dtype)

    def reads(self, buffer: Buffer) -> bool:
        return any(isinstance(w, Window) and w.buffer is buffer for w in self.inputs)

    def absorb(self, other: OpenKernel) -> None:
        """Take in another kernel of the same shape."""
        # What both read is one input, so the other's arguments get new numbers.
        new = {i: self.argument(source) for i, source in enumerate(other.inputs)}
        names, values = list(other.members), list(other.members.values())
        moved = substituted([*values, *(s for s, _ in other.copies)], new)
        self.members |= zip(names, moved[: len(names)], strict=True)
        self.copies += [(s, w) for s, (_, w) in zip(moved[len(names) :], other.copies, strict=True)]


Value = Window | OpenKernel | Scalar  # a scalar stands for an array of one number throughout


class Parts:
    """What all scopes of a program add to: its constants, errors, callbacks, and the names of its loops."""

    def __init__(self) -> None:
        self.constants: list[np.ndarray] = []
        self.errors: list[Exception] = []
        self.callbacks: list[PythonCall] = []
        self.names = iter(range(10**9))

    def error(self, error: Exception) -> int:
        """The number of an error that the program may stop with."""
        self.errors.append(error)
        return len(self.errors) - 1

    def name(self, stem: str) -> str:
        return f"{stem}{next(self.names)}"


class Builder:
    """One scope: the graph of a function, or of a loop's step."""

    def __init__(
        self, nodes: Sequence[Apply], outputs: Sequence[Variable], shapes: Shapes, parts: Parts
    ):
        self.shapes, self.parts = shapes, parts
        self.outputs = set(outputs)
        self.values: dict[Variable, Value] = {}
        self.body: list[Statement] = []
        self.open: list[OpenKernel] = []
        # Who wants a variable where; asked only when it is written, since the place may lie in one that is wanted too.
        self.places: dict[Variable, Callable[[], Window | None]] = {}
        # Where it was put, for good: statements hold the window from then on.
        self.placed: dict[Variable, Window] = {}
        self.borrowed: set[Buffer] = set()  # not this scope's to overwrite
        # All that lie in a buffer: before one is written over, nobody may be left who reads another.
        self.aliases: dict[Buffer, set[Variable]] = {}
        # By variable the nodes that have still to read it: what nobody reads is not written, or may be written over.
        self.unread: dict[Variable, set[Apply]] = {}
        for node in nodes:
            for var in node.inputs:
                self.unread.setdefault(var, set()).add(node)

    # ---------------------------------------------------------------- values

    def bind(self, variable: Variable, value: Value) -> None:
        """Say what a variable is."""
        self.values[variable] = value
        if isinstance(value, Window):
            self.aliases.setdefault(value.buffer, set()).add(variable)

    def uniform(self, variable: Variable) -> Scalar | None:
        """The one number that the variable holds everywhere, where that is known."""
        value = self.values.get(variable)
        if isinstance(value, Scalar):
            return value
        if value is None and isinstance(variable, Constant) and not is_generator(variable):
            data = np.asarray(variable.data)
            if data.size == 1 or (data.size and data.ndim and data.strides == (0,) * data.ndim):
                return const(data.flat[0], dtype_of(variable))
        return None

    def element(self, kernel: OpenKernel, variable: Variable) -> Scalar:
        """The variable's element at the index of `kernel`."""
        if (same := self.uniform(variable)) is not None:
            return same
        # Before any look into memory: what follows from shapes is a number in the code, and mostly lies nowhere.
        number = self.shapes.number_or_none(variable)
        if isinstance(number, int) and not self.shapes.of(variable):
            return const(number, dtype_of(variable))
        if isinstance(number, Size) and variable not in self.values:
            return kernel.argument(Number(number, dtype_of(variable)))
        value = self.values.get(variable)
        if value is kernel:
            return kernel.members[variable]
        return kernel.argument(self.window(variable).broadcast(kernel.shape))

    def window(self, variable: Variable) -> Window:
        """Where the variable is, written if it was not yet."""
        value = self.values.get(variable)
        if isinstance(value, OpenKernel):
            self.close(value)
            value = self.values[variable]
        if value is None or isinstance(value, Scalar):
            value = self._written(variable, value)
        assert isinstance(value, Window), variable
        return value

    def _written(self, variable: Variable, value: Scalar | None) -> Window:
        """A number, a constant or what is known of a shape, put into memory."""
        if isinstance(variable, Constant) and value is None:
            data = state_of(variable.data) if is_generator(variable) else np.asarray(variable.data)
            window = self.constant(data)
            self.bind(variable, window)
            return window
        window = self.place(variable)
        if value is not None:
            self.write(window, [], value)
        else:
            numbers = self.shapes.number_or_none(variable)
            assert numbers is not None, f"{variable} of {variable.owner} was not lowered"
            self._write_numbers(window, numbers)
        self.bind(variable, window)
        return window

    def _write_numbers(self, window: Window, numbers: Int | tuple[Int, ...]) -> None:
        entries = (
            [((), numbers)]
            if not isinstance(numbers, tuple)
            else [((i,), n) for i, n in enumerate(numbers)]
        )
        for index, number in entries:
            target = window.indexed(0, index[0]) if index else window
            kernel = OpenKernel(())
            value = (
                const(number, window.dtype)
                if isinstance(number, int)
                else kernel.argument(Number(number, window.dtype))
            )
            self.body.append(Kernel((), [target], kernel.inputs, [value]))

    def constant(self, data: np.ndarray) -> Window:
        """An array that is part of the program."""
        data = np.asarray(data, order="C")  # of rank 0, too, which ascontiguousarray makes 1
        self.parts.constants.append(data)
        buffer = Buffer(str(data.dtype), data.size, "constant", len(self.parts.constants) - 1)
        return whole(buffer, data.shape)

    # ---------------------------------------------------------------- places

    def place(self, variable: Variable) -> Window:
        """The window that the variable is to be written to: where something wants it, or a buffer of its own."""
        if variable in self.placed:
            return self.placed[variable]
        wanted = self.places.get(variable)
        window = wanted() if wanted is not None else None
        # Of another dtype it would have to be cast, which the one who wants it there does when it copies.
        if window is None or window.dtype != dtype_of(variable):
            window = self.temporary(dtype_of(variable), self.shapes.of(variable))
        self.placed[variable] = window
        return window

    def temporary(self, dtype: str, shape: Shape) -> Window:
        """New memory."""
        return whole(Buffer(dtype, product(shape)), shape)

    def want(self, variable: Variable, place: Callable[[], Window | None]) -> None:
        """Ask for a variable to be written to a place, unless it is wanted elsewhere."""
        self.places.setdefault(variable, place)

    def settle(self, variable: Variable, place: Window) -> None:
        """Have the variable in `place`, by a copy where it is elsewhere."""
        value = self.values.get(variable)
        if isinstance(value, OpenKernel):
            self.close(value)
        same = self.uniform(variable)
        if same is not None:
            self.write(place, [], same)
            return
        # It may have been written to the place by now, having been wanted there.
        window = self.window(variable)
        if window != place:
            self.copy(window, place)

    def copy(self, source: Window, target: Window) -> None:
        """Copy elements; `source` is seen as of the target's shape."""
        self.write(target, [source], arg(0, source.dtype))

    def write(self, target: Window, inputs: Sequence[Window], value: Scalar) -> None:
        """``target := value`` of the elements of `inputs`, seen as of the target's shape; cast to its dtype."""
        sources: list[Window | Number] = [w.broadcast(target.shape) for w in inputs]
        self.body.append(Kernel(target.shape, [target], sources, [cast(value, target.dtype)]))

    def settle_broadcast(self, variable: Variable, place: Window) -> None:
        """As `settle`, for a variable that may be repeated along axes."""
        if self.uniform(variable) is None and self.shapes.of(variable) != place.shape:
            self.copy(self.window(variable), place)
        else:
            self.settle(variable, place)

    def add_to(self, target: Window, variable: Variable) -> None:
        """``target += variable``."""
        kernel = OpenKernel(target.shape)
        terms = [kernel.argument(target), self.element(kernel, variable)]
        # As NumPy's ``+=``: added in the common dtype, and only then cast to the target's.
        common = np.result_type(*(term.dtype for term in terms)).name
        total = scalar("or" if common == "bool" else "add", *(cast(term, common) for term in terms))
        self.body.append(Kernel(target.shape, [target], kernel.inputs, [cast(total, target.dtype)]))

    def contiguous(self, window: Window) -> Window:
        """The same elements in row-major order."""
        return window if window.is_contiguous else self.contiguous_copy(window)

    def contiguous_copy(self, window: Window) -> Window:
        """The same elements in row-major order, in memory of their own."""
        copy = self.temporary(window.dtype, window.shape)
        self.copy(window, copy)
        return copy

    def can_overwrite(self, variable: Variable, node: Apply) -> bool:
        """Whether `node` may write into the variable's memory: nothing else reads it any more."""
        value = self.values.get(variable)
        if (
            not isinstance(value, Window)
            # Inputs are the caller's, constants the program's, and what lies in an output may be that output.
            or value.buffer.kind != "temporary"
            or value.buffer in self.borrowed
        ):
            return False
        if any(s == 0 and n != 1 for n, s in zip(value.shape, value.strides, strict=True)):
            return False  # entries that are one in memory
        for alias in self.aliases.get(value.buffer, ()):
            if alias in self.outputs or self.unread.get(alias, set()) - {node}:
                return False
            if (
                alias is not variable and alias in node.inputs
            ):  # the node reads it elsewhere while it writes
                return False
        # Read twice, it would be read after it was written in part.
        return list(node.inputs).count(variable) == 1

    def before_write(self, buffer: Buffer) -> None:
        """Close what still has to read a buffer that is about to be overwritten."""
        for kernel in [k for k in self.open if k.reads(buffer)]:
            self.close(kernel)

    # ---------------------------------------------------------------- kernels

    def elementwise(self, node: Apply, algebra: Callable[[list[Scalar]], list[Scalar]]) -> None:
        """Add a node whose outputs are `algebra` of the elements of its inputs."""
        kernel = self.kernel_for(self.shapes.of(node.outputs[0]), node.inputs)
        values = algebra([self.element(kernel, var) for var in node.inputs])
        if kernel not in self.open:  # closed by an input that had to be written
            self.open.append(kernel)
        for var, value in zip(node.outputs, values, strict=True):
            kernel.members[var] = value
            # Not by `bind`: it lies in no buffer yet, so it is nobody's alias.
            self.values[var] = kernel

    def kernel_for(self, shape: Shape, inputs: Sequence[Variable]) -> OpenKernel:
        """The open kernel that algebra of these inputs joins, made if there is none."""
        sources: dict[OpenKernel, None] = {}
        for var in inputs:
            value = self.values.get(var)
            if isinstance(value, OpenKernel) and value.shape != shape:
                self.close(value)  # an extent is repeated: its values are needed first
        for var in inputs:
            value = self.values.get(var)
            if isinstance(value, OpenKernel):
                sources[value] = None
            elif isinstance(value, Window):
                # One pass over memory serves all who read it.
                sources |= dict.fromkeys(
                    k for k in self.open if k.shape == shape and k.reads(value.buffer)
                )
        size = product(shape)
        if isinstance(size, int) and size <= TINY:
            sources |= dict.fromkeys(k for k in self.open if k.shape == shape)
        # Any open kernels may become one, in whatever order they came: each reads only what was written before it.
        first, *others = sources or [OpenKernel(shape)]
        for other in others:
            if len(first.inputs) + len(other.inputs) > MOST_INPUTS:
                if any(self.values.get(var) is other for var in inputs):
                    self.close(other)
                continue
            first.absorb(other)
            self.open.remove(other)
            for var in other.members:
                self.values[var] = first
        if len(first.inputs) >= MOST_INPUTS and first in self.open:
            self.close(first)
            first = OpenKernel(shape)
        return first

    def close(self, kernel: OpenKernel) -> None:
        """Write a kernel: the values of it that are still to be read become windows."""
        if kernel in self.open:
            self.open.remove(kernel)
        outputs, body = [], []
        for var, value in kernel.members.items():
            # It was given a place otherwise, as a state is that the last kernel of a step writes.
            if self.values.get(var) is not kernel:
                continue
            # All others were on the way to these, and stay in registers.
            if var in self.outputs or self.unread.get(var):
                window = self.place(var)
                outputs.append(window)
                body.append(value)
                self.bind(var, window)
        for value, window in kernel.copies:
            outputs.append(window)
            body.append(value)
        if outputs:
            self.body.append(pruned(kernel.shape, outputs, kernel.inputs, body))

    def close_all(self) -> None:
        for kernel in list(self.open):
            self.close(kernel)

    def check(self, condition: Variable, error: Exception) -> None:
        """Stop with `error` where a 0-d variable is zero."""
        self.body.append(Check(self.window(condition), self.parts.error(error)))

    def done(self, node: Apply) -> None:
        """Say that a node was lowered."""
        for var in set(node.inputs):
            self.unread[var].discard(node)


def pruned(
    shape: Shape, outputs: list[Window], inputs: list[Window | Number], body: list[Scalar]
) -> Kernel:
    """A kernel without the inputs that nothing of it reads."""
    read = sorted({node.data for node in in_order(body) if node.op == "arg"})
    new = {old: arg(i, inputs[old].dtype) for i, old in enumerate(read)}
    return Kernel(shape, outputs, [inputs[i] for i in read], substituted(body, new))
