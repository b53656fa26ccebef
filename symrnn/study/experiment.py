"""An experiment is a question in a file; here the file is read and its jobs are listed.

The file declares, it does not run. Its docstring asks the question in the first line; below it
stand

* ``cases`` and ``quick``: lists of dicts, usually from `grid`; ``quick`` is what ``--quick`` runs;
* ``build(**case) -> TrainingGraph``, ``functions(graph, **case) -> [FunctionSpec]``,
  ``batch(**case) -> [array]``: what the child process compiles and times;
* ``modes``, ``states``, ``rounds``, ``steps``, ``time_limit_s``, ``memory_limit_bytes`` and their
  ``quick_`` twins: optional;
* ``tasks``: ``{"train": {"cases": ..., "quick": ...}}``, further functions of the file, called
  once a case in a child, with ``modes``, ``states``, ``rounds`` and ``time_limit_s`` of their own
  where they shall differ;
* ``needs``: modules that the child imports before any clock runs;
* ``ratio_of``: the quantity of the table's ratios, ``"total_s"`` by default;
* ``columns``: the quantities of the table, where not the usual ones;
* ``reference``: the case that others are compared with, for example ``{"form": "sgd"}``;
* ``flags(**case)``, ``environment(**case)``, ``python(**case)``: PyTensor flags, variables and
  interpreter of the child;
* ``refusals``: texts from errors that are an answer, such as a backend's that takes no symbolic
  shapes: a job that ends with one is told as refused, and not as failed;
* ``figure(records)`` and ``answer(records)``: what came out, as charts and in words.

The parent process reads the file without importing pytensor, so nothing heavy is imported at its
top.
"""

import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from symrnn.bench.records import Case, Job, Record
from symrnn.errors import JobError, UserError, nearest
from symrnn.study.declaration import SETTINGS, check_declaration
from symrnn.user_files import check_file, line_in, user_module

HEAVY = ("pytensor", "jax", "numba", "torch", "matplotlib.pyplot")

REFUSED = "refused"  # a status beside those of records, only for what is told


def grid(**axes: Iterable[Any]) -> list[dict[str, Any]]:
    """Every combination of the axes' values, the last axis fastest.

    Examples
    --------
    >>> grid(depth=[1, 2], form=["sgd", "naive"])[:3]
    [{'depth': 1, 'form': 'sgd'}, {'depth': 1, 'form': 'naive'}, {'depth': 2, 'form': 'sgd'}]
    """
    for axis, values in axes.items():
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise UserError(
                f"grid takes a list for each axis, but {axis} is {values!r};"
                f" write {axis}=[{values!r}]"
            )
    return [dict(zip(axes, values)) for values in itertools.product(*axes.values())]


@dataclass(frozen=True)
class Task:
    """One kind of job: which cases, in which modes and machine states, how often."""

    name: str
    cases: tuple[Mapping, ...]
    modes: tuple[str, ...]
    states: tuple[str, ...]
    rounds: int
    time_limit_s: float


@dataclass(frozen=True)
class Experiment:
    """A question, the jobs that answer it, and how to read their records."""

    name: str
    path: Path
    module: ModuleType

    @classmethod
    def from_file(cls, path: str | Path) -> "Experiment":
        """The experiment declared in the file at `path`; a wrong declaration is a `UserError`."""
        path = Path(path).resolve()
        module = module_from(path)
        check_declaration(path.stem, module)
        return cls(path.stem, path, module)

    @property
    def question(self) -> str:
        """First sentence of the file's docstring."""
        return " ".join(self._paragraphs[0].split())

    @property
    def about(self) -> str:
        """Docstring below the question: what is expected, how long it takes."""
        return "\n\n".join(self._paragraphs[1:])

    @property
    def _paragraphs(self) -> list[str]:
        return (self.module.__doc__ or "").strip().split("\n\n")

    @property
    def reference(self) -> dict[str, Any]:
        """The values that other cases are compared with, ``{}`` when none is declared."""
        return dict(getattr(self.module, "reference", {}))

    def judged(self, record: Record) -> Record:
        """The record, its status ``REFUSED`` where it ended with an error that is an answer."""
        refusals = getattr(self.module, "refusals", ())
        # only an error says why: a crash or a limit is never an answer
        if record.status == "error" and any(text in record.message for text in refusals):
            return replace(record, status=REFUSED)
        return record

    def setting(self, name: str, *, quick: bool = False) -> Any:
        """A setting of the file, its ``quick_`` twin if `quick`, else the default."""
        default = getattr(self.module, name, SETTINGS[name])
        return getattr(self.module, f"quick_{name}", default) if quick else default

    def tasks(self, *, quick: bool = False) -> list[Task]:
        """The task "compile" if the file declares cases, then its further tasks."""
        declared = dict(getattr(self.module, "tasks", {}))
        if hasattr(self.module, "cases"):
            declared = {
                "compile": {"cases": self.module.cases, "quick": self.module.quick}
            } | declared
        return [self._task(name, settings, quick) for name, settings in declared.items()]

    def _task(self, name: str, settings: Mapping[str, Any], quick: bool) -> Task:
        def setting(key):
            # the nearest says most: the task's quick setting, the task's, the file's quick one, the file's
            default = self.setting(key, quick=quick)
            default = default if name == "compile" else TASK_SETTINGS.get(key, default)
            return (
                settings.get(f"quick_{key}", settings.get(key, default))
                if quick
                else settings.get(key, default)
            )

        cases, modes, states = (
            tuple(each)
            for each in (
                settings["quick" if quick else "cases"],
                setting("modes"),
                setting("states"),
            )
        )
        return Task(name, cases, modes, states, setting("rounds"), setting("time_limit_s"))

    def jobs(self, *, quick: bool = False, rounds: int | None = None) -> list[Job]:
        """The jobs in the order they run: round by round, also over tasks, what is compared side by side."""
        found = [
            job
            for task in self.tasks(quick=quick)
            for job in self._task_jobs(task, rounds or task.rounds, quick)
        ]
        return sorted(found, key=lambda job: job.round)

    def profiled_jobs(self, *, quick: bool = False, rounds: int | None = None) -> list[Job]:
        """One case in the first mode again, with a profile of its rewriting, for the report.

        The last one; for `quick`, which shall be over soon, the last of the `reference`. One a
        round, after the same case without the profile: so the two show what a profile costs.
        """
        reference = self.reference if quick else {}
        # Other tasks are functions of the file: nothing in them is known to be rewriting.
        compiled = [each for each in self.tasks(quick=quick) if each.name == "compile"]
        return [
            replace(job, profile=True)
            for task in compiled
            for job in self._task_jobs(
                replace(
                    task,
                    cases=tuple(c for c in task.cases if reference.items() <= c.items())[-1:],
                    modes=task.modes[:1],
                    states=("cold",),
                ),
                rounds or task.rounds,
                quick,
            )
        ]

    def _task_jobs(self, task: Task, rounds: int, quick: bool) -> Iterator[Job]:
        job = partial(
            Job,
            experiment=self.name,
            path=str(self.path),
            task=task.name,
            time_limit_s=task.time_limit_s,
            memory_limit_bytes=self.setting("memory_limit_bytes", quick=quick),
            steps=self.setting("steps", quick=quick),
        )
        for index, mode, case, state in itertools.product(
            range(rounds), task.modes, side_by_side(task.cases, self.reference), task.states
        ):
            yield job(
                case=dict(case), mode=mode, state=state, round=index, **self._surroundings(case)
            )

    def _surroundings(self, case: Case) -> dict[str, Any]:
        """The child's environment and interpreter, where the file declares them."""
        found = {
            name: called(self.module, name, **case)
            for name in ("flags", "environment", "python")
            if hasattr(self.module, name)
        }
        for name, value in found.items():
            texts = value.values() if name == "environment" and isinstance(value, dict) else [value]
            if not all(isinstance(text, str) for text in texts):
                raise UserError(
                    f"{self.path.name}: {name}() must return {SURROUNDINGS[name]}, but returned {value!r:.60}"
                )
        return found


