"""The exponent of a power law and its interval, against SciPy's line through the logarithms."""

import numpy as np
import pytest
from made_records import make_record
from scipy.stats import linregress, t

from symrnn.study.growth import Growth, growth, power_law


@pytest.mark.parametrize("samples", [3, 7, 40])
@pytest.mark.parametrize("noise", [1e-3, 0.1, 3.0])
def test_exponent_and_interval_are_those_of_scipy(samples, noise):
    rng = np.random.default_rng(samples)
    xs = np.arange(1.0, samples + 1)
    ys = 0.02 * xs**1.7 * np.exp(noise * rng.normal(size=samples))
    fit = linregress(np.log(xs), np.log(ys))
    width = fit.stderr * t.ppf(0.975, samples - 2)
    expected = np.round([fit.slope, fit.slope - width, fit.slope + width], 6).tolist()
    assert power_law(xs, ys) == Growth(*expected, samples)


def test_a_power_law_without_noise_has_no_interval():
    xs = np.array([1.0, 2.0, 3.0, 5.0])
    assert power_law(xs, xs**3 / 7) == Growth(3.0, 3.0, 3.0, 4)


def test_growth_is_that_of_the_finished_records_with_three_places():
    records = [
        make_record({"depth": d, "form": "sgd"}, 2.0 * d**2, round=r)
        for r in (0, 1)
        for d in (1, 2, 4)
    ]
    assert growth(records, "depth", "total_s") == Growth(2.0, 2.0, 2.0, 6)
    assert growth(records[:2], "depth", "total_s") is None
