"""Error rates of transcriptions: edits that turn what was found into what was said, over the length of the latter.

`character_error_rate` and `word_error_rate` are of a whole set: all edits over all characters or words, as usual in
speech recognition, so that long sentences weigh more.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from symrnn.errors import UserError


def edit_distance(found: Sequence[Hashable], expected: Sequence[Hashable]) -> int:
    """The least number of insertions, deletions and substitutions from one to the other (Levenshtein's distance).

    Examples
    --------
    >>> edit_distance("kitten", "sitting")
    3
    >>> edit_distance(["bin", "blue"], ["bin", "red", "now"])
    2
    """
    numbers = {symbol: number for number, symbol in enumerate(dict.fromkeys([*found, *expected]))}
    target = np.array([numbers[symbol] for symbol in expected], "int64")
    places = np.arange(len(target) + 1)
    row = places
    for i, symbol in enumerate(found, start=1):
        kept = np.minimum(row[1:] + 1, row[:-1] + (target != numbers[symbol]))
        # Deletions along the row: the least of all before it, each farther by one a place.
        row = np.minimum.accumulate(np.array([i, *kept]) - places) + places
    return int(row[-1])


def error_rate(
    found: Sequence[Sequence[Hashable]], expected: Sequence[Sequence[Hashable]]
) -> float:
    """All edits over the length of all that was expected; above 1 where more was found than said.

    Raises
    ------
    UserError
        When there are not as many of the one as of the other, or nothing was expected.

    Examples
    --------
    >>> error_rate([[1, 2], [3]], [[1, 2], [4, 3]])
    0.25
    """
    if len(found) != len(expected):
        raise UserError(
            f"found must be one to each of the {len(expected)} expected, but are {len(found)}; "
            "give an empty one where nothing was found"
        )
    total = sum(map(len, expected))
    if not total:
        raise UserError("expected must hold symbols, but is empty; there is nothing to divide by")
    return sum(map(edit_distance, found, expected)) / total


def character_error_rate(found: Sequence[str], expected: Sequence[str]) -> float:
    """`error_rate` of characters, spaces among them.

    Examples
    --------
    >>> character_error_rate(["bin glue"], ["bin blue"])
    0.125
    """
    return error_rate(found, expected)


def word_error_rate(found: Sequence[str], expected: Sequence[str]) -> float:
    """`error_rate` of words.

    Examples
    --------
    >>> word_error_rate(["bin glue"], ["bin blue"])
    0.5
    """
    return error_rate([s.split() for s in found], [s.split() for s in expected])
