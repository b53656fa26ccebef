"""`python -m symrnn` is `symrnn`."""

from symrnn.commands.cli import main

if __name__ == "__main__":
    main()
