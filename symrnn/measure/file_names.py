"""How people read the path of a source file: ``train.py``, and with its package where a library holds it.

Half of all libraries have a ``core.py``; without PyTensor, since pages and tables of records are written without it.
"""

from pathlib import Path


def in_library(path: str) -> str | None:
    """An installed file as it is imported, ``pymc/model/core.py``; None for a file that lies elsewhere.

    Examples
    --------
    >>> in_library("/env/lib/python3.12/site-packages/pymc/model/core.py")
    'pymc/model/core.py'
    >>> in_library("/home/me/train.py")
    """
    parts = Path(path).parts
    # Debian calls its folder dist-packages; of nested environments the innermost counts.
    ends = [i for i, part in enumerate(parts[:-1]) if part in ("site-packages", "dist-packages")]
    return "/".join(parts[ends[-1] + 1 :]) if ends else None


def file_name(path: str) -> str:
    """A file by its name, and by its package where it is of one that is installed, or is there to be looked at.

    Examples
    --------
    >>> file_name("/env/lib/python3.12/site-packages/pymc/model/core.py"), file_name("/home/me/train.py")
    ('pymc/model/core.py', 'train.py')
    >>> file_name(__file__)  # also of a checkout
    'symrnn/measure/file_names.py'
    """
    if installed := in_library(path):
        return installed
    name, folder = Path(path).name, Path(path).parent
    while (folder / "__init__.py").is_file():
        name, folder = f"{folder.name}/{name}", folder.parent
    return name
