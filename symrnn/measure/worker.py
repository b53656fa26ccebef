"""The child process that makes one measurement: ``python -m symrnn.measure.worker --result-fd N``.

Reads one job as JSON from stdin, loads the file that declares the experiment, runs the task, and answers on file
descriptor N as `symrnn.bench.child` describes. Prints of the experiment go where prints go, and do no harm.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any

from symrnn.bench.machine import blas, machine, peak_rss_bytes, versions
from symrnn.bench.records import Job
from symrnn.collector import spare_imports
from symrnn.errors import JobError, UserError
from symrnn.user_files import named, user_module

if TYPE_CHECKING:
    from symrnn.measure.compile_events import CompileEvents
    from symrnn.measure.target import Target

OWN = [
    "symrnn.measure.stages",
    "symrnn.measure.compile_events",
    "symrnn.measure.profile",
    "symrnn.measure.target",
    # Imported in the first graph by PyTensor, and by native mode, which finds BLAS there: 0.15 s that no graph costs.
    "pytensor.sparse",
    "scipy.linalg",
]
ADDRESSED = (UserError, JobError)  # these say all in their sentence: neither type nor phase helps


class Answer:
    """The pipe to the parent."""

    def __init__(self, fd: int):
        self.fd, self.begun = fd, ""

    def __call__(self, **answer: object) -> None:
        """Write one line."""
        line = json.dumps(answer, default=as_json).encode() + b"\n"
        # A pipe takes as much as it has room for.
        while line:
            line = line[os.write(self.fd, line) :]

    def phase(self, name: str) -> None:
        """Say that a phase begins."""
        self.begun = name
        self(phase=name)

    def values(self, **values: object) -> None:
        """Say what is known so far."""
        self(values=values)


def as_json(value: object) -> object:
    """NumPy's numbers and arrays as JSON values."""
    tolist = getattr(value, "tolist", None)
    if tolist is None:
        raise TypeError(f"a task must return JSON values, but returned {type(value).__name__}")
    return tolist()


def main(arguments: list[str]) -> None:
    """Make the measurement, whatever happens to it."""
    answer = Answer(int(arguments[arguments.index("--result-fd") + 1]))
    die_with_parent()  # before anything heavy is imported: a parent that is killed leaves nothing behind
    answer(machine=machine(), versions=versions())
    job = Job.from_json(sys.stdin.read())
    try:
        measure(job, answer)
        answer(done={"status": "ok"})
    # Of the limit that the parent set: a result, and no fault of the program's.
    except MemoryError as error:
        answer(done={"status": "memory_limit", "message": f"out of memory: {error}"})
    except BaseException as error:
        answer.values(traceback=traceback.format_exc()[-4000:])
        message = one_sentence(error)
        if not isinstance(error, ADDRESSED):
            message += f" (in phase {answer.begun})"
        answer(done={"status": "error", "message": message})


def one_sentence(error: BaseException) -> str:
    """The first line of an error, with its type, and the notes that were added to it.

    Examples
    --------
    >>> one_sentence(ValueError("no such thing\\nHINT: ..."))
    'ValueError: no such thing'
    """
    if isinstance(error, ADDRESSED):
        return str(error)
    first = (str(error).strip().splitlines() or ["no message"])[0]
    # Ours say what may have made it fail; PyTensor notes hints about its own settings, below an empty line.
    notes = [
        note for note in getattr(error, "__notes__", ()) if not note.lstrip().startswith("HINT")
    ]
    return "; ".join([f"{type(error).__name__}: {first[:300]}", *notes])


def measure(job: Job, answer: Answer) -> None:
    """Import, run the task of the job, and answer with its values.

    The experiment's file may name further modules to import off the clock: ``needs = [...]``.
    """
    answer.phase("import")
    begin = perf_counter()
    use_mode(job.mode, is_last_try=False)
    module, name = loaded_by(job)
    backend = use_mode(job.mode)
    for needed in [*backend, *OWN, *getattr(module, "needs", [])]:
        importlib.import_module(needed)
    answer.values(import_s=perf_counter() - begin)
    # To walk through modules is no more part of what is measured than to import them.
    spare_imports()
    begin = perf_counter()
    try:
        if job.task == "compile":
            made = Named(module, name, job.case) if name else Declared(module, job.case)
            measure_compile(job, made, answer)
        else:
            answer.phase(job.task)
            answer.values(**function_in(module, job.task)(**job.case))
    finally:
        answer.values(after_import_s=perf_counter() - begin, peak_rss_bytes=peak_rss_bytes())
        answer(machine=blas())


