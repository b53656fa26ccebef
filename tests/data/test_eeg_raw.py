"""Raw BDF files: what a writer of its own wrote is read back by MNE, trial by trial."""

import builtins

import numpy as np
import pytest

from symrnn.data import eeg_raw
from symrnn.data.eeg_recordings import CHANNELS
from symrnn.errors import UserError

RATE, SECONDS = 512, 16
EYES = ["EXG1", "EXG2", "EXG3", "EXG4"]
HEAD = (
    "Participant_id,Trial,Experiment_id,Start_time,Valence,Arousal,Dominance,Liking,Familiarity\n"
)
ROWS = "1,2,7,0,2.5,8,5,5,1\n2,1,1,0,1,1,1,1,1\n1,1,3,0,7,3,5,5,1\n"
TIMES = np.arange(RATE * SECONDS) / RATE


def write_bdf(path, *, codes, names=(*CHANNELS, *EYES)):
    """A file of two seconds a video: channel i holds a tone of 10 Hz of i + 1 µV, and a share of the eyes."""
    pyedflib = pytest.importorskip("pyedflib")
    blink = 50 * np.exp(-(((TIMES[:, None] - [4.5, 5.2, 9.8, 11.3]) / 0.1) ** 2)).sum(axis=1)
    look = 20 * np.sin(2 * np.pi * 5 * TIMES)
    eyes = {"EXG1": look, "EXG2": 0 * look, "EXG3": blink / 2, "EXG4": -blink / 2}
    tones = [
        (i + 1) * (-1) ** i * np.sin(2 * np.pi * 10 * TIMES) + 0.1 * (i % 3) * blink
        for i in range(len(CHANNELS))
    ]
    signals = dict(zip(CHANNELS, tones, strict=True)) | eyes | {"Status": codes}
    chosen = [*names, "Status"]
    with pyedflib.EdfWriter(str(path), len(chosen), file_type=pyedflib.FILETYPE_BDF) as writer:
        for i, name in enumerate(chosen):
            is_status = name == "Status"
            largest = 8388607 if is_status else 5000
            writer.setSignalHeader(
                i,
                {
                    **{"label": name, "dimension": "uV", "sample_frequency": RATE},
                    **{"physical_max": largest, "physical_min": -largest - is_status},
                    **{"digital_max": 8388607, "digital_min": -8388608},
                    **{"transducer": "", "prefilter": ""},
                },
            )
        writer.writeSamples([np.ascontiguousarray(signals[name], "float64") for name in chosen])
    path.with_name(eeg_raw.TABLE).write_text(HEAD + ROWS)
    return path


def codes_at(*begins):
    """Status codes: a video begins, and code 5 follows."""
    codes = np.zeros(len(TIMES))
    for begin in begins:
        codes[begin * RATE : begin * RATE + 20] = 4
        codes[begin * RATE + 20 : begin * RATE + 40] = 5
    return codes


@pytest.fixture(scope="module")
def bdf(tmp_path_factory):
    pytest.importorskip("mne")
    return write_bdf(tmp_path_factory.mktemp("raw") / "s01.bdf", codes=codes_at(4, 10))


def test_trials_of_a_bdf_file_are_cut_at_the_codes_in_microvolts(bdf):
    first, second = eeg_raw.trials_of(bdf, video_s=4)
    assert first.xs.shape == second.xs.shape == (32, 7 * RATE)
    assert first.eyes.shape == (2, 7 * RATE)
    since = TIMES[RATE : 8 * RATE]  # from 3 s before the code on
    expected = 4 * -np.sin(2 * np.pi * 10 * since)
    np.testing.assert_allclose(first.xs[3], expected, atol=0.01)
    np.testing.assert_allclose(first.eyes[0], 20 * np.sin(2 * np.pi * 5 * since), atol=0.01)
    assert abs(first.eyes[1].max() - 50) < 0.5


def test_trials_are_rated_by_their_order_and_lose_their_blinks(bdf):
    made = eeg_raw.read(bdf, video_s=4, steps=["rate", "eyes"])
    assert made.xs.shape == (2, 32, 7 * 128)
    assert made.ratings.tolist() == [[7, 3, 5, 5], [2.5, 8, 5, 5]]
    assert made.labels.tolist() == [1, 2]
    assert made.subjects.tolist() == [1, 1]
    times = np.arange(7 * 128) / 128 + 1
    for i in (0, 1, 2):  # whatever their share of the blinks
        expected = (i + 1) * (-1) ** i * np.sin(2 * np.pi * 10 * times)
        left = made.xs[0, i] - expected
        assert np.abs(left - left.mean())[20:-20].max() < 0.1


