"""Cells of tables that no reader of tables takes: one sentence with the line."""

import pytest

from symrnn.data.csv_rows import rows_of
from symrnn.errors import UserError


def test_a_huge_cell_is_one_sentence(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("month,passengers\n1949-01,112\n1949-02," + "1" * 200_000 + "\n")
    with pytest.raises(UserError, match="line 3: a cell must have at most 131072 characters"):
        rows_of(path, ["month", "passengers"])


@pytest.mark.parametrize("cell", ["\0", '"', '"a', "\x1b[2J", "\udcff", "\u2028"])
def test_any_cell_is_read_or_one_sentence(tmp_path, cell):
    path = tmp_path / "series.csv"
    path.write_bytes(f"a,b\n1,{cell}\n".encode(errors="surrogateescape"))
    try:
        assert rows_of(path, ["a", "b"])
    except UserError as error:
        assert str(path) in str(error)  # noqa: PT017
