"""Makes the ONNX files beside it: `nn.LSTM` and `nn.GRU`, exported by PyTorch, with what they compute.

Needs torch and onnxscript; made with torch 2.14 by ``python tests/export/torch_files/make_torch_files.py``.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
LAYERS = {
    "lstm": nn.LSTM(3, 4),
    "bidirectional_lstm": nn.LSTM(3, 4, bidirectional=True),
    "two_layer_gru": nn.GRU(3, 4, num_layers=2),
}


def main():
    torch.manual_seed(0)
    xs = torch.randn(5, 2, 3)
    arrays = {"xs": xs.numpy()}
    for name, layer in LAYERS.items():
        for parameter in layer.parameters():
            nn.init.uniform_(parameter, -0.7, 0.7)
        arrays[name] = layer(xs)[0].detach().numpy()
        steps = {"xs": {0: "steps", 1: "batch"}}
        torch.onnx.export(
            layer.eval(),
            (xs,),
            str(HERE / f"{name}.onnx"),
            input_names=["xs"],
            output_names=["ys"],
            dynamic_axes=steps,
            opset_version=17,
            dynamo=False,
        )
    np.savez(HERE / "computed.npz", **arrays)


if __name__ == "__main__":
    main()
