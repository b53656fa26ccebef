"""Unit tests run in float64 on the Python linker; tests marked slow choose their own backend."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
flags = os.environ.get("PYTENSOR_FLAGS", "")
os.environ["PYTENSOR_FLAGS"] = ",".join(
    filter(None, [flags, "floatX=float64,linker=py,cxx=,on_opt_error=raise"])
)

# Rooms that build many gradients of scans. To look up the call stack of every variable, below pytest's frames and a
# recursive gradient, is a quarter of that time.
WITHOUT_CALL_STACKS = {"duplicates", "ops", "unroll", "updates"}


@pytest.fixture(autouse=True)
def call_stacks(request):
    """Whether variables know the lines that made them: where tests of a room read these, they say so."""
    if request.path.parent.name not in WITHOUT_CALL_STACKS:
        yield
        return
    import pytensor

    with pytensor.config.change_flags(traceback__limit=0):
        yield
