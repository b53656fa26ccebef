"""The child process that makes one measurement: ``python -m symrnn.measure.worker --result-fd N``.

Reads one job as JSON from stdin, loads the file that declares the experiment, runs the task, and
answers on file descriptor N as `symrnn.bench.child` describes. Prints of the experiment go where
prints go, and do no harm.
"""

import importlib
import importlib.util
import json
import os
import sys
import traceback
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from time import perf_counter

from symrnn.bench.machine import blas, machine, peak_rss_bytes, versions
from symrnn.bench.records import Job
from symrnn.errors import JobError, nearest
from symrnn.modes import OWN_MODES

BACKENDS = {  # what the first compilation in a mode would import anyway: not part of its time
    "NUMBA": ["numba", "pytensor.link.numba.dispatch"],
    "JAX": ["jax", "pytensor.link.jax.dispatch"],
    "NATIVE": ["symrnn.native"],
    "PYTORCH": ["torch", "pytensor.link.pytorch.dispatch"],
}


OWN = [
    "symrnn.measure.stages",
    "symrnn.measure.compile_events",
    "symrnn.measure.profile",
    "symrnn.measure.target",
]


class Answer:
    """The pipe to the parent."""

    def __init__(self, fd: int):
        self.fd, self.begun = fd, ""

    def __call__(self, **answer) -> None:
        """Write one line."""
        line = json.dumps(answer, default=as_json).encode() + b"\n"
        while line:
            line = line[os.write(self.fd, line) :]

    def phase(self, name: str) -> None:
        """Say that a phase begins."""
        self.begun = name
        self(phase=name)

    def values(self, **values) -> None:
        """Say what is known so far."""
        self(values=values)


def as_json(value):
    """NumPy's numbers and arrays as JSON values."""
    tolist = getattr(value, "tolist", None)
    if tolist is None:
        raise TypeError(f"a task must return JSON values, but returned {type(value).__name__}")
    return tolist()


def main(arguments: list[str]) -> None:
    """Make the measurement, whatever happens to it."""
    answer = Answer(int(arguments[arguments.index("--result-fd") + 1]))
    die_with_parent()
    answer(machine=machine(), versions=versions())
    job = Job.from_json(sys.stdin.read())
    try:
        measure(job, answer)
        answer(done={"status": "ok"})
    except MemoryError as error:
        answer(done={"status": "memory_limit", "message": f"out of memory: {error}"})
    except BaseException as error:
        answer.values(traceback=traceback.format_exc()[-4000:])
        message = f"{one_sentence(error)} (in phase {answer.begun})"
        answer(done={"status": "error", "message": message})


def one_sentence(error: BaseException) -> str:
    """The first line of an error, with its type.

    Examples
    --------
    >>> one_sentence(ValueError("no such thing\\nHINT: ..."))
    'ValueError: no such thing'
    """
    first = (str(error).strip().splitlines() or ["no message"])[0]
    return f"{type(error).__name__}: {first[:300]}"


def measure(job: Job, answer: Answer) -> None:
    """Import, run the task of the job, and answer with its values.

    The experiment's file may name further modules to import off the clock: ``needs = [...]``.
    """
    answer.phase("import")
    begin = perf_counter()
    experiment = loaded(job.path)
    needs = [*BACKENDS.get(job.mode, []), *OWN, *getattr(experiment, "needs", [])]
    for module in ["pytensor", "pytensor.tensor", *needs]:
        importlib.import_module(module)
    if job.mode in OWN_MODES:
        sys.modules["pytensor"].config.mode = job.mode
    answer.values(import_s=perf_counter() - begin)
    begin = perf_counter()
    try:
        if job.task == "compile":
            measure_compile(job, experiment, answer)
        else:
            answer.phase(job.task)
            answer.values(**attribute(experiment, job.task, job.path)(**job.case))
    finally:
        answer.values(after_import_s=perf_counter() - begin, peak_rss_bytes=peak_rss_bytes())
        answer(machine=blas())


def measure_compile(job: Job, experiment, answer: Answer) -> None:
    """The phases of one case, and what the backends compiled meanwhile."""
    from symrnn.measure.compile_events import compile_events
    from symrnn.measure.profile import Profile
    from symrnn.measure.stages import Stopwatch, stages

    watch = Stopwatch(on_phase=answer.phase)
    profile = Profile(begin=perf_counter()) if job.profile else None
    with compile_events() as events, profile.traces() if profile else nullcontext():
        try:
            time = stages(
                *phases(job, experiment),
                mode=job.mode,
                steps=job.steps,
                watch=watch,
                on_value=answer.values,
                **(profile.hooks() if profile else {}),
            )
            answer.values(**time.to_dict())
        finally:
            answer.values(phases_s=watch.seconds, phases_cpu_s=watch.cpu_seconds)
            if profile:
                answer.values(**profile.to_dict(watch, events))
    answer.values(compile_events=events.to_dict(), is_cold=events.is_cold)


def phases(job: Job, experiment) -> tuple:
    """What `stages` calls: the functions of an experiment's file, or those of one function."""
    from symrnn.measure.stages import arguments_of
    from symrnn.measure.target import Target

    if name := named_function(job.path):
        batch = getattr(experiment, "batch", None)
        target = Target(partial(attribute(experiment, name, job.path), **job.case), batch)
        return target.build, target.functions, target.arguments
    build, functions, batch = (
        attribute(experiment, name, job.path) for name in ("build", "functions", "batch")
    )
    return (
        lambda: build(**job.case),
        lambda graph: functions(graph, **job.case),
        lambda graph, specs: arguments_of(specs, graph.inputs, batch(**job.case)),
    )


def named_function(path: str) -> str:
    """The function in ``file.py:function`` or ``package.module:function``; "" for a file alone.

    Examples
    --------
    >>> named_function("model.py:build"), named_function("experiments/depth.py")
    ('build', '')
    """
    _, colon, name = path.rpartition(":")
    return name if colon and name.isidentifier() else ""


def loaded(path: str):
    """The module that `path` names: a file, or ``package.module:function``."""
    source = path.rpartition(":")[0] if named_function(path) else path
    if source.endswith(".py") or os.sep in source:
        return loaded_file(Path(source))
    sys.path.insert(0, os.getcwd())
    return importlib.import_module(source)


def loaded_file(path: Path):
    """The module in a file; files beside it can be imported from it."""
    if not path.is_file():
        raise JobError(f"the file {path} is missing; give a path that exists")
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def attribute(module, name: str, path: str):
    """The function `name` of an experiment's file."""
    if not callable(getattr(module, name, None)):
        known = [n for n, value in vars(module).items() if callable(value)]
        raise JobError(
            f"{path} must define a function {name!r}, but does not; {nearest(name, known)}"
        )
    return getattr(module, name)


def die_with_parent() -> None:
    """Ask Linux to kill this process with its parent, and to choose it when memory runs out."""
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main(sys.argv[1:])
