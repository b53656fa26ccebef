"""The real worker, in real child processes, on small files of experiments."""

import json
import subprocess
import sys

import pytest

from symrnn.bench.records import Job
from symrnn.bench.runner import run_jobs
from symrnn.bench.trace import spans_of, write_traces
from symrnn.measure.child_process import compile_time
from symrnn.measure.compile_events import Compilation, CompileEvents
from symrnn.measure.rewrite_timing import NODE_REWRITE, RewriteProfile
from symrnn.measure.worker import one_sentence

EXPERIMENT = '''
"""How long does a small network take to compile?"""
import numpy as np


def build(size):
    import pytensor, pytensor.tensor as pt
    from symrnn.graph import TrainingGraph
    print("building")
    x, w = pt.vector("x"), pytensor.shared(np.ones(size), name="w")
    return TrainingGraph([x], (pt.tanh(x) * w).sum(), [w])


def functions(graph, size):
    import pytensor
    from symrnn.measure.stages import FunctionSpec
    if size == 13:
        raise ValueError("thirteen\\nis too many")
    (w,) = graph.params
    return [FunctionSpec(graph.inputs, [graph.loss], {w: w - pytensor.grad(graph.loss, w)})]


def batch(size):
    return [np.zeros(size)]


def train(size):
    return {"losses": np.arange(size), "accuracy": np.float64(0.5)}


def useless(size):
    return {"object": object()}


def hungry(size):
    raise MemoryError("20 GB")
'''


@pytest.fixture
def experiment(tmp_path):
    path = tmp_path / "small.py"
    path.write_text(EXPERIMENT)

    def job(size=3, **options):
        return Job(
            "small", {"size": size}, str(path), **{"mode": "FAST_COMPILE", "steps": 4, **options}
        )

    return job


def test_a_record_holds_phases_sizes_and_events(experiment):
    record = compile_time(experiment(flags="cxx="))
    assert record.status == "ok", record.message
    values = record.values
    seconds = {"build_s", "grad_s", "rewrite_s", "link_s", "first_call_s", "jit_s", "total_s"}
    assert {*seconds, "import_s", "after_import_s", "peak_rss_bytes", "is_cold"} <= set(values)
    assert len(values["step_s"]) == 4
    assert values["before"]["nodes"] > values["after"]["nodes"] > 0
    assert values["is_cold"] is False  # nothing was compiled
    assert record.machine["blas_threads"] == 1
    assert record.machine["cores"] >= 1
    assert {"python", "pytensor", "numpy", "symrnn"} <= set(record.versions)
    json.dumps(record.values)


def test_a_profiled_job_records_rewrites_lines_and_a_timeline(experiment, tmp_path):
    record = compile_time(experiment(flags="cxx=", profile=True))
    assert record.status == "ok", record.message
    rewrites = RewriteProfile.from_dict(record.values["rewrites"])
    assert record.values["rewrite_counts"] == rewrites.counts()
    assert rewrites.by_name(NODE_REWRITE)
    assert 0.9 < rewrites.accounted <= 1
    lines = record.values["lines_before"]
    assert {"small.py"} <= {line["path"].rpartition("/")[2] for line in lines}
    assert sum(line["nodes"] for line in lines) == record.values["before"]["nodes"]
    spans = spans_of(record)
    assert {"build", "rewrite", "link", "first_call", "step", "one step"} <= {s.name for s in spans}
    assert {span.name for span in spans if span.category == "op"} >= {"Sum{Add}"}
    assert all(span.begin_ns >= 0 for span in spans)
    assert len(write_traces(record, tmp_path)) == 2


def test_phases_account_for_the_time_after_imports(experiment):
    values = compile_time(experiment(flags="cxx=")).values
    assert sum(values["phases_s"].values()) <= values["after_import_s"]
    assert set(values["phases_s"]) == set(values["phases_cpu_s"])
    assert set(values["phases_s"]) == {
        "build", "grad", "count", "rewrite", "link", "batch", "first_call", "step"
    }  # fmt: skip


