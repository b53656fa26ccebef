"""Random graphs: native code against PyTensor's Python linker.

Forty in every run, the same ones; ``SYMRNN_RANDOM_GRAPHS=10000`` looks at as many others, and
``python tests/native/many_random_graphs.py 0 10000`` at all of so many, whatever fails.
"""

import os
import warnings

import numpy as np
import pytensor
import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, note, settings
from hypothesis import strategies as st
from random_cases import MODES, REFERENCE, REWRITTEN, case_of, difference
from random_graphs import random_graph

EXAMPLES = int(os.environ.get("SYMRNN_RANDOM_GRAPHS", "40"))


@pytest.mark.parametrize("mode", MODES)
@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    derandomize=EXAMPLES == 40,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_native_code_gives_what_the_python_linker_gives(mode, data):
    case = case_of(random_graph(lambda n: data.draw(st.integers(0, n - 1))))
    assume(case.outputs)
    note(pytensor.dprint(case.outputs, file="str"))
    note(f"inputs {case.calls}, shared {case.start}, updates {case.updates}")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = difference(case, MODES[mode], REFERENCE)
        if found is not None and mode == "rewritten":
            alike = difference(case, MODES[mode], REWRITTEN)
            event("PyTensor's rewriting changes it" if alike is None else "native code changes it")
            found = alike
    if found is not None:
        raise found
