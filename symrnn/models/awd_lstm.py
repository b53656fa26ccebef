"""The recipe `awd_lstm`: layers of LSTM cells with everything of AWD-LSTM [1]_.

In one cycle with AdamW by default; the paper's way is ``--set rule=nt_asgd --set schedule=constant --set
learning_rate=30 --set weight_decay=1.2e-6``. A plain LSTM is one whose shares of dropout, `ar` and `tar` are 0.

.. [1] Merity, Keskar, Socher: Regularizing and optimizing LSTM language models. ICLR 2018. arXiv:1708.02182

>>> recipe = AWDLSTM(vocabulary=50, batch_size=4, hidden_size=8, embedding_size=6, input_dropout=0.0)
>>> [f"{var.name} {var.type.shape}" for var in recipe.graph().inputs[2:]]
['word_mask (None, 4)', 'mask1 (4, 8)', 'output_mask (4, 6)', 'weight_mask1 (8, 32)', 'weight_mask2 (6, 24)']
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symrnn.cells import LSTMCell
from symrnn.models.word_layers import LSTMLayer
from symrnn.models.word_recipe import WordRecipe


@dataclass(frozen=True)
class AWDLSTM(WordRecipe):
    """`symrnn.models.word_network` with layers of LSTM cells; options as for `WordRecipe`."""

    def layers(
        self, widths: Sequence[tuple[int, int]], rng: np.random.Generator
    ) -> list[LSTMLayer]:
        return [
            LSTMLayer(LSTMCell.create(seen, hidden, rng=rng, name=f"layer{i}.", dtype=self.dtype))
            for i, (seen, hidden) in enumerate(widths, 1)
        ]
