"""Programs of whole functions: for calls that are like the last one, and for those of an earlier process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symrnn.native import warm
from symrnn.native.compiled import NativeProgram
from symrnn.native.direct import direct_call, is_possible
from symrnn.native.signatures import Flat, signature

CALLS_BEFORE_DIRECT = 8  # what makes them direct takes as long as a thousand calls gain
MOST_SIGNATURES = 4096  # remembered of a stage or a program, each with what serves it


class Repeated:
    """A program for calls whose arguments are like those of the last one, which is looked for no more.

    After some such calls they go to machine code directly, where that is possible.
    """

    def __init__(
        self,
        program: NativeProgram,
        extents: tuple[int, ...],
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        like: Sequence[tuple[int, np.ndarray]],
    ):
        """`inputs` and `outputs` are as `Written` has their places; `like` are the arguments that shapes
        depend on: their positions, and arrays of the same dtype and shape."""
        self.program, self.extents, self.inputs, self.outputs = program, extents, inputs, outputs
        self.like = [(i, array.dtype, array.shape) for i, array in like]
        # Of calls that don't overlap others, as those by machine code alone never do.
        self.memory = program.workspaces[0].memory(extents)
        self.calls = 0
        self.direct: Callable[..., list | None] | None = None
        self.arrays_known = 0  # to `direct`

    def __call__(self, given: Sequence[Any]) -> list | None:
        """The function's outputs; None for other arguments."""
        if self.direct is not None and (outputs := self.direct(*given)) is not None:
            return outputs
        for i, dtype, shape in self.like:
            value = given[i]
            # NumPy has one object for each plain dtype, so identity is enough; others go the long way.
            if type(value) is not np.ndarray or value.dtype is not dtype or value.shape != shape:
                return None
            flags = value.flags
            if not (flags.c_contiguous and flags.aligned):
                return None
        outputs = self.program([given[i] for i in self.inputs], self.extents)
        self._come_to_know(given)
        return [outputs[i] if i >= 0 else given[-1 - i] for i in self.outputs]

    def _come_to_know(self, given: Sequence[Any]) -> None:
        """Let machine code take such calls from now on, with all the arrays that wait to be outputs."""
        self.calls += 1
        waiting = sum(len(pool.arrays) for pool in self.memory.pools)
        if self.calls < CALLS_BEFORE_DIRECT or (
            waiting == self.arrays_known and self.direct is not None
        ):
            return
        # A program that stops is run again by Python: with callbacks, what they do besides would be done twice.
        if self.program.lowered.callbacks or self.memory.guard is not None or not is_possible():
            return
        if not self.program.is_settled:
            return
        self.arrays_known = waiting
        self.direct = direct_call(
            self.program, self.memory, len(given), self.like, self.inputs, self.outputs
        )


class RecordedProgram:
    """A program that is kept for a whole function, loaded when a call fits."""

    def __init__(self, recorded: warm.Recorded):
        self.recorded = recorded
        self.program: NativeProgram | None = None
        self.known: dict[Flat, tuple[int, ...] | None] = {}

    def __call__(self, values: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        """The function's outputs; None where the call is not of the pattern."""
        recorded = self.recorded
        flat = signature(
            [values[i] for i in recorded.arrays], [values[i] for i in recorded.promoted]
        )
        extents = self._extents(flat)
        if extents is None:
            return None
        # Loaded only now: of many patterns that are kept, a process may call one.
        if self.program is None:
            assert recorded.lowered is not None
            self.program = NativeProgram(recorded.lowered)
        outputs = self.program([values[i] for i in recorded.inputs], extents)
        return [outputs[i] if i >= 0 else values[-1 - i] for i in recorded.outputs]

    def _extents(self, flat: Flat) -> tuple[int, ...] | None:
        """The parameters of a call, None where it is not of the pattern."""
        known = self.known
        try:
            return known[flat]
        except KeyError:
            pattern = self.recorded.pattern
            fits = pattern.fits(flat) if len(flat) == len(pattern.entries) else None
        if len(known) >= MOST_SIGNATURES:
            # A new one: whoever looks into this one at the same time still finds what was there.
            self.known = known = {}
        extents = known[flat] = None if fits is None else tuple(fits.values())
        return extents

    def repeated(self, values: Sequence[np.ndarray]) -> Repeated | None:
        """What serves calls like this one, where no number decides a shape."""
        recorded = self.recorded
        if recorded.promoted or self.program is None:
            return None
        arrays = [(i, values[i]) for i in recorded.arrays]
        extents = self._extents(signature([array for _, array in arrays], []))
        assert extents is not None
        return Repeated(self.program, extents, recorded.inputs, recorded.outputs, arrays)
