"""How the command line looks and fails: one-sentence errors, nearest names, tables."""

import warnings

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from symrnn.bench.records import BadLine
from symrnn.errors import JobError, UserError, nearest, printable

WRONG_USE = 2
INTERRUPTED = 130
WIDEST = 60  # characters of a cell
MOST_ROWS = 200  # of a table that is drawn to fit the screen
LONGEST = 2000  # characters of an error


class OneSentence(click.ClickException):
    """An error as one sentence on stderr, exit code 2."""

    exit_code = WRONG_USE

    def show(self, file=None):
        click.echo(f"symrnn: {self.format_message()}", err=True)


class Commands(click.Group):
    """A group that suggests the nearest command and turns errors into one sentence."""

    def resolve_command(self, ctx, args):
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.commands:
            raise OneSentence(f"there is no command {name!r}; {nearest(name, self.commands)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx):
        try:
            with warnings.catch_warnings():
                warnings.showwarning = told_in_one_line(warnings.showwarning)
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            raise OneSentence(sentence(error)) from error


def told_in_one_line(show):
    """How a `BadLine` is told on stderr; `show` shows every other warning."""

    def tell(message, category, *where, **options):
        if issubclass(category, BadLine):
            click.echo(f"note: {printable(message, LONGEST)}", err=True)
        else:
            show(message, category, *where, **options)

    return tell


def was_interrupted(error):
    """Whether an error is Ctrl-C, or came up while Ctrl-C was being handled."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def sentence(error):
    """An error in one line; one that is not addressed to the user names its type."""
    text = printable(" ".join(str(error).split()), LONGEST)
    if isinstance(error, UserError | JobError):
        return text
    return f"{type(error).__name__}: {text}; `symrnn --debug ...` shows where"


def console(*, stderr=False):
    """The screen; wide enough for tables where it is a file."""
    screen = Console(stderr=stderr)
    return screen if screen.is_terminal else Console(stderr=stderr, width=160)


def print_table(heading, columns, rows, *, axes=0, note=""):
    """A table on the screen: the first `axes` columns and texts to the left, amounts to the right."""
    rows = [[clipped(str(cell)) for cell in cells] for cells in rows]
    if len(rows) > MOST_ROWS:
        click.echo("\n".join([heading, *plain_lines(columns, rows, axes), note]))
        return
    grid = Grid(title=Text(printable(heading)), title_justify="left", box=None, pad_edge=False)
    for i, column in enumerate(columns):
        is_text = i < axes or not all(is_amount(cells[i]) for cells in rows)
        grid.add_column(Text(printable(column)), justify="left" if is_text else "right")
    for cells in rows:
        grid.add_row(*map(Text, cells))
    console().print(grid)
    console().print(f"{note}\n" if note else "", markup=False, highlight=False)


def plain_lines(columns, rows, axes):
    """A table as lines that are never folded, which takes a hundredth of the time.

    Examples
    --------
    >>> plain_lines(["form", "total"], [["sgd", "1 s"], ["naive", "12 s"]], 1)
    ['form   total', 'sgd      1 s', 'naive   12 s']
    """
    rows = [[printable(column) for column in columns], *rows]
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + pad if i < axes else pad + cell
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
            for pad in [" " * (width - cell_len(cell))]
        ).rstrip()
        for cells in rows
    ]


def clipped(text):
    """A cell that leaves room for others, and steers no terminal."""
    text = printable(text, 2 * WIDEST)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def is_amount(text):
    """Whether a cell begins with a number, or has none to show.

    Examples
    --------
    >>> is_amount("12 ms"), is_amount("–"), is_amount(""), is_amount("sgd")
    (True, True, True, False)
    """
    return text in ("", "–") or text[0].isdigit()
