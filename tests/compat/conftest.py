"""The facade, put in for a test and taken out again without a trace."""

import sys

import pytest

from symrnn import compat


@pytest.fixture
def installed():
    compat.install(old_numpy=False)
    yield
    compat.uninstall()
    assert not [name for name in sys.modules if name.partition(".")[0] in ("theano", "lasagne")]
