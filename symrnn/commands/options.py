"""Options that several commands take."""

import click

from symrnn.errors import UserError, nearest
from symrnn.models import RECIPES
from symrnn.study.declaration import MODES

experiments_option = click.option(
    "--experiments", metavar="DIR", help="Folder of experiment files; ./experiments by default."
)
results_option = click.option(
    "--results", metavar="DIR", default="results", show_default=True, help="Folder of the records."
)
data_option = click.option("--data", metavar="PATH", help="Your own data, instead of the embedded.")
mode_option = click.option("--mode", type=click.Choice(MODES), help="PyTensor's mode.")

NETWORKS = f"Networks: {', '.join(RECIPES)}."


def options_in(settings, defaults):
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


def read(name, text, kind):
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
