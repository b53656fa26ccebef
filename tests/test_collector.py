"""Python's collector rests while a graph is made, and goes on afterwards as before."""

import gc

import pytest

from symrnn.collector import collector_at_rest


def test_the_collector_goes_on_after_an_error():
    def fail():
        with collector_at_rest(), collector_at_rest():
            assert not gc.isenabled()
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with collector_at_rest():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_graphs_that_nobody_holds_are_collected():
    """A rest of the collector leaves no garbage behind that the next collections pass over."""
    gone = []

    class Held:
        def __init__(self):
            self.me = self  # a cycle, which only the collector can free

        def __del__(self):
            gone.append(1)

    for _ in range(3):
        with collector_at_rest():
            Held()
    gc.collect(0)
    assert len(gone) == 3
