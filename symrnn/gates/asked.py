"""`first_call`: what a trained network is given when its recipe first asks it something."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pytensor.graph.basic import Variable

from symrnn.errors import UserError
from symrnn.training.network import Network, inputs_of
from symrnn.training.recipe import Recipe, returned


class Asked(NamedTuple):
    """A call of a network: as variables, and as the arrays it was given."""

    inputs: list[Variable]
    outputs: list[Variable]
    arrays: list[np.ndarray]


class _Caught(Exception):
    """The first question; it ends the prediction before anything is compiled."""


class _Listener(Network):
    """A network that answers nothing."""

    def __call__(self, output: Any, *inputs: Any) -> Any:
        raise _Caught(output if isinstance(output, tuple) else (output,), inputs)


def first_call(
    recipe: Recipe, network: Network, words: tuple[str, ...], path: Path | None = None
) -> Asked:
    """What ``recipe.predict`` asks `network` first, on `words` or the file at `path`; nothing is compiled.

    Raises
    ------
    UserError
        When the prediction ends without asking the network.

    Examples
    --------
    >>> from symrnn.models import recipe_class
    >>> recipe = recipe_class("binary_adder")()
    >>> asked = first_call(recipe, Network(recipe.graph()), ("13", "29"))
    >>> [array.shape for array in asked.arrays]  # seven bits, from the lowest on, of both numbers
    [(7, 1, 2)]
    """
    listener = _Listener(network.graph, mode=network.mode)
    lines = returned(
        recipe, "predict", recipe.predict(listener, words, path), Iterable, "lines to print"
    )
    try:
        # A prediction is a generator: nothing of it runs before it is asked for lines.
        for _ in lines:
            pass
    except _Caught as caught:
        return _asked(listener, *caught.args)
    raise UserError(
        f"{type(recipe).__name__}.predict() must ask the network something, but did not;"
        " give --on what it shall read"
    )


def _asked(network: Network, names: tuple[str, ...], given: tuple[Any, ...]) -> Asked:
    outputs = [network.variable(name) for name in names]
    return Asked(inputs_of(outputs, network.graph.inputs), outputs, [np.asarray(v) for v in given])
