"""One case again: ``python tests/fuzz/again.py "NetworkCase(...)"``, as a failure prints it."""

import os
import sys
from importlib import import_module
from pathlib import Path

from algebra import AtAKink
from hypothesis.errors import InvalidArgument

CHECKS = {  # a case's class: the module whose `check` it is given to
    "NetworkCase": "network_oracle",
    "TrainingCase": "training_runs",
    "LookAheadCase": "look_aheads",
    "SharedCase": "shared_walks",
    "CTCCase": "ctc_losses",
}


def main(source: str) -> None:
    os.environ.setdefault("PYTENSOR_FLAGS", "floatX=float64,linker=py,cxx=,on_opt_error=raise")
    sys.path[:0] = [str(folder) for folder in Path(__file__).parents[1:3]]
    names: dict = {}
    for module in ("drawn_cells", "networks", *CHECKS.values()):
        names |= vars(import_module(module))
    case = eval(source, names)
    try:
        import_module(CHECKS[type(case).__name__]).check(case)
    # hypothesis: only a test may say that a case does not count
    except (InvalidArgument, AtAKink):
        print("does not count")
    else:
        print("agrees")


if __name__ == "__main__":
    main(sys.argv[1])
