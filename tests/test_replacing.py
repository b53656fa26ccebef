"""What the package writes is whole or was not written: all writers stand in one table, and no other writes in place."""

import ast
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot

from symrnn.bench.records import Job, Record, load_records
from symrnn.bench.trace import write_traces
from symrnn.commands.recorded import write_report
from symrnn.data.files import write_file
from symrnn.errors import UserError
from symrnn.guard.snapshot import Key, changed
from symrnn.record.page import write_page
from symrnn.replacing import path_beside, replacing
from symrnn.study.experiment import load_experiment
from symrnn.study.figures import Chart
from symrnn.training.checkpoint import Checkpoint, save_checkpoint

ROOT = Path(__file__).parents[1]


def report(folder, n):
    records = load_records(ROOT / "tests" / "experiments" / "recorded" / "constants.jsonl")
    write_report([(load_experiment("constants", ROOT / "experiments"), records, [])], folder)


def traces(folder, n):
    write_traces(
        Record.of(Job("x"), "ok", values={"spans": [["phase", "build", 0.0, 1.0]]}), folder
    )


def snapshot(folder, n):
    with changed(folder / "sizes.txt") as blocks:
        blocks[Key("test", "name", "3.0.7", "NUMBA")] = [f"nodes {n}"]


def checkpoint(folder, n):
    values = (("w", np.full(2, n)),)
    made = Checkpoint("Toy", {"seed": 0}, "", "", {}, np.zeros(3), (), values)
    save_checkpoint(folder / "toy.npz", made)


WRITERS = {  # name: (what writes into a folder, how many files)
    "a checkpoint": (checkpoint, 1),
    "a figure": (lambda folder, n: Chart(pyplot.figure(), "alt", "").save(folder / "x"), 2),
    "a file of bytes": (lambda folder, n: write_file(folder / "a", b"x"), 1),
    "a page of a program": (lambda folder, n: write_page(folder), 1),
    "a report": (report, 2),
    "a snapshot": (snapshot, 1),
    "traces": (traces, 2),
}


def state(folder):
    """Each file of a folder, and whether it is still that one, untouched."""
    found = {path.name: path.stat() for path in folder.iterdir()}
    return {name: (each.st_ino, each.st_mtime_ns, each.st_size) for name, each in found.items()}


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_is_full_at_the_end_leaves_what_was_there(name, tmp_path, monkeypatch):
    write, files = WRITERS[name]
    write(tmp_path, 1)
    before = state(tmp_path)
    assert len(before) == files

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises((OSError, UserError), match="No space left on device"):
        write(tmp_path, 2)
    assert state(tmp_path) == before
    monkeypatch.undo()
    write(tmp_path, 2)
    assert len(state(tmp_path)) == files


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_while_it_is_written_leaves_what_was_there(error, tmp_path):
    path = tmp_path / "told.txt"
    path.write_text("before")

    def half(beside):
        beside.write_text("half")
        raise error

    with pytest.raises(error), replacing(path) as beside:
        half(beside)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["before"]


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes(tmp_path):
    path = tmp_path / "told.txt"
    code = (
        "import os, sys; from symrnn.replacing import replacing\n"
        "with replacing(sys.argv[1]) as beside: beside.write_text('half'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    [left] = tmp_path.iterdir()
    assert left.read_text() == "half"
    others = [tmp_path / f".{os.getppid()}.told.txt", tmp_path / ".1x.told.txt"]
    for other in others:
        other.touch()
    write_file(path, b"whole")
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "told.txt", tmp_path / "link"
    path.write_text("before")
    path.chmod(0o640)
    link.symlink_to(path)
    with replacing(link) as beside:
        assert (beside.parent, beside.suffix) == (path.parent, path.suffix)
        beside.write_text("after")
    assert link.is_symlink()
    assert path.read_text() == "after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_cannot_be_replaced_is_written_as_it_is_or_refused(tmp_path, monkeypatch):
    with replacing("/dev/null") as beside:
        assert beside == Path("/dev/null")
    path = tmp_path / "told.txt"
    path.touch()
    monkeypatch.setattr(os, "access", lambda place, how: place != tmp_path)  # tests may run as root
    with replacing(path) as beside:
        assert beside == path
    monkeypatch.setattr(os, "access", lambda place, how: place != path)
    with pytest.raises(PermissionError), replacing(path):
        pass
    assert not path_beside(path).exists()


IN_PLACE = {  # files that write in place: why
    "symrnn/bench/cluster.py": "a temporary folder",
    "symrnn/measure/memory.py": "a file of /proc",
    "symrnn/measure/worker.py": "a file of /proc",
    "symrnn/models/flashlight.py": "a temporary folder",
    "symrnn/native/object_cache.py": "a file that it renames itself",
    "symrnn/record/compiled.py": "lines that are appended",
    "symrnn/training/checkpoint.py": "tries whether there is room",
    **dict.fromkeys(("symrnn/export/api.py", "symrnn/data/grid.py"), "memory"),
    **dict.fromkeys(("symrnn/models/picture_codec.py", "symrnn/native/warm.py"), "memory"),
    "symrnn/lasagne/param_files.py": "memory, or an open file of the caller's",
}
WRITING = {"write_text", "write_bytes", "savefig", "savez", "savez_compressed", "VideoWriter"}
MODE = re.compile(r"(?=.*[wax+])[rwaxbt+]+")


def writes(node):
    """Whether a call writes to a file."""
    if not isinstance(node, ast.Call):
        return False
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    words = [str(each.value) for each in node.args if isinstance(each, ast.Constant)]
    opened = called in ("open", "fdopen") and any(MODE.fullmatch(word) for word in words)
    return called in WRITING or opened


def in_place(path):
    """The lines of a file that write elsewhere than beside a file that they replace."""
    tree = ast.parse(path.read_text())
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and "replacing(" in ast.unparse(node).partition("\n")[0]
        for inner in ast.walk(node)
    }
    return [n.lineno for n in ast.walk(tree) if writes(n) and id(n) not in guarded]


def test_nothing_is_written_in_place():
    files = [*ROOT.glob("symrnn/**/*.py"), *ROOT.glob("docs/**/*.py")]
    files = [
        path for path in files if "compat" not in path.parts
    ]  # programs of others write as they do
    found = {str(path.relative_to(ROOT)): lines for path in files if (lines := in_place(path))}
    assert found.keys() == IN_PLACE.keys(), found
