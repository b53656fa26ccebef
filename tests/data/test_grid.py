"""GRID's names, `.align` files and folders, and its real clips where they are."""

from pathlib import Path

import numpy as np
import pytest
from sample import sample_in

from symrnn.data import grid
from symrnn.data.clips import Word, resized, standardised
from symrnn.data.grid_grammar import (
    GRAMMAR,
    SENTENCES,
    decoded,
    drawn_sentence,
    encoded,
    name_of,
    sentence_named,
)
from symrnn.errors import UserError

REAL = Path(__file__).parents[3] / "shared" / "data" / "grid"


def test_grammar_has_as_many_sentences_as_grid():
    assert np.prod([len(kind) for kind in GRAMMAR]) == SENTENCES == 64000


def test_name_and_sentence_are_one_anothers_inverse():
    rng = np.random.default_rng(0)
    for _ in range(50):
        sentence = drawn_sentence(rng)
        assert sentence_named(str(name_of(sentence))) == sentence
        assert decoded(encoded(sentence)) == sentence
    assert name_of("set white with p") is name_of("set white with w two soon") is None


@pytest.fixture
def folder(tmp_path):
    return sample_in(tmp_path, "grid")


def test_words_have_their_times(folder):
    clip = grid.read(folder / "clip1.npz")[0]
    assert clip.words == (Word(0, 3000, "at"), Word(3000, 6000, "a"))
    assert clip.speaker == folder.name


def test_align_is_written_as_it_is_read(folder):
    clip = grid.read(folder / "clip1.npz")[0]
    (folder / "again.align").write_text(grid.align_text(clip.words, 8))
    assert grid.read_align(folder / "again.align") == clip.words


def test_name_is_the_sentence_where_there_is_no_align(folder):
    (folder / "clip1.npz").rename(folder / "swwp2s.npz")
    [clip] = grid.read(folder / "swwp2s.npz")
    assert (clip.sentence, clip.words) == ("set white with p two soon", ())


def test_folder_of_speakers_is_read_by_speaker(folder):
    for speaker in ("s2", "s10"):
        (folder / speaker).mkdir()
        for number in (0, 1):
            for ending in (".npz", ".align"):
                name = f"clip{number}{ending}"
                (folder / speaker / name).write_bytes(grid.SAMPLE[name])
    for file in folder.glob("*.*"):
        file.unlink()
    assert [clip.speaker for clip in grid.read(folder)] == ["s10", "s10", "s2", "s2"]


WRONG = {  # an .align file: what is said of it
    "0 100": "line 1: there must be a start, an end and a word in small letters, but is '0 100'",
    "0 100 sil\n100 90 set": "line 2: times must go on from 100, but are 100 and 90",
    "0 100 set\n50 120 red": "line 2: times must go on from 100, but are 50 and 120",
    "0 100 Set": "line 1: there must be a start",
    "0 100 sil\n": "must hold lines of start, end and word, but holds no word",
    "0 99000 at": "must end with its clip, after 8 frames, 1000 to a frame, but its last word ends at 99000",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_align_is_one_sentence_with_the_line(text, folder):
    (folder / "clip1.align").write_text(text)
    with pytest.raises(UserError) as caught:
        grid.read(folder)
    assert str(caught.value).startswith(str(folder / "clip1.align"))
    assert WRONG[text] in str(caught.value)


def test_name_that_says_another_sentence_than_the_align_is_refused(folder):
    for ending in (".npz", ".align"):
        (folder / f"clip1{ending}").rename(folder / f"swwp2s{ending}")
    with pytest.raises(UserError, match="must say what the name says, 'set white with p two soon'"):
        grid.read(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("clip1.txt", "must be a folder of clips, or a clip that ends in .mpg, .avi, .mp4 or .npz"),
        (
            "holiday.npz",
            "must be called as GRID's files, such as swwp2s.npz, or have holiday.align",
        ),
        ("empty", "must hold clips, .mpg, .avi, .mp4 or .npz, but holds none"),
    ],
)
def test_path_that_is_no_clip_is_refused_with_what_it_may_be(name, message, folder):
    (folder / "empty").mkdir()
    with pytest.raises(UserError, match=message):
        grid.read(folder / name)


def test_crops_of_another_kind_are_refused(folder):
    np.savez(folder / "clip0.npz", crops=np.zeros((12, 10, 20)))
    with pytest.raises(
        UserError, match=r"must hold crops, uint8 .*, but holds float64 \[12, 10, 20\]"
    ):
        grid.read(folder)


def test_clip_is_read_at_the_size_of_a_network():
    frames = np.random.default_rng(0).integers(0, 256, (5, 50, 100), "uint8")
    same = resized(frames, 50, 100)
    np.testing.assert_allclose(same, frames, rtol=1e-6)
    halves = frames.reshape(5, 25, 2, 50, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(resized(frames, 25, 50), halves, rtol=1e-5)
    seen = standardised(frames, 8, 24, 48)
    assert seen.shape == (8, 24, 48)
    assert abs(seen[:5].mean()) < 1e-5
    assert abs(seen[:5].std() - 1) < 1e-3
    assert (seen[5:] == seen[4]).all()


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real clips are not there")
def test_mouths_of_the_real_clips_are_found():
    pytest.importorskip("cv2")
    from symrnn.data.mouths import mouth_crops

    files = sorted(REAL.glob("*.mpg"))
    assert len(files) == 11
    found = []
    for file in files:
        crops = mouth_crops(file)
        assert crops.frames.shape == (75, 50, 100)
        found.append(crops.found)
        # a mouth is dark across the middle, and the skin above and below is not
        rows = crops.frames[:, :, 30:70].mean(axis=(0, 2))
        assert 15 < rows[5:45].argmin() + 5 < 40
        sentence, _ = grid.sentence_of(file)
        assert name_of(sentence) == file.stem
    assert np.concatenate(found).mean() >= 0.95
