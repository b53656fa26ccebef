"""A graph in stages: native programs by signature, and what can't be lowered run between them.

At the first call with arrays of some shapes the graph is cut into *stages*. A stage is as much as can be lowered with
what is known, one native program, and then the nodes that wait for values: those whose op isn't lowered are run as
PyTensor runs them, those whose shape depends on a value are lowered in the next stage, where the value is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.shape import Shape, Shape_i

from symrnn.collector import collector_at_rest
from symrnn.native.compiled import NativeProgram, lowered_program
from symrnn.native.generators import state_of
from symrnn.native.lowering import Unsupported, infer
from symrnn.native.python_node import PythonNode
from symrnn.native.repeated import MOST_SIGNATURES
from symrnn.native.shapes import NeedsValue, Shapes, dtype_of, is_array, is_generator
from symrnn.native.signatures import Flat, Pattern, signature, unflattened
from symrnn.native.sizes import with_numbers


@dataclass(eq=False)
class Fallback:
    """A node that PyTensor runs itself, with the reason."""

    node: Apply
    reason: Exception
    function: PythonNode | None = None

    def run(self, values: dict[Variable, Any]) -> None:
        """Compute the node's outputs from `values`, into `values`."""
        if self.function is None:
            self.function = PythonNode(self.node)
        results = self.function([values[var] for var in self.function.inputs])
        values.update(zip(self.node.outputs, results, strict=True))


@dataclass(eq=False)
class Variant:
    """A stage for signatures of one pattern: a program from `inputs` to `outputs`, the nodes that run after it, and the
    next stage.

    Attributes
    ----------
    promoted
        The whole numbers that signatures have besides extents.
    """

    pattern: Pattern
    promoted: tuple[Variable, ...]
    inputs: list[Variable]
    outputs: list[Variable]
    program: NativeProgram | None
    fallbacks: list[Fallback]
    following: Stage | None


class Known(NamedTuple):
    """What serves signatures with the numbers in `promoted`: the variant, and the values of its parameters."""

    promoted: tuple[Variable, ...]
    by_signature: dict[Flat, tuple[Variant, tuple[int, ...]]]


