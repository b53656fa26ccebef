"""`symrnn explain`: what somebody's graph computes twice, in words."""

import click


@click.command("explain", epilog="Example: symrnn explain train.py:train_function --seconds")
@click.argument("target", metavar="FILE.py:NAME")
@click.option("--seconds", is_flag=True, help="Measure what each group costs to compile.")
@click.option("--mode", help="PyTensor's mode to measure in.")
def explain_command(target: str, seconds: bool, mode: str | None) -> None:
    """Say which recurrences of a graph are computed twice, why, what they cost, and what removes them.

    The target is FILE.py:NAME or package.module:NAME. NAME is, or is a function that returns: a variable, a list of
    outputs, (inputs, outputs), (inputs, outputs, updates), an update dictionary, a TrainingGraph, a compiled function,
    or a PyMC model.
    """
    from symrnn.duplicates.explained import explanation
    from symrnn.measure.source_lines import full_traces
    from symrnn.measure.target import target_of

    with full_traces():  # steps are named by the line that made them
        found = target_of(target)
    click.echo(explanation(found, seconds=seconds, mode=mode))
