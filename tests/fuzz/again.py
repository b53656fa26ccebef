"""One case again: ``python tests/fuzz/again.py "NetworkCase(...)"``, as a failure prints it."""

import os
import sys
from pathlib import Path

os.environ.setdefault("PYTENSOR_FLAGS", "floatX=float64,linker=py,cxx=,on_opt_error=raise")
sys.path[:0] = [str(folder) for folder in (Path(__file__).parents[1], Path(__file__).parents[2])]

import drawn_cells
import network_oracle
import networks

NAMES = {name: value for module in (drawn_cells, networks) for name, value in vars(module).items()}
CHECKS = {networks.NetworkCase: network_oracle.check}

if __name__ == "__main__":
    case = eval(sys.argv[1], NAMES)
    CHECKS[type(case)](case)
    print("agrees")
