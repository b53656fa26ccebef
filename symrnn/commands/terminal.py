"""How the command line looks and fails: one-sentence errors, nearest names, tables."""

import warnings
from collections.abc import Callable
from typing import IO, Any

import click
from rich.console import Console

from symrnn.bench.records import BadLine
from symrnn.errors import JobError, UserError, nearest, printable
from symrnn.tables import Table, as_text, grid

WRONG_USE = 2
INTERRUPTED = 130
MOST_ROWS = 200  # of a table that is drawn to fit the screen: drawing takes a hundred times as long
LONGEST = 2000  # characters of an error


class OneSentence(click.ClickException):
    """An error as one sentence on stderr, exit code 2."""

    exit_code = WRONG_USE

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"symrnn: {self.format_message()}", err=True)


class Commands(click.Group):
    """A group that suggests the nearest command and turns errors into one sentence."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.commands:
            raise OneSentence(f"there is no command {name!r}; {nearest(name, self.commands)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            # It puts `showwarning` back when the command ends, with the filters.
            with warnings.catch_warnings():
                warnings.showwarning = told_in_one_line(warnings.showwarning)
                return super().invoke(ctx)
        # click says and ends these by itself.
        except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
            raise
        except BrokenPipeError:
            raise  # whoever reads has seen enough, `head` say: click ends quietly
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            raise OneSentence(sentence(error)) from error


def told_in_one_line(show: Callable[..., None]) -> Callable[..., None]:
    """How a `BadLine` is told on stderr; `show` shows every other warning."""

    def tell(message, category, *where, **options):
        if issubclass(category, BadLine):
            click.echo(f"note: {printable(message, LONGEST)}", err=True)
        else:
            show(message, category, *where, **options)

    return tell


def was_interrupted(error: BaseException | None) -> bool:
    """Whether an error is Ctrl-C, or came up while Ctrl-C was being handled."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def sentence(error: BaseException) -> str:
    """An error in one line; one that is not addressed to the user names its type."""
    text = printable(" ".join(str(error).split()), LONGEST)
    # these are written for the user, all others for us
    if isinstance(error, UserError | JobError):
        return text
    return f"{type(error).__name__}: {text}; `symrnn --debug ...` shows where"


def console(*, stderr: bool = False) -> Console:
    """The screen; wide enough for tables where it is a file."""
    # a file or a pipe says 80 columns, which would fold every table
    screen = Console(stderr=stderr)
    return screen if screen.is_terminal else Console(stderr=stderr, width=160)


def print_table(table: Table) -> None:
    """A table on the screen, and its note below."""
    screen = console()
    if len(table.rows) > MOST_ROWS:
        click.echo(f"{as_text(table)}\n")
        return
    screen.print(grid(table))
    screen.print(f"{table.note}\n" if table.note else "", markup=False, highlight=False)
