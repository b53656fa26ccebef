"""Training: what a network, its data and its rule have to say (`recipe`), the loop, and checkpoints."""

from symrnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from symrnn.training.defined import recipe_in
from symrnn.training.loop import Step, Training
from symrnn.training.network import Network
from symrnn.training.recipe import Recipe, epoch_batch
from symrnn.training.rules import RuleRecipe, rule_updates

__all__ = [
    "Checkpoint",
    "Network",
    "Recipe",
    "RuleRecipe",
    "Step",
    "Training",
    "epoch_batch",
    "load_checkpoint",
    "recipe_in",
    "rule_updates",
    "save_checkpoint",
]
