"""Python 2 programs, read as Python 3.

A source is changed in two steps: its words (`words`: ``print``, ``except E, e``, ``0777``, tabs), then its
tree (`tree`), where operators and methods call what they did then (`run_time`, `classes`, `leaks`). Modules
of a program find built-in names (`builtin_names`), files (`files`), imports (`imports`) and the library
(`library`) of the time. `semantics` is the table of all that is carried over, each row with an example that
the tests run, and of what is refused.
"""

from symrnn.compat.python2.builtin_names import BUILTINS
from symrnn.compat.python2.library import install as install_modules
from symrnn.compat.python2.semantics import CARRIED, DIFFERENT, REFUSED
from symrnn.compat.python2.tree import no_python_3, parsed

__all__ = [
    "BUILTINS",
    "CARRIED",
    "DIFFERENT",
    "REFUSED",
    "install_modules",
    "no_python_3",
    "parsed",
]
