"""Ten planted causes: each is named with its line, its twin is clean, and before and after are measured."""

import inspect
import re
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import numpy as np
import planted
import pytensor
import pytensor.tensor as pt
import pytest
from click.testing import CliRunner
from pytensor.compile.mode import Mode
from pytensor.link.vm import VMLinker

import symrnn.native
from symrnn.commands.cli import cli
from symrnn.doctor import doctor
from symrnn.doctor.examination import CAUSES
from symrnn.measure import graph_size
from symrnn.measure.compile_events import compile_events
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.stages import linked, rewritten
from symrnn.measure.target import example
from symrnn.native.report import native_report

assert symrnn.native

TWINS = {"object_mode": "with_implementation", "no_cache_key": "with_implementation"}
OTHERS = {"large_constant": "NUMBA", "object_mode": "NUMBA", "no_cache_key": "NUMBA"}
MODES = (
    dict.fromkeys(CAUSES, "FAST_COMPILE")
    | OTHERS
    | {"no_blas": Mode(VMLinker(c_thunks=True), "fast_run")}
)
RUN = Mode(linker="py", optimizer="fast_run")
MARKED = {"baked_rate": planted.trained, "duplicate_recurrence": planted.recurrence}


def twin(kind):
    return getattr(planted, TWINS.get(kind, f"{kind}_clean"))


def planted_line(kind):
    """The number of the line that has the mark."""
    lines, first = inspect.getsourcelines(MARKED.get(kind, getattr(planted, kind)))
    return first + next(i for i, line in enumerate(lines) if "# HERE" in line)


@pytest.fixture(autouse=True)
def as_users_run():
    """The filters of warnings that a user has, and no BLAS."""
    with warnings.catch_warnings(), pytensor.config.change_flags(blas__ldflags=""):
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("kind", CAUSES)
def test_a_planted_cause_is_found_at_its_line_and_not_in_its_twin(kind):
    (found,) = doctor(getattr(planted, kind), mode=MODES[kind])
    assert found.kind == kind
    path, _, line = found.line.rpartition(":")
    assert (Path(path).name, int(line)) == ("planted.py", planted_line(kind))
    assert doctor(twin(kind), mode=MODES[kind]) == []


NAMED = {"NUMBA": "Numba", "JAX": "XLA"}  # by mode


@pytest.mark.parametrize("mode", NAMED)
def test_a_large_constant_is_told_by_the_backend_that_is_asked_for(mode):
    pytest.importorskip(mode.lower())
    (found,) = doctor(planted.large_constant, mode=mode)
    assert [name for name in NAMED.values() if name in found.sentence] == [NAMED[mode]]


def test_ten_kinds_are_looked_for():
    assert len(CAUSES) == 10


def test_a_function_that_compiles_is_examined_as_it_was_before():
    def trained():
        inputs, outputs, updates = planted.baked_rate()
        return pytensor.function(inputs, outputs, updates=updates, mode="FAST_COMPILE")

    (found,) = doctor(trained, mode="FAST_COMPILE")
    assert (found.kind, "rate 0.01" in found.sentence) == ("baked_rate", True)


def test_the_command_tells_the_cure_and_ends_with_1_where_something_is_found(monkeypatch):
    monkeypatch.chdir(Path(planted.__file__).parent)
    told = CliRunner().invoke(cli, ["doctor", "planted.py:wide_node", "--mode", "FAST_COMPILE"])
    assert told.exit_code == 1
    assert "1. planted.py:" in told.stdout
    assert re.search(r"a node of Join takes 4[01] inputs \(over 30\)", told.stdout)
    assert "cure: keep the values in one array" in told.stdout
    clean = ["doctor", "planted.py:wide_node_clean", "--mode", "FAST_COMPILE"]
    told = CliRunner().invoke(cli, clean)
    assert (told.exit_code, told.stdout) == (
        0,
        "nothing of the 10 causes that are looked for\n",
    )


# before and after, measured: what a finding says is so


def compiled(parts, mode):
    """A function of ``(inputs, outputs[, updates])``, called once."""
    spec = FunctionSpec(*parts)
    function = linked(rewritten(spec, mode))
    function(*map(example, spec.inputs))
    return function


def nodes(build):
    spec = FunctionSpec(*build())
    return graph_size(rewritten(spec, RUN).fgraph).total_nodes


def nodes_built(build):
    return graph_size(FunctionSpec(*build())).total_nodes


def text_bytes(build):
    return native_report(compiled(build(), "NATIVE")).text_bytes


def recurrences(build):
    return graph_size(rewritten(FunctionSpec(*build()), RUN).fgraph).components


def warnings_raised(build):
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        build()
    return len(raised)


MEASURES = {  # kind: what is counted, how much more of it the planted case has
    "wide_node": (text_bytes, 3.0),
    "unknown_shape": (nodes, 1.2),
    "unrolled_loop": (nodes_built, 5.0),
    "duplicate_recurrence": (recurrences, 2.0),
    "hidden_warning": (warnings_raised, 1.0),
}


@pytest.mark.parametrize("kind", MEASURES)
def test_the_twin_has_less_of_what_compiling_costs(kind):
    count, times = MEASURES[kind]
    before, after = count(getattr(planted, kind)), count(twin(kind))
    assert before > after
    assert before >= times * after


def test_without_blas_a_stand_in_is_compiled():
    homes = ("pytensor.tensor.blas_headers", "pytensor.tensor.blas.c_code.blas_headers")
    for home in homes:  # it moved in PyTensor 3.1
        with suppress(ModuleNotFoundError):
            blas_header_text = import_module(home).blas_header_text
    with pytensor.config.change_flags(blas__ldflags="-lblas"):
        linked_text = len(blas_header_text())
    assert len(blas_header_text()) > 2 * linked_text


def compiled_again(build, other):
    """Functions that Numba compiles for `other` once it has compiled for `build`."""
    compiled(build(), "NUMBA")
    with compile_events() as events:
        compiled(other(), "NUMBA")
    return events.count("numba")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["large_constant", "object_mode", "no_cache_key"])
def test_what_is_never_kept_is_compiled_again(kind):
    build, clean = getattr(planted, kind), twin(kind)
    assert compiled_again(build, build) > compiled_again(clean, clean)


@pytest.mark.slow
def test_another_rate_is_another_function_unless_it_is_shared():
    rate = float(np.random.default_rng().uniform(0.01, 0.02))  # none that a cache has
    clean = planted.baked_rate_clean
    again = compiled_again(planted.baked_rate, lambda: planted.baked_rate(rate))
    assert again > compiled_again(clean, clean)


def test_one_line_with_many_rates_is_one_finding():
    params = [planted.shared(np.ones(3), f"w{i}") for i in range(3)]
    x = pt.vector("x")
    loss = sum(((x - w) ** 2).sum() for w in params)
    updates = {w: w - 0.1 * pytensor.grad(loss, w) for w in params}
    (found,) = doctor(([x], [loss], updates), mode="FAST_COMPILE")
    assert found.sentence.startswith("the update of w0 and of 2 more has the rate 0.1")
