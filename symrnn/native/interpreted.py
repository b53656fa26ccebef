"""A Scan whose steps Python counts: they can't be lowered, or a state changes in shape or is no array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply

from symrnn.native.nested import Steps, ended


def run_steps(op: Steps, node: Apply, given: Sequence[Any]) -> list:
    """The outputs of a `Steps` node for the values of its inputs."""
    scan, info = op.scan, op.scan.info
    steps = int(given[0])
    sequences = scan.outer_seqs(given)
    check_steps(steps, sequences)
    taps = [*info.mit_mot_in_slices, *info.mit_sot_in_slices, *info.sit_sot_in_slices]
    outer = [*scan.outer_mitmot(given), *scan.outer_mitsot(given), *scan.outer_sitsot(given)]
    # The steps write into them, and they may be the caller's.
    buffers = [np.array(buffer) for buffer in outer]
    # The oldest tap of the first step is entry 0, so that step writes as many entries further on.
    firsts = [-min((0, *slices)) for slices in taps]
    states = list(scan.outer_untraced_sit_sot(given))
    constant = scan.outer_non_seqs(given)
    traces = Traces(node, [int(n) for n in scan.outer_nitsot(given)])
    done = 0
    for t in range(steps):
        read = [sequence[t] for sequence in sequences]
        for buffer, first, slices in zip(buffers, firsts, taps, strict=True):
            read += [buffer[(first + t + tap) % len(buffer)] for tap in slices]
        values = iter(op.step.function(*map(own, read), *states, *constant))
        for buffer, at, value in _written(info, buffers, firsts, traces, t, values):
            put(buffer, at % len(buffer), value)
        states = list(islice(values, info.n_untraced_sit_sot))
        done = t + 1
        if info.as_while and next(values):
            break
    every = [*buffers, *traces.ended()]
    if info.as_while:  # `Ended` does the rest
        return [*every, *states, np.asarray(done)]
    starts = [*firsts, *[0] * info.n_nit_sot][info.n_mit_mot :]
    ends = [ended(b, f, done, steps) for b, f in zip(every[info.n_mit_mot :], starts, strict=True)]
    return [*every[: info.n_mit_mot], *ends, *states]


def _written(
    info: Any,
    buffers: Sequence[np.ndarray],
    firsts: Sequence[int],
    traces: Traces,
    t: int,
    values: Iterator,
) -> Iterator[tuple[np.ndarray, int, Any]]:
    """The outputs of step `t` that go to buffers, in the order in which Scan's step puts them out; the rest stays."""
    # The buffers of mit_mots are the first.
    for buffer, first, slices in zip(buffers, firsts, info.mit_mot_out_slices, strict=False):
        for tap in slices:
            yield buffer, first + t + tap, next(values)
    for buffer, first in zip(buffers[info.n_mit_mot :], firsts[info.n_mit_mot :], strict=True):
        yield buffer, first + t, next(values)
    for i, value in enumerate(islice(values, info.n_nit_sot)):
        yield traces.buffer(i, np.shape(value)), t, value


class Traces:
    """Buffers of what steps record besides their states."""

    def __init__(self, node: Apply, lengths: Sequence[int]) -> None:
        self.types = [out.type for out in node.op.scan.outer_nitsot_outs(node.outputs)]
        self.lengths = lengths
        self.buffers: list[np.ndarray | None] = [None] * len(lengths)

    def buffer(self, i: int, shape: tuple[int, ...]) -> np.ndarray:
        """Buffer `i`, of entries of a shape, which is not known before a step has recorded something."""
        found = self.buffers[i]
        if found is None:
            found = np.zeros((self.lengths[i], *shape), self.types[i].dtype)
            self.buffers[i] = found
        return found

    def ended(self) -> list[np.ndarray]:
        """All of them; one that no step wrote to is empty."""
        return [self.empty(i) if found is None else found for i, found in enumerate(self.buffers)]

    def empty(self, i: int) -> np.ndarray:
        """No entries, of a shape as far as it is known."""
        shape = [0 if n is None else n for n in self.types[i].shape[1:]]
        return np.zeros((0, *shape), self.types[i].dtype)


def own(value: object) -> np.ndarray:
    """An entry of a buffer as an array that stays as it is when the buffer changes."""
    return np.array(value)


def put(buffer: np.ndarray, at: int, value: np.ndarray) -> None:
    """Write an entry of a buffer, which is of one shape throughout."""
    if np.shape(value) != buffer.shape[1:]:
        raise ValueError(
            f"an output of a Scan must keep its shape, which is {buffer.shape[1:]}, but becomes {np.shape(value)}"
        )
    buffer[at] = value


def check_steps(steps: int, sequences: Iterable[np.ndarray]) -> None:
    """As PyTensor checks the inputs of a Scan."""
    if steps < 0:
        raise IndexError(f"Scan was asked to run for negative number of step {steps}")
    for i, sequence in enumerate(sequences):
        if len(sequence) < steps:
            raise ValueError(
                f"Sequence {i} has shape {sequence.shape} but the Scan's required number of steps is {steps}"
            )
