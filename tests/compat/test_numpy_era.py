"""NumPy and Python's library as they were when old programs were written."""

import collections.abc
import inspect
import time

import numpy as np
import pytensor.tensor as pt
import pytest

from symrnn import compat
from symrnn.compat import numpy_era, sources


def run_old(source, **scope):
    tree = sources.with_old_indices(sources.parsed(source.encode(), "x.py"))
    exec(compile(tree, "x.py", "exec"), scope)
    return scope


def test_lists_of_slices_are_indices_in_old_programs():
    source = '"""Doc."""\nfrom __future__ import division\ny = x[k]'
    scope = run_old(source, x=np.arange(6).reshape(2, 3), k=[slice(None), slice(1, 2)])
    assert scope["y"].tolist() == [[1], [4]]
    assert numpy_era.as_index([0, 1]) == [0, 1]


NUMPY = {  # a program with its result in y, and the result
    "ragged rows are lists": ("y = np.array([[1, 2], [3]]).tolist()", [[1, 2], [3]]),
    "ragged rows of a dtype are refused": (
        "try:\n    np.array([[1, 2], [3]], 'float32')\nexcept ValueError:\n    y = 1",
        1,
    ),
    "copy=False copies where it must": ("y = np.array([1], copy=False).tolist()", [1]),
    "an array of one entry is an element": (
        "y = np.zeros(2)\ny[0] = np.array([3.])\ny = y.tolist()",
        [3.0, 0.0],
    ),
    "a dictionary keeps it": ("y = {}\ny[0] = np.array([3.])\ny = y[0].shape", (1,)),
    "an array of one entry is a number": (
        "from math import sqrt\ny = float(np.array([4.])), int(np.ones((1, 1))), sqrt(np.array([4]))",
        (4.0, 1, 2.0),
    ),
    "and is formatted as one": ("y = '%d %.1f' % (np.array([4.]), np.array([.5]))", "4 0.5"),
    "but as an array where text is asked for": (
        "a = np.array([5])\ny = '%s %5s %r' % (a, a, a), '%s' % a, '%(a)s %(a)d' % {'a': a}, '%s' % a[None]",
        ("[5]   [5] array([5])", "[5]", "[5] 5", "[[5]]"),
    ),
    "an array of objects keeps it": (
        "y = np.empty(2, object)\ny[0] = a = np.array([5])\ni = 1\ny[i] = np.array([7.])\ny = y[0] is a, y[1].tolist()",
        (True, [7.0]),
    ),
    "an array is not None, and no text": (
        "y = np.zeros(2) == None, np.zeros(2) != 'same', None == None, 'a' == 'a'",
        (False, True, True, True),
    ),
    "floats are sizes and places": (
        "n = 4.\nx = np.arange(6)\ny = np.zeros((n, 2.)).shape, x[:n / 2].tolist(), int(x[n]), "
        "np.ones(6).reshape(n / 2, 3).shape, np.random.uniform(0., .5, (2., 1)).shape, np.random.randn(n).shape",
        ((4, 2), [0, 1], 4, (2, 3), (2, 1), (4,)),
    ),
    "a dictionary has floats as keys": ("k = .5\nd = {}\nd[k] = 1\ny = d[k], d", (1, {0.5: 1})),
    "minus turns a mask": ("m = np.array([True])\ny = (-m).tolist()", [False]),
    "methods of arrays": (
        "x = np.zeros((2, 2))\nx.itemset((0, 1), 3.)\nx.itemset(2, 4.)\ny = x.tolist(), float(x.ptp())",
        ([[0.0, 3.0], [4.0, 0.0]], 4.0),
    ),
    "a density was normed": (
        "y = np.histogram([1, 2], bins=2, normed=True)[0].tolist()",
        [1.0, 1.0],
    ),
    "a float is written down as a place": (
        "x = np.arange(4)\ny = int(x[2.]), x[:2.].tolist()",
        (2, [0, 1]),
    ),
    "a program's own function has its own parameters": (
        "def normal(size, function): return function(size)\ny = normal(size=-2., function=abs)",
        2.0,
    ),
    "bytes": ("y = np.fromstring(np.ones(1).tostring())[0]", 1.0),
}


@pytest.mark.parametrize("what", NUMPY)
def test_numpy_is_that_of_the_time(what):
    source, y = NUMPY[what]
    assert run_old(source, np=np)["y"] == y


def test_a_new_axis_takes_the_place_of_axes_of_size_one_that_are_not_named():
    column, row, matrix = pt.col("column"), pt.row("row"), pt.matrix("matrix")
    source = "y = column[:, None], column[:, None, :], row[None], matrix[:, None, :], values[:, np.newaxis]"
    scope = run_old(source, column=column, row=row, matrix=matrix, np=np, values=np.ones((2, 1)))
    assert [one.type.shape for one in scope["y"][:4]] == [
        (None, 1), (None, 1, 1), (1, 1, None), (None, 1, None)
    ]  # fmt: skip
    assert scope["y"][4].shape == (2, 1, 1)
    assert scope["y"][0].eval({column: [[3.0], [4.0]]}, mode="FAST_COMPILE").tolist() == [[3], [4]]


def test_names_of_numpy_and_of_the_library_are_back(monkeypatch):
    for module, name in ((np, "cast"), (np, "float"), (np.testing, "dec"), (time, "clock"), (collections, "Mapping"),
                         (inspect, "getargspec")):  # fmt: skip
        monkeypatch.delattr(module, name, raising=False)
    compat.install()
    compat.uninstall()
    assert np.cast["int32"](1.5).dtype == "int32"
    assert (np.float, collections.Mapping) == (float, collections.abc.Mapping)
    assert time.clock() > 0
    assert inspect.getargspec(lambda a, b=1: a).defaults == (1,)


def test_numpy_prints_as_it_did_until_it_is_told_otherwise():
    compat.install()
    assert (str(np.float64(0.1) + 0.2), repr(np.array([1.5, 2]))) == ("0.3", "array([ 1.5,  2. ])")
    compat.uninstall()
    assert repr(np.array([1.5, 2])) == "array([1.5, 2. ])"
