"""`symrnn predict`: a trained network at work."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from symrnn.commands.options import (
    NETWORKS,
    data_option,
    mode_option,
    named_recipe,
    options_in,
    settings_option,
)


@click.command(epilog=NETWORKS)
@click.argument("name")
@click.argument("words", nargs=-1)
@click.option("--checkpoint", required=True, metavar="FILE", help="What `symrnn train` wrote.")
@data_option
@settings_option
@mode_option
def predict(
    name: str,
    words: tuple[str, ...],
    checkpoint: str,
    data: str | None,
    settings: tuple[str, ...],
    mode: str | None,
) -> None:
    """Use a trained network: on WORDS, on the file --data, or on what it was tested with.

    NAME is as for `symrnn train`. --set takes the options that leave the trained network as it is.

    \b
    Example:
      symrnn predict binary_adder 13 29 --checkpoint trained/binary_adder.npz
    """
    import numpy as np

    from symrnn.params import of_at_most
    from symrnn.training.checkpoint import check_arrays, load_checkpoint, recipe_of
    from symrnn.training.network import Network
    from symrnn.training.recipe import returned

    cls, _ = named_recipe(name)
    found = load_checkpoint(checkpoint)
    recipe = recipe_of(found, cls)
    free = {option: getattr(recipe, option) for option in sorted(cls.free)}
    recipe = replace(recipe, **options_in(settings, free))
    size = sum(np.size(array) for _, array in found.values)
    with of_at_most(size, f"{checkpoint} holds no more, so its options are not its own"):
        graph = recipe.graph()
    check_arrays("values", found.values, graph.evaluated)
    values = [array for _, array in found.values]
    network = Network(graph, values, mode=mode, notes=found.notes)
    lines = recipe.predict(network, words, None if data is None else Path(data))
    for line in returned(recipe, "predict", lines, Iterable, "lines to print"):
        click.echo(line)
