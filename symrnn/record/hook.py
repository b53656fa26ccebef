"""Recording begins when PyTensor is imported: until then a program may still set its flags."""

import atexit
import importlib.abc
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symrnn.record.recorder import Recorder

VARIABLE = "SYMRNN_RECORD"
WAITS = (
    "SYMRNN_RECORD_WAITS"  # the process that writes a page when this one has ended, and the folder
)


def start(folder: str | Path) -> None:
    """Record what this process compiles from now on into `folder`; the page is written when it ends.

    A second folder takes over from the first: what is asked for later is recorded there, and what the first one holds
    has its page when the process ends, too.

    Examples
    --------
    At the top of a program, before or after it imports PyTensor::

        from symrnn.record import start
        start("recorded")
    """
    folder = Path(folder).resolve()
    os.environ[VARIABLE] = str(folder)  # for processes that it starts
    known = [finder for finder in sys.meta_path if isinstance(finder, PyTensorFinder)]
    # Where Python looks for modules a finder is found again, by whoever records in this process.
    finder = known[0] if known else PyTensorFinder()
    finder.record_into(folder)
    if not known:
        sys.meta_path.insert(0, finder)
    if "pytensor" in sys.modules:
        finder.install()


def write_last(folders: Sequence[Path], process: int) -> None:
    """Write the pages, but not from a fork, and not the one that `symrnn record` waits to write."""
    if os.getpid() != process:
        return
    from symrnn.record.page import write_page

    for folder in folders:
        if os.environ.get(WAITS) != waits_for(folder, os.getppid()):
            write_page(folder)


def waits_for(folder: Path, process: int) -> str:
    """What `WAITS` says where that process writes the page of that folder."""
    return f"{process} {folder}"


class PyTensorFinder(importlib.abc.MetaPathFinder):
    """Finds PyTensor as Python does, and has the recorder installed once it is there.

    Attributes
    ----------
    folders
        Those that were recorded into, the one that is now last.
    """

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self.recorder: Recorder | None = None

    def record_into(self, folder: Path) -> None:
        """Record into this folder from now on."""
        if self.recorder is None:
            self.folders = [folder]  # into one before it nothing was recorded
        else:
            self.recorder.move_to(folder)
            if folder not in self.folders:
                self.folders.append(folder)

    def install(self) -> None:
        """Put the wrappers in once, and write the pages at the end."""
        if self.recorder is not None:
            return
        from symrnn.record.recorder import Recorder

        self.recorder = Recorder(self.folders[-1])
        self.recorder.install()
        atexit.register(write_last, self.folders, os.getpid())

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of ``pytensor``, with a loader that tells."""
        if name != "pytensor":
            return None
        # Not by `importlib.util`, which would ask this finder again. All others in Python's order, since an editable
        # install brings one of its own.
        for finder in sys.meta_path:
            if isinstance(finder, PyTensorFinder) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = TellingLoader(spec.loader, self)
                return spec
        return None


class TellingLoader(importlib.abc.Loader):
    """Another loader, and the recorder after it."""

    def __init__(self, loader: importlib.abc.Loader, finder: PyTensorFinder):
        self.loader, self.finder = loader, finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the other loader does."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """As the other loader does; then PyTensor is there."""
        if module.__spec__ is not None:
            # Python's own from now on: sources and resources are asked of it.
            module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        self.finder.install()
