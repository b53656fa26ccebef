"""``theano.updates``: a dictionary of updates that checks its keys and can be added to."""

from collections import OrderedDict

from pytensor.compile.sharedvalue import SharedVariable


class OrderedUpdates(OrderedDict):
    """New values by shared variable, in order.

    Examples
    --------
    >>> OrderedUpdates({"w": 1})
    Traceback (most recent call last):
    TypeError: keys of OrderedUpdates must be shared variables, but one is 'w' (str)
    """

    def __init__(self, *key, **kwargs):
        super().__init__(*key, **kwargs)
        for one in self:
            check_key(one)

    def __setitem__(self, key, value):
        check_key(key)
        super().__setitem__(key, value)

    def update(self, other=()):
        """Take over the pairs of another dictionary, or of a list."""
        for key, value in other.items() if hasattr(other, "items") else other:
            self[key] = value

    def __add__(self, other):
        both = OrderedUpdates()
        both.update(self)
        both.update(other)
        return both

    def __radd__(self, other):
        both = OrderedUpdates()
        both.update(other)
        both.update(self)
        return both


def check_key(key):
    """Refuse what no value can be stored in."""
    if not isinstance(key, SharedVariable):
        raise TypeError(
            f"keys of OrderedUpdates must be shared variables, but one is {key!r} ({type(key).__name__})"
        )
