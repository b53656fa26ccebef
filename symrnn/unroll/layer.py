"""A layer: one or two cells that walk a sequence side by side, as an assembly for `symrnn.ops.assembled`."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, islice

import pytensor.tensor as pt
from pytensor.tensor.basic import Join

from symrnn.ops.scan import Recurrence, plain_scan
from symrnn.unroll.direction import Direction, Projection, Weights, rows, unrows
from symrnn.unroll.sequence import Sequence, given_lengths, known_lengths
from symrnn.versions import join_parts


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

    def forward(self, sequence, projection, weights):
        """``ys (T, B, sum of H)``, and each direction's last state and records, these in the order of time."""
        walks = self._walks(sequence, projection, weights)
        results = self.loop(walks, sequence.steps, name="forward")
        records = [
            [d.walk(seq) for seq in seqs]
            for d, (seqs, _) in zip(self.directions, results, strict=True)
        ]
        return joined([record[0] for record in records]), [final for _, final in results], records

    def _walks(self, sequence, projection, weights):
        """Each direction's walk forward."""
        each = zip(self.directions, self._projected(sequence, projection), weights, strict=True)
        return [d.forward(sequence, zs, w) for d, zs, w in each]

    def _projected(self, sequence, projection):
        """The projected input of each direction, ``(T, B, G*H)``."""
        zs = unrows(pt.dot(rows(sequence.xs), projection.w_x) + projection.b, sequence)
        return columns(zs, [d.width for d in self.directions])

    def backward(self, sequence, projection, weights, records, dys, dfinals):
        """The gradients of ``xs``, of the projection, and of each direction's weights.

        `dys` and what `dfinals` holds may be None for zero.
        """
        steps = self._backward_steps(sequence)
        walks = [
            d.backward(
                sequence,
                zs,
                w,
                record,
                dhs,
                [_zero_unless(g, like=h) for g, h in zip(dfinal, w.initial, strict=True)],
            )
            for d, zs, w, record, dhs, dfinal in zip(
                self.directions,
                self._projected(sequence, projection),
                weights,
                records,
                self._split(dys),
                dfinals,
                strict=True,
            )
        ]
        results = self.loop(walks, steps, name="backward")
        dzs, dweights = zip(
            *(
                d.gradients(record, *self._completed(seqs, carried, sequence, steps))
                for d, record, (seqs, carried) in zip(
                    self.directions, records, results, strict=True
                )
            ),
            strict=True,
        )
        dz = side_by_side(dzs)
        dprojection = Projection(w_x=pt.dot(rows(sequence.xs).T, dz), b=dz.sum(axis=0))
        return unrows(pt.dot(dz, projection.w_x.T), sequence), dprojection, dweights

    def _backward_steps(self, sequence):
        """How many steps the gradient goes back."""
        if self.gradient_steps is None:
            return sequence.steps
        smaller = min if isinstance(sequence.steps, int) else pt.minimum
        return smaller(sequence.steps, self.gradient_steps)

    def _split(self, dys):
        """The gradient of each direction's outputs: a list of one sequence, or of none."""
        if dys is None:
            return [[] for _ in self.directions]
        return [[dhs] for dhs in columns(dys, [d.cell.hidden_size for d in self.directions])]

    def _completed(self, seqs, carried, sequence, steps):
        """What a walk back of `gradient_steps` recorded and carried, with zeros for what it did not reach."""
        if self.gradient_steps is None:
            return seqs, carried
        missing = sequence.steps - steps
        zeros = [
            pt.zeros((missing, sequence.batch, seq.type.shape[2]), dtype=seq.type.dtype)
            for seq in seqs
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

    def pack(self, sequence, projection, weights):
        """The flat inputs ``[steps, batch, xs, *mask, w_x, b, *each direction's weights]``."""
        lengths = given_lengths(sequence)
        return [
            *lengths,
            sequence.xs,
            *sequence.mask,
            *projection,
            *(var for w in weights for var in (w.w_h, *w.captured, *w.initial)),
        ]

    def unpack(self, inputs):
        """``(sequence, projection, weights)`` from the flat inputs; known lengths as numbers."""
        flat = iter(inputs)
        *lengths, xs = islice(flat, 3)
        steps, batch = known_lengths(xs, lengths)
        steps = self.steps or steps
        sequence = Sequence(xs, list(islice(flat, int(self.is_masked))), steps, batch)
        return (
            sequence,
            Projection(*islice(flat, 2)),
            [
                Weights(
                    next(flat),
                    list(islice(flat, len(d.captured))),
                    list(islice(flat, len(d.symbols.state))),
                )
                for d in self.directions
            ],
        )

    @property
    def visible(self):
        return 1 + sum(len(d.symbols.state) for d in self.directions)

    def outputs(self, inputs):
        """``[ys, *last states, *records]``."""
        ys, finals, records = self.forward(*self.unpack(inputs))
        return [ys, *sum(finals, []), *sum(records, [])]

    def gradients(self, inputs, outputs, cotangents):
        sequence, projection, weights = self.unpack(inputs)
        dys, *dfinals = cotangents
        dfinals, records = iter(dfinals), iter(outputs[self.visible :])
        dxs, *dgiven = self.backward(
            sequence,
            projection,
            weights,
            [list(islice(records, len(d.recorded))) for d in self.directions],
            dys,
            [list(islice(dfinals, len(d.symbols.state))) for d in self.directions],
        )
        return [
            None,
            None,
            *self.pack(sequence._replace(xs=dxs, mask=[None] * len(sequence.mask)), *dgiven)[2:],
        ]

    def plain(self, inputs):
        """``[ys, *last states]`` through `pytensor.scan`."""
        sequence, projection, weights = self.unpack(inputs)
        walks = [_recording_states(walk) for walk in self._walks(sequence, projection, weights)]
        results = plain_scan(walks, sequence.steps, gradient_steps=self.gradient_steps)
        hs = [
            d.walk(recorded[0]) for d, (recorded, _) in zip(self.directions, results, strict=True)
        ]
        return [joined(hs), *(state for _, final in results for state in final)]


def projection(cells):
    """What projects the input for all of `cells`."""
    return Projection(*(side_by_side([getattr(c, name) for c in cells]) for name in ("w_x", "b")))


def side_by_side(pieces):
    """Matrices or vectors joined along their last axis; one that is a join itself is taken apart first.

    Examples
    --------
    >>> a, b, c = (pt.matrix(name) for name in "abc")
    >>> join_parts(side_by_side([pt.join(1, a, b), c]).owner)
    (1, [a, b, c])
    """
    axis = pieces[0].type.ndim - 1
    flat = [part for piece in pieces for part in _parts(piece, axis)]
    return pieces[0] if len(pieces) == 1 else pt.join(axis, *flat)


def _parts(var, axis):
    node = var.owner
    if node is None or not isinstance(node.op, Join):
        return [var]
    joined_along, parts = join_parts(node)
    return parts if joined_along == axis else [var]


def columns(xs, widths):
    """``(T, B, N)`` cut into pieces of `widths` along the last axis."""
    ends = list(accumulate(widths))
    return [
        xs if width == ends[-1] else xs[:, :, end - width : end]
        for width, end in zip(widths, ends, strict=True)
    ]


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
