"""`Builder`: makes the nodes of a graph, and simplifies them as it makes them.

What reads constants alone is evaluated, what stands there already is not made again, and each rule of
`symrnn.export.simplify.RULES` may answer with something simpler. Equal graphs so become the same graph, however they
were written, as far as the rules go; what depends on a cell's algebra is left to `symrnn.export.algebra`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from symrnn.export.arithmetic import ELEMENTWISE, evaluated
from symrnn.export.graph import Node, Shape, Value

TRUTHS = {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "Not"}
TRUTHS |= {"IsNaN", "IsInf"}
LARGEST_FOLDED = 1 << 22  # entries of a constant that takes the place of smaller ones


class Builder:
    """Makes values of one graph; `floats` is the dtype that every float of it has.

    Examples
    --------
    >>> b = Builder()
    >>> x = Value("float32", (None, 3), "x")
    >>> b.make("Add", x, b.make("Mul", b.constant(2.0), b.constant(3.0))).node.inputs[1].constant
    array(6., dtype=float32)
    """

    def __init__(self, floats: str = "float32") -> None:
        self.floats = floats
        self.line = ""
        self._made: dict[Any, list[Value]] = {}
        self._constants: dict[Any, Value] = {}

    def kind(self, dtype: str) -> str:
        """The dtype here of what is `dtype` in PyTensor."""
        return self.floats if np.dtype(dtype).kind == "f" else str(dtype)

    def constant(self, array: Any, name: str | None = None, dtype: str | None = None) -> Value:
        """A constant; one of this content and name is made once."""
        array = np.asarray(array)
        # `ascontiguousarray` makes a vector of what has no axes; `reshape` undoes that.
        array = np.ascontiguousarray(array, dtype=self.kind(dtype or array.dtype)).reshape(
            array.shape
        )
        # The name is in the key: two weights of the same values, both zeros say, keep their own names.
        key = (array.dtype.str, array.shape, array.tobytes(), name)
        if key not in self._constants:
            self._constants[key] = Value(str(array.dtype), array.shape, name, array)
        return self._constants[key]

    def parameters(self) -> dict[tuple[Shape, bytes], str]:
        """The names of constants that have one, by shape and bytes; what two names have is left out."""
        found: dict[tuple[Shape, bytes], str] = {}
        twice = set()
        for value in self._constants.values():
            if value.name and value.constant is not None:
                key = (value.shape, value.constant.tobytes())
                twice |= {key} if found.setdefault(key, value.name) != value.name else set()
        return {key: name for key, name in found.items() if key not in twice}

    def integer(self, number: int) -> Value:
        """A scalar int64."""
        return self.constant(np.int64(number))

    def make(
        self,
        op: str,
        *inputs: Value | None,
        dtype: str | None = None,
        shape: Shape | None = None,
        **attributes: Any,
    ) -> Value:
        """The value of an operator with one output.

        Its `dtype` and `shape` follow from the inputs for whatever is element-wise, and are given otherwise.
        """
        from symrnn.export.simplify import RULES

        if op in ELEMENTWISE:
            given: Any = inputs
            operands, dtype, shape = self._elementwise(op, list(given), dtype)
            inputs = tuple(operands)
        assert dtype is not None
        assert shape is not None
        dtype = self.kind(dtype)
        if (folded := self._folded(op, inputs, attributes, dtype)) is not None:
            return folded
        for rule in RULES.get(op, ()):
            simpler = rule(self, inputs, attributes)
            if simpler is not None:
                return simpler
        [value] = self.node(op, inputs, [(dtype, shape)], attributes)
        return value

    def node(
        self,
        op: str,
        inputs: Sequence[Value | None],
        types: Sequence[tuple[str, Shape]],
        attributes: dict[str, Any],
    ) -> list[Value]:
        """The outputs, of these dtypes and shapes, of an operator; nothing is simplified."""
        # By identity: equal inputs are the same objects already, and the nodes in the table keep their inputs alive.
        key = (op, tuple(map(id, inputs)), repr(sorted(attributes.items(), key=str)))
        # The text of a body says too little of it, so no two loops are taken for one.
        if "body" not in attributes and key in self._made:
            return self._made[key]
        made = Node(op, tuple(inputs), attributes, line=self.line)
        made.outputs = [Value(self.kind(dtype), shape, node=made) for dtype, shape in types]
        self._made[key] = made.outputs
        return made.outputs

    def _elementwise(
        self, op: str, inputs: list[Value], dtype: str | None
    ) -> tuple[list[Value], str, Shape]:
        """Inputs of one dtype, and what comes out of them."""
        shape = broadcast([v.shape for v in inputs])
        inputs = self._stripped(inputs, len(shape))
        # The condition stays a truth; the two choices alone are brought to one dtype.
        if op == "Where":
            common = self.kind(dtype or str(np.result_type(*(v.dtype for v in inputs[1:]))))
            return [inputs[0], *(self.cast(v, common) for v in inputs[1:])], common, shape
        if op in TRUTHS:
            # ONNX compares operands of one dtype alone; the answer is a truth whatever that is.
            common = str(np.result_type(*(v.dtype for v in inputs)))
            return [self.cast(v, self.kind(common)) for v in inputs], "bool", shape
        common = self.kind(dtype or str(np.result_type(*(v.dtype for v in inputs))))
        return [self.cast(v, common) for v in inputs], common, shape

    def _stripped(self, inputs: list[Value], ndim: int) -> list[Value]:
        """Inputs without the axes of length one in front of constants, which broadcasting puts there."""
        # Some operand must keep the number of axes, or the result would lose them with the constants.
        if not any(v.constant is None and v.ndim == ndim for v in inputs):
            return inputs
        stripped = []
        for v in inputs:
            if v.constant is not None and v.shape[:1] == (1,) and v.constant.size > 1:
                array = v.constant
                while array.shape[0] == 1:
                    array = array[0]
                v = self.constant(array, v.name)
            stripped.append(v)
        return stripped

    def _folded(
        self, op: str, inputs: Sequence[Value | None], attributes: dict[str, Any], dtype: str
    ) -> Value | None:
        """The constant that an operator on constants is; an Expand stays, for it is shorter than what it makes."""
        known = [None if v is None else v.constant for v in inputs]
        if op == "Expand" or not inputs:
            return None
        if any(v is not None and a is None for v, a in zip(inputs, known, strict=True)):
            return None
        if op == "Dim":
            return self.integer(inputs[0].shape[attributes["axis"]])  # type: ignore[union-attr]
        array = evaluated(op, known, attributes)
        if array.size > LARGEST_FOLDED:
            return None
        names = {v.name for v in inputs if v is not None and v.name}
        # A weight that is cast or widened is still the user's weight; what is computed from one is another.
        name = names.pop() if op in ("Cast", "Unsqueeze", "Squeeze") and len(names) == 1 else None
        return self.constant(array, name, dtype)

    def cast(self, value: Value, dtype: str) -> Value:
        """`value` as `dtype`."""
        dtype = self.kind(dtype)
        if value.dtype == dtype:
            return value
        return self.make("Cast", value, dtype=dtype, shape=value.shape, to=dtype)

    def binary(self, op: str, a: Value, b: Value) -> Value:
        """An element-wise operator of two scalars or arrays."""
        return self.make(op, a, b)

    def reshape(self, x: Value, lengths: Sequence[Value], shape: Shape) -> Value:
        """`x` in another shape; one of `lengths` may be -1."""
        return self.make("Reshape", x, *lengths, dtype=x.dtype, shape=shape)

    def transpose(self, x: Value, perm: Sequence[int]) -> Value:
        """`x` with its axes in another order."""
        if tuple(perm) == tuple(range(x.ndim)):
            return x
        shape = tuple(x.shape[axis] for axis in perm)
        return self.make("Transpose", x, dtype=x.dtype, shape=shape, perm=tuple(perm))

    def unsqueeze(self, x: Value, *axes: int) -> Value:
        """`x` with axes of length one, at these places of the result."""
        rest = iter(x.shape)
        shape = tuple(1 if i in axes else next(rest) for i in range(x.ndim + len(axes)))
        return self.make("Unsqueeze", x, dtype=x.dtype, shape=shape, axes=tuple(axes))

    def squeeze(self, x: Value, *axes: int) -> Value:
        """`x` without these axes, which are of length one."""
        if not axes:
            return x
        shape = tuple(size for i, size in enumerate(x.shape) if i not in axes)
        return self.make("Squeeze", x, dtype=x.dtype, shape=shape, axes=tuple(axes))

    def concat(self, parts: Sequence[Value], axis: int) -> Value:
        """`parts` joined along `axis`."""
        sizes = [part.shape[axis] for part in parts]
        total = None if None in sizes else sum(sizes)  # type: ignore[arg-type]
        shape = tuple(
            total if i == axis else next((p.shape[i] for p in parts if p.shape[i] is not None), None)
            for i in range(parts[0].ndim)
        )  # fmt: skip
        return self.make("Concat", *parts, dtype=parts[0].dtype, shape=shape, axis=axis)

    def slice(
        self,
        x: Value,
        axis: int,
        start: Value | int | None = None,
        stop: Value | int | None = None,
        step: int = 1,
    ) -> Value:
        """``x[start:stop:step]`` along one axis."""
        first, last = (self.integer(v) if isinstance(v, int) else v for v in (start, stop))
        numbers = [None if v is None else v.constant for v in (first, last)]
        known = all(v is None or n is not None for v, n in zip((first, last), numbers, strict=True))
        size = x.shape[axis]
        if known and size is not None:
            low, high = (None if n is None else int(n) for n in numbers)
            at = slice(low, high, step)
            size = len(range(*at.indices(size)))
        else:
            size = None if (first, last) != (None, None) or abs(step) != 1 else size
        shape = tuple(size if i == axis else n for i, n in enumerate(x.shape))
        return self.make("Slice", x, first, last, dtype=x.dtype, shape=shape, axis=axis, step=step)

    def gather(self, x: Value, index: Value | int, axis: int) -> Value:
        """``x[index]`` along one axis."""
        at = self.integer(index) if isinstance(index, int) else index
        shape = (*x.shape[:axis], *at.shape, *x.shape[axis + 1 :])
        return self.make("Gather", x, at, dtype=x.dtype, shape=shape, axis=axis)

    def flip(self, x: Value, axis: int) -> Value:
        """`x` backwards along `axis`."""
        return self.slice(x, axis, step=-1)


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape that arrays of these shapes have together.

    Examples
    --------
    >>> broadcast([(None, 1, 3), (1, 3), ()])
    (None, 1, 3)
    """
    ndim = max(len(shape) for shape in shapes)
    padded = [(1,) * (ndim - len(shape)) + tuple(shape) for shape in shapes]
    result: list[int | None] = []
    for sizes in zip(*padded, strict=True):
        # PyTensor broadcasts no length that is one by chance, so a known one is that of all.
        known = [size for size in sizes if size not in (1, None)]
        result.append(known[0] if known else None if None in sizes else 1)
    return tuple(result)
