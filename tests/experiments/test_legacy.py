"""What the checks with old programs stand on: data in MNIST's format, examples of docstrings as text."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest

LEGACY = Path(__file__).parents[2] / "experiments" / "legacy"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(LEGACY)
    yield
    for name in ("mnist_files", "docstring_examples"):
        sys.modules.pop(name, None)


def test_mnist_files_start_with_type_rank_and_sizes(tmp_path):
    import mnist_files

    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    mnist_files.write_idx(tmp_path / "images.gz", images)
    content = gzip.decompress((tmp_path / "images.gz").read_bytes())
    assert content[:16].hex(" ", 4) == "00000803 00000002 00000003 00000004"
    assert content[16:] == bytes(range(24))


def test_digits_become_images_of_28_by_28_and_a_part_of_them_is_held_back(tmp_path):
    import mnist_files

    mnist_files.write(tmp_path, train=20, test=10)
    sizes = {path.name: len(gzip.decompress(path.read_bytes())) for path in tmp_path.iterdir()}
    assert sizes == {
        "train-images-idx3-ubyte.gz": 16 + 10020 * 28 * 28,
        "train-labels-idx1-ubyte.gz": 8 + 10020,
        "t10k-images-idx3-ubyte.gz": 16 + 10 * 28 * 28,
        "t10k-labels-idx1-ubyte.gz": 8 + 10,
    }


def test_docstrings_with_examples_become_text_that_imports_the_module_by_name(tmp_path):
    import docstring_examples

    package = tmp_path / "old"
    (package / "tests").mkdir(parents=True)
    source = 'class A:\n    """One.\n\n    >>> A\n    """\n\ndef plain():\n    """No example."""\n'
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text(source)
    (package / "tests" / "test_part.py").write_text(source)
    docstring_examples.main(package, tmp_path / "text")
    [written] = (tmp_path / "text").iterdir()
    assert written.name == "old.part-A.txt"
    assert "import_module('old.part')" in written.read_text()
    assert written.read_text().endswith(">>> A\n")
