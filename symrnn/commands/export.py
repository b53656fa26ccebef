"""`symrnn export`: a trained network as a file for other programs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from symrnn.commands.options import NETWORKS, graph_of, named_recipe
from symrnn.errors import UserError, check_choice

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
@click.option(
    "--path",
    metavar="FILE",
    help="What to write; by default NETWORK.onnx, .param, _numpy.py or _torch.py.",
)
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
    from symrnn.export import export_ncnn, export_onnx, export_python
    from symrnn.export.names import identifier
    from symrnn.training.checkpoint import load_checkpoint, recipe_of
    from symrnn.training.network import Network, inputs_of

    cls, called = named_recipe(name)
    found = load_checkpoint(checkpoint)
    recipe = recipe_of(found, cls)
    # ncnn has no axis for a batch.
    size = 1 if form == "ncnn" else batch_size
    recipe = recipe if size is None else replace(recipe, batch_size=size)
    graph, values = graph_of(recipe, found, checkpoint)
    Network(graph, values)  # which keeps the values
    for each in wanted:
        check_choice("--output", each, graph.outputs)
    names = list(wanted or graph.outputs)
    outputs = [graph.outputs[each] for each in names]
    writers: dict[str, tuple[str, Callable[..., Any], dict[str, str]]] = {
        "onnx": (f"{called}.onnx", export_onnx, {}),
        "ncnn": (f"{called}.param", export_ncnn, {}),
        # NETWORK.py and NETWORK.npz may be the network's own source and checkpoint; a program is imported by its name,
        # which has no dots.
        "python": (f"{identifier(called)}_numpy.py", export_python, {"library": "numpy"}),
        "torch": (f"{identifier(called)}_torch.py", export_python, {"library": "torch"}),
    }
    default, writer, options = writers[form]
    target = Path(path or default)
    beside = {".param": ".bin", ".py": ".npz"}.get(target.suffix)
    written = [target, *([target.with_suffix(beside)] if beside else [])]
    source = name.rpartition(".py:")[0] + ".py" if ".py:" in name else name
    check_spares(written, [Path(checkpoint), Path(source)])
    writer(inputs_of(outputs, graph.inputs), outputs, target, names=names, **options)
    click.echo(" and ".join([str(target), *(each.name for each in written[1:])]))


def check_spares(written: Sequence[Path], given: Sequence[Path]) -> None:
    """Refuse to write over what the network is read from."""
    for path in written:
        if path.exists() and any(each.exists() and path.samefile(each) for each in given):
            raise UserError(
                f"--path must spare what the network is read from, but would replace {path}; give another"
            )
