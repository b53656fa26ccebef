"""What an experiment file may declare, checked before anything runs."""

import importlib.util
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from symrnn.bench.records import MEMORY_LIMIT_BYTES, STATES, STEPS, TIME_LIMIT_S
from symrnn.errors import UserError, nearest
from symrnn.modes import MODES

SETTINGS = {
    "modes": ["NUMBA"],
    "states": ["cold"],
    "rounds": 1,
    "time_limit_s": TIME_LIMIT_S,
    "memory_limit_bytes": MEMORY_LIMIT_BYTES,
    "steps": STEPS,
}
DECLARATIONS = {
    "cases",
    "quick",
    "tasks",
    "reference",
    "columns",
    "ratio_of",
    "needs",
    "refusals",
    *SETTINGS,
    *(f"quick_{name}" for name in SETTINGS),
}
STAGES = ("build", "functions", "batch")


def check_declaration(name: str, module: ModuleType) -> None:
    """Refuse a file that declares no experiment, with one sentence that says what to change."""
    if not isinstance(module.__doc__, str) or not module.__doc__.strip():
        raise UserError(
            f"{name}.py must begin with a docstring that asks its question, but has none"
        )
    if not hasattr(module, "cases") and not hasattr(module, "tasks"):
        raise UserError(f"{name}.py must declare cases = grid(...), or tasks, but has neither")
    check_types(name, module)
    check_names(name, module)
    check_needs(name, getattr(module, "needs", ()))
    check_settings(f"{name}.py", vars(module))
    if hasattr(module, "cases"):
        check_compile(name, module)
    for task, settings in getattr(module, "tasks", {}).items():
        check_task(name, module, task, settings)
    for function in ("answer", "figure"):
        if not callable(getattr(module, function, None)):
            raise UserError(f"{name}.py must define {function}(records), but does not")


def check_types(name: str, module: ModuleType) -> None:
    """Refuse a declaration of another type than is read."""
    for key, (types, words) in TYPES.items():
        value = getattr(module, key, None)
        names = (
            value
            if key in ("reference", "columns", "refusals") and isinstance(value, types)
            else ()
        )
        if hasattr(module, key) and not (
            isinstance(value, types) and all(isinstance(each, str) for each in names)
        ):
            raise UserError(f"{name}.py: {key} must be {words}, but is {value!r:.60}")
    for function in ("flags", "environment", "python"):
        if not callable(getattr(module, function, callable)):
            raise UserError(
                f"{name}.py: {function} must be a function of the case, but is {getattr(module, function)!r:.60}"
            )
    for key, settings in getattr(module, "tasks", {}).items():
        if not isinstance(key, str) or not isinstance(settings, dict):
            raise UserError(
                f"{name}.py: tasks must be dicts by the name of a function, but one is {key!r:.60}: {settings!r:.60}"
            )


TYPES = {  # declarations that are read as they are
    "tasks": (dict, 'a dict such as {"train": {"cases": ..., "quick": ...}}'),
    "reference": (dict, 'a dict such as {"form": "sgd"}'),
    "columns": (list | tuple, "a list of quantities"),
    "ratio_of": (str, "the name of a quantity"),
    "needs": (list | tuple, "a list of modules"),
    "refusals": (list | tuple, "a list of texts from errors that are an answer"),
}


def check_needs(name: str, needs: Sequence[str]) -> None:
    """The packages of the modules that the child will import are installed."""
    for needed in needs:
        if not isinstance(needed, str) or not needed.partition(".")[0].isidentifier():
            raise UserError(f"{name}.py: needs must be a list of modules, but has {needed!r:.60}")
    for package in dict.fromkeys(needed.partition(".")[0] for needed in needs):
        # The package alone: to look for a module below it would import it, and this process stays light.
        if importlib.util.find_spec(package) is None:
            raise UserError(
                f"{name}.py needs {package}, which is not installed;"
                ' install it, for example with `pip install "symrnn[experiments,jax]"`'
            )


def check_names(name: str, module: ModuleType) -> None:
    """Refuse a misspelt setting: lower-case data of the file must be a declaration."""
    for key, value in vars(module).items():
        # Only data: a file's own functions and imports may have any name.
        is_data = isinstance(value, list | tuple | dict | int | float | str)
        if is_data and not key.startswith("_") and key.islower() and key not in DECLARATIONS:
            raise UserError(
                f"{name}.py declares {key}, which is no setting of an experiment;"
                f" {nearest(key, sorted(DECLARATIONS))} (write your own constants in capitals)"
            )


