"""Modes by name, as PyTensor's registry has them."""

from importlib.util import find_spec

import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode, predefined_modes

from symrnn import modes
from symrnn.errors import UserError
from symrnn.measure import compile_report
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.modes import backend_of, check_backend, known_modes, mode_name, mode_of
from symrnn.measure.stages import rewritten
from symrnn.modes import MODES, OWN_MODES

x = pt.vector("x")
MISSING = [
    name
    for name, mode in predefined_modes.items()
    if (b := backend_of(mode)) and not find_spec(b.package)
]
PRESENT = [name for name in predefined_modes if name not in MISSING]


@pytest.mark.parametrize("name", PRESENT)
@pytest.mark.parametrize("spelled", [str.lower, str.upper, str.title])
def test_a_mode_is_known_in_any_case_of_letters(name, spelled):
    assert mode_of(spelled(name)) is predefined_modes[name]
    assert mode_name(mode_of(spelled(name))) == name


def test_a_mode_that_somebody_registers_is_known(monkeypatch):
    monkeypatch.setitem(predefined_modes, "MINE", Mode(linker="py", optimizer=None))
    assert mode_of("mine") is predefined_modes["MINE"]
    assert "MINE" in known_modes()
    report = compile_report(pt.exp(x) * 1, mode="mine")
    assert report.values["after"] == report.values["before"]  # nothing is rewritten in it


@pytest.mark.parametrize("name", OWN_MODES)
def test_a_mode_of_ours_is_known_in_any_case_of_letters(name):
    assert name in known_modes()
    assert mode_name(mode_of(name.lower())) == name
    assert mode_of(name.lower()) is predefined_modes[name]


def test_an_unknown_mode_is_refused_with_the_known_ones():
    with pytest.raises(UserError) as error:
        rewritten(FunctionSpec([x], [x + 1]), "NUMBER")
    assert all(name in str(error.value) for name in predefined_modes)
    assert "but is 'NUMBER'; did you mean 'NUMBA'?" in str(error.value)


def test_a_mode_as_it_is_and_the_default_one():
    mode = Mode(linker="py")
    assert mode_of(mode) is mode
    assert isinstance(mode_of(None), Mode)


@pytest.mark.parametrize("name", MODES)
def test_every_mode_of_the_table_is_one_that_pytensor_knows(name):
    assert name in known_modes()
    if name in predefined_modes:
        assert backend_of(predefined_modes[name]) is MODES[name]


@pytest.mark.parametrize("name", [name for name, backend in MODES.items() if backend])
def test_a_backend_that_is_not_installed_is_one_sentence(name, monkeypatch):
    mode = mode_of(name) if name in OWN_MODES else predefined_modes[name]
    monkeypatch.setattr(modes, "find_spec", lambda name: None)
    sentence = f"^mode {name} needs the package {MODES[name].package}, which is not installed; .*pip install"
    with pytest.raises(UserError, match=sentence):
        check_backend(mode)


@pytest.mark.parametrize("name", MISSING)
def test_a_mode_without_its_backend_is_refused_before_it_is_used(name):
    with pytest.raises(UserError, match=f"mode {name} needs the package"):
        compile_report(x + 1, mode=name)
