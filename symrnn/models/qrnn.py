"""The recipe `qrnn`: quasi-recurrent layers [1]_ in the place of LSTM cells, all else as in `symrnn.models.awd_lstm`.

The lowest layer's convolution sees two words, the others' one, as in the code of AWD-LSTM; weight drop is for the
weights of the convolutions.

.. [1] Bradbury, Merity, Xiong, Socher: Quasi-recurrent neural networks. ICLR 2017. arXiv:1611.01576

>>> recipe = QRNN(vocabulary=50, batch_size=4, hidden_size=8, embedding_size=6, zoneout=0.1)
>>> [f"{var.name} {var.type.shape}" for var in recipe.graph().inputs[-3:]]
['weight_mask2 (8, 18)', 'step_mask1 (None, 4, 8)', 'step_mask2 (None, 4, 6)']
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from symrnn.errors import check_choice
from symrnn.models.word_layers import WINDOWS, QRNNLayer
from symrnn.models.word_recipe import WordRecipe


@dataclass(frozen=True)
class QRNN(WordRecipe):
    """`symrnn.models.word_network` with quasi-recurrent layers; other options as for `WordRecipe`.

    Attributes
    ----------
    window
        Words that a step of the lowest layer sees, 1 or 2.
    zoneout
        The share of states that stay for a step.
    """

    window: int = 2
    zoneout: float = 0.0
    weight_dropout: float = 0.1

    small: ClassVar = ({**WordRecipe.small[0], "depth": 1, "zoneout": 0.2},)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("window", self.window, WINDOWS)

    @property
    def zoned_out(self) -> float:
        return self.zoneout

    def layers(
        self, widths: Sequence[tuple[int, int]], rng: np.random.Generator
    ) -> list[QRNNLayer]:
        return [
            QRNNLayer.create(
                seen,
                hidden,
                window=self.window if i == 1 else 1,
                rng=rng,
                name=f"layer{i}.",
                dtype=self.dtype,
            )
            for i, (seen, hidden) in enumerate(widths, 1)
        ]
