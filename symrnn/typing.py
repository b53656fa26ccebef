"""Types and axis letters used across symrnn.

Axis letters: ``B`` batch, ``T`` time, ``D`` input, ``H`` hidden, ``C`` channels, ``V`` vocabulary, ``K`` classes,
``L`` layers. Our own builders are time-major, ``(T, B, D)``; `symrnn.lasagne` is ``(B, T, D)``, as Lasagne is.
"""

from collections.abc import Mapping, Sequence

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

Updates = Mapping[SharedVariable, Variable]  # shared variable -> its next value
Params = Sequence[SharedVariable]
Shape = tuple[int, ...]
