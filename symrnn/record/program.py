"""``python -m symrnn.record.program FOLDER [-m] NAME …``: run a program unchanged, recorded into a folder."""

import os
import runpy
import sys

from symrnn.record.hook import start


def main(arguments: list[str]) -> None:
    """Run the script or module as ``python`` would."""
    folder, *program = arguments
    start(folder)
    # What `python` puts first on the path: for a module the current folder, for a script its own.
    is_module = program[0] == "-m"
    name, *rest = program[1:] if is_module else program
    sys.argv = [name, *rest]
    if is_module:
        sys.path[0] = os.getcwd()
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = os.path.dirname(os.path.abspath(name))
        runpy.run_path(name, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
