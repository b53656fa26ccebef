"""The recipe that a file defines, refused in one sentence where it lacks something."""

from collections.abc import Iterable
from dataclasses import MISSING, fields
from pathlib import Path
from types import ModuleType

from symrnn.errors import UserError, nearest
from symrnn.training.recipe import KINDS, Recipe


def recipe_in(module: ModuleType, name: str | None = None) -> type[Recipe]:
    """The recipe that a module defines: the only one, or the one called `name`.

    Raises
    ------
    UserError
        When there is none or several, or it lacks a method, its decorator, or the default of an option.

    Examples
    --------
    >>> from symrnn.models import binary_adder
    >>> recipe_in(binary_adder).__name__
    'BinaryAdder'
    """
    file = Path(module.__file__ or module.__name__).name
    found = {cls.__name__: cls for cls in recipes_of(module)}
    if not found:
        raise UserError(
            f"{file} must define a network to train, a class that inherits symrnn.training.Recipe, but defines none"
        )
    if name is not None and name not in found:
        raise UserError(f"{file} defines no recipe {name!r}; {nearest(name, found)}")
    # an abstract one is there to be inherited, unless it is all there is: then it lacks what is abstract
    whole = {key: cls for key, cls in found.items() if not cls.__abstractmethods__} or found
    if name is None and len(whole) > 1:
        first = next(iter(whole))
        raise UserError(
            f"{file} defines the recipes {listed(whole)}; say which one, for example {file}:{first}"
        )
    cls = found[name] if name else next(iter(whole.values()))
    check_recipe_class(cls, f"the recipe {cls.__name__} of {file}")
    return cls


def recipes_of(module: ModuleType) -> list[type[Recipe]]:
    """The recipes that a module defines itself, those that it imports not among them."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Recipe)
        and value.__module__ == module.__name__
    ]


def check_recipe_class(cls: type[Recipe], who: str) -> None:
    """Refuse a recipe that cannot be trained; `who` says in the error which one it is."""
    if lacking := [name for name in vars(Recipe) if name in cls.__abstractmethods__]:
        raise UserError(
            f"{who} lacks {listed(f'{name}()' for name in lacking)}; define them as in symrnn.training.Recipe"
        )
    if "__dataclass_params__" not in vars(
        cls
    ):  # without it what it says of an option is passed over
        raise UserError(
            f"{who} must be a dataclass, or its options are none; write @dataclass(frozen=True) above the class"
        )
    for field in fields(cls):
        if field.default is MISSING:
            raise UserError(
                f"{who} must have a default for each of its options, but {field.name} has none"
            )
        if type(field.default) not in KINDS:  # a checkpoint holds them as JSON, `--set` reads them
            raise UserError(
                f"{who} must have numbers, texts, True or False as its options,"
                f" but {field.name} is {field.default!r:.60}"
            )


def listed(names: Iterable[str]) -> str:
    """Names as in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