SURROUNDINGS = {  # what the functions return that say how a child runs
    "flags": "a text",
    "environment": "a dict of texts",
    "python": "the path of an interpreter",
}
TASK_SETTINGS = {"states": ["cold"], "rounds": 1}  # of tasks other than "compile"


def side_by_side(cases: Sequence[Case], reference: Case) -> list[Case]:
    """The cases, those that differ only in the axes of `reference` next to each other.

    Examples
    --------
    >>> side_by_side(grid(form=["a", "b"], depth=[1, 2]), {"form": "a"})[:2]
    [{'form': 'a', 'depth': 1}, {'form': 'b', 'depth': 1}]
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        # by its text, since a value may be a list, which has no hash
        rest = repr({axis: value for axis, value in case.items() if axis not in reference})
        groups.setdefault(rest, []).append(case)
    return list(itertools.chain.from_iterable(groups.values()))


def module_from(path: Path) -> ModuleType:
    """The module at `path`, executed; it may not import anything heavy."""
    # in a notebook or a test these may be there already, and are not the fault of the file
    before = {name for name in HEAVY if name in sys.modules}
    module = user_module(path)
    if imported := [name for name in HEAVY if name in sys.modules and name not in before]:
        raise UserError(
            f"{path.name} must not import {imported[0]} at its top, because the parent"
            " process reads it; import it inside build()"
        )
    return module


def called(module: ModuleType, name: str, *args: Any, **case: Any) -> Any:
    """What a function of an experiment's file returns; whatever it raises is one sentence.

    `SystemExit` too, because a command that ends in silence looks as if all were well.
    """
    path = Path(module.__file__ or "")
    try:
        return getattr(module, name)(*args, **case)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "matplotlib"
        if isinstance(error, UserError | JobError) or missing:
            raise
        raise UserError(
            f"{path.name}: {name}() failed: {type(error).__name__}: {error}"
            f" (line {line_in(error, path)})"
        ) from error


def experiments_folder(given: str | Path | None = None) -> Path:
    """The folder `given`, else ``./experiments``, else that of the package: in it once installed, else beside it."""
    if given is not None:
        if not Path(given).is_dir():
            raise UserError(f"--experiments must be a folder, but {given} is none")
        return Path(given)
    # in the package first: beside an installed one, a folder of this name is that of another project
    package = Path(__file__).parents[1]
    for folder in (Path("experiments"), package / "experiments", package.parent / "experiments"):
        if any(folder.glob("*.py")):
            return folder
    raise UserError(
        "no experiments found in ./experiments, in the package or beside it; give --experiments FOLDER"
    )


def experiment_names(folder: str | Path) -> list[str]:
    """The names of the experiments in `folder`, sorted."""
    files = (path for path in Path(folder).glob("*.py") if path.is_file())  # no pipe
    return sorted(path.stem for path in files if not path.stem.startswith("_"))


def load_experiment(name: str, folder: str | Path) -> Experiment:
    """The experiment called `name` in `folder`; `name` may also be a path to a file."""
    if name.endswith(".py"):
        check_file(name)
        return Experiment.from_file(name)
    names = experiment_names(folder)
    if name not in names:
        raise UserError(f"there is no experiment {name!r} in {folder}; {nearest(name, names)}")
    return Experiment.from_file(Path(folder) / f"{name}.py")
