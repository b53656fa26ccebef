"""The plugin, run by pytester in a folder of its own."""

from pathlib import Path

import pytensor.link.numba.dispatch
import pytensor.sparse
import pytest
from in_pytester import HEAD, PLUGINS

import symrnn

# pytester forgets what its tests import, and these cannot be imported twice
assert pytensor.sparse
assert pytensor.link.numba.dispatch


@pytest.fixture(autouse=True)
def importable_by_subprocesses(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(symrnn.__file__).parents[1]))


@pytest.fixture
def run(pytester):
    """Writes a test module and runs it: ``run(source, *options) -> result``."""

    def run(source=None, *options, process=False):
        if source is not None:
            pytester.makepyfile(test_it=HEAD + source)
        run = pytester.runpytest_subprocess if process else pytester.runpytest_inprocess
        options = (*PLUGINS, "-p", "no:cacheprovider", "-q", *options)
        return run(*options)

    return run
