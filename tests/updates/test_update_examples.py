"""The examples in the docstrings of `symrnn.updates` run."""

import doctest
from importlib import import_module

import pytest

MODULES = ["gradients", "sgd", "nesterov", "adaptive", "adam", "constraints", "schedules"]


@pytest.mark.parametrize("module", ["", *(f".{name}" for name in MODULES)])
def test_examples_run(module):
    results = doctest.testmod(import_module(f"symrnn.updates{module}"))
    assert results.attempted > 0
    assert results.failed == 0
