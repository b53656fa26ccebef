"""`symrnn record`: every function that an unchanged program compiles, on one page."""

import os
import subprocess
import sys
from pathlib import Path

import click

from symrnn.errors import UserError
from symrnn.record.hook import WAITS, waits_for

FOLDER = "recorded"


@click.command(
    # Whatever stands behind PROGRAM is the program's own, options too.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example: symrnn record --out recorded train.py --epochs 1",
)
@click.option(
    "--out",
    metavar="DIR",
    default=FOLDER,
    show_default=True,
    help="Folder of the page; it must be new.",
)
@click.option("-m", "is_module", is_flag=True, help="PROGRAM is a module, as for python -m.")
@click.argument("program")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def record(out: str, is_module: bool, program: str, arguments: tuple[str, ...]) -> None:
    """Run a program unchanged, and say what it compiled: one page to keep or to attach to an issue.

    The page names every function with who asked for it, its phases, what the caches held, and memory. A program that
    fails, or is killed, leaves its page too. For a notebook or a test run set SYMRNN_RECORD=DIR and import symrnn;
    pytest does that by itself where symrnn is installed.
    """
    from symrnn.record.compiled import compiled_in
    from symrnn.record.page import summary, write_page

    folder = Path(out)
    if not is_module and not Path(program).is_file():
        raise UserError(f"there is no file {program}; name a script, or a module with -m")
    if any(folder.glob("functions-*.jsonl")):
        raise UserError(f"--out must be a new folder, but {folder} holds a recording; name another")
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "symrnn.record.program", str(folder.resolve())]
    ended = subprocess.run(
        [*command, *(["-m"] if is_module else []), program, *arguments],
        # The child leaves the page to this process, which is still there if the child is killed.
        env={**os.environ, WAITS: waits_for(folder.resolve(), os.getpid())},
        check=False,
    )
    path = write_page(folder)
    for sentence in summary(compiled_in(folder)):
        click.echo(sentence, err=True)
    click.echo(f"written  {path}", err=True)
    # A signal is told as shells tell it.
    sys.exit(ended.returncode if ended.returncode >= 0 else 128 - ended.returncode)
