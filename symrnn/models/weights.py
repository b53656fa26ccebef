"""The weights of a network: it is made of frozen dataclasses and tuples, and its variables stand in their order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from pytensor.graph.basic import Variable

N = TypeVar("N")


def weights_of(network: Any) -> list[Any]:
    """Every variable of a network, field by field; fields that hold no network, such as sizes, are passed over.

    Examples
    --------
    >>> from symrnn.cells import RNNCell
    >>> weights_of((RNNCell.create(2, 3, rng=0, name="first."), RNNCell.create(3, 3, rng=1)))
    [first.w_x, first.w_h, first.b, w_x, w_h, b]
    """
    if isinstance(network, Variable):
        return [network]
    return [var for part in parts_of(network) for var in weights_of(part)]


def with_weights(network: N, weights: Iterable[Variable]) -> N:
    """The same network on other expressions, in the order of `weights_of`.

    Examples
    --------
    >>> from symrnn.cells import RNNCell
    >>> cell = RNNCell.create(2, 3, rng=0)
    >>> halved = with_weights(cell, [0.5 * var for var in weights_of(cell)])
    >>> halved.w_x.type.shape, halved.activation
    ((2, 3), 'tanh')
    """
    weights = list(weights)
    # Weights are told apart by their places alone.
    assert len(weights) == len(weights_of(network))
    return rebuilt(network, iter(weights))


def rebuilt(part: Any, rest: Iterator[Variable]) -> Any:
    """A part of a network with the next variables of `rest` for its own."""
    if isinstance(part, Variable):
        return next(rest)
    if is_dataclass(part) and not isinstance(part, type):
        names = [field.name for field in fields(part)]
        return replace(part, **{name: rebuilt(getattr(part, name), rest) for name in names})
    if isinstance(part, tuple):
        made = [rebuilt(each, rest) for each in part]
        return getattr(type(part), "_make", tuple)(made)  # a NamedTuple stays one
    return part


def parts_of(part: Any) -> Sequence[Any]:
    """What a dataclass or a tuple holds."""
    if is_dataclass(part):
        return [getattr(part, field.name) for field in fields(part)]
    return part if isinstance(part, tuple) else ()
