"""``python -m symrnn.compat [--py2] script.py …``, or ``-m module …``: run a program written for Theano."""

import argparse
import sys

from symrnn.compat import install
from symrnn.errors import UserError


def main(argv=None):
    """Run the program that the arguments name; returns only if it does."""
    options, program = parsed_arguments(sys.argv[1:] if argv is None else argv)
    try:
        install(lasagne=not options.theano_only, gpu_layers=None, old_numpy=not options.new_numpy)
        from symrnn.compat import programs

        run = programs.run_module if options.module else programs.run_script
        name, arguments = (options.module, program) if options.module else (program[0], program[1:])
        run(name, arguments, programs.Era(python2=options.py2, old_numpy=not options.new_numpy))
    except UserError as error:
        sys.exit(f"symrnn.compat: {error}")


def parsed_arguments(argv):
    """Our options, which end at the program's name, and what follows."""
    parser = argparse.ArgumentParser(
        prog="python -m symrnn.compat",
        usage="%(prog)s [--py2] [--theano-only] [--new-numpy] (script.py | -m module) [arguments ...]",
        description="Run a program written for Theano, and Lasagne, on PyTensor.",
        epilog="Example: THEANO_FLAGS=floatX=float32 python -m symrnn.compat --py2 train.py --epochs 3",
    )
    parser.add_argument(
        "-m", dest="module", metavar="MODULE", help="run a module, as python -m does"
    )
    parser.add_argument(
        "--py2", action="store_true", help="read the program and its modules as Python 2"
    )
    parser.add_argument(
        "--theano-only", action="store_true", help="take Lasagne from where it is installed"
    )
    parser.add_argument(
        "--new-numpy",
        action="store_true",
        help="leave NumPy as it is: no np.float, no lists as indices",
    )
    # argparse would take the program's options for ours: what follows its name, or ``-m NAME``, is not shown to it.
    ours = next(
        (
            i + 2 if word == "-m" else i
            for i, word in enumerate(argv)
            if word == "-m" or word[:1] != "-"
        ),
        len(argv),
    )
    options = parser.parse_args(argv[:ours])
    program = argv[ours:]
    if not options.module and not program:
        parser.error("name a script, or a module with -m")
    return options, program


if __name__ == "__main__":
    main()
