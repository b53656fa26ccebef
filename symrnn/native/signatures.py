"""What a program was compiled for: extents that are fixed, and extents that are parameters.

The first call of a function compiles for its extents, which are then numbers in the code. When another call differs,
the extents that changed become parameters of a second program, those that changed alike one parameter, and no further
call compiles unless a *guard* fails: a decision that the compiler took by the extents of its call (see
`symrnn.native.sizes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from symrnn.native.sizes import Facts, Int

Flat = tuple[
    int, ...
]  # all extents of all arguments, one after another, and numbers that shapes depend on


@dataclass
class Pattern:
    """Fixed numbers, and names where the number is a parameter.

    Examples
    --------
    >>> first = Pattern((20, 5, 8, 20, 5))
    >>> second = first.loosened((30, 5, 8, 30, 5))
    >>> second.entries
    ('n0', 5, 8, 'n0', 5)
    >>> second.extents((40, 5, 8, 40, 5)), second.extents((40, 5, 8, 41, 5))
    ({'n0': 40}, None)
    """

    entries: tuple[int | str, ...]
    facts: Facts = field(default_factory=lambda: Facts({}))

    def extents(self, flat: Flat) -> dict[str, int] | None:
        """The parameters' values where this pattern has that form, else None."""
        found: dict[str, int] = {}
        for entry, number in zip(self.entries, flat, strict=True):
            # A name is never equal: it stands for the first number that it meets, and for no other after that.
            if entry != number and (
                isinstance(entry, int) or found.setdefault(entry, number) != number
            ):
                return None
        return found

    def loosened(self, flat: Flat) -> Pattern:
        """A pattern for `flat`, and for this one's calls too: what differs is a parameter, what differs alike one.

        But 0 and 1 stay numbers: empty arrays and repeated axes are other code.
        """
        names: dict[tuple, str] = {}
        entries = tuple(
            number
            if entry == number or number in (0, 1)
            else names.setdefault((entry, number), f"n{len(names)}")
            for entry, number in zip(self.entries, flat, strict=True)
        )
        pattern = Pattern(entries)
        pattern.facts.values.update(pattern.extents(flat) or {})
        return pattern

    def sizes(self) -> list[Int]:
        """The numbers, parameters as sizes."""
        return [
            entry if isinstance(entry, int) else self.facts.symbol(entry) for entry in self.entries
        ]

    def fits(self, flat: Flat) -> dict[str, int] | None:
        """The parameters' values where a program of this pattern holds for the call, else None."""
        extents = self.extents(flat)
        return extents if extents is not None and self.facts.hold_for(extents) else None


def unflattened(numbers: Sequence, ranks: Sequence[int]) -> list[tuple]:
    """Numbers cut into one tuple an argument.

    Examples
    --------
    >>> unflattened([2, 3, 4], [2, 0, 1])
    [(2, 3), (), (4,)]
    """
    result, begin = [], 0
    for rank in ranks:
        result.append(tuple(numbers[begin : begin + rank]))
        begin += rank
    return result


def signature(arrays: Sequence[np.ndarray], promoted: Sequence[np.ndarray]) -> Flat:
    """The extents of arrays, and the numbers in others, one after another."""
    flat = [n for array in arrays for n in array.shape]
    for array in promoted:
        flat += np.atleast_1d(array).tolist()
    return tuple(flat)
