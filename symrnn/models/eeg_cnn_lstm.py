"""The recipe `eeg_cnn_lstm`: convolutions and LSTM cells say the emotion in a second of EEG.

>>> recipe = EEGCNNLSTM(batch_size=5)
>>> [f"{var.name} {var.type.shape}" for var in recipe.graph().inputs]
['xs (128, 5, 32)', 'block_masks (2, 5, 32)', 'masks (2, 5, 32)', 'labels (5,)']
"""

from dataclasses import dataclass

from symrnn.models.eeg_recipe import EEGRecipe


@dataclass(frozen=True)
class EEGCNNLSTM(EEGRecipe):
    """`symrnn.models.eeg_network` with a layer of LSTM cells; options as for `EEGRecipe`."""

    @property
    def cell(self) -> str:
        return "lstm"
