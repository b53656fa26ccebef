"""Each step of the preprocessing on a signal whose answer is known, and beside MNE's where MNE is installed."""

import numpy as np
import pytest

from symrnn.data.eeg_steps import STEPS, Signal, fitted_scaling, prepared, steps_named
from symrnn.errors import UserError

RNG = np.random.default_rng(3)


def tone(hertz, rate, seconds=10.0, phase=0.0):
    """One channel, ``(1, N)``."""
    times = np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * hertz * times + phase)[None]


def after(name, xs, rate=128.0, eyes=None):
    """The signal after one step."""
    eyes = np.zeros((1, xs.shape[1])) if eyes is None else eyes
    return prepared(Signal(xs, eyes, rate), [name])


def rms(xs):
    """Of all but a second at either end."""
    return np.sqrt((xs[:, 128:-128] ** 2).mean())


def blinking():
    """``(3, N)`` EEG of known tones, ``(2, N)`` EOG that does not correlate with it, and ``(2, 3)`` weights."""
    xs = np.concatenate([tone(8 + i, 128) for i in range(3)])
    eyes = np.concatenate([tone(1, 128), tone(2, 128)]) * [[50], [80]] + [[5], [-3]]
    return xs, eyes, np.array([[0.5, -0.2, 0.0], [0.1, 0.3, 0.4]])


@pytest.mark.parametrize("rate", [512, 256, 500, 128])
def test_rate_keeps_a_tone(rate):
    found = after("rate", tone(10, rate), rate, eyes=tone(3, rate))
    assert found.rate_hz == 128
    assert found.xs.shape == (1, 1280)
    assert np.abs(found.xs - tone(10, 128))[:, 50:-50].max() < 0.01
    assert np.abs(found.eyes - tone(3, 128))[:, 50:-50].max() < 0.01


def test_rate_lets_no_frequency_above_half_of_it_through():
    assert rms(after("rate", tone(100, 512), 512).xs) < 0.01


@pytest.mark.parametrize(
    ("hertz", "least", "most"),
    [(0.5, 0, 1e-3), (2, 0, 0.1), (8, 0.99, 1.001), (30, 0.99, 1.001), (60, 0, 0.06)],
)
def test_band_keeps_what_is_in_it_and_nothing_else(hertz, least, most):
    share = rms(after("band", tone(hertz, 128)).xs) / rms(tone(hertz, 128))
    assert least <= share <= most


def test_band_delays_nothing():
    assert np.abs(after("band", tone(12, 128)).xs - tone(12, 128))[:, 200:-200].max() < 0.01


def test_eyes_are_taken_out_whatever_their_weights():
    xs, eyes, weights = blinking()
    found = after("eyes", xs + weights.T @ (eyes - eyes.mean(axis=1, keepdims=True)), eyes=eyes)
    np.testing.assert_allclose(found.xs, xs, atol=1e-10)


def test_average_leaves_channels_that_sum_to_zero():
    xs = RNG.normal(size=(4, 50))
    found = after("average", xs).xs
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(found, xs - xs.mean(axis=0), atol=1e-12)


def test_baseline_is_the_mean_of_the_seconds_before_and_goes_with_them():
    xs = np.concatenate([np.full((2, 384), 3.0), np.full((2, 100), 5.0)], axis=1)
    found = after("baseline", xs, eyes=10 * xs[:1])
    assert found.xs.tolist() == np.full((2, 100), 2.0).tolist()
    assert found.eyes.tolist() == np.full((1, 100), 20.0).tolist()


@pytest.mark.parametrize("name", ["rate", "band", "eyes", "average", "baseline"])
def test_step_is_what_mne_does(name):
    mne = pytest.importorskip("mne")
    xs, eyes, weights = blinking()
    xs = xs + weights.T @ eyes
    info = mne.create_info([*"abc", "h", "v"], 128.0, ["eeg"] * 3 + ["eog"] * 2)
    raw = mne.io.RawArray(np.concatenate([xs, eyes]), info, verbose="error")
    ours = after(name, xs, eyes=eyes).xs
    if name == "rate":
        high = np.concatenate([tone(8 + i, 512) for i in range(3)])
        ours, theirs = after(name, high, 512).xs, mne.filter.resample(high, down=4, verbose="error")
    elif name == "band":
        iir = {"order": 4, "ftype": "butter", "output": "sos"}
        theirs = mne.filter.filter_data(
            xs, 128.0, 4, 45, method="iir", iir_params=iir, verbose="error"
        )
    elif name == "eyes":
        raw.set_eeg_reference([], verbose="error")
        model = mne.preprocessing.EOGRegression(picks="eeg", picks_artifact="eog").fit(raw)
        theirs = model.apply(raw).get_data("eeg")
    elif name == "average":
        theirs = raw.set_eeg_reference("average", verbose="error").get_data("eeg")
    else:
        times = np.arange(xs.shape[1]) / 128
        theirs = mne.baseline.rescale(xs, times, (0, 3 - 1 / 128), verbose="error")[:, 384:]
    inside = slice(100, -100)
    apart = (ours - theirs)[:, inside]
    if name == "eyes":  # a constant, which MNE does not keep
        apart = apart - apart.mean(axis=1, keepdims=True)
    assert np.abs(apart).max() < {"rate": 0.02, "band": 2e-3}.get(
        name, 1e-6
    )  # filters differ at ends


def test_steps_are_named_with_plus_between_them_in_any_order():
    assert steps_named("") == []
    assert steps_named("+".join(reversed(STEPS))) == list(reversed(STEPS))
    with pytest.raises(
        UserError, match=r"a step must be one of rate, .* is 'avrage'; did you mean"
    ):
        steps_named("eyes+avrage")


@pytest.mark.parametrize(
    ("name", "xs", "rate", "message"),
    [
        ("band", tone(1, 80), 80, "more than 90 samples a second, but the recording has 80"),
        (
            "baseline",
            tone(1, 128, 3.0),
            128,
            "more than 3 s of recording, 384 samples, but there are",
        ),
    ],
)
def test_step_that_a_recording_is_too_short_or_slow_for_says_so(name, xs, rate, message):
    with pytest.raises(UserError, match=message):
        after(name, xs, rate)


@pytest.mark.parametrize("kind", ["z_score", "min_max"])
def test_scaling_is_fitted_to_what_it_is_given_and_applied_to_anything(kind):
    train, test = RNG.normal(5, 3, (7, 11, 2)), RNG.normal(size=(3, 11, 2))
    scaled = fitted_scaling(kind, train)
    found = scaled(train)
    if kind == "z_score":
        np.testing.assert_allclose(found.mean(axis=(0, 1)), 0, atol=1e-12)
        np.testing.assert_allclose(found.std(axis=(0, 1)), 1)
    else:
        assert found.min(axis=(0, 1)).tolist() == [0, 0]
        np.testing.assert_allclose(found.max(axis=(0, 1)), 1)
    np.testing.assert_allclose(scaled(test) * scaled.scale + scaled.shift, test)


def test_channel_that_never_moves_is_not_divided_by_zero():
    assert fitted_scaling("z_score", np.full((2, 3, 1), 7.0))(np.full((1, 1, 1), 8.0)).tolist() == [
        [[1]]
    ]
