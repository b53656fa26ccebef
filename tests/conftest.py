"""Unit tests run in float64 on the Python linker; tests marked slow choose their own backend."""

import gc
import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
flags = os.environ.get("PYTENSOR_FLAGS", "")
os.environ["PYTENSOR_FLAGS"] = ",".join(
    filter(None, [flags, "floatX=float64,linker=py,cxx=,on_opt_error=raise"])
)
# What Numba and XLA compile here runs once or twice: to optimize it takes longer than it saves.
os.environ.setdefault("NUMBA_OPT", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

# Python looks for garbage after each 700 new objects, and a gradient is a hundred thousand that stay: a quarter of the
# time of these tests. Graphs are cycles, so it does look, but seldom, and never among modules, collected tests and what
# earlier files have left.
gc.set_threshold(1_000_000, 10, 10)


def pytest_collection_finish(session):
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def memory_of_a_file():
    """What a file leaves behind, caches and compiled code, is not looked through again by what collects garbage."""
    yield
    gc.collect()
    gc.freeze()


# Rooms that build many gradients and graphs. To look up the call stack of every variable, below pytest's frames and a
# recursive gradient, is a quarter of the time of a gradient of scans, and a twentieth of native mode's.
WITHOUT_CALL_STACKS = {
    "compat",
    "experiments",
    "lasagne",
    "cells",
    "duplicates",
    "fuzz",
    "models",
    "native",
    "ops",
    "training",
    "unroll",
    "updates",
}


@pytest.fixture(autouse=True)
def call_stacks(request):
    """Whether variables know the lines that made them: where tests of a room read these, they say so."""
    if request.path.parent.name not in WITHOUT_CALL_STACKS:
        yield
        return
    import pytensor

    with pytensor.config.change_flags(traceback__limit=0):
        yield
