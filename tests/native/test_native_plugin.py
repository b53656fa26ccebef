"""Native mode as the default, by name and for a whole test run."""

import os
import subprocess
import sys
from pathlib import Path

from pytensor import config
from pytensor.compile.mode import Mode, get_default_mode, get_mode, predefined_modes

from symrnn.native import NativeLinker

TESTS = """
import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.link.numba.linker import NumbaLinker
from symrnn.native import native_report

x = pt.vector("x")

def programs(mode):
    f = pytensor.function([x], x * 2, mode=mode)
    np.testing.assert_array_equal(f(np.arange(3.0)), [0, 2, 4])
    return native_report(f).programs

def test_that_no_mode_is_native():
    assert programs(None) == 1

def test_that_fast_run_is_native():
    assert programs("FAST_RUN") == 1

def test_that_numba_is_native():
    assert programs("NUMBA") == programs(pytensor.compile.mode.Mode(NumbaLinker())) == 1
"""


def test_the_linkers_name_is_enough():
    with config.change_flags(mode="Mode", linker="native"):
        assert isinstance(get_default_mode().linker, NativeLinker)
        assert isinstance(Mode().linker, NativeLinker)
        assert get_mode("FAST_RUN") is predefined_modes["NATIVE"]


def test_the_plugin_makes_native_mode_the_default_and_numbas(tmp_path):
    (tmp_path / "test_modes.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "symrnn.native.pytest_plugin"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with_numbas = subprocess.run(
        [*command, "--native-as-numba", "test_modes.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "3 passed" in with_numbas.stdout, with_numbas.stdout + with_numbas.stderr
