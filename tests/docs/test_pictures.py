"""What the kept figures show is so: scans of Nesterov's forms, and whose seconds a bar is."""

from pathlib import Path

import pytest
from making import nesterov
from making.cold_start import seconds
from making.graphs import boxes_of
from making.pictures import PICTURES

ROOT = Path(__file__).parents[2]


def scans(outputs):
    """The labels of the scans in a picture, sorted."""
    return sorted(box.label for box in boxes_of(outputs) if box.kind == "scan")


FORWARD, GRADIENT = "scan: forward", "scan: gradient"


@pytest.mark.parametrize(
    ("form", "forward", "gradient"), [("odd_even", 1, 1), ("naive", 2, 1), ("per_parameter", 3, 2)]
)
def test_a_form_has_the_scans_that_the_page_says(form, forward, gradient):
    assert scans(nesterov.outputs_of(form)) == [FORWARD] * forward + [GRADIENT] * gradient


@pytest.mark.parametrize(("form", "first"), [("odd_even", FORWARD), ("naive", "scan of 2")])
def test_rewriting_packs_what_is_computed_twice(form, first):
    text, alt = nesterov.after_rewriting(form)
    assert text.count(f">{first}</text>") == 1
    assert text.count(">scan") == 2
    assert f"scan: gradient reads {first}" in alt or f", {first}" in alt


def test_pictures_that_are_kept_have_a_row():
    assert {path.stem for path in (ROOT / "docs" / "pictures").glob("*.svg")} == set(PICTURES)


def test_bars_of_the_cold_start_are_of_two_layers_and_cold():
    found = seconds(ROOT / "tests" / "experiments" / "recorded" / "native_mode.jsonl")
    assert set(found) == {"JAX by hand", "symrnn, mode NATIVE"}  # Numba's takes minutes
