"""`symrnn predict`: a trained network at work."""

from collections.abc import Iterable
from pathlib import Path

import click

from symrnn.commands.options import (
    NETWORKS,
    data_option,
    mode_option,
    one_thread,
    settings_option,
    trained_network,
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
    one_thread()
    from symrnn.training.recipe import returned

    recipe, network, _ = trained_network(name, checkpoint, settings, mode)
    lines = recipe.predict(network, words, None if data is None else Path(data))
    for line in returned(recipe, "predict", lines, Iterable, "lines to print"):
        # Half a pair of UTF-16, as in a word that is no UTF-8, has no bytes to print; its code has.
        click.echo(line.encode("utf-8", "backslashreplace").decode())
