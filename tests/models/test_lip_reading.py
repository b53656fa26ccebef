"""Lip reading: convolutions over time and space, who is held out, the grammar in the search, and predictions."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES
from sample import sample_in

import symrnn.native
from symrnn.data.clips import Clip
from symrnn.data.grid import SAMPLE, crops_in
from symrnn.data.grid_grammar import GRAMMAR, SENTENCES, encoded, name_of
from symrnn.errors import UserError
from symrnn.models.lip_decoding import GridGrammar, read_by_grammar, read_off
from symrnn.models.lip_network import SIZES, video_conv
from symrnn.models.lip_reading import LipData, LipReader, split
from symrnn.training.network import Network

assert symrnn.native  # makes mode="NATIVE" known
TINY = LipReader(size="tiny", batch_size=3, crops="")


@pytest.mark.parametrize(("window", "stride"), [((3, 5, 3), 2), ((1, 1, 1), 1)])
def test_convolution_is_the_sum_over_windows(window, stride):
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((2, 4, 3, 6, 7))
    w = rng.standard_normal((2 * np.prod(window), 5))
    found = video_conv(pt.as_tensor(xs), pt.as_tensor(w), window, stride).eval(mode=FEW_REWRITES)
    padded = np.pad(xs, [(0, 0), *((s // 2, s // 2) for s in window[:1]), (0, 0),
                         *((s // 2, s // 2) for s in window[1:])])  # fmt: skip
    rows = iter(w.reshape(-1, 2, 5))
    expected = np.zeros((5, 4, 3, 6, 7))
    for step, column, row in product(*(range(window[i]) for i in (0, 2, 1))):
        seen = padded[:, step : step + 4, :, row : row + 6, column : column + 7]
        expected += np.einsum("ctbhw,cf->ftbhw", seen, next(rows))
    np.testing.assert_allclose(found, expected[..., ::stride, ::stride], atol=1e-12)


def test_full_size_is_lipnets():
    shape = SIZES["full"]
    assert (shape.frames, shape.height, shape.width) == (75, 50, 100)
    assert shape.filters == (32, 64, 96)
    assert shape.hidden_size == 256
    assert shape.features == 96 * 3 * 6


def clips(*speakers):
    frames = np.zeros((8, 4, 8), "uint8")
    return [Clip(frames, "at", (), speaker) for speaker in speakers]


def test_speakers_that_lipnet_is_tested_on_are_held_out():
    train, test = split(clips("s1", "s1", "s3", "s20", "s4"), "")
    assert [clip.speaker for clip in train] == ["s3", "s4"]
    assert [clip.speaker for clip in test] == ["s1", "s1", "s20"]
    train, test = split(clips("s1", "s3", "s4"), "s3+s4")
    assert [clip.speaker for clip in train] == ["s1"]
    assert [clip.speaker for clip in split(clips("a", "b"), "").test] == ["b"]


def test_every_tenth_clip_of_one_folder_is_held_out_or_none():
    train, test = split(clips(*["s1"] * 25), "")
    assert (len(train), len(test)) == (22, 3)
    train, test = split(clips("s1"), "none")
    assert train == test
    with pytest.raises(
        UserError, match="but there are 0 and 1; give more clips, or --set held_out=none"
    ):
        split(clips("s1"), "")
    with pytest.raises(
        UserError, match="held_out must name speakers, among s1, s3, but names 's9'"
    ):
        split(clips("s1", "s3"), "s3+s9")


def test_rendered_speakers_to_test_on_are_strangers():
    train, test = replace(TINY, speakers=3, tested=2).data()
    assert {train[i].speaker for i in range(3)} == {"speaker0", "speaker1", "speaker2"}
    assert [clip.speaker for clip in test] == ["speaker1000000", "speaker1000001"]
    assert len(train) == 30
    again = replace(TINY, speakers=3, dropped=0.5).data().train[1]
    assert train[1].sentence == again.sentence
    assert (train[1].frames != again.frames).any()


@pytest.mark.parametrize(
    ("frames", "sentence", "message"),
    [
        (9, "at", "at most 8 frames, but has 9; cut it"),
        (8, "eleven at", "at most 4 letters, but 'eleven at' has 9"),
        (8, "", "at most 4 letters, but '' has 0"),
    ],
)
def test_clip_that_does_not_fit_the_network_is_refused(frames, sentence, message):
    with pytest.raises(UserError, match=message):
        TINY.check_fits(Clip(np.zeros((frames, 4, 8), "uint8"), sentence, (), "s1"))


def test_grammar_gives_each_sentence_its_share():
    grammar, state, total = GridGrammar(), GridGrammar().initial, 0.0
    for symbol in encoded("place white by x seven please"):
        log_probs = grammar.log_probs(state)
        assert np.exp(log_probs).sum() == pytest.approx(1)
        total += log_probs[symbol]
        assert grammar.log_prob_end(state) == -np.inf
        state = grammar.after(state, int(symbol))
    assert grammar.log_prob_end(state) == 0
    assert np.exp(total) == pytest.approx(1 / SENTENCES)


def test_no_word_of_a_kind_begins_another():
    for kind in GRAMMAR:
        words = list(kind.values())
        assert not [(a, b) for a in words for b in words if a != b and b.startswith(a)]


def scores(path, sure=6.0):
    """``(T, 1, 28)`` for a path, a symbol a frame, ``-`` for the blank."""
    labels = [0 if letter == "-" else int(encoded(letter)[0]) for letter in path]
    return sure * np.eye(28)[labels][:, None]


def test_grammar_mends_what_is_read_off():
    path = "-pplac- bklue-- byy- k s-ix agai-n-"
    assert read_off(scores(path)) == ["plac bklue by k six again"]
    assert read_by_grammar(scores(path)) == ["place blue by k six again"]
    assert read_by_grammar(scores("a-b"), weight=0) == ["ab"]


def test_search_that_ends_unfinished_is_widened():
    rng = np.random.default_rng(0)
    vague = rng.standard_normal((75, 3, 28))
    assert all(name_of(sentence) for sentence in read_by_grammar(vague, beam=1))
    assert not any(map(name_of, read_by_grammar(vague, beam=1, weight=0)))


@pytest.fixture(scope="module")
def network():
    return Network(TINY.graph(), mode="NATIVE")


def test_sentence_of_a_clip_is_read_and_its_crops_are_written(network, tmp_path):
    (tmp_path / "grid").mkdir()
    folder = sample_in(tmp_path / "grid", "grid")
    recipe = replace(TINY, crops=str(tmp_path / "out"))
    for lines in (
        recipe.predict(network, (str(folder / "clip0.npz"),)),
        recipe.predict(network, ("clip0.npz",), folder),
    ):
        _, told = lines
        assert told == f"crops: {tmp_path / 'out' / 'clip0.npz'}"
        np.testing.assert_array_equal(
            crops_in(tmp_path / "out" / "clip0.npz"), crops_in(folder / "clip0.npz")
        )
    assert len(list(TINY.predict(network, ("clip0.npz",), folder))) == 1
    shown = list(TINY.predict(network, (), folder))
    assert [line.split("(")[1] for line in shown] == ["said: by)"]


def test_no_clip_is_rendered_that_predict_does_not_show(monkeypatch):
    class Asked(list):
        def __getitem__(self, number):
            asked.append(number)
            return super().__getitem__(number)

        def __iter__(self):
            return map(self.__getitem__, range(len(self)))

    asked, test = [], Asked(clips(*"abcdefgh"))
    monkeypatch.setattr(LipReader, "data", lambda self, path: LipData([], test))
    monkeypatch.setattr(LipReader, "read", lambda self, network, frames: ([], ["at"] * len(frames)))
    shown = list(TINY.predict(None, ()))
    assert shown == [f"{speaker}: at (said: at)" for speaker in "abcd"]
    assert asked == [0, 1, 2, 3]


def test_what_is_read_does_not_depend_on_how_many_clips_there_are(network):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (6, 10, 20), "uint8") for _ in range(4)]
    whole = TINY.logits(network, frames)
    assert whole.shape == (8, 4, 28)
    np.testing.assert_allclose(whole[:, 3:], TINY.logits(network, frames[3:]), atol=1e-12)


def test_video_is_written_with_what_was_read_in_it(network, monkeypatch, tmp_path):
    pytest.importorskip("cv2")
    from symrnn.data import mouths
    from symrnn.data.video import read_video, write_video

    frames = np.random.default_rng(0).integers(0, 256, (6, 96, 128, 3), "uint8")
    write_video(tmp_path / "clip.avi", frames, 25)
    monkeypatch.setattr(mouths, "faces_in", lambda frame, path: np.array([[64.0, 48.0, 60.0]]))
    monkeypatch.setattr("symrnn.models.lip_reading.read_by_grammar", lambda *_, **__: ["bin blue"])
    recipe = replace(TINY, crops=str(tmp_path / "out"), subtitles=True)
    sentence, crops, video = recipe.predict(network, (str(tmp_path / "clip.avi"),))
    assert sentence == "bin blue"
    assert crops_in(crops.removeprefix("crops: ")).shape == (6, 50, 100)
    shown, rate = read_video(video.removeprefix("with subtitles: "))
    assert shown.shape == frames.shape
    assert rate == 25


def test_sample_is_short_enough_for_the_tiny_network(tmp_path):
    folder = sample_in(tmp_path, "grid")
    train, test = TINY.data(folder)
    assert (len(train), len(test)) == (3, 1)
    assert len(SAMPLE) == 8
    xs, *_ = TINY.batch(TINY.data(folder), 0)
    assert xs.shape == (8, 3, 8, 8)
    assert xs.dtype == np.dtype(pytensor.config.floatX)
