"""`symrnn explain-cell`: the gates of a trained network, step by step, as a page."""

import shlex
from pathlib import Path

import click

from symrnn.commands.options import NETWORKS, data_option, settings_option, trained_network


@click.command("explain-cell", epilog=NETWORKS)
@click.argument("name", metavar="NETWORK")
@click.option("--checkpoint", required=True, metavar="FILE", help="What `symrnn train` wrote.")
@click.option(
    "--on", "text", metavar="TEXT", default="", help="What to read, as the words of `symrnn predict`."
)  # fmt: skip
@data_option
@settings_option
@click.option("--item", type=click.IntRange(0), default=0, help="Of the batch, counted from 0.")
@click.option("--path", metavar="FILE", help="What to write; NETWORK_gates.html by default.")
def explain_cell_command(
    name: str,
    checkpoint: str,
    text: str,
    data: str | None,
    settings: tuple[str, ...],
    item: int,
    path: str | None,
) -> None:
    """Draw what each recurrent layer of a trained network does at every step.

    Input, forget and output gate and the cell of an LSTM, reset and update gate of a GRU, the state of an RNN, over
    TEXT or the file --data: one page that needs no server. NETWORK is as for `symrnn train`.

    \b
    Example:
      symrnn explain-cell tagger --checkpoint trained/tagger.npz --on "import os, sys"
    """
    from symrnn.data.files import write_file
    from symrnn.errors import UserError
    from symrnn.gates import first_call, page_of_walks, walks

    recipe, network, called = trained_network(name, checkpoint, settings)
    words = tuple(text.split(" ")) if text else ()
    asked = first_call(recipe, network, words, None if data is None else Path(data))
    # Time is the first axis of what recurrent layers read, the batch the second.
    batch = max((array.shape[1] for array in asked.arrays if array.ndim > 1), default=1)
    if item >= batch:
        raise UserError(f"--item must be below the size of the batch, {batch}, but is {item}")
    found = walks(*asked, item=item)
    if not found:
        raise UserError(
            f"NETWORK must have an LSTM, GRU or simple recurrent layer, but {name} has none;"
            " choose another network, or another of its kinds when training"
        )
    title = f"The gates of {called}" + (f" on “{text}”" if text else "")
    shown = ["symrnn", "explain-cell", name, "--checkpoint", Path(checkpoint).name]
    options = [*(("--set", each) for each in settings)]
    options += [("--data", Path(data).name)] if data else []
    options += [("--item", str(item))] if item else []
    options += [("--on", text)] if text else []
    command = shlex.join([*shown, *(word for pair in options for word in pair)])
    target = Path(path or f"{called}_gates.html")
    write_file(target, page_of_walks(found, title=title, text=text, command=command).encode())
    click.echo(str(target))
