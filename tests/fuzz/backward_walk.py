"""A layer and its gradient as NumPy loops, step by step back: what complex steps through a whole walk can't tell.

A bound on the gradient of each step's pre-activations is no derivative of anything, so the walk back is written out
here. One step alone is differentiated by complex steps, all its numbers at once, so that no derivative is derived by
hand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from oracle import STEP

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True)
class Walk:
    """One cell on its way through a sequence.

    Attributes
    ----------
    advance
        ``(others, z, r, *state) -> state``, as in `oracle`.
    weights
        ``w_x, w_h, b`` and the `others` by name, these of rank 2 or as `advance` takes them.
    live
        Steps from the end of the walk that its gradient goes back; None for all.
    bound
        On the gradients of ``z`` and ``r``, or None.
    """

    advance: Callable
    weights: Mapping[str, np.ndarray]
    reverse: bool = False
    live: int | None = None
    bound: float | None = None

    @property
    def others(self) -> dict[str, np.ndarray]:
        return {k: v for k, v in self.weights.items() if k not in ("w_x", "w_h", "b")}

    def order(self, steps: int) -> list[int]:
        return list(range(steps))[:: -1 if self.reverse else 1]

    def forward(self, xs, start: Arrays, mask=None) -> tuple[np.ndarray, list[Arrays]]:
        """Outputs in the order of time, and the states before each step and after the last, in that of the walk."""
        states, w = [list(start)], self.weights
        ys = np.zeros((len(xs), *start[0].shape))
        for t in self.order(len(xs)):
            state = states[-1]
            after = self.advance(
                self.others, xs[t] @ w["w_x"] + w["b"], state[0] @ w["w_h"], *state
            )
            states.append([np.where(_on(mask, t), a, s) for a, s in zip(after, state, strict=True)])
            ys[t] = states[-1][0]
        return ys, states

    def backward(self, xs, states, mask, dys, dfinal: Arrays):
        """Gradients of ``xs``, of the weights by name, and of the state before the first step."""
        w, order = self.weights, self.order(len(xs))
        dxs = np.zeros(xs.shape)
        dw = {name: np.zeros(weight.shape) for name, weight in w.items()}
        dstate, names = list(dfinal), list(self.others)
        reached = order if self.live is None else order[max(0, len(order) - self.live) :]
        for t in reached[::-1]:
            state = states[order.index(t)]
            z, r = xs[t] @ w["w_x"] + w["b"], state[0] @ w["w_h"]
            dstate[0] = dstate[0] + dys[t]
            on = _on(mask, t)
            passed = [np.where(on, 0, d) for d in dstate]
            dz, dr, *rest = pulled_back(
                lambda z, r, *args: self.advance(
                    dict(zip(names, args, strict=False)), z, r, *args[len(names) :]
                ),
                [z, r, *self.others.values(), *state],
                [np.where(on, d, 0) for d in dstate],
            )
            if self.bound is not None:
                dz, dr = (np.clip(d, -self.bound, self.bound) for d in (dz, dr))
            for name, gradient in zip(names, rest, strict=False):
                dw[name] += gradient
            dstate = [a + b for a, b in zip(passed, rest[len(names) :], strict=True)]
            dstate[0] = dstate[0] + dr @ w["w_h"].T
            dxs[t] = dz @ w["w_x"].T
            dw["w_x"] += xs[t].T @ dz
            dw["w_h"] += state[0].T @ dr
            dw["b"] += dz.sum(axis=0)
        if len(reached) < len(order):  # a walk back that stops on its way does not reach the start
            dstate = [np.zeros_like(d) for d in dstate]
        return dxs, dw, dstate


def _on(mask, t):
    return True if mask is None else mask[t][:, None] != 0


def pulled_back(function, arguments: Arrays, cotangents: Arrays) -> list[np.ndarray]:
    """Gradients of ``sum(cotangents * function(*arguments))``: every number of an argument is moved on its own row."""
    found = []
    for position, value in enumerate(arguments):
        moved = np.repeat(value[None].astype(complex), value.size, axis=0)
        moved.reshape(value.size, value.size)[np.diag_indices(value.size)] += STEP * 1j
        outputs = function(*arguments[:position], moved, *arguments[position + 1 :])
        total = np.zeros(value.size)
        for output, cotangent in zip(outputs, cotangents, strict=True):
            change = np.broadcast_to(np.imag(output) / STEP, (value.size, *cotangent.shape))
            total += (change * cotangent).sum(axis=(1, 2))
        found.append(total.reshape(value.shape))
    return found
