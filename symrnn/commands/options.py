"""Options and arguments that several commands take."""

import os
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symrnn.bench.machine import BLAS_THREADS
from symrnn.data import READERS
from symrnn.errors import UserError, nearest
from symrnn.models import RECIPES, recipe_class
from symrnn.modes import MODES, NATIVE

if TYPE_CHECKING:
    from symrnn.graph import TrainingGraph
    from symrnn.training.checkpoint import Checkpoint
    from symrnn.training.network import Network
    from symrnn.training.recipe import Recipe


def one_thread(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let matrix products take one thread, unless the environment says how many; before NumPy is imported.

    The products of a step are small: where other programs run, threads that wait for each other took four times longer.

    Examples
    --------
    >>> asked = {"OPENBLAS_NUM_THREADS": "4"}
    >>> one_thread(asked)
    >>> asked
    {'OPENBLAS_NUM_THREADS': '4'}
    """
    if not any(name in environment for name in BLAS_THREADS):
        environment.update(dict.fromkeys(BLAS_THREADS, "1"))


experiments_option = click.option(
    "--experiments", metavar="DIR", help="Folder of experiment files; ./experiments by default."
)
results_option = click.option(
    "--results", metavar="DIR", default="results", show_default=True, help="Folder of the records."
)
data_option = click.option("--data", metavar="PATH", help="Your own data, instead of the embedded.")
mode_option = click.option(
    "--mode",
    type=click.Choice(MODES, case_sensitive=False),
    default=NATIVE,
    show_default=True,
    help="PyTensor's mode.",
)

Option = int | float | bool | str

settings_option = click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="An option of the network."
)

NETWORKS = "\n".join(
    [
        # click folds a paragraph that does not begin so.
        "\b\nNetworks, and what --data may be:",
        *(f"  {name + ':':19} {READERS[reader]}" for name, reader in RECIPES.items()),
        "  FILE.py:            what your recipe's data() reads",
    ]
)


def named_recipe(name: str) -> "tuple[type[Recipe], str]":
    """The recipe that NAME stands for, and what its checkpoint is called.

    NAME is a network of `symrnn.models`, ``FILE.py``, or ``FILE.py:RECIPE`` where the file defines several.
    """
    file, _, recipe = name.rpartition(":") if ".py:" in name else (name, "", "")
    if not file.endswith(".py"):
        return recipe_class(name), name
    from symrnn.training.defined import recipe_in  # imports pytensor, as `symrnn --help` must not
    from symrnn.user_files import user_module

    cls = recipe_in(user_module(file), recipe or None)
    return cls, ".".join(filter(None, [Path(file).stem, recipe]))


def trained_network(
    name: str, checkpoint: str, settings: Iterable[str] = (), mode: str | None = None
) -> "tuple[Recipe, Network, str]":
    """The recipe of a checkpoint with its `settings` changed, its network, and what the network is called.

    Only the options that leave the trained network as it is may be changed.
    """
    from symrnn.training.checkpoint import load_checkpoint, recipe_of
    from symrnn.training.network import Network

    cls, called = named_recipe(name)
    found = load_checkpoint(checkpoint)
    recipe = recipe_of(found, cls)
    free = {option: getattr(recipe, option) for option in sorted(cls.free)}
    recipe = replace(recipe, **options_in(settings, free))
    graph, values = graph_of(recipe, found, checkpoint)
    return recipe, Network(graph, values, mode=mode, notes=found.notes), called


def graph_of(
    recipe: "Recipe", found: "Checkpoint", checkpoint: str
) -> "tuple[TrainingGraph, list[Any]]":
    """The graph of the recipe of a checkpoint, and the values that the checkpoint has for it."""
    import numpy as np

    from symrnn.params import of_at_most
    from symrnn.training.checkpoint import check_arrays

    size = sum(np.size(array) for _, array in found.values)
    # A forged file may describe a network that no memory holds: refused before anything is drawn.
    with of_at_most(size, f"{checkpoint} holds no more, so its options are not its own"):
        graph = recipe.graph()
    check_arrays("values", found.values, graph.evaluated)
    return graph, [array for _, array in found.values]


def options_in(settings: Iterable[str], defaults: Mapping[str, Option]) -> dict[str, Any]:
    """The options ``FIELD=VALUE``, each read as the type of its default."""
    values = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in defaults:
            raise UserError(
                f"--set takes FIELD=VALUE, but got {setting!r}; {nearest(name, defaults)}"
            )
        values[name] = read(name, text, type(defaults[name]))
    return values


def read(name: str, text: str, kind: type) -> Option:
    """The value of an option.

    Examples
    --------
    >>> read("batch_size", "32", int), read("bidirectional", "no", bool)
    (32, False)
    """
    try:
        if kind is bool:
            return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError) as error:
        expected = "yes or no" if kind is bool else {int: "a whole number", float: "a number"}[kind]
        raise UserError(f"--set {name} must be {expected}, but is {text!r}") from error
