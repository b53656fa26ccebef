"""A graph as a Python callable: native programs by signature, and what can't be lowered run between them.

At the first call with arrays of some shapes the graph is cut into *stages*. A stage is as much as can be lowered with
what is known, one native program, and then the nodes that wait for values: those whose op isn't lowered are run as
PyTensor runs them, those whose shape depends on a value are lowered in the next stage, where the value is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.scalar.basic import ScalarType
from pytensor.tensor.shape import Shape, Shape_i

from symrnn.collector import collector_at_rest
from symrnn.native import warm
from symrnn.native.compiled import NativeProgram, lowered_program
from symrnn.native.generators import OWNER_AT, Generators, OtherBitGenerator, state_of
from symrnn.native.inlined import written_out
from symrnn.native.lowering import Unsupported, infer
from symrnn.native.nested import Graph
from symrnn.native.python_ops import PythonGraph, PythonNode, handed_out
from symrnn.native.repeated import MOST_SIGNATURES, RecordedProgram, Repeated
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
    next stage."""

    pattern: Pattern
    inputs: list[Variable]
    outputs: list[Variable]
    program: NativeProgram | None
    fallbacks: list[Fallback]
    following: Stage | None


class Stage:
    """Nodes that are still to be computed, from variables that are."""

    def __init__(self, nodes: Sequence[Apply], outputs: Sequence[Variable]):
        self.nodes, self.outputs = list(nodes), list(outputs)
        read = dict.fromkeys(
            var for node in self.nodes for var in node.inputs if not isinstance(var, Constant)
        )
        made = {var for node in self.nodes for var in node.outputs}
        wanted = [var for var in self.outputs if not isinstance(var, Constant)]
        self.inputs = [var for var in dict.fromkeys([*read, *wanted]) if var not in made]
        self.arrays = [var for var in self.inputs if is_array(var)]
        self.promoted: list[Variable] = []  # whole numbers that shapes depend on
        self.variants: list[Variant] = []
        self.known: dict[Flat, tuple[Variant, tuple[int, ...]]] = {}

    def run(self, values: dict[Variable, Any]) -> None:
        """Compute everything, into `values`."""
        found = self.known.get(self.signature(values))
        variant, extents = found or self.found(values)
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

    def signature(self, values: dict[Variable, Any]) -> Flat:
        """What a program depends on: all extents, and the numbers that decide shapes."""
        return signature(
            [values[var] for var in self.arrays], [values[var] for var in self.promoted]
        )

    def found(self, values: dict[Variable, Any]) -> tuple[Variant, tuple[int, ...]]:
        """The variant for a signature that is new, made if there is none that fits."""
        flat = self.signature(values)
        for variant in self.variants:
            extents = (
                variant.pattern.fits(flat) if len(variant.pattern.entries) == len(flat) else None
            )
            if extents is not None:
                return self._remember(flat, variant, extents)
        alike = [v.pattern for v in self.variants if len(v.pattern.entries) == len(flat)]
        pattern = alike[-1].loosened(flat) if alike else Pattern(flat)
        try:
            with collector_at_rest():
                variant = self.prepared(values, pattern)
        except Exception as error:
            error.args = with_numbers(error, pattern.facts.values)
            raise
        self.variants.append(variant)
        return self._remember(self.signature(values), variant, variant.pattern.facts.values)

    def _remember(
        self, flat: Flat, variant: Variant, extents: dict[str, int]
    ) -> tuple[Variant, tuple[int, ...]]:
        if len(self.known) >= MOST_SIGNATURES:
            self.known.clear()
        self.known[flat] = variant, tuple(extents.values())
        return self.known[flat]

    def _shapes(self, values: dict[Variable, Any], pattern: Pattern) -> Shapes:
        """What is known of the inputs, extents that are parameters as sizes."""
        ranks = [values[var].ndim for var in self.arrays]
        counts = [np.size(values[var]) for var in self.promoted]
        *parts, rest = unflattened(pattern.sizes(), [*ranks, sum(counts)])
        shapes = Shapes(dict(zip(self.arrays, parts, strict=True)))
        for var, numbers in zip(self.promoted, unflattened(rest, counts), strict=True):
            shapes.numbers[var] = numbers if values[var].ndim else numbers[0]
        return shapes

    def prepared(self, values: dict[Variable, Any], pattern: Pattern) -> Variant:
        """The variant for arrays like these."""
        while True:
            shapes = self._shapes(values, pattern)
            taken, left, wish = self._divided(shapes)
            if not wish:
                break
            self.promoted += wish
            pattern = Pattern(self.signature(values))
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
        return Variant(pattern, inputs, outputs, program, fallbacks, following)

    def _divided(
        self, shapes: Shapes
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
                wish = self._numbers_behind(error.variable)
                if wish:
                    return taken, left, wish
                left.append((node, error))
                produced.update(node.outputs)
            except Unsupported as error:
                left.append((node, error))
                produced.update(node.outputs)
        return taken, left, []

    def _numbers_behind(self, variable: Variable) -> list[Variable]:
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
                if var not in self.promoted and var not in found:
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


class GraphFunction:
    """A graph within a graph that is called with values, as `NativeFunction` is."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.stage = Stage(graph.nodes, graph.outputs)
        self.dtypes = [dtype_of(var) if is_array(var) else None for var in graph.inputs]

    def __call__(self, *given: object) -> list:
        values = {
            var: value if dtype is None else readable(value, dtype)
            for var, dtype, value in zip(self.graph.inputs, self.dtypes, given, strict=True)
        }
        self.stage.run(values)
        return [
            var.data if isinstance(var, Constant) else handed_out(var, values[var])
            for var in self.graph.outputs
        ]


class NativeFunction:
    """A graph that is called with the values of its inputs and returns those of its outputs.

    Attributes
    ----------
    stage
        The graph's nodes, by stages; None on a warm start, until a call comes that no program is kept for.
    """

    def __init__(self, fgraph: FunctionGraph):
        self.fgraph = fgraph
        self.inputs, self.outputs = list(fgraph.inputs), list(fgraph.outputs)
        self.dtypes = [dtype_of(var) if is_array(var) else None for var in self.inputs]
        self.warm = getattr(fgraph, "warm", None)
        self.recorded = (
            [RecordedProgram(r) for r in self.warm.recorded] if self.warm is not None else []
        )
        self.takes_generators = any(map(is_generator, self.inputs))
        self.gives_arrays = not any(
            isinstance(var.type, ScalarType) or is_generator(var) for var in self.outputs
        )
        self.generators = Generators()
        self.repeated: Repeated | None = None
        self.by_nodes: PythonGraph | None = None
        self.stage: Stage | None = None
        if not self.recorded:
            self.stage = self._stages()

    def _stages(self) -> Stage:
        graph = written_out(self.fgraph)
        self.inputs, self.outputs = graph.inputs, graph.outputs
        return Stage(graph.nodes, graph.outputs)

    def _stage(self) -> Stage:
        """The stages, for which a graph that was known from an earlier process is rewritten after all, once."""
        if self.stage is None:
            assert self.warm is not None
            self.fgraph = self.warm.rewritten(self.fgraph)
            self.stage = self._stages()
        return self.stage

    def __call__(self, *given: object) -> list:
        try:
            taken = self._as_states(given) if self.takes_generators else given
            outputs = repeated(taken) if (repeated := self.repeated) is not None else None
            if outputs is None:
                outputs = self._called(taken)
        except OtherBitGenerator:
            if self.by_nodes is None:
                self._stage()
                self.by_nodes = PythonGraph(self.fgraph)
            return self.by_nodes(given)
        return outputs if self.gives_arrays else self._handed_out(outputs, given)

    def _as_states(self, given: Sequence[object]) -> list[object]:
        """The arguments, generators as their states, each of which says which argument it was."""
        return [
            state_of(value, i, is_told=True) if isinstance(value, Generator) else value
            for i, value in enumerate(given)
        ]

    def _called(self, given: Sequence[object]) -> list:
        """The outputs of a call that is not like the last one; generators among `given` are states."""
        values: list[Any] = [
            value if dtype is None else readable(value, dtype)
            for dtype, value in zip(self.dtypes, given, strict=True)
        ]
        for program in self.recorded:
            if (outputs := program(values)) is not None:
                self.repeated = program.repeated(values)
                return outputs
        stage = self._stage()
        count = len(stage.variants)
        by_variable = dict(zip(self.inputs, values, strict=True))
        stage.run(by_variable)
        if len(stage.variants) != count:
            self._record(stage)
        self.repeated = self._repeated(stage, by_variable, values)
        return [var.data if isinstance(var, Constant) else by_variable[var] for var in self.outputs]

    def _handed_out(self, values: list, given: Sequence[Any]) -> list:
        """The outputs as PyTensor's types have them: a `ScalarType`'s is NumPy's scalar, a generator is one again."""
        outputs = []
        for var, value in zip(self.fgraph.outputs, values, strict=True):
            if is_generator(var) and isinstance(value, np.ndarray) and value[OWNER_AT] >= 0:
                seed = given[value[OWNER_AT]].bit_generator.seed_seq
                outputs.append(self.generators.with_state(value, seed))
            else:
                outputs.append(handed_out(var, value))
        return outputs

    def _repeated(
        self, stage: Stage, by_variable: dict[Variable, Any], values: Sequence[Any]
    ) -> Repeated | None:
        """What serves calls like this one, where it is a single program and no number decides a shape."""
        if stage.promoted:
            return None
        variant, extents = stage.known[stage.signature(by_variable)]
        places = self._places(variant)
        if places is None or variant.program is None:
            return None
        position = {var: i for i, var in enumerate(self.inputs)}
        arrays = [position[var] for var in stage.arrays]
        return Repeated(variant.program, extents, *places, [(i, values[i]) for i in arrays])

    def _places(self, variant: Variant) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """Which of the function's inputs a program is given, and where the function's outputs come from.

        Those are outputs of the program, or, as ``-1 - i``, inputs. None where another part of the function computes.
        """
        if variant.fallbacks or variant.following is not None or variant.program is None:
            return None
        position = {var: i for i, var in enumerate(self.inputs)}
        made = {var: i for i, var in enumerate(variant.outputs)}
        if any(var not in made and var not in position for var in self.outputs):
            return None
        return (
            tuple(position[var] for var in variant.inputs),
            tuple(made.get(var, -1 - position.get(var, 0)) for var in self.outputs),
        )

    def _record(self, stage: Stage) -> None:
        """Keep the programs for processes to come, where the whole function is one."""
        if self.warm is None or self.warm.digest is None or not warm.is_on():
            return
        found = (self._recorded(stage, variant) for variant in stage.variants)
        made = [recorded for recorded in found if recorded is not None]
        if made:
            warm.save(self.warm.digest, [*(p.recorded for p in self.recorded), *made])

    def _recorded(self, stage: Stage, variant: Variant) -> warm.Recorded | None:
        """A variant by positions of inputs and outputs; None where Python runs a part of it."""
        places = self._places(variant)
        if places is None or variant.program is None or variant.program.lowered.callbacks:
            return None
        position = {var: i for i, var in enumerate(self.inputs)}
        arrays, promoted = (
            tuple(position[var] for var in some) for some in (stage.arrays, stage.promoted)
        )
        return warm.Recorded(variant.pattern, arrays, promoted, *places, variant.program.lowered)
