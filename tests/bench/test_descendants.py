"""The memory of a process and of all below it, whichever way it is found."""

import subprocess
import sys

import pytest

from symrnn.bench import descendants

MB = 10**6
CHILD = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
held = bytearray(30_000_000)
held[::4096] = b"x" * len(held[::4096])
below = None
if len(sys.argv) > 1:
    below = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
    below.stdout.readline()
print("ready", flush=True)
try:
    time.sleep(60)
finally:
    below and below.kill()
"""


@pytest.fixture(scope="module")
def process():
    """A process of over 30 MB with one below it of the same size."""
    command = [sys.executable, "-c", CHILD, CHILD]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as found:
        found.stdout.readline()
        yield found
        found.terminate()  # whatever it started ends with it; an interrupt is ignored in the background


@pytest.mark.parametrize("has_children", [True, False])
def test_children_count(process, has_children, monkeypatch):
    if has_children and not descendants.HAS_CHILDREN:
        pytest.skip("this system does not list children")
    monkeypatch.setattr(descendants, "HAS_CHILDREN", has_children)
    assert descendants.rss_bytes(process.pid) > 60 * MB
    (below,) = list(descendants.family(process.pid))[1:] if has_children else [None]
    if below:
        assert descendants.rss_bytes(process.pid) > descendants.rss_bytes(below) > 30 * MB


def test_what_has_ended_holds_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert descendants.rss_bytes(ended.pid) == 0
