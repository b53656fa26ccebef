"""`symrnn doctor`: what will compile slowly or again in every process, and the cure."""

import sys

import click

FOUND = 1


@click.command("doctor", epilog="Example: symrnn doctor train.py:train_function")
@click.argument("target", metavar="FILE.py:NAME")
@click.option("--mode", help="PyTensor's mode to examine it for; the default mode if not given.")
def doctor_command(target: str, mode: str | None) -> None:
    """Say what in a graph will compile slowly, or again in every process, and the cure; exit code 1 if anything.

    The target is FILE.py:NAME or package.module:NAME. NAME is, or is a function that returns: a variable, a list of
    outputs, (inputs, outputs), (inputs, outputs, updates), an update dictionary, a TrainingGraph, a compiled function,
    or a PyMC model. It is rewritten and linked, but not called.
    """
    from symrnn.doctor.examination import CAUSES, doctor

    found = doctor(target, mode=mode)
    for number, finding in enumerate(found, 1):
        click.echo(f"{number}. {finding}")
    if not found:
        click.echo(f"nothing of the {len(CAUSES)} causes that are looked for")
    sys.exit(FOUND if found else 0)
