"""Graphs as Python callables: what PyTensor calls of a function, and of a graph within a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.scalar.basic import ScalarType

from symrnn.native import warm
from symrnn.native.generators import OWNER_AT, Generators, OtherBitGenerator, state_of
from symrnn.native.inlined import written_out
from symrnn.native.nested import Graph
from symrnn.native.python_node import PythonGraph, handed_out
from symrnn.native.repeated import RecordedProgram, Repeated
from symrnn.native.shapes import dtype_of, is_array, is_generator
from symrnn.native.stages import Stage, Variant, readable


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
        self.dtypes = [dtype_of(var) if is_array(var) else None for var in fgraph.inputs]
        self.warm = getattr(fgraph, "warm", None)
        self.recorded = (
            [RecordedProgram(r) for r in self.warm.recorded] if self.warm is not None else []
        )
        self.takes_generators = any(map(is_generator, fgraph.inputs))
        self.gives_arrays = not any(
            isinstance(var.type, ScalarType) or is_generator(var) for var in fgraph.outputs
        )
        self.generators = Generators()
        self.repeated: Repeated | None = None
        self.by_nodes: PythonGraph | None = None
        self.written: Written | None = None
        if not self.recorded:
            self._written()

    @property
    def stage(self) -> Stage | None:
        return None if self.written is None else self.written.stage

    def _written(self) -> Written:
        """The stages, for which a graph that was known from an earlier process is rewritten after all."""
        if self.written is None:
            fgraph = self.fgraph
            if self.recorded:
                assert self.warm is not None
                fgraph = self.warm.rewritten(fgraph)
            graph = written_out(fgraph)
            # All at once, as another call may come that does the same: their variables belong together.
            stage = Stage(graph.nodes, graph.outputs)
            self.written = Written(fgraph, graph.inputs, graph.outputs, stage)
        return self.written

    def __call__(self, *given: object) -> list:
        try:
            taken = self._as_states(given) if self.takes_generators else given
            outputs = repeated(taken) if (repeated := self.repeated) is not None else None
            if outputs is None:
                outputs = self._called(taken)
        except OtherBitGenerator:
            if self.by_nodes is None:
                self.by_nodes = PythonGraph(self._written().fgraph)
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
        written = self._written()
        stage, count = written.stage, len(written.stage.variants)
        by_variable = dict(zip(written.inputs, values, strict=True))
        stage.run(by_variable)
        if len(stage.variants) != count:
            self._record(written)
        self.repeated = written.repeated(by_variable, values)
        return [
            var.data if isinstance(var, Constant) else by_variable[var] for var in written.outputs
        ]

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

    def _record(self, written: Written) -> None:
        """Keep the programs for processes to come, where the whole function is one."""
        if self.warm is None or self.warm.digest is None or not warm.is_on():
            return
        found = (written.recorded(variant) for variant in written.stage.variants)
        made = [recorded for recorded in found if recorded is not None]
        if made:
            warm.save(self.warm.digest, [*(p.recorded for p in self.recorded), *made])


@dataclass(frozen=True)
class Written:
    """A function's graph as it is run: `fgraph` rewritten, and written out in `stage`."""

    fgraph: FunctionGraph
    inputs: Sequence[Variable]
    outputs: Sequence[Variable]
    stage: Stage

    def repeated(self, by_variable: dict[Variable, Any], values: Sequence[Any]) -> Repeated | None:
        """What serves calls like this one, where it is a single program and no number decides a shape."""
        promoted, by_signature = self.stage.known
        if promoted:
            return None
        found = by_signature.get(self.stage.signature(by_variable, ()))
        if found is None:  # another call has made room
            return None
        variant, extents = found
        places = self._places(variant)
        if places is None or variant.program is None:
            return None
        arrays = [(i, values[i]) for i in self._positions(self.stage.arrays)]
        return Repeated(variant.program, extents, *places, arrays)

    def recorded(self, variant: Variant) -> warm.Recorded | None:
        """A variant by positions of inputs and outputs; None where Python runs a part of it."""
        places = self._places(variant)
        if places is None or variant.program is None or variant.program.lowered.callbacks:
            return None
        arrays, promoted = map(self._positions, (self.stage.arrays, variant.promoted))
        return warm.Recorded(variant.pattern, arrays, promoted, *places, variant.program.lowered)

    def _positions(self, variables: Sequence[Variable]) -> tuple[int, ...]:
        position = {var: i for i, var in enumerate(self.inputs)}
        return tuple(position[var] for var in variables)

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
            self._positions(variant.inputs),
            tuple(made.get(var, -1 - position.get(var, 0)) for var in self.outputs),
        )
