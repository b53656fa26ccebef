"""A training run in one file: what the next step needs, and the parameter values to evaluate.

The file is a NumPy ``npz`` and holds arrays only, never a pickle: ``header`` (JSON: which recipe with which
options, how many steps, versions, names), ``losses``, ``state/NNN`` (what the compiled function updates, in its
order) and ``values/NNN`` (what to evaluate, in the order of ``graph.evaluated``).
"""

import json
import pickle
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable

from symrnn.data.files import fingerprint
from symrnn.data.npz import Pickled, arrays_in_npz
from symrnn.data.pickled_arrays import Refused
from symrnn.errors import UserError, printable
from symrnn.replacing import forget_left, path_beside, replacing
from symrnn.training.recipe import Recipe

FORMAT = "symrnn checkpoint 1"
WAY_OUT = "give the options it was trained with, another file or folder, or start over with --fresh"
TEXTS = ("recipe", "data", "mode", "data_hash", "notes")
HEADER = {"options", "versions", "state", "values", *TEXTS}


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training run after some of its steps.

    Attributes
    ----------
    recipe, options
        The class of the recipe and its fields.
    data
        The user's file as it was given, "" for the embedded data.
    mode
        PyTensor's mode, "" for its default. Another one goes on too, but not bit-exactly.
    versions
        Of Python, PyTensor and NumPy.
    losses
        ``(steps made,)``, float64.
    state, values
        Arrays by the names of their shared variables; `values` are to be evaluated, `state` goes on.
    data_hash
        Of the content of the user's file when training began, "" for the embedded data.
    notes
        What the data say that the trained network needs; "" for nothing.
    """

    recipe: str
    options: Mapping[str, object]
    data: str
    mode: str
    versions: Mapping[str, str]
    losses: np.ndarray
    state: tuple[tuple[str, np.ndarray], ...]
    values: tuple[tuple[str, np.ndarray], ...]
    data_hash: str = ""
    notes: str = ""

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.losses)


def versions() -> dict[str, str]:
    """What a run depends on for going on bit-exactly."""
    return {"python": python_version()} | {
        package: version(package) for package in ("pytensor", "numpy")
    }


def save_checkpoint(path: str | Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` to `path`: completely or, on a full disk or a kill, not at all.

    Raises
    ------
    UserError
        When the file cannot be written; one that was there before is kept.

    Examples
    --------
    >>> import tempfile
    >>> made = Checkpoint("Toy", {"seed": 0}, "", "", {}, np.zeros(3), (), (("w", np.ones(2)),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/toy.npz", made)
    ...     load_checkpoint(f"{folder}/toy.npz").steps
    3
    """
    path = Path(path)
    parts = {"state": checkpoint.state, "values": checkpoint.values}
    header = {"format": FORMAT} | {
        name: getattr(checkpoint, name)
        for name in ("recipe", "options", "data", "mode", "versions", "data_hash", "notes")
    }
    header |= {part: [name for name, _ in arrays] for part, arrays in parts.items()}
    arrays: dict[str, Any] = {
        "header": np.array(json.dumps(header)),
        "losses": checkpoint.losses,
    } | {f"{part}/{i:03d}": array for part in parts for i, (_, array) in enumerate(parts[part])}
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # As an open file: to a path without the ending, `np.savez` adds one.
        with replacing(path) as beside, beside.open("wb") as file:
            np.savez(file, **arrays)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the file system says into one sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"the checkpoint {path} could not be written: {error.strerror or error};"
            " one that was there before is kept; make room, or give --folder DIR"
        ) from error


