"""Records and a tiny experiment, made up, for everything that reads them."""

from pathlib import Path

import pytest
from made_records import make_record

from symrnn.study.experiment import load_experiment


@pytest.fixture
def records():
    """Two rounds of two forms at three depths; the naive form is twice as slow, too slow at 4."""
    made = []
    for round in range(2):
        for depth in (1, 2, 4):
            made.append(
                make_record({"depth": depth, "form": "sgd"}, depth, nodes=50 * depth, round=round)
            )
            over = {"status": "time_limit", "message": "over 600 s"} if depth == 4 else {}
            case, seconds = {"depth": depth, "form": "naive"}, (2 + 0.1 * round) * depth
            made.append(make_record(case, seconds, nodes=90 * depth, round=round, **over))
    return made


@pytest.fixture
def folder(tmp_path):
    """A folder with the experiment ``naive``."""
    folder = tmp_path / "experiments"
    folder.mkdir()
    (folder / "naive.py").write_text((Path(__file__).parent / "naive.py").read_text())
    return folder


@pytest.fixture
def experiment(folder):
    return load_experiment("naive", folder)
