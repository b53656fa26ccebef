"""The errors that symrnn raises at its users, each one sentence that names the way out."""


class UserError(ValueError):
    """A wrong argument: the message names the argument, the rule, the value and the way out."""


class JobError(RuntimeError):
    """A measurement that could not be made: the message names the job and the cause."""


class TrainingError(RuntimeError):
    """A training that cannot go on: the message names the step and the parameter."""


def nearest(name, known):
    """``"; did you mean 'x'?"`` for the known name closest to `name`, or the list of what is known.

    Examples
    --------
    >>> nearest("adm", ["adam", "sgd"])
    "did you mean 'adam'?"
    >>> nearest("zzz", ["adam", "sgd"])
    'known are adam, sgd'
    """
    from difflib import get_close_matches

    close = get_close_matches(str(name), list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(map(str, known))}"


def check_choice(argument, value, choices):
    """Refuse a value that is not among the choices."""
    if value not in choices:
        raise UserError(
            f"{argument} must be one of {choices}, but is {value!r}; {nearest(value, choices)}"
        )
