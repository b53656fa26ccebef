"""Networks as functions that return a `TrainingGraph`, and recipes that train them on real data.

A network with ``symrnn train`` is one file here and one row of `RECIPES`: the file is called as the network, and the
recipe is the `symrnn.training.Recipe` that it defines.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from symrnn.errors import UserError, nearest

if TYPE_CHECKING:
    from symrnn.training.recipe import Recipe

__all__ = ["RECIPES", "recipe_class"]

RECIPES = {  # file here, its name in `symrnn train`: the reader of its --data, a key of `symrnn.data.READERS`
    "airline_passengers": "monthly_csv",
    "awd_lstm": "wikitext",
    "binary_adder": "pairs_csv",
    "character_model": "text",
    "digit_rows": "idx",
    "eeg_cnn_gru": "deap",
    "eeg_cnn_lstm": "deap",
    "image_autoencoder": "photographs",
    "image_codec": "photographs",
    "lip_reading": "grid",
    "qrnn": "wikitext",
    "tagger": "text",
    "wide_resnet": "cifar",
}


def recipe_class(name: str) -> "type[Recipe]":
    """The recipe of the network called `name`.

    Examples
    --------
    >>> recipe_class("binary_adder").__name__
    'BinaryAdder'
    """
    if name not in RECIPES:
        raise UserError(
            f"there is no network {name!r} to train; {nearest(name, RECIPES)};"
            " a file of your own ends in .py"
        )
    from symrnn.training.defined import recipe_in  # imports pytensor, as `symrnn --help` must not

    return recipe_in(import_module(f"symrnn.models.{name}"))
