"""``symrnn explain FILE:NAME``: the duplicate recurrences of a graph in somebody's file, in
words."""

import importlib.util
import sys
from pathlib import Path

import click

from symrnn.errors import UserError, nearest


@click.command("explain", epilog="Example: symrnn explain train.py:train_function --seconds")
@click.argument("what", metavar="FILE.py:NAME")
@click.option("--seconds", is_flag=True, help="measure what each group costs to compile")
@click.option("--mode", help="PyTensor mode to measure in")
def explain_command(what, seconds, mode):
    """Say which recurrences of a graph are computed twice, why, what they cost, and what removes
    them.

    NAME is in FILE.py: an expression, a list of them, an update dictionary, a TrainingGraph, a
    compiled function, or a function without arguments that returns one of these."""
    from symrnn.duplicates.explained import explanation

    click.echo(explanation(graph_of(loaded(what)), seconds=seconds, mode=mode))


def loaded(what):
    """The object that ``FILE.py:NAME`` names."""
    file, colon, name = what.rpartition(":")
    path = Path(file)
    if not colon or not path.is_file():
        raise UserError(
            f"explain takes FILE.py:NAME with a file that is there, but got {what!r};"
            " for example: symrnn explain train.py:loss"
        )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        raise UserError(
            f"{file} ends the program when it is imported, with sys.exit({error.code!r:.60});"
            ' put that below `if __name__ == "__main__":`'
        ) from error
    if not hasattr(module, name):
        raise UserError(f"{file} has no {name!r}; {nearest(name, vars(module))}")
    return getattr(module, name)


def graph_of(found):
    """What `explanation` takes: the graph in `found`, called first when it is a plain function."""
    if callable(found) and not hasattr(found, "maker") and not hasattr(found, "owner"):
        found = found()
    if hasattr(found, "loss") and hasattr(found, "outputs"):  # TrainingGraph
        return [found.loss, *found.outputs.values()]
    if isinstance(found, dict):
        return list(found.values())
    return list(found) if isinstance(found, tuple) else found
