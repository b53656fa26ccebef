"""English text: the documentation inside Python's standard library, or the user's own file in UTF-8.

The standard library comes with about two million characters of English: the topics of ``help()``
(`pydoc_data.topics`) and the docstrings of its modules. They differ a little between versions of Python; the way
from the files to the text is fixed: documents in the order of their names, each a topic or the docstrings of one
module from top to bottom, a docstring that stands in several places only once.

Networks read symbols, the same 97 for every text: a newline, printable ASCII, and one for all other characters.
"""

import ast
import sysconfig
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symrnn.data.files import bytes_of
from symrnn.errors import UserError

ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
OTHER = len(ALPHABET)
SYMBOLS = OTHER + 1  # V
SHORTEST = 2000
SAMPLE = {"mine.txt": b"The cat sat on the mat.\nA dog, 7 years old.\n" * 70}
LEFT_OUT = {  # folders: tests, programs, tables, and what is not the standard library
    *("test", "tests", "idle_test", "idlelib", "turtledemo", "lib2to3", "distutils", "encodings"),
    *("site-packages", "dist-packages", "__pycache__", "_bundled", "pydoc_data"),
}

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Text(NamedTuple):
    """Three parts of a text; whole documents are held out, so that no sentence stands in two parts."""

    train: str  # nine tenths
    validation: str  # a twentieth
    test: str  # a twentieth


def load_text(path: str | Path | None = None) -> Text:
    """The `Text` in the file at `path`, or the standard library's documentation.

    Raises
    ------
    UserError
        When the file cannot be read, is not UTF-8, or has fewer than 2000 characters.
    """
    if path is None:
        return split(standard_library())
    text = read(path)
    if len(text) < SHORTEST:
        raise UserError(
            f"{path} must have at least {SHORTEST} characters, but has {len(text)}; give a longer text"
        )
    return split(twentieths(text))


def split(documents: Iterable[str]) -> Text:
    """Of every twenty documents the tenth is for validation, the last for testing.

    Examples
    --------
    >>> parts = split([chr(97 + i) for i in range(20)])
    >>> parts.validation, parts.test
    ('j', 't')
    """
    held_out = {9: "validation", 19: "test"}
    parts: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for i, document in enumerate(documents):
        parts[held_out.get(i % 20, "train")].append(document)
    return Text(**{name: "\n\n\n".join(chosen) for name, chosen in parts.items()})


def read(path: str | Path) -> str:
    """The characters of a file in UTF-8, of which there must be some."""
    try:
        text = bytes_of(path).decode("utf-8-sig")
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror or error}; give a text file"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} must be text in UTF-8, but the byte 0x{error.object[error.start]:02x} at offset"
            f" {error.start} does not belong there; convert it, for example with `iconv -t utf-8`"
        ) from error
    if not text:
        raise UserError(f"{path} must hold text, but is empty; give another file")
    return text.replace("\r\n", "\n")


def twentieths(text: str) -> list[str]:
    """A text cut into twenty documents of equal length."""
    ends = [len(text) * i // 20 for i in range(21)]
    return [text[start:end] for start, end in pairwise(ends)]


@lru_cache(maxsize=1)
def standard_library() -> tuple[str, ...]:
    """The documents inside Python's standard library, from its topics to the docstrings of its modules."""
    from pydoc_data.topics import topics

    root = Path(sysconfig.get_path("stdlib"))
    files = [
        path for path in root.rglob("*.py") if not LEFT_OUT & set(path.relative_to(root).parts)
    ]
    seen, documents = set(), [topics[name].strip() for name in sorted(topics)]
    for path in sorted(files, key=lambda path: path.relative_to(root).as_posix()):
        fresh = [doc for doc in module_docstrings(path) if doc not in seen]
        seen.update(fresh)
        if fresh:
            documents.append("\n\n".join(fresh))
    return tuple(documents)


def module_docstrings(path: str | Path) -> list[str]:
    """The docstrings of a module, its classes and functions, in their order."""
    # Bytes, since a module may say its own encoding.
    return list(dict.fromkeys(docstrings(ast.parse(Path(path).read_bytes()))))


def docstrings(node: Documented) -> Iterator[str]:
    """The docstring of a node and of the definitions in its body, without their indentation.

    Examples
    --------
    >>> list(docstrings(ast.parse('"A module."\\nclass C:\\n    "A class."')))
    ['A module.', 'A class.']
    """
    if text := ast.get_docstring(node):
        yield text
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from docstrings(child)


def encode(text: str) -> np.ndarray:
    """The symbols of a text, ``(N,)``, int32.

    Examples
    --------
    >>> encode("A b\\n").tolist(), encode("é").tolist() == [OTHER]
    ([34, 1, 67, 0], True)
    """
    # Four bytes a character, whichever it is; half a pair, as of arguments that are no UTF-8, is a character too.
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype("int64")
    symbols = np.where((codes >= 32) & (codes < 127), codes - 31, OTHER)
    return np.where(codes == 10, 0, symbols).astype("int32")


def decode(symbols: Iterable[int]) -> str:
    """The characters of symbols, ``�`` for what has none of its own.

    Examples
    --------
    >>> decode(encode("naïve"))
    'na�ve'
    """
    return "".join((ALPHABET + "�")[symbol] for symbol in symbols)
