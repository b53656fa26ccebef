"""Networks as functions that return a `TrainingGraph`: a model is one file here, its name, and a test."""

from importlib import import_module

from symrnn.errors import UserError, nearest

__all__ = ["RECIPES", "recipe_class"]

RECIPES = {  # name in `symrnn train NAME`: where its recipe is
    "airline_passengers": "symrnn.models.airline_passengers:AirlinePassengers",
    "binary_adder": "symrnn.models.binary_adder:BinaryAdder",
    "character_model": "symrnn.models.character_model:CharacterModel",
    "digit_rows": "symrnn.models.digit_rows:DigitReader",
    "tagger": "symrnn.models.tagger:Tagger",
}


def recipe_class(name):
    """The `symrnn.training.recipe.Recipe` of the network called `name`.

    Examples
    --------
    >>> recipe_class("binary_adder").__name__
    'BinaryAdder'
    """
    if name not in RECIPES:
        raise UserError(f"there is no network {name!r} to train; {nearest(name, RECIPES)}")
    module, cls = RECIPES[name].split(":")
    return getattr(import_module(module), cls)