def test_an_error_is_one_sentence_with_its_phase_and_what_was_known(experiment):
    record = compile_time(experiment(13, flags="cxx="))
    assert record.status == "error"
    assert record.message == "ValueError: thirteen (in phase grad)"
    assert "build" in record.values["phases_s"]
    assert "functions" in record.values["traceback"]
    assert "building" in record.values["printed"]


TASKS = {  # task: (status, message)
    "train": ("ok", ""),
    "useless": ("error", "TypeError: a task must return JSON values, but returned object"),
    "hungry": ("memory_limit", "out of memory: 20 GB"),
    "trian": ("error", "{path} has no 'trian'; did you"),
}


@pytest.mark.parametrize("task", TASKS)
def test_further_tasks_are_functions_of_the_file(experiment, task):
    status, message = TASKS[task]
    job = experiment(task=task)
    record = compile_time(job)
    assert record.status == status
    assert record.message.startswith(message.format(path=job.path))
    if task == "train":
        assert record.values["losses"] == [0, 1, 2]
        assert record.values["accuracy"] == 0.5


MODULE = """
import pytensor.tensor as pt

def outputs(size=3):
    x = pt.vector("x", shape=(size,))
    return pt.exp(x).sum()

def labels():
    x, y = pt.matrix("x"), pt.ivector("y")
    return [x, y], x[pt.arange(3), y]

def nothing():
    return 3
"""