class Stage:
    """Nodes that are still to be computed, from variables that are."""

    def __init__(self, nodes: Sequence[Apply], outputs: Sequence[Variable]):
        # What changes later is replaced as a whole, never in part: another call may come while one is prepared.
        self.nodes, self.outputs = list(nodes), list(outputs)
        read = dict.fromkeys(
            var for node in self.nodes for var in node.inputs if not isinstance(var, Constant)
        )
        made = {var for node in self.nodes for var in node.outputs}
        wanted = [var for var in self.outputs if not isinstance(var, Constant)]
        self.inputs = [var for var in dict.fromkeys([*read, *wanted]) if var not in made]
        self.arrays = [var for var in self.inputs if is_array(var)]
        self.variants: list[Variant] = []
        self.known = Known((), {})

    def run(self, values: dict[Variable, Any]) -> None:
        """Compute everything, into `values`."""
        known = self.known
        flat = self.signature(values, known.promoted)
        variant, extents = known.by_signature.get(flat) or self.found(values, known, flat)
        if variant.program is not None:
            outputs = variant.program([values[var] for var in variant.inputs], extents)
            values.update(zip(variant.outputs, outputs, strict=True))
        for fallback in variant.fallbacks:
            fallback.run(values)
            for var in fallback.node.outputs:
                if is_array(var):
                    values[var] = readable(values[var], dtype_of(var))
        if variant.following is not None:
            variant.following.run(values)

    def signature(self, values: dict[Variable, Any], promoted: Sequence[Variable]) -> Flat:
        """What a program depends on: all extents, and the numbers that decide shapes."""
        return signature([values[var] for var in self.arrays], [values[var] for var in promoted])

    def found(
        self, values: dict[Variable, Any], known: Known, flat: Flat
    ) -> tuple[Variant, tuple[int, ...]]:
        """The variant for a signature that is new, made if there is none that fits."""
        # Vectors of numbers may be of other lengths.
        alike = [
            v
            for v in self.variants
            if v.promoted == known.promoted and len(v.pattern.entries) == len(flat)
        ]
        for variant in alike:
            extents = variant.pattern.fits(flat)
            if extents is not None:
                return self._remember(known, flat, variant, extents)
        pattern = alike[-1].pattern.loosened(flat) if alike else Pattern(flat)
        try:
            with collector_at_rest():
                variant = self.prepared(values, pattern, known.promoted)
        except Exception as error:
            error.args = with_numbers(error, pattern.facts.values)
            raise
        self.variants = [*self.variants, variant]
        if variant.promoted != known.promoted:
            self.known = known = Known(variant.promoted, {})
            flat = self.signature(values, known.promoted)
        return self._remember(known, flat, variant, variant.pattern.facts.values)

    def _remember(
        self, known: Known, flat: Flat, variant: Variant, extents: dict[str, int]
    ) -> tuple[Variant, tuple[int, ...]]:
        if len(known.by_signature) >= MOST_SIGNATURES:
            self.known = known = Known(known.promoted, {})
        known.by_signature[flat] = found = variant, tuple(extents.values())
        return found

    def _shapes(
        self, values: dict[Variable, Any], pattern: Pattern, promoted: Sequence[Variable]
    ) -> Shapes:
        """What is known of the inputs, extents that are parameters as sizes."""
        ranks = [values[var].ndim for var in self.arrays]
        counts = [np.size(values[var]) for var in promoted]
        *parts, rest = unflattened(pattern.sizes(), [*ranks, sum(counts)])
        shapes = Shapes(dict(zip(self.arrays, parts, strict=True)))
        for var, numbers in zip(promoted, unflattened(rest, counts), strict=True):
            shapes.numbers[var] = numbers if values[var].ndim else numbers[0]
        return shapes

    def prepared(
        self, values: dict[Variable, Any], pattern: Pattern, promoted: tuple[Variable, ...]
    ) -> Variant:
        """The variant for arrays like these, of which `pattern` has the numbers in `promoted`."""
        while True:
            shapes = self._shapes(values, pattern, promoted)
            taken, left, wish = self._divided(shapes, promoted)
            if not wish:
                break
            promoted = (*promoted, *wish)
            pattern = Pattern(self.signature(values, promoted))
        rest = [node for node, _ in left]
        known = {var for node in taken for var in node.outputs} | set(self.inputs)
        fallbacks: list[Fallback] = []
        for node, reason in left:  # in order, so that one may feed the next
            waits = reason is None or (isinstance(reason, NeedsValue) and bool(taken or fallbacks))
            if not waits and all(isinstance(var, Constant) or var in known for var in node.inputs):
                assert reason is not None
                fallbacks.append(Fallback(node, reason))
                known |= set(node.outputs)
        done = {fallback.node for fallback in fallbacks}
        later = [node for node in rest if node not in done]
        needed = {var for node in rest for var in node.inputs} | set(self.outputs)
        outputs = list(
            dict.fromkeys(var for node in taken for var in node.outputs if var in needed)
        )
        inputs = [var for var in self.arrays if any(var in node.inputs for node in taken)]
        program = None
        if outputs:
            extents = list(pattern.facts.values)
            program = NativeProgram(lowered_program(taken, inputs, outputs, shapes, extents))
        following = Stage(later, self.outputs) if later else None
        return Variant(pattern, promoted, inputs, outputs, program, fallbacks, following)

    def _divided(
        self, shapes: Shapes, promoted: Sequence[Variable]
    ) -> tuple[list[Apply], list[tuple[Apply, Exception | None]], list[Variable]]:
        """The nodes that can be lowered, those that can't with the reason, and numbers that would help."""
        taken: list[Apply] = []
        left: list[tuple[Apply, Exception | None]] = []
        produced: set[Variable] = set()  # by nodes that are left
        for node in self.nodes:
            missing = [
                var
                for var in node.inputs
                if not isinstance(var, Constant) and var not in shapes.shape
            ]
            if missing:
                waits = any(var in produced for var in missing)
                left.append(
                    (
                        node,
                        None if waits else Unsupported(node.op, "it reads what native code can't"),
                    )
                )
                produced.update(node.outputs)
                continue
            try:
                infer([node], shapes)
                taken.append(node)
            except NeedsValue as error:
                wish = self._numbers_behind(error.variable, promoted)
                if wish:
                    return taken, left, wish
                left.append((node, error))
                produced.update(node.outputs)
            except Unsupported as error:
                left.append((node, error))
                produced.update(node.outputs)
        return taken, left, []

    def _numbers_behind(self, variable: Variable, promoted: Sequence[Variable]) -> list[Variable]:
        """The inputs that are whole numbers and decide a value, if nothing else does; those already known left out."""
        inputs, found, stack = set(self.inputs), [], [variable]
        while stack:
            var = stack.pop()
            if isinstance(var, Constant):
                continue
            if var in inputs:
                if not is_array(var) or is_generator(var):
                    return []
                if dtype_of(var).startswith("float") or var.type.ndim > 1:
                    return []
                if var not in promoted and var not in found:
                    found.append(var)
            elif var.owner is None:
                return []
            elif not isinstance(var.owner.op, Shape | Shape_i):
                stack += var.owner.inputs
        return found


def readable(value: Any, dtype: str) -> np.ndarray:
    """An array that native code can read: of that dtype, aligned, in row-major order."""
    if isinstance(value, Generator):
        return state_of(value)
    array = value if isinstance(value, np.ndarray) else np.asarray(value, dtype)
    if array.dtype != dtype or not (array.flags.c_contiguous and array.flags.aligned):
        array = np.array(array, dtype, order="C", copy=True)
    return array
