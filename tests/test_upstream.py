"""The programs of docs/upstream print what is written there, on the versions that are named."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytensor
import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "upstream"
REPORTS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def blocks(path, kind):
    """The fenced blocks that follow a comment of that kind, by the rest of the comment."""
    found = re.findall(rf"<!-- {kind} ?(\S*) -->\n```\w*\n(.*?)```", path.read_text(), re.DOTALL)
    return dict(found)


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_report_has_a_program_an_output_and_a_cause(path):
    assert list(blocks(path, "program")) == [""]
    assert blocks(path, "output") or blocks(path, "seconds")
    text = path.read_text()
    assert all(f"\n## {part}\n" in text for part in ("Cause", "Patch", "Here"))
    assert f"[{path.name}]({path.name})" in (FOLDER / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_program_of_a_report_prints_what_the_report_says(path, tmp_path):
    outputs = blocks(path, "output")
    if pytensor.__version__ not in outputs:
        pytest.skip(f"no output of PyTensor {pytensor.__version__} to compare with")
    program = tmp_path / "program.py"
    program.write_text(blocks(path, "program")[""])
    environment = os.environ | {"PYTENSOR_FLAGS": f"cxx=,base_compiledir={tmp_path / 'compiled'}"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(program)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == outputs[pytensor.__version__]
