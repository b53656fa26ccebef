"""WikiText: a folder with the three files of the benchmark, lines of words with spaces between.

The benchmark has three [1]_. Where the training text, the largest, is missing, the other two are joined, and cut anew:
four fifths to train on, a tenth for validation, a tenth for testing. A path may also name one text of the user's, in
UTF-8, which is cut into nine tenths, a twentieth and a twentieth.

.. [1] Merity, Xiong, Bradbury, Socher: Pointer sentinel mixture models. ICLR 2017. arXiv:1609.07843
"""

from pathlib import Path

from symrnn.data import text
from symrnn.data.words import Words, lines_to_words, plain_words
from symrnn.errors import UserError

NAMES = ("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens")
SHARES = (0.8, 0.9)  # where the joined texts are cut
SAMPLE = {
    NAMES[1]: b" = A cat = \n the cat sat on the <unk> mat . \n a dog , 7 years old . \n" * 12,
    NAMES[2]: b" the dog sat on a cat . \n a zebra sat . \n" * 12,
}


def read(path: str | Path) -> Words:
    """The words at `path`.

    Raises
    ------
    UserError
        When a file cannot be read, is not UTF-8, or is empty, or a text is too short.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, content in SAMPLE.items():
    ...         _ = Path(folder, name).write_bytes(content)
    ...     [len(part) for part in read(folder)]
    [336, 42, 42]
    """
    path = Path(path)
    if not path.is_dir():
        parts = text.load_text(path)
        return Words(*map(plain_words, parts))
    if (path / NAMES[0]).exists() or not (path / NAMES[1]).exists():
        return Words(*(words_of(path / name) for name in NAMES))
    joined = [word for name in NAMES[1:] for word in words_of(path / name)]
    first, second = (int(share * len(joined)) for share in SHARES)
    return Words(joined[:first], joined[first:second], joined[second:])


def words_of(path: Path) -> list[str]:
    """The words of one file."""
    if not path.exists():
        raise UserError(
            f"{path.parent} must hold {NAMES[1]} and {NAMES[2]}, and {NAMES[0]} but for a trial, but has no {path.name}"
        )
    # Not `splitlines`, which cuts at other characters too.
    words = lines_to_words(text.read(path).removesuffix("\n").split("\n"))
    if len(set(words)) < 2:
        raise UserError(f"{path} must hold words, but holds none; give another file")
    return words
