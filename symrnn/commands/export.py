"""`symrnn export`: a trained network as a file for other programs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from symrnn.commands.options import NETWORKS, named_recipe

FORMS = ("onnx", "ncnn", "python", "torch")


@click.command("export", epilog=NETWORKS)
@click.argument("name")
@click.option("--checkpoint", required=True, metavar="FILE", help="What `symrnn train` wrote.")
@click.option(
    "--to",
    "form",
    required=True,
    type=click.Choice(FORMS),
    help="python: a file of NumPy; torch: a PyTorch module.",
)
@click.option("--path", metavar="FILE", help="What to write; NETWORK.onnx and the like by default.")
@click.option(
    "--output", "wanted", multiple=True, metavar="NAME", help="Of the network's outputs; all by default."
)  # fmt: skip
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Of the file, where the network fixes one; ncnn's is 1.",
)
def export_command(
    name: str,
    checkpoint: str,
    form: str,
    path: str | None,
    wanted: tuple[str, ...],
    batch_size: int | None,
) -> None:
    """Write a trained network as ONNX, ncnn or readable Python.

    NAME is as for `symrnn train`.

    \b
    Example:
      symrnn export binary_adder --checkpoint trained/binary_adder.npz --to onnx
    """
    from symrnn.errors import check_choice
    from symrnn.export import export_ncnn, export_onnx, export_python
    from symrnn.training.checkpoint import check_arrays, load_checkpoint, recipe_of
    from symrnn.training.network import Network, inputs_of

    cls, called = named_recipe(name)
    found = load_checkpoint(checkpoint)
    recipe = recipe_of(found, cls)
    # ncnn has no axis for a batch.
    size = 1 if form == "ncnn" else batch_size
    graph = (recipe if size is None else replace(recipe, batch_size=size)).graph()
    check_arrays("values", found.values, graph.evaluated)
    Network(graph, [array for _, array in found.values])  # which keeps the values
    for each in wanted:
        check_choice("--output", each, graph.outputs)
    names = list(wanted or graph.outputs)
    outputs = [graph.outputs[each] for each in names]
    writers: dict[str, tuple[str, Callable[..., Any], dict[str, str]]] = {
        "onnx": (".onnx", export_onnx, {}),
        "ncnn": (".param", export_ncnn, {}),
        "python": (".py", export_python, {"library": "numpy"}),
        "torch": (".py", export_python, {"library": "torch"}),
    }
    suffix, writer, options = writers[form]
    target = Path(path) if path else Path(called).with_suffix(suffix)
    writer(inputs_of(outputs, graph.inputs), outputs, target, names=names, **options)
    beside = {".param": ".bin", ".py": ".npz"}.get(target.suffix)
    click.echo(f"{target}" + (f" and {target.with_suffix(beside).name}" if beside else ""))
