"""The preprocessing of EEG as a pipeline of named steps: what DEAP's authors did to theirs, and what networks need.

============ ==========================================================================================
``rate``     to 128 Hz by a polyphase filter
``band``     4 to 45 Hz by a Butterworth filter that runs both ways, so that nothing is delayed
``eyes``     what the EOG explains of each channel, by least squares, is taken away [1]_
``average``  the mean over the channels is taken away at each sample
``baseline`` the mean of the seconds before the video is taken away, and these with it
============ ==========================================================================================

Scaling is fitted on the training part alone, and therefore stands apart (`fitted_scaling`).

.. [1] Gratton, Coles, Donchin: A new method for off-line removal of ocular artifact. Electroencephalography and
   Clinical Neurophysiology 55 (1983).
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from scipy import signal

from symrnn.data.eeg_recordings import BASELINE_S, RATE_HZ
from symrnn.errors import UserError, check_choice

BAND_HZ = (4.0, 45.0)
ORDER = 4  # of the Butterworth filter


class Signal(NamedTuple):
    """One recording on its way through the steps."""

    xs: np.ndarray  # (C, N)
    eyes: np.ndarray  # (E, N), EOG
    rate_hz: float

    def each(self, function: Callable[[np.ndarray], np.ndarray]) -> "Signal":
        """EEG and EOG through the same function of an array."""
        return self._replace(xs=function(self.xs), eyes=function(self.eyes))


def resampled(recording: Signal) -> Signal:
    """At `RATE_HZ`."""
    # A rate is a float in a file; as a fraction of large numbers its filter would be as large.
    ratio = Fraction(RATE_HZ) / Fraction(recording.rate_hz).limit_denominator(1000)
    if ratio == 1:
        return recording
    # The filter takes zeros beyond the ends: without a line taken off, an offset would ring there.
    at_rate = recording.each(
        lambda xs: signal.resample_poly(
            xs, ratio.numerator, ratio.denominator, axis=-1, padtype="line"
        )
    )
    return at_rate._replace(rate_hz=float(RATE_HZ))


def band_passed(recording: Signal) -> Signal:
    """Within `BAND_HZ`."""
    if recording.rate_hz <= 2 * BAND_HZ[1]:
        raise UserError(
            f"the step band needs more than {2 * BAND_HZ[1]:g} samples a second, but the recording has"
            f" {recording.rate_hz:g}; leave the step out"
        )
    sos = signal.butter(ORDER, BAND_HZ, "bandpass", fs=recording.rate_hz, output="sos")
    return recording.each(lambda xs: signal.sosfiltfilt(sos, xs, axis=-1))


def eyes_regressed(recording: Signal) -> Signal:
    """Without what the EOG explains: ``x - w @ (eyes - mean)``, w by least squares."""
    eyes = recording.eyes - recording.eyes.mean(axis=-1, keepdims=True)
    xs = recording.xs - recording.xs.mean(axis=-1, keepdims=True)
    # Fitted without means, so that no channel's offset is explained by the eyes.
    weights, *_ = np.linalg.lstsq(eyes.T, xs.T, rcond=None)  # (E, C)
    return recording._replace(xs=recording.xs - weights.T @ eyes)


def common_average(recording: Signal) -> Signal:
    """Each sample against the mean of all channels."""
    return recording._replace(xs=recording.xs - recording.xs.mean(axis=0, keepdims=True))


def baseline_removed(recording: Signal) -> Signal:
    """Against the mean of the first `BASELINE_S` seconds, and without them."""
    begin = round(BASELINE_S * recording.rate_hz)
    if recording.xs.shape[-1] <= begin:
        raise UserError(
            f"the step baseline needs more than {BASELINE_S} s of recording, {begin} samples, but there are"
            f" {recording.xs.shape[-1]}; leave the step out"
        )
    return recording.each(lambda xs: xs[:, begin:] - xs[:, :begin].mean(axis=-1, keepdims=True))


STEPS = {
    "rate": resampled,
    "band": band_passed,
    "eyes": eyes_regressed,
    "average": common_average,
    "baseline": baseline_removed,
}


def steps_named(names: str) -> list[str]:
    """The names in a text such as ``"eyes+average"``; "" for none.

    Examples
    --------
    >>> steps_named("eyes+average")
    ['eyes', 'average']
    """
    found = names.split("+") if names else []
    for name in found:
        check_choice("a step", name, STEPS)
    return found


def prepared(recording: Signal, names: Iterable[str]) -> Signal:
    """A recording after the steps called `names`, one after the other.

    Examples
    --------
    >>> plain = Signal(np.array([[1.0, 2.0], [3.0, 6.0]]), np.zeros((1, 2)), 128)
    >>> prepared(plain, ["average"]).xs.tolist()
    [[-1.0, -2.0], [1.0, 2.0]]
    """
    for name in names:
        recording = STEPS[name](recording)
    return recording


class Scaling(NamedTuple):
    """``(x - shift) / scale``, channel by channel."""

    shift: np.ndarray  # (C,)
    scale: np.ndarray  # (C,)

    def __call__(self, xs: np.ndarray) -> np.ndarray:
        """Segments ``(S, T, C)`` scaled."""
        return ((xs - self.shift) / self.scale).astype(xs.dtype, copy=False)


SCALINGS = ("z_score", "min_max")


def fitted_scaling(kind: str, xs: np.ndarray) -> Scaling:
    """The scaling that gives ``xs (S, T, C)`` mean 0 and deviation 1, or lowest value 0 and highest 1, in each channel.

    A channel that never moves is left with scale 1.

    Examples
    --------
    >>> fitted_scaling("min_max", np.array([[[2.0], [4.0]]]))
    Scaling(shift=array([2.]), scale=array([2.]))
    """
    check_choice("scaling", kind, SCALINGS)
    over = (0, 1)
    if kind == "z_score":
        # Sums of so many samples lose digits in float32.
        shift, scale = xs.mean(axis=over, dtype="float64"), xs.std(axis=over, dtype="float64")
    else:
        shift = xs.min(axis=over).astype("float64")
        scale = xs.max(axis=over) - shift
    return Scaling(shift.astype(xs.dtype), np.where(scale > 0, scale, 1).astype(xs.dtype))
