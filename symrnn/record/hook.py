"""Recording begins when PyTensor is imported: until then a program may still set its flags."""

import atexit
import importlib.abc
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

VARIABLE = "SYMRNN_RECORD"
WAITS = "SYMRNN_RECORD_WAITS"  # the process that writes the page when this one has ended


def start(folder: str | Path) -> None:
    """Record what this process compiles from now on into `folder`; the page is written when it ends.

    Examples
    --------
    At the top of a program, before or after it imports PyTensor::

        from symrnn.record import start
        start("recorded")
    """
    folder = Path(folder).resolve()
    os.environ[VARIABLE] = str(folder)  # for processes that it starts
    if any(isinstance(finder, PyTensorFinder) for finder in sys.meta_path):
        return
    # The wrappers go around what PyTensor has, so they wait for it where it is not imported yet.
    if "pytensor" in sys.modules:
        install(folder)
    else:
        sys.meta_path.insert(0, PyTensorFinder(folder))


def install(folder: Path) -> None:
    """Put the wrappers in, and write the page at the end."""
    from symrnn.record.recorder import Recorder

    Recorder(folder).install()
    atexit.register(write_last, folder, os.getpid())


def write_last(folder: Path, process: int) -> None:
    """Write the page, but not from a fork, and not where `symrnn record` waits to do it."""
    if os.getpid() == process and os.environ.get(WAITS) != str(os.getppid()):
        from symrnn.record.page import write_page

        write_page(folder)


class PyTensorFinder(importlib.abc.MetaPathFinder):
    """Finds PyTensor as Python does, and has the recorder installed once it is there."""

    def __init__(self, folder: Path):
        self.folder = folder

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
                    spec.loader = TellingLoader(spec.loader, self.folder)
                return spec
        return None


class TellingLoader(importlib.abc.Loader):
    """Another loader, and the recorder after it."""

    def __init__(self, loader: importlib.abc.Loader, folder: Path):
        self.loader, self.folder = loader, folder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the other loader does."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """As the other loader does; then PyTensor is there."""
        if module.__spec__ is not None:
            # Python's own from now on: sources and resources are asked of it.
            module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        install(self.folder)
