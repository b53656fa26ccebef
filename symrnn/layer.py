"""A layer: one or two cells that walk a sequence side by side, as a rule for `symrnn.ops.assembled`."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, islice

import pytensor.tensor as pt

from symrnn.bptt import Direction, Weights, unrows
from symrnn.ops.scan import Recurrence, plain_scan
from symrnn.path import Path, given_lengths, known_lengths


@dataclass(frozen=True)
class Layer:
    """Cells that walk one sequence side by side.

    Attributes
    ----------
    directions
        One or two.
    loop
        `symrnn.ops.scan.scan_loop` or `static_loop`.
    gradient_steps
        Steps from the end of each walk that the gradient goes back; None for all.
    steps
        T where it is known beforehand, as `static_loop` needs.
    """

    directions: tuple[Direction, ...]
    loop: Callable
    gradient_steps: int | None = None
    steps: int | None = None

    def forward(self, path, weights):
        """``ys (T, B, sum of H)``, and each direction's last state and records, these in the order of time."""
        walks = [d.forward(path, w) for d, w in zip(self.directions, weights, strict=True)]
        results = self.loop(walks, path.steps, name="forward")
        records = [
            [d.walk(seq) for seq in seqs]
            for d, (seqs, _) in zip(self.directions, results, strict=True)
        ]
        return joined([record[0] for record in records]), [final for _, final in results], records

    def backward(self, path, weights, records, dys, dfinals):
        """The gradients of ``xs`` and of the weights; `dys` and what `dfinals` holds may be None for zero."""
        steps = self._backward_steps(path)
        given = list(zip(self.directions, weights, records, strict=True))
        walks = [
            d.backward(
                path,
                w,
                record,
                dhs,
                [_zero_unless(g, like=h) for g, h in zip(dfinal, w.initial, strict=True)],
            )
            for (d, w, record), dhs, dfinal in zip(given, self._split(dys), dfinals, strict=True)
        ]
        results = self.loop(walks, steps, name="backward")
        parts = [
            d.gradients(path, w, record, *self._completed(seqs, carried, path, steps))
            for (d, w, record), (seqs, carried) in zip(given, results, strict=True)
        ]
        dxs = parts[0][0] if len(parts) == 1 else parts[0][0] + parts[1][0]
        return unrows(dxs, path), [dweights for _, dweights in parts]

    def _backward_steps(self, path):
        """How many steps the gradient goes back."""
        if self.gradient_steps is None:
            return path.steps
        smaller = min if isinstance(path.steps, int) else pt.minimum
        return smaller(path.steps, self.gradient_steps)

    def _split(self, dys):
        """The gradient of each direction's outputs: a list of one sequence, or of none."""
        if dys is None:
            return [[] for _ in self.directions]
        ends = list(accumulate(d.cell.hidden_size for d in self.directions))
        return [
            [dys[:, :, end - d.cell.hidden_size : end]]
            for d, end in zip(self.directions, ends, strict=True)
        ]

    def _completed(self, seqs, carried, path, steps):
        """What a walk back of `gradient_steps` recorded and carried, with zeros for what it did not reach."""
        if self.gradient_steps is None:
            return seqs, carried
        missing = path.steps - steps
        zeros = [
            pt.zeros((missing, path.batch, seq.type.shape[2]), dtype=seq.type.dtype) for seq in seqs
        ]
        count = len(self.directions[0].symbols.state)
        reached = [
            pt.switch(pt.eq(missing, 0), state, pt.zeros_like(state)) for state in carried[:count]
        ]
        return [pt.join(0, *pair) for pair in zip(seqs, zeros, strict=True)], [
            *reached,
            *carried[count:],
        ]

    @property
    def is_masked(self):
        return bool(self.directions[0].symbols.mask)

    def pack(self, path, weights):
        """The flat inputs ``[steps, batch, xs, *mask, *each direction's weights]``."""
        lengths = given_lengths(path)
        return [
            *lengths,
            path.xs,
            *path.mask,
            *(var for w in weights for var in (*w[:3], *w.captured, *w.initial)),
        ]

    def unpack(self, inputs):
        """``(path, weights)`` from the flat inputs; known lengths as numbers."""
        flat = iter(inputs)
        *lengths, xs = islice(flat, 3)
        steps, batch = known_lengths(xs, lengths)
        steps = self.steps or steps
        path = Path(xs, list(islice(flat, int(self.is_masked))), steps, batch)
        return path, [
            Weights(
                *islice(flat, 3),
                list(islice(flat, len(d.captured))),
                list(islice(flat, len(d.symbols.state))),
            )
            for d in self.directions
        ]

    @property
    def visible(self):
        return 1 + sum(len(d.symbols.state) for d in self.directions)

    def outputs(self, inputs):
        """``[ys, *last states, *records]``."""
        ys, finals, records = self.forward(*self.unpack(inputs))
        return [ys, *sum(finals, []), *sum(records, [])]

    def gradients(self, inputs, outputs, cotangents):
        path, weights = self.unpack(inputs)
        dys, *dfinals = cotangents
        dfinals, records = iter(dfinals), iter(outputs[self.visible :])
        dxs, dweights = self.backward(
            path,
            weights,
            [list(islice(records, len(d.recorded))) for d in self.directions],
            dys,
            [list(islice(dfinals, len(d.symbols.state))) for d in self.directions],
        )
        return [
            None,
            None,
            *self.pack(path._replace(xs=dxs, mask=[None] * len(path.mask)), dweights)[2:],
        ]

    def plain(self, inputs):
        """``[ys, *last states]`` through `pytensor.scan`."""
        path, weights = self.unpack(inputs)
        walks = [
            _recording_states(d.forward(path, w))
            for d, w in zip(self.directions, weights, strict=True)
        ]
        results = plain_scan(walks, path.steps, gradient_steps=self.gradient_steps)
        hs = [
            d.walk(recorded[0]) for d, (recorded, _) in zip(self.directions, results, strict=True)
        ]
        return [joined(hs), *(state for _, final in results for state in final)]


def joined(hs):
    """The outputs of the directions, side by side."""
    return hs[0] if len(hs) == 1 else pt.join(2, *hs)


def _recording_states(walk):
    """The same walk, recording its states instead."""

    def step(elements, state, invariants):
        _, following = walk.step(elements, state, invariants)
        return following, following

    return Recurrence(step, walk.sequences, walk.carried, walk.invariants)


def _zero_unless(gradient, *, like):
    return pt.zeros(like.shape, dtype=like.type.dtype) if gradient is None else gradient
