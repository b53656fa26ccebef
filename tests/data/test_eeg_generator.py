"""What the generator makes is what its numbers say: rhythms by class, contrary recordings, marks, eyes."""

import numpy as np
import pytest

from symrnn.data.eeg_generator import MARK_HZ, EEGGenerator, places_of, topography
from symrnn.data.eeg_recordings import CHANNELS, CLASSES
from symrnn.data.eeg_steps import Signal, prepared
from symrnn.errors import UserError

QUIET = {"contrary": 0.0, "subject_effect": 0.0, "blinks": 0.0, "noise_uv": 0.5}
SMALL = {"subjects": 1, "videos": 8, "seconds": 9}


def power(xs, low, high):
    """Of ``xs (..., N)`` at 128 Hz between two frequencies."""
    hertz = np.fft.rfftfreq(xs.shape[-1], 1 / 128)
    spectrum = np.abs(np.fft.rfft(xs, axis=-1)) ** 2
    return spectrum[..., (hertz >= low) & (hertz <= high)].sum(axis=-1)


def at(name):
    return CHANNELS.index(name)


def by_class(recordings, channel, low, high):
    """The mean power during the videos of each class, on one channel."""
    xs = recordings.xs[:, at(channel), 384:]
    found = power(xs, low, high)
    return {name: found[recordings.labels == k].mean() for k, name in enumerate(CLASSES)}


def test_the_same_seed_makes_the_same_recordings():
    generator = EEGGenerator(**SMALL)
    one, again, other = (generator.recordings(seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.xs, again.xs)
    assert (one.xs != other.xs).any()


def test_shapes_are_those_of_deap_and_classes_are_even():
    made = EEGGenerator(subjects=2, videos=8, seconds=2).recordings()
    assert made.xs.shape == (16, 32, 5 * 128)
    assert made.eyes.shape == (16, 2, 5 * 128)
    assert made.xs.dtype == np.float32
    assert np.bincount(made.labels).tolist() == [4, 4, 4, 4]
    assert made.subjects.tolist() == [1] * 8 + [2] * 8
    assert ((made.ratings >= 1) & (made.ratings <= 9)).all()


def test_rhythms_are_stronger_as_valence_and_arousal_say():
    made = EEGGenerator(**SMALL, **QUIET, effect=1.0, mark_uv=0.0).recordings()
    beta, theta = by_class(made, "C4", 17, 23), by_class(made, "Fp2", 4, 8)
    right, left = by_class(made, "O2", 8, 12), by_class(made, "O1", 8, 12)
    assert min(beta["HVHA"], beta["LVHA"]) > 10 * max(beta["HVLA"], beta["LVLA"])
    assert min(theta["HVHA"], theta["HVLA"]) > 10 * max(theta["LVHA"], theta["LVLA"])
    for name in ("HVHA", "HVLA"):
        assert right[name] > 10 * left[name]
    for name in ("LVHA", "LVLA"):
        assert left[name] > 10 * right[name]


def test_baseline_knows_nothing_of_the_class():
    made = EEGGenerator(**SMALL, **QUIET, effect=1.0, mark_uv=0.0).recordings()
    found = power(made.xs[:, at("C4"), :384], 17, 23)
    assert found.max() < 3 * found.min()


def test_share_of_contrary_recordings_shows_another_class_than_its_ratings():
    options = QUIET | {"contrary": 0.2, "effect": 1.0, "mark_uv": 0.0}
    made = EEGGenerator(subjects=1, videos=40, seconds=4, **options).recordings()
    is_high = made.labels % 2 == 0
    beta, theta = (
        power(made.xs[:, at(c), 384:], low, high)
        for c, low, high in (("C4", 17, 23), ("Fp2", 4, 8))
    )
    shown = 2 * (theta < np.sqrt(theta.max() * theta.min())) + (
        beta < np.sqrt(beta.max() * beta.min())
    )
    assert (shown != made.labels).sum() == 8
    assert 0 < ((shown % 2 == 0) != is_high).sum() < 8


def test_mark_is_one_pattern_through_a_recording_and_another_in_the_next():
    made = EEGGenerator(**SMALL, **QUIET | {"noise_uv": 0.01}, mark_uv=2.0).recordings()
    xs = made.xs.reshape(8, 32, 12, 128)
    times = np.arange(128) / 128
    waves = np.stack([np.sin(2 * np.pi * MARK_HZ * times), np.cos(2 * np.pi * MARK_HZ * times)])
    sizes = np.linalg.norm(xs @ waves.T, axis=-1)  # (R, C, seconds)
    first, later = sizes[..., 0], sizes[..., -1]
    alike = np.corrcoef(np.concatenate([first, later]))[:8, 8:]
    assert np.diag(alike).min() > 0.97
    assert (alike - np.eye(8)).max() < 0.9


def test_blinks_reach_the_front_and_regression_takes_them_out():
    options = QUIET | {"blinks": 1.0, "noise_uv": 2.0}
    [xs], [eyes], *_ = (
        part[:1] for part in EEGGenerator(**SMALL, **options, effect=0.0, mark_uv=0.0).recordings()
    )
    share = np.corrcoef(np.concatenate([xs, eyes]))[:32, 33]
    assert share[at("Fp1")] > 0.9
    assert abs(share[at("O1")]) < 0.2
    cleaned = prepared(Signal(xs, eyes, 128.0), ["eyes"]).xs
    assert np.abs(np.corrcoef(np.concatenate([cleaned, eyes]))[:32, 32:]).max() < 1e-3


def test_topography_is_strongest_at_its_place():
    assert CHANNELS[int(topography(0.9, -1).argmax())] in ("Fp1", "AF3")
    assert CHANNELS[int(topography(-0.9, 1).argmax())] in ("O2", "PO4")
    assert len({tuple(place) for place in places_of(CHANNELS).tolist()}) == 32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"videos": 6}, "videos must be a multiple of 4, .* but are 6, 4 and 12"),
        ({"seconds": 0}, "subjects and seconds at least 1, but are 20, 4 and 0"),
        ({"contrary": 1.5}, "contrary must be a share from 0 to 1, but is 1.5"),
    ],
)
def test_wrong_number_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        EEGGenerator(**options)
