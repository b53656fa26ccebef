"""Sharing replaces a variable by one of the same type: what is known of its shape is neither lost nor made up."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from foreign import PYTHON
from pytensor.scan.op import Scan

from symrnn.duplicates.share import share_recurrences
from symrnn.measure.sizes import graph_size

wide, narrow = pt.matrix("xs"), pt.matrix("xs", shape=(None, 3))


def doubled(xs):
    return pytensor.scan(lambda x: 2 * x, xs, return_updates=False)


def of_less_known(xs):
    """`doubled` by the op that was made for any width: the same step of the same input, and a type that says less."""
    op = doubled(wide).owner.op
    assert isinstance(op, Scan)
    return op(*doubled(xs).owner.inputs)


def test_outputs_keep_their_types():
    for given in (
        [doubled(narrow), of_less_known(narrow)],
        [of_less_known(narrow), doubled(narrow)],
    ):
        assert len({x.type for x in given}) == 2
        assert [x.type for x in share_recurrences(given)] == [x.type for x in given]


def test_equal_types_are_shared():
    """Nothing but the type keeps them apart."""
    for make in (doubled, of_less_known):
        first, second = share_recurrences([make(narrow), make(narrow)])
        assert first is second
        assert graph_size([first, second]).scans == 1


def test_what_reads_outputs_of_both_types_computes_the_same():
    total = of_less_known(narrow).sum() + doubled(narrow)[0, 2]
    shared = share_recurrences([total])
    values = pytensor.function([narrow], [total, *shared], mode=PYTHON)(
        np.arange(6.0).reshape(2, 3)
    )
    assert values[0] == values[1] == 34