@pytest.mark.parametrize("function", ["outputs", "labels"])
@pytest.mark.parametrize("as_file", [True, False])
def test_one_function_of_a_file_or_a_module_is_measured(function, as_file, tmp_path, monkeypatch):
    (tmp_path / "foreign.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    source = str(tmp_path / "foreign.py") if as_file else "foreign"
    job = Job("measure", path=f"{source}:{function}", mode="FAST_COMPILE", flags="cxx=", steps=3)
    record = compile_time(job)
    assert record.status == "ok", record.message
    assert record.values["after"]["nodes"] > 0
    assert len(record.values["step_s"]) == 3


def test_a_function_that_returns_no_graph_is_one_sentence(tmp_path):
    (tmp_path / "foreign.py").write_text(MODULE)
    record = compile_time(Job("measure", path=f"{tmp_path}/foreign.py:nothing", mode="CVM"))
    assert record.message.startswith("target must be a variable")
    record = compile_time(Job("measure", path=f"{tmp_path}/foreign.py:outpts", mode="CVM"))
    assert "did you mean 'outputs'?" in record.message


def test_what_an_experiment_needs_is_imported_before_the_clock_starts(experiment):
    """And is walked by no collection of garbage after it."""
    job = experiment(task="modules")
    with open(job.path, "a") as file:
        file.write("needs = ['fractions']\ndef modules(size):\n    import gc, sys\n")
        file.write(
            "    known = any(each is sys.modules['fractions'] for each in gc.get_objects())\n"
        )
        file.write("    return {'needed': 'fractions' in sys.modules, 'is_walked': known}\n")
    values = compile_time(job).values
    assert (values["needed"], values["is_walked"]) == (True, False)


def test_a_file_that_is_missing_is_one_sentence():
    record = compile_time(Job("x", path="nothing.py"))
    assert record.message.startswith("there is no file nothing.py")


def test_the_parent_does_not_import_pytensor():
    code = (
        "import sys, symrnn.bench.runner, symrnn.bench.stats; sys.exit('pytensor' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
def test_a_worker_dies_with_its_parent(tmp_path):
    experiment = tmp_path / "sleeper.py"
    experiment.write_text(
        "import time\ndef sleep():\n    print('up', flush=True)\n    time.sleep(600)\n"
    )
    job = Job("x", path=str(experiment), task="sleep").to_json()
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'symrnn.measure.worker', '--result-fd',"
        " '2'], stdin=subprocess.PIPE)\n"
        f"child.stdin.write({job.encode()!r}); child.stdin.close()\n"
        "child.wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout.readline() == "up\n"
    parent.kill()
    parent.wait()
    assert parent.stdout.read() == ""  # ends when the worker, which holds the other end, has died
    parent.stdout.close()


COLD = {  # name: (events, is it cold)
    "nothing compiled": (CompileEvents(), False),
    "all loaded": (CompileEvents(c_loaded=3, numba_loaded=2), False),
    "one C module compiled": (CompileEvents([Compilation("c", "m", 0, 1)], c_loaded=9), True),
    "JAX": (CompileEvents([Compilation("jax", "f", 0, 1)]), True),
    "JAX only lowered": (CompileEvents([Compilation("jax_lower", "f", 0, 1)]), False),
    "native compiled": (CompileEvents([Compilation("native", "module", 0, 1)]), True),
    "native loaded": (CompileEvents(native_loaded=2, native_warm=1), False),
    "Numba without a cache": (CompileEvents([Compilation("numba", "f", 0, 1)]), True),
    "Numba filling its cache": (
        CompileEvents([Compilation("numba", "f", 0, 1)], numba_loaded=5, numba_saved=1),
        True,
    ),
    "Numba with a few that have no key": (
        CompileEvents([Compilation("numba", "f", 0, 1)], numba_loaded=1),
        False,
    ),
}


@pytest.mark.parametrize("name", COLD)
def test_cold_or_warm_follows_from_what_was_compiled(name):
    events, is_cold = COLD[name]
    assert events.is_cold is is_cold


def test_nested_compilations_count_but_their_time_does_not():
    events = CompileEvents(
        [Compilation("numba", "inner", 1, 2, is_nested=True), Compilation("numba", "outer", 0, 5)]
    )
    assert (events.count("numba"), events.seconds("numba")) == (2, 5)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["NUMBA", "CVM"])
def test_a_cold_run_compiles_and_a_warm_one_loads(experiment, tmp_path, mode):
    jobs = [experiment(mode=mode, state=state) for state in ("cold", "warm")]
    cold, warm = run_jobs(jobs, tmp_path)
    assert (cold.status, warm.status) == ("ok", "ok"), (cold.message, warm.message)
    assert (cold.values["is_cold"], warm.values["is_cold"]) == (True, False)
    compiled, loaded = {
        "NUMBA": ("numba", "numba_loaded"),
        "CVM": ("c_compiled", "c_loaded"),
    }[mode]
    assert cold.values["compile_events"][compiled] > warm.values["compile_events"][compiled]
    assert warm.values["compile_events"][loaded] > 0
    assert cold.values["after"] == warm.values["after"]


def test_a_second_native_process_neither_rewrites_nor_compiles(experiment, tmp_path):
    jobs = [experiment(mode="NATIVE", state=state) for state in ("cold", "warm")]
    cold, warm = (record.values for record in run_jobs(jobs, tmp_path))
    assert (cold["is_cold"], warm["is_cold"]) == (True, False)
    counts = ("native", "native_loaded", "native_warm")
    assert cold["compile_events"]["native"] > 0
    assert cold["compile_events"]["native_warm"] == 0
    loaded = cold["compile_events"]["native"]
    assert [warm["compile_events"][name] for name in counts] == [0, loaded, 1]
    assert cold["total_cpu_s"] > 0
    assert len(warm["step_cpu_s"]) == len(warm["step_s"]) == 4


@pytest.mark.slow
def test_jax_is_waited_for_and_its_compilations_count(experiment):
    record = compile_time(experiment(mode="JAX"))
    assert record.status == "ok", record.message
    assert record.values["compile_events"]["jax"] >= 1
    assert record.values["is_cold"] is True


def test_a_hint_that_pytensor_notes_is_no_part_of_the_sentence():
    error = ValueError("shapes (2,3) and (4,2) not aligned")
    error.add_note("\nHINT: Set PyTensor `config.exception_verbosity` to `medium` or `high`")
    error.add_note("the arrays were made up")
    assert one_sentence(error) == (
        "ValueError: shapes (2,3) and (4,2) not aligned; the arrays were made up"
    )
