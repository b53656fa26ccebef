"""A pytest plugin that makes native mode PyTensor's default: ``pytest -p symrnn.native.pytest_plugin``.

Any project's tests then run in native mode where they name no other. With ``--native-as-numba`` it also takes Numba's
place, for tests that compare Numba with Python. PyTensor's own tests are run so: `docs/native-pytensor-tests.md`.
"""

from __future__ import annotations

import sys

import pytensor
import pytest
from pytensor.compile import mode as modes
from pytensor.link.numba import linker

from symrnn.native.linker import NativeLinker, register


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--native-as-numba", action="store_true", help="run in native mode what asks for Numba"
    )


def pytest_configure(config: pytest.Config) -> None:
    register()
    pytensor.config.linker = "native"  # of FAST_RUN and of modes that name no linker
    pytensor.config.mode = "NATIVE"
    if config.getoption("native_as_numba"):
        native_for_numba()


def native_for_numba() -> None:
    """Put native mode wherever Numba's is looked for."""
    for module in (linker, modes):
        vars(module)["NumbaLinker"] = NativeLinker
    modes.NUMBA = modes.predefined_modes["NUMBA"] = modes.predefined_modes["NATIVE"]
    modes.predefined_linkers["numba"] = NativeLinker()


def pytest_collection_finish(session: pytest.Session) -> None:
    """PyTensor's tests run Numba's functions in Python, too, for coverage: of native mode there are none."""
    tests = sys.modules.get("tests.link.numba.test_basic")
    if tests is not None and session.config.getoption("native_as_numba"):
        tests.eval_python_only = lambda *_, **__: None  # type: ignore[attr-defined]
