"""What `pm.sample` compiles, recorded in an unchanged program; where PyMC is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import symrnn
from symrnn.measure.compiled_units import Attribution
from symrnn.record.compiled import compiled_in

pytest.importorskip("pymc", exc_type=ImportError)

PROGRAM = """
import numpy as np
import pymc as pm

y = np.random.default_rng(0).normal(1, 2, size=20)
with pm.Model():
    mu = pm.Normal("mu", 0, 1)
    pm.Normal("y", mu, 1, observed=y)
    pm.sample(draws=2, tune=2, chains=1, cores=1, progressbar=False, random_seed=1)
"""


@pytest.mark.slow
def test_every_function_of_a_sampler_is_recorded_and_its_seconds_have_lines(tmp_path):
    (tmp_path / "model.py").write_text(PROGRAM)
    root = str(Path(symrnn.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "symrnn", "record", "--out", "out", "model.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": root,
            "PYTENSOR_FLAGS": f"base_compiledir={tmp_path / 'cold'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = compiled_in(tmp_path / "out")
    assert len(found) >= 4  # the initial point, its shapes, the log-density, deterministic values
    assert {each.where for each in found} == {"model.py:9"}
    assert all(each.is_linked and each.is_called for each in found)
    assert sum(each.seconds for each in found) >= 0.95 * sum(each.wall_s for each in found)
    dearest = max(found, key=lambda each: each.seconds)
    assert Attribution.from_dict(dearest.attribution).attributed >= 0.95
