"""One grammar of targets: every kind, however it is given, goes into every consumer."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytensor
import pytest
import targets
from click.testing import CliRunner
from targets import NAMES, a_training_graph, compiled, loss, state, w, x, y

from symrnn.commands.cli import cli
from symrnn.duplicates import duplicates
from symrnn.duplicates.explained import explanation
from symrnn.errors import UserError
from symrnn.guard import assert_graph_budget
from symrnn.guard.snapshot import block, key_of
from symrnn.measure import compile_report, graph_size
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.source_lines import source_lines
from symrnn.measure.target import KINDS, function_specs, target_of

FILE = Path(targets.__file__)
BY_PATH = FILE.with_name("targets_by_path.py")
NEEDS_PYMC = "a PyMC Model"  # where it is installed


def kinds():
    missing = pytest.mark.skipif(NEEDS_PYMC not in NAMES, reason="PyMC is not installed")
    return [pytest.param(kind, marks=[missing] if kind == NEEDS_PYMC else []) for kind in KINDS]


GIVEN = {  # how a target is given: what is handed over
    "itself": lambda name: vars(targets)[name],
    "a function": lambda name: vars(targets)[f"build_{name}"],
    "FILE.py:NAME": lambda name: f"{BY_PATH}:{name}",
    "FILE.py:function": lambda name: f"{BY_PATH}:build_{name}",
    "module:NAME": lambda name: f"targets:{name}",
    "module:function": lambda name: f"targets:build_{name}",
}


def within_budget(graph):
    """The number of nodes that a budget allows and one less does not."""
    size = graph_size(graph).total_nodes
    assert_graph_budget(graph, total_nodes=size)
    with pytest.raises(AssertionError, match=f"total_nodes is {size}, over its budget"):
        assert_graph_budget(graph, total_nodes=size - 1)
    return size


def reported(graph):
    """The nodes in a report: of what runs for a compiled function, of what was given for others."""
    found = compile_report(graph, mode="FAST_COMPILE").values
    return total(found["after" if target_of(graph).compiled else "before"])


def total(counts):
    return counts["nodes"] + counts["inner_nodes"]


def snapped(graph):
    """The nodes in a snapshot, which also knows the mode of what is compiled."""
    mode = target_of(graph).mode
    assert key_of(graph, "test", "name").mode == (
        "FAST_COMPILE" if mode else "none (before rewriting)"
    )
    counts = dict(line.split() for line in block(graph)[:3])
    return int(counts["total_nodes"])


def explained(graph):
    """The words of `explain`, which find nothing in these graphs."""
    assert explanation(graph) == "0 recurrences in 0 scans, none computed twice."
    assert duplicates(graph) == []
    return graph_size(graph).total_nodes


CONSUMERS = {  # name: target -> its number of nodes
    "graph_size": lambda graph: graph_size(graph).total_nodes,
    "budget": within_budget,
    "snapshot": snapped,
    "explain": explained,
    "source lines": lambda graph: sum(
        line.nodes + line.inner_nodes for line in source_lines(graph)
    ),
    "compile_report": reported,
}


def test_there_is_an_example_of_every_kind():
    assert NAMES.keys() | {NEEDS_PYMC} == KINDS.keys()


@pytest.mark.parametrize("consumer", CONSUMERS)
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("kind", kinds())
def test_every_consumer_takes_every_kind_however_it_is_given(kind, given, consumer):
    name = NAMES[kind]
    assert CONSUMERS[consumer](GIVEN[given](name)) == graph_size(vars(targets)[name]).total_nodes


@pytest.mark.parametrize("kind", kinds())
def test_only_the_first_kind_that_fits_is_meant(kind):
    target = vars(targets)[NAMES[kind]]
    assert next(name for name, each in KINDS.items() if each.fits(target)) == kind


@pytest.mark.slow
def test_the_commands_take_every_kind_by_file_and_by_module():
    """In one process each: what `symrnn measure` gives its child, and `symrnn explain`."""
    code = (
        "import json, sys; from symrnn.bench.records import Job\n"
        "from symrnn.measure import worker\n"
        "class Heard(dict):\n"
        "    begun = ''\n"
        "    def __call__(self, **answer): pass\n"
        "    def phase(self, name): self.begun = name\n"
        "    values = dict.update\n"
        "found = {}\n"
        "for place in sys.argv[1:]:\n"
        "    heard = Heard()\n"
        "    job = Job('measure', path=place, mode='fast_compile', steps=1, profile=True)\n"
        "    worker.measure(job, heard)\n"
        "    found[place] = heard.get('before', heard['after'])['nodes'], len(heard['step_s'])\n"
        "print(json.dumps(found))"
    )
    given = (f"{BY_PATH}:", f"{BY_PATH}:build_", "targets:build_")
    places = [before + name for name in NAMES.values() for before in given]
    done = subprocess.run(
        [sys.executable, "-c", code, *places],
        capture_output=True,
        text=True,
        check=False,
        cwd=FILE.parent,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for place in places:
        specs = function_specs(vars(targets)[place.rpartition(":")[2].removeprefix("build_")])
        assert found[place] == [sum(graph_size(spec).nodes for spec in specs), 1]
        told = CliRunner().invoke(cli, ["explain", place])
        assert told.output == "0 recurrences in 0 scans, none computed twice.\n"


TARGETS = {  # name: (target, inputs, outputs, updates) of the one function it means
    "a variable": (x + y, [x, y], 1, 0),
    "variables": ([x + y, x * w], [x, y], 2, 0),
    "values of a dictionary": ({w: w + x}.values(), [x], 1, 0),
    "inputs and an output": (([y, x], x + y), [y, x], 1, 0),
    "inputs and outputs": (([y, x], [x + y, x]), [y, x], 2, 0),
    "inputs as a tuple": (((y, x), x + y), [y, x], 1, 0),
    "with updates": (([x], [loss], {w: w + 1}), [x], 1, 1),
    "with updates as pairs": (([x], [loss], [(w, w + 1)]), [x], 1, 1),
    "with no updates": (([x], [loss], None), [x], 1, 0),
    "without outputs": (([x], [], {w: w + x}), [x], 0, 1),
    "updates": ({w: w + x, state: state + x * y}, [x, y], 0, 2),
    "a spec": (FunctionSpec([x], [loss]), [x], 1, 0),
    "a training graph, its outputs, its gradient and what is carried": (
        a_training_graph,
        [x],
        3,
        1,
    ),
    "a compiled function, updates among what it puts out": (compiled, [x], 2, 0),
    "a function that returns one": (lambda: ([x], loss), [x], 1, 0),
    "a function that returns a function": (lambda: lambda: ([x], loss), [x], 1, 0),
}


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_handed_in_becomes_a_function(name):
    target, inputs, outputs, updates = TARGETS[name]
    (found,) = function_specs(target)
    assert list(found.inputs) == inputs
    assert (len(found.outputs), len(found.updates)) == (outputs, updates)


REFUSED = {  # what is no target: how the message names it
    "a number": (3, "is 3 (int)"),
    "nothing": ([], "is an empty list"),
    "no outputs": ([3], "is a list of int"),
    "inputs that are none": (([3], x), "is a tuple of list and"),
    "a dictionary by names": ({"loss": loss}, "is a dict of str"),
    "a function of nothing": (lambda: None, "is None"),
    "none": (None, "is None"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_what_is_no_target_is_refused_alike_and_told_what_is(name, consumer):
    target, told = REFUSED[name]
    with pytest.raises(UserError) as error:
        CONSUMERS[consumer](target)
    assert told in str(error.value)
    assert all(kind in str(error.value) for kind in KINDS)
    assert "FILE.py:NAME or package.module:NAME" in str(error.value)


PLACES = {  # name of a target: the message
    "x": "must be FILE.py:NAME or package.module:NAME, but is 'x'",
    "nowhere.py:loss": "there is no file nowhere.py",
    "no_such_module:loss": "there is no module 'no_such_module'",
    "json.nowhere:loss": "there is no module 'json.nowhere'",
    "targets:los": "targets.py has no 'los'; did you mean 'loss'?",
    "targets:np": "target must be",
    "targets:FunctionSpec": "must be called without arguments, but FunctionSpec does not take that",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_is_not_there_is_refused_with_a_way_out(place):
    with pytest.raises(UserError) as error:
        graph_size(place)
    assert PLACES[place] in str(error.value)


def test_a_module_that_fails_to_import_another_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "lame.py").write_text("import no_such_crutch\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        UserError, match=r"lame cannot be read: ModuleNotFoundError: .*no_such_crutch"
    ):
        graph_size("lame:loss")


def test_the_batch_beside_a_target_is_what_it_is_called_with(tmp_path):
    (tmp_path / "batched.py").write_text(
        "import numpy as np, pytensor.tensor as pt\n"
        "x = pt.matrix('x')\n"
        "def batch():\n    return [np.ones((5, 2))]\n"
    )
    found = target_of(f"{tmp_path}/batched.py:x")
    assert [[array.shape for array in arrays] for arrays in found.arguments()] == [[(5, 2)]]
    assert not found.is_made_up
    assert target_of(x).is_made_up
    assert [[array.shape for array in arrays] for arrays in target_of(x).arguments()] == [[(3,)]]


@pytest.mark.skipif(NEEDS_PYMC not in NAMES, reason="PyMC is not installed")
def test_a_pymc_model_is_its_density_and_gradient_at_the_initial_point():
    found = target_of(targets.a_model)
    (spec,) = found.functions
    assert [each.name for each in spec.inputs] == ["mean", "spread_log__"]
    assert len(spec.outputs) == 3
    function = pytensor.function(spec.inputs, spec.outputs, mode="FAST_COMPILE")
    (arguments,) = found.arguments()
    logp, *slopes = function(*arguments)
    point = targets.a_model.initial_point()
    assert logp == pytest.approx(targets.a_model.compile_logp(mode="FAST_COMPILE")(point))
    expected = targets.a_model.compile_dlogp(mode="FAST_COMPILE")(point)
    np.testing.assert_allclose(np.ravel(slopes), expected)
