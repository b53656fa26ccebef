"""The errors that symrnn raises at its users, each one sentence that names the way out."""

from collections.abc import Iterable


class UserError(ValueError):
    """A wrong argument: the message names the argument, the rule, the value and the way out."""


class JobError(RuntimeError):
    """A measurement that could not be made: the message names the job and the cause."""


class TrainingError(RuntimeError):
    """A training that cannot go on: the message names the step and the parameter."""


def nearest(name: object, known: Iterable[object]) -> str:
    """``"; did you mean 'x'?"`` for the known name closest to `name`, or the list of what is known.

    Examples
    --------
    >>> nearest("adm", ["adam", "sgd"])
    "did you mean 'adam'?"
    >>> nearest("zzz", ["adam", "sgd"])
    'known are adam, sgd'
    """
    from difflib import get_close_matches

    close = get_close_matches(str(name), list(map(str, known)), n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(map(str, known))}"


def check_choice(argument: str, value: object, choices: Iterable[object]) -> None:
    """Refuse a value that is not among the choices.

    Examples
    --------
    >>> check_choice("rule", "adm", ["adam", "sgd"])
    Traceback (most recent call last):
    symrnn.errors.UserError: rule must be one of adam, sgd, but is 'adm'; did you mean 'adam'?
    """
    # A list: a value that cannot be hashed is no key of a table either, and gets the same sentence.
    known = list(choices)
    if value not in known:
        listed = ", ".join(map(str, known))
        raise UserError(
            f"{argument} must be one of {listed}, but is {value!r}; {nearest(value, known)}"
        )


def printable(text: object, length: int = 200) -> str:
    r"""`text` on one line, fit for any terminal: what would not print, or would steer it, is written as its code.

    Examples
    --------
    >>> print(printable("a\x1b[31m b\ud800"), printable("x" * 9, 4))
    a\x1b[31m b\ud800 xxxx…
    """
    begin = str(text)[: length + 1]
    shown = begin if begin.isprintable() else "".join(
        c if c.isprintable() else ascii(c)[1:-1] for c in begin
    )  # fmt: skip
    return shown if len(shown) <= length else shown[:length] + "…"


def printable_lines(text: object) -> str:
    r"""`text` with its lines kept, each of them `printable`, however long.

    Examples
    --------
    >>> print(printable_lines("one\x07\ntwo"))
    one\x07
    two
    """
    return "\n".join(printable(line, 10 * len(line)) for line in str(text).split("\n"))
