"""Files that are whole or not there: written beside their place, then renamed to it.

A process that is killed, a program that fails and a disk that is full leave what was there before.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A path to write to, beside `path` and with its ending; it takes the name of `path` unless something is raised.

    A file that is there keeps its permissions, and a link stays a link. What is no file, such as a device or a pipe,
    and a file in a folder that takes no others are written as they are.

    Raises
    ------
    OSError
        When it cannot be written; what was at `path` is still there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "told.txt")) as beside:
    ...         _ = beside.write_text("whole")
    ...     [(each.name, each.read_text()) for each in Path(folder).iterdir()]
    [('told.txt', 'whole')]
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not (place.is_file() and os.access(place.parent, os.W_OK)):
        yield place
        return
    if place.exists() and not os.access(place, os.W_OK):
        # The folder alone would allow it, but somebody has said no.
        raise PermissionError(13, os.strerror(13), str(place))
    beside = path_beside(place)
    try:
        yield beside
        # Before the file takes its name: a power cut may leave the new name with the old bytes, or with none.
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        if place.exists():
            shutil.copymode(place, beside)
        os.replace(beside, place)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    forget_left(place)


def path_beside(path: Path) -> Path:
    """Where this process writes a file before it takes its name.

    Examples
    --------
    >>> path_beside(Path("results/report.html")).name == f".{os.getpid()}.report.html"
    True
    """
    return path.with_name(f".{os.getpid()}.{path.name}")


def forget_left(path: Path) -> None:
    """Remove what killed processes left beside `path`."""
    import psutil  # here: `import symrnn` imports little

    for left in path.parent.glob(f".*.{escape(path.name)}"):
        # The name begins with the writer's pid; one that still runs may be in the midst of its own.
        pid = left.name[1:].partition(".")[0]
        if left == path.with_name(f".{pid}.{path.name}") and pid.isdecimal():
            with suppress(OSError):
                if not psutil.pid_exists(int(pid)):
                    left.unlink()
