"""What the recipes of networks for photographs have in common: whose patches they see."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symrnn.data.patches import Photographs, patches, photographs
from symrnn.training.rules import RuleRecipe


@dataclass(frozen=True)
class PhotographRecipe(RuleRecipe):
    """Patches of photographs, at places that the step alone tells.

    Attributes
    ----------
    patch
        Pixels a side of what is trained on.
    held_out
        The packaged photograph that is not trained on but tested on.
    """

    patch: int = 64
    held_out: str = "coffee"
    rule: str = "adam"
    learning_rate: float = 0.001
    weight_decay: float = 0.0

    @abstractmethod
    def fed(self, pixels: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
        """What the graph is given of ``pixels (B, 3, patch, patch)``."""

    def data(self, path: Path | None = None) -> Photographs:
        return photographs(path, held_out=self.held_out)

    def batch(self, data: Photographs, step: int) -> list[np.ndarray]:
        rng = np.random.default_rng([self.seed, step])
        return self.fed(patches(data.train, self.batch_size, self.patch, rng), rng)
