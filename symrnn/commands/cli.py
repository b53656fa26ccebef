"""The command line: `symrnn list | run | show | figures | report | measure | compare | doctor | export | ...`.

A command is one file of this package and one name in `COMMANDS`. No command but `train`, `predict`, `explain`,
`explain-cell`, `export` and `doctor` imports pytensor: jobs run in child processes.
"""

import click

from symrnn.commands.compare import compare
from symrnn.commands.compress import compress
from symrnn.commands.decompress import decompress
from symrnn.commands.doctor import doctor_command
from symrnn.commands.explain import explain_command
from symrnn.commands.explain_cell import explain_cell_command
from symrnn.commands.export import export_command
from symrnn.commands.figures import figures
from symrnn.commands.history import history
from symrnn.commands.list import list_
from symrnn.commands.measure import measure
from symrnn.commands.predict import predict
from symrnn.commands.record import record
from symrnn.commands.report import report
from symrnn.commands.run import run
from symrnn.commands.show import show
from symrnn.commands.terminal import Commands
from symrnn.commands.train import train
from symrnn.commands.version import version_option

COMMANDS = (
    compare,
    compress,
    decompress,
    doctor_command,
    explain_command,
    explain_cell_command,
    export_command,
    figures,
    history,
    list_,
    measure,
    predict,
    record,
    report,
    run,
    show,
    train,
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@version_option
def cli(debug: bool) -> None:
    """Measure what a PyTensor graph costs to compile.

    \b
    Example:
      symrnn run nesterov_forms --quick
    """


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Entry point of `symrnn`."""
    cli(prog_name="symrnn")


if __name__ == "__main__":
    main()
