"""What was made lately, by its name, for whoever asks for the same again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any


class Recent:
    """The `size` values that were asked for last.

    Examples
    --------
    >>> squares = Recent(size=2)
    >>> [squares.get(n, lambda n=n: print("made", n) or n**2) for n in (3, 3, 4)]
    made 3
    made 4
    [9, 9, 16]
    """

    def __init__(self, size: int) -> None:
        self._size, self._values, self._lock = size, OrderedDict[Hashable, Any](), Lock()

    def get(self, name: Hashable | None, make: Callable[[], Any]) -> Any:
        """The value of that name, made where it isn't there; made each time where the name is None."""
        if name is None:
            return make()
        with self._lock:
            if name in self._values:
                self._values.move_to_end(name)
                return self._values[name]
        value = make()  # not under the lock: making one may ask for another
        with self._lock:
            value = self._values.setdefault(name, value)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value
