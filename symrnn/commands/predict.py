"""`symrnn predict`: a trained network at work."""

from dataclasses import replace
from pathlib import Path

import click

from symrnn.commands.options import NETWORKS, data_option, mode_option, options_in
from symrnn.models import recipe_class


@click.command(epilog=NETWORKS)
@click.argument("name")
@click.argument("words", nargs=-1)
@click.option("--checkpoint", required=True, metavar="FILE", help="What `symrnn train` wrote.")
@data_option
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="An option of what is predicted.",
)
@mode_option
def predict(name, words, checkpoint, data, settings, mode):
    """Use a trained network: on WORDS, on the file --data, or on what it was tested with.

    \b
    Example:
      symrnn predict binary_adder 13 29 --checkpoint trained/binary_adder.npz
    """
    from symrnn.training.checkpoint import check_arrays, load_checkpoint, recipe_of
    from symrnn.training.network import Network

    cls = recipe_class(name)
    found = load_checkpoint(checkpoint)
    recipe = recipe_of(found, cls)
    free = {option: getattr(recipe, option) for option in sorted(cls.free)}
    recipe = replace(recipe, **options_in(settings, free))
    graph = recipe.graph()
    check_arrays("values", found.values, graph.params)
    network = Network(graph, [array for _, array in found.values], mode=mode)
    for line in recipe.predict(network, words, None if data is None else Path(data)):
        click.echo(line)