def use_mode(name: str, *, is_last_try: bool = True) -> tuple[str, ...]:
    """Make a mode the default one; the modules that its first compilation would import, which is no part of its time.

    A file may register modes of its own, so it is tried before the file is loaded, and once more after.
    """
    # The flag takes the names of PyTensor's own modes only, and would refuse others before they can be registered.
    flags = os.environ.pop("PYTENSOR_FLAGS", "").split(",")
    os.environ["PYTENSOR_FLAGS"] = ",".join(flag for flag in flags if not flag.startswith("mode="))
    import pytensor.tensor

    from symrnn.measure.modes import backend_of, known_modes, mode_of

    if not is_last_try and name.upper() not in known_modes():
        return ()
    mode = mode_of(name)
    try:
        pytensor.config.mode = name.upper()
        os.environ["PYTENSOR_FLAGS"] += (
            f",mode={name.upper()}"  # for processes that the file starts
        )
    except ValueError:
        default: Any = mode  # a flag takes modes as well as their names
        pytensor.config.mode = default
    backend = backend_of(mode)
    return backend.modules if backend else ()


def loaded_by(job: Job) -> tuple[ModuleType, str]:
    """The module of a job, and the name in it that is meant, "" for an experiment; what it builds knows its lines."""
    from symrnn.measure.source_lines import full_traces

    place, colon, name = job.path.rpartition(":")
    if not (colon and name.isidentifier()):
        place, name = job.path, ""
    with full_traces() if job.profile else nullcontext():
        return user_module(place), name


def measure_compile(job: Job, made: "Named | Declared", answer: Answer) -> None:
    """The phases of one case, and what the backends compiled meanwhile."""
    from symrnn.measure.compile_events import compile_events
    from symrnn.measure.memory import memory_used
    from symrnn.measure.profile import Profile
    from symrnn.measure.stages import stages
    from symrnn.measure.stopwatch import Stopwatch

    watch = Stopwatch(on_phase=answer.phase)
    profile = Profile(begin=perf_counter()) if job.profile else None
    try:
        with (
            memory_used() as memory,
            compile_events(units=job.profile) as events,
            profile.traces() if profile else nullcontext(),
        ):
            time = stages(
                made.build,
                made.functions,
                _arguments_aside(made, events),
                mode=job.mode,
                steps=job.steps,
                watch=watch,
                on_value=answer.values,
                **(profile.hooks() if profile else {}),
            )
        answer.values(**time.to_dict(), **memory.to_dict())
    except Exception as error:
        if note := made.note(answer.begun):
            error.add_note(note)
        raise
    finally:
        # Of what failed as well: the phases before it, the counts and the timeline stay of use.
        answer.values(phases_s=watch.seconds, phases_cpu_s=watch.cpu_seconds)
        answer.values(compile_events=events.to_dict(), is_cold=events.is_cold)
        if profile:
            answer.values(**profile.to_dict(watch, events))


def _arguments_aside(
    made: "Named | Declared", events: "CompileEvents"
) -> Callable[[Any, Sequence], list[list]]:
    """The arrays of a case; what is compiled to make them is none of its compilations."""

    def arguments(graph: Any, specs: Sequence) -> list[list]:
        with events.aside():
            return made.arguments(graph, specs)

    return arguments


class Declared:
    """What `stages` calls for a case of an experiment: the three functions of its file."""

    def __init__(self, module: ModuleType, case: Mapping):
        self.case = case
        self.make, self.differentiate, self.batch = (
            function_in(module, name) for name in ("build", "functions", "batch")
        )

    def build(self) -> object:
        return self.make(**self.case)

    def functions(self, graph: object) -> Sequence:
        return self.differentiate(graph, **self.case)

    def arguments(self, graph: Any, specs: Sequence) -> list[list]:
        from symrnn.measure.function_spec import arguments_of

        return arguments_of(specs, graph.inputs, self.batch(**self.case))

    def note(self, phase: str) -> str:
        return ""


class Named:
    """What `stages` calls for a target by its name."""

    functions = None  # the target has them

    def __init__(self, module: ModuleType, name: str, case: Mapping):
        self.member = module, name
        self.case = case
        named(module, name)  # refused before any phase begins

    def build(self) -> "Target":
        from symrnn.measure.target import member_target

        self.target = member_target(*self.member, **self.case)
        return self.target

    def arguments(self, target: "Target", specs: Sequence) -> list[list]:
        return target.arguments()

    def note(self, phase: str) -> str:
        """What may have made a phase fail that is not its own fault."""
        from symrnn.measure.target import MADE_UP

        return MADE_UP if phase == "first_call" and self.target.is_made_up else ""


def function_in(module: ModuleType, name: str) -> Callable:
    """The function `name` of an experiment's file."""
    function = named(module, name)
    if not callable(function):
        raise UserError(
            f"{module.__file__} must define a function {name!r}, but {name} is {function!r:.60}"
        )
    return function


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
