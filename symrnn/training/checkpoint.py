"""A training run in one file: what the next step needs, and the parameter values to evaluate.

The file is a NumPy ``npz`` and holds arrays only, never a pickle: ``header`` (JSON: which recipe with which
options, how many steps, versions, names), ``losses``, ``state/NNN`` (what the compiled function updates, in its
order) and ``values/NNN`` (the parameters to evaluate, in the order of ``graph.params``).
"""

import json
import os
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from platform import python_version
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np

from symrnn.errors import UserError

FORMAT = "symrnn checkpoint 1"
WAY_OUT = "give the options it was trained with, another file or folder, or start over with --fresh"
BROKEN = (BadZipFile, ZlibError, ValueError, KeyError, EOFError, OSError, TypeError, SyntaxError)


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
    """

    recipe: str
    options: Mapping[str, object]
    data: str
    mode: str
    versions: Mapping[str, str]
    losses: np.ndarray
    state: tuple[tuple[str, np.ndarray], ...]
    values: tuple[tuple[str, np.ndarray], ...]

    @property
    def steps(self):
        """How many steps were made."""
        return len(self.losses)


def versions():
    """What a run depends on for going on bit-exactly."""
    return {"python": python_version()} | {
        package: version(package) for package in ("pytensor", "numpy")
    }


def save_checkpoint(path, checkpoint):
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
        for name in ("recipe", "options", "data", "mode", "versions")
    }
    header |= {part: [name for name, _ in arrays] for part, arrays in parts.items()}
    arrays = {"header": np.array(json.dumps(header)), "losses": checkpoint.losses} | {
        f"{part}/{i:03d}": array for part in parts for i, (_, array) in enumerate(parts[part])
    }
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UserError(
            f"the checkpoint {path} could not be written: {error.strerror or error};"
            " one that was there before is kept; make room, or give --folder DIR"
        ) from error


def load_checkpoint(path):
    """The checkpoint in the file at `path`.

    Raises
    ------
    UserError
        When there is none, or the file is no checkpoint, is truncated, or holds a pickle.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"there is no checkpoint {path}; `symrnn train` writes one")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return checkpoint_of(arrays)
    except BROKEN as error:
        why = "it is truncated, or no file of `symrnn train`"
        if holds_pickle(path, error):
            why = "it holds a pickle, which is never loaded"
        raise UserError(
            f"{path} is no checkpoint that can be read: {why};"
            " give another file, or start over with `symrnn train NAME --fresh`"
        ) from error


def holds_pickle(path, error):
    """Whether a file is a pickle, or `error` is that one of its arrays is."""
    return path.read_bytes()[:1] == pickle.PROTO or "Object arrays" in str(error)


def checkpoint_of(arrays):
    """The checkpoint in the arrays of a file; a `KeyError` or `ValueError` when they hold none."""
    header = json.loads(str(arrays["header"]))
    if header.pop("format") != FORMAT:
        raise ValueError("another format")
    parts = {
        part: tuple((name, arrays[f"{part}/{i:03d}"]) for i, name in enumerate(header.pop(part)))
        for part in ("state", "values")
    }
    return Checkpoint(losses=arrays["losses"], **header, **parts)


def check_same_run(checkpoint, recipe, data=""):
    """Refuse a checkpoint of another network, or one trained with other options or data."""
    check_recipe(checkpoint, type(recipe))
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


def check_recipe(checkpoint, cls):
    """Refuse a checkpoint of another network."""
    if checkpoint.recipe != cls.__name__:
        raise UserError(
            f"the checkpoint is of the network {checkpoint.recipe}, not of {cls.__name__}; {WAY_OUT}"
        )


def recipe_of(checkpoint, cls):
    """The recipe, of class `cls`, that a checkpoint was trained with."""
    check_recipe(checkpoint, cls)
    differ = {field.name for field in fields(cls)} ^ set(checkpoint.options)
    if differ:
        raise UserError(
            f"the checkpoint was written by another version of symrnn, with other options"
            f" ({', '.join(sorted(differ))}); train again"
        )
    return cls(**checkpoint.options)


def check_arrays(part, arrays, variables):
    """Refuse arrays that do not fit the shared `variables` in number, name, dtype or shape."""
    found = [described(name, array) for name, array in arrays]
    expected = [described(v.name, v.get_value(borrow=True)) for v in variables]
    for have, need in zip_longest(found, expected, fillvalue="nothing"):
        if have != need:
            raise UserError(
                f"the checkpoint does not fit the network: its {part} has {have} instead of {need}; {WAY_OUT}"
            )


def described(name, array):
    """Name, dtype and shape of an array in a few words."""
    array = np.asarray(array)
    return f"{name} {array.dtype}{list(array.shape)}"
