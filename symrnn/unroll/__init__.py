"""A cell over time: `scan_unroll`, `scan_states`, `static_unroll`, `bidirectional`, and layers with `stack`.

To read downwards: `api`, what users call; `assembly`, a layer as one op; `layer`, its directions side by side;
`direction`, one cell on its way, whose walks are the loops of `symrnn.ops.scan`. Beside them: `sequence` and `initial`,
what a walk is given; `stacked`, equal layers as one scan; `autodiff`, the form to compare with.
"""

from symrnn.unroll.api import bidirectional, scan_states, scan_unroll, stack, static_unroll
from symrnn.unroll.options import Gradient, Scans

__all__ = [
    "Gradient",
    "Scans",
    "bidirectional",
    "scan_states",
    "scan_unroll",
    "stack",
    "static_unroll",
]