def check_compile(name: str, module: ModuleType) -> None:
    """The task "compile": cases, their quick subset, and the three functions that take a case."""
    if not hasattr(module, "quick"):
        raise UserError(
            f"{name}.py must declare quick = grid(...), the cases of --quick, but does not"
        )
    cases = check_cases(f"{name}.py: cases", module.cases) + check_cases(
        f"{name}.py: quick", module.quick
    )
    for stage in STAGES:
        function = getattr(module, stage, None)
        if not callable(function):
            raise UserError(f"{name}.py must define {stage}(...), but does not")
        check_signature(name, function, (["graph"] if stage == "functions" else []), cases)


def check_task(name: str, module: ModuleType, task: str, settings: Mapping[str, Any]) -> None:
    """A further task: a function of the file, and the cases it is called with."""
    where = f"{name}.py: tasks[{task!r}]"
    if not callable(getattr(module, task, None)):
        raise UserError(f"{where} must name a function of the file, but there is no {task}()")
    for key in ("cases", "quick"):
        if key not in settings:
            raise UserError(
                f"{where} must have {key!r}, but has only {', '.join(settings) or 'nothing'}"
            )
    check_settings(where, settings)
    cases = [
        case
        for key in ("cases", "quick")
        if settings[key]
        for case in check_cases(where, settings[key])
    ]
    check_signature(name, getattr(module, task), [], cases)


def check_cases(where: str, cases: Any) -> list[dict[str, Any]]:
    """A list of dicts with the same keys and JSON values, no two equal."""
    if (
        not isinstance(cases, list | tuple)
        or not cases
        or not all(isinstance(case, dict) for case in cases)
    ):
        raise UserError(
            f"{where} must be a list of dicts, but is {cases!r:.80}; make it with grid(axis=[...])"
        )
    for case in cases:
        if not all(isinstance(axis, str) and axis.isidentifier() for axis in case):
            raise UserError(f"{where}: axes must be names, but one case is {case!r:.80}")
        if set(case) != set(cases[0]):
            raise UserError(
                f"{where}: all must have the axes {', '.join(cases[0])}, but one is {case}"
            )
        try:
            json.dumps(case)
        except (TypeError, ValueError, RecursionError) as error:
            raise UserError(
                f"{where}: values must be numbers, strings or lists, but {case} has another"
            ) from error
        if cases.count(case) > 1:
            raise UserError(f"{where}: {case} stands in it twice; drop one")
    return list(cases)


def check_signature(
    name: str, function: Callable, leading: Sequence[str], cases: Sequence[Mapping[str, Any]]
) -> None:
    """The function takes what the cases have."""
    signature = inspect.signature(function)
    for case in cases:
        try:
            # Bound, not called: a slip in the last case would otherwise show after hours of the others.
            signature.bind(*leading, **case)
        except TypeError as error:
            raise UserError(
                f"{name}.py: {function.__name__}{signature} does not take the case {case}: {error}"
            ) from error


def check_settings(where: str, settings: Mapping[str, Any]) -> None:
    """Modes and states are known names; limits and rounds are positive numbers."""
    for key, known in (("modes", tuple(MODES)), ("states", STATES)):
        for spelled in (key, f"quick_{key}"):
            # A setting that is left out is good: its default is known.
            values = settings.get(spelled, known[:1])
            if not isinstance(values, list | tuple) or not values:
                raise UserError(
                    f"{where}: {spelled} must be a list of {key}, but is {values!r:.60}; for example"
                    f" {list(known[:1])}"
                )
            for value in values:
                if value not in known:
                    raise UserError(
                        f"{where}: {spelled} has the unknown {value!r}; {nearest(value, known)}"
                    )
    for key in ("rounds", "time_limit_s", "memory_limit_bytes", "steps"):
        for spelled in (key, f"quick_{key}"):
            value = settings.get(spelled, 1)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not 0 < value < 1e18
            ):
                raise UserError(
                    f"{where}: {spelled} must be a positive number, but is {value!r:.60}"
                )
            if key in ("rounds", "steps") and not isinstance(value, int):
                raise UserError(f"{where}: {spelled} must be a whole number, but is {value!r}")
