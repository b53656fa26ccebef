"""A Scan whose steps Python counts: they can't be lowered, or a state changes in shape or is no array."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    firsts = [-min((0, *slices)) for slices in taps]
    states = list(scan.outer_untraced_sit_sot(given))
    constant = scan.outer_non_seqs(given)
    lengths = [int(n) for n in scan.outer_nitsot(given)]
    traces: list[Any] = [None] * info.n_nit_sot
    done = 0
    for t in range(steps):
        read = [sequence[t] for sequence in sequences]
        for buffer, first, slices in zip(buffers, firsts, taps, strict=True):
            read += [buffer[(first + t + tap) % len(buffer)] for tap in slices]
        values = iter(op.step.function(*map(own, read), *states, *constant))
        entries = []
        for buffer, first, slices in zip(buffers, firsts, info.mit_mot_out_slices, strict=False):
            entries += [(buffer, first + t + tap, next(values)) for tap in slices]
        for buffer, first in zip(buffers[info.n_mit_mot :], firsts[info.n_mit_mot :], strict=True):
            entries.append((buffer, first + t, next(values)))
        for i, value in enumerate(islice(values, info.n_nit_sot)):
            # Its shape is not known before a step has recorded something.
            if traces[i] is None:
                dtype = scan.outer_nitsot_outs(node.outputs)[i].type.dtype
                traces[i] = np.zeros((lengths[i], *np.shape(value)), dtype)
            entries.append((traces[i], t, value))
        for buffer, at, value in entries:
            put(buffer, at % len(buffer), value)
        states = list(islice(values, info.n_untraced_sit_sot))
        done = t + 1
        if info.as_while and next(values):
            break
    for i, out in enumerate(scan.outer_nitsot_outs(node.outputs)):
        if traces[i] is None:
            shape = [0 if n is None else n for n in out.type.shape[1:]]
            traces[i] = np.zeros((0, *shape), out.type.dtype)
    firsts += [0] * len(traces)
    every = [*buffers, *traces]
    if info.as_while:  # `Ended` does the rest
        return [*every, *states, np.asarray(done)]
    ends = [
        ended(b, f, done, steps)
        for b, f in zip(every[info.n_mit_mot :], firsts[info.n_mit_mot :], strict=True)
    ]
    return [*every[: info.n_mit_mot], *ends, *states]


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
