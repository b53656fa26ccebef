"""Rendered mouths: what moves when, what differs between speakers, and what is lost."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from symrnn.data.grid_grammar import GRAMMAR, drawn_sentence, name_of
from symrnn.data.talking_mouths import Speaker, TalkingMouths
from symrnn.data.visemes import OWN, PHONEMES, SHAPE, SPOKEN, VISEMES, movement, targets_of

MOUTHS = TalkingMouths(height=12, width=24)
SENTENCE = "place blue by m four now"


def said(sentence=SENTENCE, seed=0, **options):
    return movement(sentence, np.random.default_rng(seed), **options)


def test_every_word_of_the_grammar_is_spoken_in_known_phonemes():
    words = {word for kind in GRAMMAR for word in kind.values()}
    assert words == set(SPOKEN)
    spoken = {phoneme for phonemes in SPOKEN.values() for phoneme in phonemes.split()}
    assert spoken <= set(PHONEMES)
    assert set(OWN) <= set(PHONEMES)
    assert {viseme for viseme, _ in PHONEMES.values()} <= set(VISEMES)
    assert all(set(own) <= set(SHAPE) for own in OWN.values())


def test_words_follow_each_other_and_leave_silence_at_both_ends():
    for seed in range(20):
        sentence = drawn_sentence(np.random.default_rng(seed))
        words = said(sentence, seed, rate=0.8).words
        assert " ".join(word.text for word in words) == sentence
        assert all(a.end == b.start for a, b in pairwise(words))
        assert words[0].start > 2000
        assert words[-1].end < 73000
        assert all(word.end > word.start for word in words)


def test_lips_close_for_p_and_part_for_the_vowel():
    shapes = said().shapes
    word = said().words[0]  # place
    apart = shapes[word.start // 1000 : word.end // 1000 + 1, SHAPE.index("open")]
    assert apart[:2].min() < 0.1
    assert apart.max() > 0.3
    assert shapes[:3, SHAPE.index("open")].max() < 0.05  # at rest before


def test_lips_are_pursed_before_the_vowel_that_purses_them():
    early = said("set blue at a two now").shapes
    word = said("set blue at a two now").words[4]  # two
    at = word.start // 1000
    assert early[at, SHAPE.index("round")] > 0.1  # the t is rounded already
    sharp = said("set blue at a two now", tau=0.1).shapes
    assert sharp[at, SHAPE.index("round")] < early[at, SHAPE.index("round")]


def test_phonemes_of_one_viseme_are_alike_where_nothing_is_distinct():
    for distinct, is_alike in ((0.0, True), (1.0, False)):
        p, b = targets_of(["P", "B"], distinct)[0]
        assert (p == b).all() == is_alike


def test_clip_follows_from_its_number_and_speaker():
    clip, again, other, stranger = (
        MOUTHS.clip(number, speaker=speaker) for number, speaker in ((3, 1), (3, 1), (4, 1), (3, 2))
    )
    np.testing.assert_equal(clip, again)
    assert (clip.frames != other.frames).any()
    assert (clip.frames != stranger.frames).any()
    assert clip.frames.shape == (75, 12, 24)
    assert clip.frames.dtype == np.uint8
    assert name_of(clip.sentence)
    assert clip.speaker == "speaker1"


def test_open_mouth_is_dark_in_the_middle():
    mouths = replace(MOUTHS, jitter=0.0, noise=0.0)
    clip = mouths.clip(0, speaker=3)
    middle = clip.frames[:, 5:8, 10:14].min(axis=(1, 2)).astype(int)
    at_rest = middle[:4].mean()
    assert middle.min() < 0.7 * at_rest


def test_still_camera_shows_a_still_mouth_before_the_sentence():
    still = replace(MOUTHS, jitter=0.0, noise=0.0).clip(0, speaker=3).frames.astype(int)
    shaken = replace(MOUTHS, jitter=3.0, noise=0.0).clip(0, speaker=3).frames.astype(int)
    changes = [np.abs(np.diff(frames[:4], axis=0)).mean() for frames in (still, shaken)]
    assert changes[0] < 0.5 * changes[1]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_lost_frames_are_shown_as_the_one_before(share):
    frames = replace(MOUTHS, dropped=share).clip(5, speaker=1).frames
    whole = MOUTHS.clip(5, speaker=1).frames
    repeated = (frames[1:] == frames[:-1]).all(axis=(1, 2))
    assert abs(repeated.mean() - share) < 0.15
    kept = np.r_[True, ~repeated]
    np.testing.assert_array_equal(frames[kept], whole[kept])


def test_speakers_lie_within_their_ranges_and_differ():
    speakers = [Speaker.numbered(number) for number in range(40)]
    assert len({speaker.half_width for speaker in speakers}) == 40
    assert all(0.7 <= speaker.tau <= 1.1 for speaker in speakers)
