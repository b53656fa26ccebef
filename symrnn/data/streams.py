"""A text cut into streams that are read side by side, for training that carries its state."""

from typing import NamedTuple

import numpy as np

from symrnn.errors import UserError


class Streams(NamedTuple):
    """A text cut into B streams that are read side by side."""

    characters: np.ndarray  # (N, B), int32
    targets: np.ndarray  # (N, B), the characters one later

    @property
    def text(self) -> np.ndarray:
        """The symbols in the order of the text, ``(N * B + 1,)``."""
        return np.append(self.characters.T, self.targets[-1, -1])


def streams(symbols: np.ndarray, batch: int, length: int) -> Streams:
    """The `Streams` of ``symbols``, each ``(N, B)``, N a multiple of `length`; what is left at the end is dropped.

    Examples
    --------
    >>> streams(np.arange(10), batch=2, length=3).characters.tolist()
    [[0, 3], [1, 4], [2, 5]]
    """
    steps = (len(symbols) - 1) // (batch * length) * length
    if not steps:
        raise UserError(
            f"each part of the text must have more than batch_size * length = {batch * length} characters, but one has"
            f" {len(symbols)}; give a longer text, or lower one of both with --set"
        )
    # the targets are the characters from one later on, so that the last one of a stream begins the next
    cut = [symbols[i : i + batch * steps].reshape(batch, steps).T for i in (0, 1)]
    return Streams(*map(np.ascontiguousarray, cut))
