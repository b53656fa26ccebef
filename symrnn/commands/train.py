"""`symrnn train`: a network of `symrnn.models`, or of a file of the user's, on real data."""

import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from symrnn.collector import spare_imports
from symrnn.commands.options import (
    NETWORKS,
    data_option,
    mode_option,
    named_recipe,
    one_thread,
    options_in,
    settings_option,
)
from symrnn.commands.terminal import INTERRUPTED, console, was_interrupted
from symrnn.errors import TrainingError
from symrnn.study.amounts import number

if TYPE_CHECKING:
    from symrnn.training.loop import Step, Training
    from symrnn.training.recipe import Recipe

STOPPED = 1
REFRESH_S = 0.1  # of the live display
EVERY_S = 10.0  # between checkpoints, where --every gives no number of steps


@click.command(epilog=NETWORKS)
@click.argument("name")
@data_option
@settings_option
@click.option("--steps", type=click.IntRange(1), help="Updates to make, instead of the network's.")
@mode_option
@click.option(
    "--folder", metavar="DIR", default="trained", show_default=True, help="Of checkpoints."
)
@click.option("--fresh", is_flag=True, help="Start over, and not from the checkpoint there is.")
@click.option(
    "--every", type=click.IntRange(1), metavar="STEPS", help="Between checkpoints; 10 s by default."
)
def train(
    name: str,
    data: str | None,
    settings: tuple[str, ...],
    steps: int | None,
    mode: str | None,
    folder: str,
    fresh: bool,
    every: int | None,
) -> None:
    """Train a network on real data, with a checkpoint to go on from.

    NAME is one of the networks below, or a FILE.py of yours that defines a recipe; FILE.py:RECIPE
    where it defines several.

    Ctrl-C saves and stops; the same command goes on, bit for bit as if it had not stopped. Matrix products take one
    thread; for a large network on a machine of its own, set OMP_NUM_THREADS.

    \b
    Example:
      symrnn train binary_adder
      symrnn train my_network.py --set batch_size=32
    """
    one_thread()
    cls, title = named_recipe(name)
    recipe = recipe_of_options(cls, settings, steps)
    path = Path(folder) / f"{title}.npz"
    training = started(recipe, data, mode, path, fresh=fresh)
    try:
        run(training, path, every)
    except TrainingError as error:
        click.echo(f"symrnn: {error}; {kept(path)}", err=True)
        sys.exit(STOPPED)
    # Ctrl-C is no Exception, and another error may have come up while it was handled.
    except BaseException as error:
        if not was_interrupted(error):
            raise
        click.echo(f"\nstopped at once; {kept(path)}", err=True)
        sys.exit(INTERRUPTED)
    for reading, value in training.tested().items():
        click.echo(f"{reading}: {number(value)}")
    click.echo(f"try it: symrnn predict {name} --checkpoint {path}")


def recipe_of_options(
    cls: "type[Recipe]", settings: Iterable[str], steps: int | None = None
) -> "Recipe":
    """The recipe with the options ``FIELD=VALUE``."""
    defaults: dict[str, Any] = {field.name: field.default for field in fields(cls)}
    given: dict[str, Any] = {} if steps is None else {"steps": steps}
    return cls(**given | options_in(settings, defaults))


def started(
    recipe: "Recipe", data: str | None, mode: str | None, path: Path, *, fresh: bool
) -> "Training":
    """The training, from the checkpoint at `path` where there is one."""
    from symrnn.training.checkpoint import (
        check_same_run,
        check_writable,
        load_checkpoint,
        versions,
    )
    from symrnn.training.loop import Training

    # Before data are read and anything is compiled, which takes a while.
    check_writable(path)
    checkpoint = load_checkpoint(path) if path.is_file() and not fresh else None
    if checkpoint is not None:
        check_same_run(checkpoint, recipe, data or "")
        click.echo(f"goes on from {path}, step {checkpoint.steps}", err=True)
        if checkpoint.versions != versions() or checkpoint.mode != (mode or ""):
            click.echo(
                "note: it was made with other versions or in another mode; results may differ in the last bits",
                err=True,
            )
    spare_imports()
    values = recipe.data(None if data is None else Path(data))
    with console(stderr=True).status("compiling"):
        return Training(recipe, values, mode=mode, data_path=data or "", checkpoint=checkpoint)


def run(training: "Training", path: Path, every: int | None) -> None:
    """Train to the end with a live display; checkpoints on the way, at Ctrl-C and at the end."""
    from symrnn.training.checkpoint import save_checkpoint

    saved = monotonic()
    with Display(training) as display, interrupts(training) as interrupted:
        for step in training:
            display(step)
            is_due = step.number % every == 0 if every else monotonic() - saved > EVERY_S
            if interrupted or is_due:
                save_checkpoint(path, training.checkpoint())
                saved = monotonic()
            if interrupted:
                break
    if interrupted:
        click.echo(
            f"\nstopped: step {len(training.losses)} of {training.recipe.steps} is saved in {path};"
            " the same command goes on from there",
            err=True,
        )
        sys.exit(INTERRUPTED)
    save_checkpoint(path, training.checkpoint())


@contextmanager
def interrupts(training: "Training") -> Iterator[list[int]]:
    """A list that Ctrl-C fills, so that no step is cut in two.

    A second Ctrl-C, or one while the first step compiles, is a `KeyboardInterrupt`.
    """
    interrupted: list[int] = []
    begun = len(training.losses)

    def note(signum, frame):
        if interrupted or len(training.losses) == begun:
            raise KeyboardInterrupt
        interrupted.append(signum)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


class Display:
    """How far a training is: a bar on a terminal, ten lines anywhere else."""

    def __init__(self, training: "Training") -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.steps, self.done = training.recipe.steps, len(training.losses)
        self.begin: float | None = None
        self.first = self.done + 1  # the first step compiles
        self.console = console(stderr=True)
        self.bar = Progress(
            TextColumn("{task.completed}/{task.total}"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.line = self.bar.add_task("compiling", total=self.steps, completed=self.done)
        self.shown = -1.0

    def __enter__(self) -> "Display":
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def __call__(self, step: "Step") -> None:
        if self.begin is None:
            self.begin = monotonic()
        seconds = monotonic() - self.begin
        # Counted from the end of the first step, so that its compiling does not slow the rest down.
        rate = (step.number - self.first) / seconds if seconds else 0.0
        text = f"loss {step.loss:.4g}, {number(rate)} steps/s"
        if is_tenth(step.number, self.steps):
            left = f", {(self.steps - step.number) / rate:.0f} s left" if rate else ""
            line = f"step {step.number}/{self.steps}: {text}{left}"
            self.console.print(line, markup=False, highlight=False)
        if seconds - self.shown > REFRESH_S:
            self.bar.update(self.line, completed=step.number, description=text)
            self.shown = seconds


def is_tenth(number: int, steps: int) -> bool:
    """Whether a step is the first of a new tenth of all.

    Examples
    --------
    >>> [number for number in range(1, 26) if is_tenth(number, 25)]
    [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]
    """
    return number * 10 // steps > (number - 1) * 10 // steps


def kept(path: Path) -> str:
    """Whether there is a checkpoint, in words."""
    if not path.is_file():
        return "no checkpoint was written"
    from symrnn.training.checkpoint import load_checkpoint

    return f"the last good checkpoint is {path}, of step {load_checkpoint(path).steps}"
