"""Graphs that are built quickly are the same graphs, with the same call stacks."""

import pytensor.tensor as pt
import pytest
from pytensor.graph import utils

from symrnn.building import built_quickly, call_stack

SKIPS = [None, [], ["symrnn/", "pluggy"], ["_pytest"], [""]]


@pytest.mark.parametrize("skips", SKIPS, ids=str)
@pytest.mark.parametrize("limit", [None, 0, 1, 3, 1000])
def test_call_stacks_are_pytensors(limit, skips):
    for extract in (utils.simple_extract_stack, call_stack, call_stack):
        stack = deep(extract, 5, limit=limit, skips=skips)
        if extract is utils.simple_extract_stack:
            expected = stack
        assert stack == expected


def deep(extract, depth, **options):
    return deep(extract, depth - 1, **options) if depth else extract(**options)


def test_variables_made_inside_know_their_line():
    with built_quickly():
        quick = pt.exp(pt.vector("x"))
    (*_, (path, _, function, text)) = quick.tag.trace[0]
    assert (path, function) == (__file__, "test_variables_made_inside_know_their_line")
    assert text == 'quick = pt.exp(pt.vector("x"))'


def test_pytensors_own_way_is_back_afterwards():
    before = utils.simple_extract_stack

    def fail():
        with built_quickly(), built_quickly():
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert utils.simple_extract_stack is before
