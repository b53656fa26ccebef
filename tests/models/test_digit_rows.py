"""The recipe that reads digits."""

import numpy as np
import pytest
from sample import sample_in

from symrnn.data.digits import Digits
from symrnn.errors import UserError
from symrnn.models.digit_rows import DigitReader, moved
from symrnn.models.digit_speller import SPELLING

IMAGES = np.random.default_rng(3).uniform(size=(8, 7, 8))  # (T, B, D)
LABELS = np.arange(7, dtype="int32")
DATA = Digits(IMAGES, LABELS), Digits(IMAGES, LABELS)


def small(**options):
    return DigitReader(**{"hidden_size": 4, "batch_size": 3, "steps": 8} | options)


def test_masks_drop_their_share_and_keep_the_mean():
    recipe = small(network="bidirectional_lstm", batch_size=500, dropout=0.2)
    masks = recipe.masks(np.random.default_rng(0))
    assert sorted(set(masks.ravel().round(9))) == [0, 1.25]
    assert abs(masks.mean() - 1) < 0.02
    assert (recipe.masks() == 1).all()


def test_pixels_are_read_along_the_rows():
    xs = small(read_by="pixel").sequences(IMAGES)
    assert xs.shape == (64, 7, 1)
    assert (xs[8:16, 2, 0] == IMAGES[1, 2]).all()


def test_image_is_moved_by_whole_pixels_and_keeps_its_place_in_the_batch():
    moves = np.array([[0, 0], [2, -1], [-3, 0], [0, 1], [1, 1], [0, 0], [-1, -2]])
    result = moved(IMAGES, moves)
    assert (result[:, 5] == IMAGES[:, 5]).all()
    assert (result[2:, 1, :-1] == IMAGES[:-2, 1, 1:]).all()
    assert (result[:2, 1] == 0).all()
    assert (result[:, 1, -1] == 0).all()
    assert (result[:-3, 2] == IMAGES[3:, 2]).all()


def test_every_held_out_image_is_read_whatever_the_batch():
    """A network that says which quarter of an image is darkest at its first pixel."""
    recipe = small(batch_size=3)

    def network(output, xs, masks):
        assert xs.shape == (8, 3, 8)
        assert (masks == 1).all()
        return xs[0, :, :1] * [[0, 1]] - 0.5 * np.array([[0, 1]])

    assert recipe.read(network, IMAGES).shape == (1, 7)
    assert (recipe.read(network, IMAGES)[0] == (IMAGES[0, :, 0] > 0.5)).all()


def test_speller_is_trained_on_names():
    recipe = small(network="sequence_to_sequence", batch_size=7)
    assert (np.sort(recipe.batch(DATA, 0)[2].T, axis=0) == np.sort(SPELLING[:7], axis=0)).all()


def test_prediction_shows_the_image_and_says_what_is_read():
    def network(output, xs, masks):
        return np.tile(np.eye(10)[4], (xs.shape[1], 1))

    *image, said = small().predict(network, ("3",))
    _, (_, labels) = small().data()
    assert said == f"test image 3: read as 4, is {labels[3]}"
    assert [len(line) for line in image] == [16] * 8
    with pytest.raises(UserError, match="numbers of test images, from 0 to 359, but got '360'"):
        list(small().predict(network, ("360",)))


def test_size_of_the_images_is_checked(tmp_path):
    train, _ = small(image_size=3).data(sample_in(tmp_path, "idx"))
    assert train.xs.shape == (3, 12, 3)
    with pytest.raises(UserError, match="3 by 3, but is 8; add --set image_size=3"):
        small().data(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, but is 1.0"),
        ({"shift": 8}, "shift must be at least 0 and below image_size, 8, but is 8"),
        ({"read_by": "rows"}, "read_by must be one of .* but is 'rows'; did you mean 'row'"),
        ({"network": "gur"}, "network must be one of .* but is 'gur'; did you mean 'gru'"),
    ],
)
def test_wrong_option_of_the_recipe_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        DigitReader(**options)
