"""Unit tests run in float64 on the Python linker; tests marked slow choose their own backend."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
flags = os.environ.get("PYTENSOR_FLAGS", "")
os.environ["PYTENSOR_FLAGS"] = ",".join(
    filter(None, [flags, "floatX=float64,linker=py,cxx=,on_opt_error=raise"])
)