def test_folder_holds_a_file_for_each_subject(bdf):
    write_bdf(bdf.with_name("s02.bdf"), codes=codes_at(4))
    made = eeg_raw.read(bdf.parent, video_s=4, steps=["rate"])
    assert made.subjects.tolist() == [1, 1, 2]
    assert made.ratings.tolist() == [[7, 3, 5, 5], [2.5, 8, 5, 5], [1, 1, 1, 1]]
    np.testing.assert_array_equal(made.xs[:2], eeg_raw.read(bdf, video_s=4, steps=["rate"]).xs)


def test_folder_is_raw_where_a_file_is_called_as_a_subject(tmp_path):
    (tmp_path / "notes.bdf").touch()
    assert not eeg_raw.is_raw(tmp_path)
    (tmp_path / "s07.BDF").touch()
    assert eeg_raw.is_raw(tmp_path)
    assert eeg_raw.files_in(tmp_path) == [tmp_path / "s07.BDF"]


def test_steps_must_bring_the_rate_that_networks_expect(bdf):
    with pytest.raises(UserError, match="from 512 to 128 Hz, but eyes do not; add rate"):
        eeg_raw.read(bdf, video_s=4, steps=["eyes"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codes": codes_at(4)}, r"a video for each of the 2 trials of subject 1 .* but 1 begin"),
        ({"codes": codes_at(1, 10)}, "video 1 must have 3 s before it .* holds 1.0 s"),
        ({"codes": codes_at(4, 14)}, "video 2 .* from its beginning, but the file holds .* 2.0 s"),
        (
            {"codes": codes_at(4, 10), "names": (*CHANNELS[1:], *EYES)},
            "must have the channel Fp1, but has none",
        ),
    ],
)
def test_file_that_does_not_fit_is_refused(options, message, tmp_path):
    pytest.importorskip("mne")
    path = write_bdf(tmp_path / "s01.bdf", **options)
    with pytest.raises(UserError, match=message):
        eeg_raw.read(path, video_s=4)


def test_broken_or_missing_file_is_one_sentence(tmp_path):
    pytest.importorskip("mne")
    (tmp_path / eeg_raw.TABLE).write_text(HEAD + ROWS)
    broken = tmp_path / "s01.bdf"
    with pytest.raises(UserError, match=r"s01.bdf must be a file .* there is none"):
        eeg_raw.read(broken)
    for content in (b"", b"noise" * 300, b"\xffBIOSEMI" + b"9" * 300):
        broken.write_bytes(content)
        with pytest.raises(UserError, match=r"s01.bdf must be a whole BDF or EDF file") as caught:
            eeg_raw.read(broken)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=r"must end in \.bdf or \.edf, but ends in '\.gdf'"):
        eeg_raw.read(tmp_path / "s01.gdf")


def test_without_mne_the_way_out_is_named(tmp_path, monkeypatch):
    (tmp_path / eeg_raw.TABLE).write_text(HEAD + ROWS)

    def refuse(name, *args, real=builtins.__import__, **options):
        if name == "mne":
            raise ModuleNotFoundError(name="mne")
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UserError, match=r"not installed; pip install 'symrnn\[eeg\]'"):
        eeg_raw.read(tmp_path / "s01.bdf")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "line 1: the heading must name Participant_id"),
        (HEAD + "2,1,1,0,1,1,1,1,1\n", "must hold ratings of subject 1, but holds none"),
        (HEAD + "1,1,1,0,1,10,1,1,1\n", "line 2: ratings must be from 1 to 9"),
        (HEAD + "1,1,1,0,1,high,1,1,1\n", "line 2: Arousal must be a number, but is 'high'"),
        (HEAD + "1,1\n", "line 2: Valence must be a number, but is ''"),
        (HEAD + "1,1,1,0,1_0,1,1,1,1\n", "line 2: Valence must be a number, but is '1_0'"),
        (
            HEAD + "\n1,1,1,0," + "9" * 140_000 + ",1,1,1,1\n",
            "line 3: a cell must have at most 131072",
        ),
        ("\nParticipant_id,Trial\n", "line 2: the heading must name Valence, but does not"),
    ],
)
def test_table_of_ratings_is_read_strictly(table, message, tmp_path):
    (tmp_path / eeg_raw.TABLE).write_text(table)
    with pytest.raises(UserError, match=message):
        eeg_raw.read(tmp_path / "s01.bdf")


def test_blank_lines_of_the_table_are_passed_over(tmp_path):
    (tmp_path / eeg_raw.TABLE).write_text(HEAD + "1,2,7,0,2.5,8,5,5,1\n\n1,1,3,0,7,3,5,5,1\n\n \n")
    ratings, subject = eeg_raw.ratings_beside(tmp_path / "s01.bdf")
    assert ratings.tolist() == [[7, 3, 5, 5], [2.5, 8, 5, 5]]
    assert subject == 1


def test_file_must_be_called_as_its_subject(tmp_path):
    with pytest.raises(UserError, match=r"must be called sXX.bdf"):
        eeg_raw.read(tmp_path / "recording.bdf")