def check_writable(path: str | Path) -> None:
    """Refuse a place where no checkpoint can be written, before anything is trained.

    What killed processes left beside it is removed.

    Examples
    --------
    >>> check_writable("/dev/null/toy.npz")
    Traceback (most recent call last):
    symrnn.errors.UserError: /dev/null must be a folder to hold the checkpoint toy.npz, but is none; give --folder DIR
    """
    path = Path(path)
    there = next(each for each in path.absolute().parents if each.exists())
    if not there.is_dir():
        raise UserError(
            f"{there} must be a folder to hold the checkpoint {path.name}, but is none; give --folder DIR"
        )
    if path.exists() and not path.is_file():
        raise UserError(
            f"the checkpoint {path} must be a file, but something else is there; give --folder DIR"
        )
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Tried in the folder, not read from its permissions: a disk may be full, or mounted to be read only.
        beside = path_beside(path)
        beside.write_bytes(b"")
        beside.unlink()
    forget_left(path)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint in the file at `path`.

    Raises
    ------
    UserError
        When there is none, or the file is no checkpoint, is truncated, or holds a pickle.

    Examples
    --------
    >>> import tempfile
    >>> made = Checkpoint("Toy", {"seed": 0}, "", "", {}, np.zeros(3), (), (("w", np.ones(2)),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/toy.npz", made)
    ...     dict(load_checkpoint(f"{folder}/toy.npz").values)["w"]
    array([1., 1.])
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"there is no checkpoint {path}; `symrnn train` writes one")
    try:
        return checkpoint_of(arrays_in_npz(path))
    except (Refused, OSError) as error:
        why = f"it is truncated, or no file of `symrnn train` ({reason(error)})"
        if isinstance(error, Pickled) or is_pickle(path):
            why = "it holds a pickle, which is never loaded"
        raise UserError(
            f"{path} is no checkpoint that can be read: {why};"
            " give another file, or start over with `symrnn train NAME --fresh`"
        ) from error


def is_pickle(path: Path) -> bool:
    """Whether a file begins as pickles do."""
    with suppress(OSError), path.open("rb") as file:
        return file.read(1) == pickle.PROTO
    return False


def reason(error: Refused | OSError) -> str:
    """Why a file was refused, in a few words."""
    return printable(error if isinstance(error, Refused) else error.strerror or error)


def checkpoint_of(arrays: Mapping[str, np.ndarray]) -> Checkpoint:
    """The checkpoint in the arrays of a file; `Refused` when they hold none."""
    header = header_of(arrays.get("header"))
    names = [f"{part}/{i:03d}" for part in ("state", "values") for i in range(len(header[part]))]
    if missing := [name for name in ("losses", *names) if name not in arrays]:
        raise Refused(f"it has no {missing[0]}")
    losses = arrays["losses"]
    if losses.ndim != 1 or losses.dtype != np.float64:
        raise Refused(
            f"its losses are {losses.dtype}{list(losses.shape)} and not one float64 a step"
        )
    parts: dict[str, Any] = {
        part: tuple((name, arrays[f"{part}/{i:03d}"]) for i, name in enumerate(header.pop(part)))
        for part in ("state", "values")
    }
    return Checkpoint(losses=losses, **header, **parts)


def header_of(array: np.ndarray | None) -> dict[str, Any]:
    """The header, each of its fields of the right type."""
    if array is None or array.dtype.kind != "U" or array.ndim:
        raise Refused("it has no header")
    try:
        header = json.loads(str(array))
    except (ValueError, RecursionError) as error:
        raise Refused("its header is no JSON") from error
    if not isinstance(header, dict) or header.pop("format", None) != FORMAT:
        raise Refused("it is of another format")
    # The first checkpoints were written without it.
    for later in ("data_hash", "notes"):
        header.setdefault(later, "")
    if differ := sorted(HEADER ^ set(header)):
        raise Refused(
            f"its header has another number of fields, not {', '.join(HEADER)}: {differ[0]}"
        )
    for name in ("options", "versions"):
        if not isinstance(header[name], dict) or not all(map(is_plain, header[name].values())):
            raise Refused(f"its {name} are no texts and numbers by name")
    texts = [header[name] for name in TEXTS]
    for part in ("state", "values"):
        if not isinstance(header[part], list):
            raise Refused(f"its {part} has no list of names")
        texts += header[part]
    if not all(isinstance(text, str) for text in texts):
        raise Refused("a field of its header is no text")
    return header


def is_plain(value: object) -> bool:
    """Whether a value is a text, a number, true, false, or null."""
    return value is None or isinstance(value, str | int | float)


def check_same_run(
    checkpoint: Checkpoint, recipe: Recipe, data: str = "", data_hash: str | None = None
) -> None:
    """Refuse a checkpoint of another network, or one trained with other options or data.

    `data_hash` is that of the content at `data` now, by default.
    """
    check_recipe(checkpoint, type(recipe))
    # Through JSON, as the checkpoint's went: a tuple comes back as a list.
    ours = json.loads(json.dumps(asdict(recipe)))
    theirs = dict(checkpoint.options)
    for name in [name for name in {**ours, **theirs} if name not in recipe.free]:
        if ours.get(name) != theirs.get(name):
            raise UserError(
                f"the checkpoint was trained with {name}={theirs.get(name)!r},"
                f" but this run has {ours.get(name)!r}; {WAY_OUT}"
            )
    if checkpoint.data != data:
        raise UserError(
            f"the checkpoint was trained on {checkpoint.data or 'the embedded data'},"
            f" but this run has {data or 'the embedded data'}; {WAY_OUT}"
        )
    data_hash = fingerprint(data) if data and data_hash is None else data_hash
    if checkpoint.data_hash and checkpoint.data_hash != data_hash:
        raise UserError(
            f"the checkpoint was trained on {data}, but what is in it has changed since;"
            " give it back its old content, another file or folder, or start over with --fresh"
        )


def check_recipe(checkpoint: Checkpoint, cls: type[Recipe]) -> None:
    """Refuse a checkpoint of another network."""
    if checkpoint.recipe != cls.__name__:
        raise UserError(
            f"the checkpoint is of the network {checkpoint.recipe}, not of {cls.__name__}; {WAY_OUT}"
        )


def recipe_of(checkpoint: Checkpoint, cls: type[Recipe]) -> Recipe:
    """The recipe, of class `cls`, that a checkpoint was trained with."""
    check_recipe(checkpoint, cls)
    differ = {field.name for field in fields(cls)} ^ set(checkpoint.options)
    if differ:
        raise UserError(
            f"the checkpoint was written by another version of symrnn, with other options"
            f" ({', '.join(sorted(differ))}); train again"
        )
    options: Mapping[str, Any] = checkpoint.options
    return cls(**options)


def check_arrays(
    part: str, arrays: Iterable[tuple[str, np.ndarray]], variables: Iterable[SharedVariable]
) -> None:
    """Refuse arrays that do not fit the shared `variables` in number, name, dtype or shape."""
    found = [described(name, array) for name, array in arrays]
    expected = [described(v.name, v.get_value(borrow=True)) for v in variables]
    for have, need in zip_longest(found, expected, fillvalue="nothing"):
        if have != need:
            raise UserError(
                f"the checkpoint does not fit the network: its {part} has {have} instead of {need}; {WAY_OUT}"
            )


def described(name: str | None, array: Any) -> str:
    """Name, dtype and shape of an array in a few words."""
    array = np.asarray(array)
    return f"{name} {array.dtype}{list(array.shape)}"
