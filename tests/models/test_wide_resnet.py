"""The wide residual network: its sizes, running averages, what a batch is made of, views, and what is held out."""

from dataclasses import replace

import numpy as np
import pytensor
import pytest
from sample import sample_in

import symrnn.native
from symrnn.convolution import FilterGradient, ImageConvolution, InputGradient
from symrnn.data.drawn_shapes import SHAPES, drawn_shapes
from symrnn.errors import UserError
from symrnn.graph import TrainingGraph
from symrnn.models.residual_network import KEPT, residual_network
from symrnn.models.wide_resnet import VIEWS, ImageClassifier
from symrnn.training.network import Network
from symrnn.updates import sgd

assert symrnn.native  # makes mode="NATIVE" known
SMALL = ImageClassifier(**ImageClassifier.small[0], shift=0, flip=False, cutout=0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return SMALL.data(sample_in(tmp_path_factory.mktemp("cifar"), "cifar"))


@pytest.mark.parametrize(
    ("options", "values"),
    [  # ResNet-20 with option A has 0.27 M, as its paper says
        ({"blocks": 3, "width": 1}, 269_722),
        ({"blocks": 3, "width": 6, "shortcut": "projection"}, 9_658_458),
    ],
)
def test_sizes_are_those_of_resnet_20_and_wrn_22_6(options, values):
    graph = residual_network(**options, dtype="float32")
    assert sum(p.get_value(borrow=True).size for p in graph.params) == values
    assert graph.outputs["logits"].type.shape == (None, 10)


def test_a_step_has_each_convolution_once_and_its_gradients_once():
    graph = residual_network(blocks=1, dtype="float32")
    updates = {**sgd(graph.loss, graph.params, 0.1), **graph.carried}
    function = pytensor.function(graph.inputs, graph.loss, updates=updates, mode="NATIVE")
    ops = [type(node.op) for node in function.maker.fgraph.toposort()]
    # What the images themselves should be is asked by nobody.
    assert [ops.count(kind) for kind in (ImageConvolution, FilterGradient, InputGradient)] == [
        7,
        7,
        6,
    ]


def test_running_averages_follow_the_batches_and_are_what_tests_read(data):
    graph = SMALL.graph()
    function = pytensor.function(
        graph.inputs, graph.loss, updates=dict(graph.carried), mode="NATIVE"
    )
    batch = SMALL.batch(data, 0)
    network = Network(graph, mode="NATIVE")
    before = network("logits", batch[0])
    function(*batch)
    first, variance = graph.averages[:2]
    assert (first.name, variance.name) == (
        "group1.block1.first.mean",
        "group1.block1.first.variance",
    )
    mean = first.get_value()
    assert (mean != 0).any()
    function(*batch)
    np.testing.assert_allclose(first.get_value(), (1 + KEPT) * mean)
    assert (network("logits", batch[0]) != before).any()
    # After many batches of the same images the averages are their moments: testing is what training computes.
    for _ in range(200):
        loss = function(*batch)
    np.testing.assert_allclose(network("logits", batch[0]).shape, (3, 10))
    logits = network("logits", batch[0])
    nats = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(3), batch[1]]
    np.testing.assert_allclose(nats.mean(), loss, rtol=1e-6)


def test_averages_that_nothing_carries_are_refused():
    graph = SMALL.graph()
    with pytest.raises(UserError, match="averages must be keys of carried"):
        TrainingGraph(graph.inputs, graph.loss, graph.params, averages=graph.averages)
    assert graph.evaluated == (*graph.params, *graph.averages)


def test_a_batch_is_changed_as_its_options_say_and_drawn_from_the_step(data):
    plain, labels = SMALL.batch(data, 3)
    everything = replace(SMALL, shift=4, flip=True, cutout=8)
    changed = {
        "cutout": replace(SMALL, cutout=8),
        "flip": replace(SMALL, flip=True),
        "shift": replace(SMALL, shift=4),
    }
    for name, recipe in changed.items():
        batches = [recipe.batch(data, step) for step in range(4)]
        assert any(
            (xs != SMALL.batch(data, step)[0]).any() for step, (xs, _) in enumerate(batches)
        ), name
        assert (batches[3][1] == labels).all()
        if name == "cutout":
            hole = (batches[3][0] == 0).all(axis=-1).sum(axis=(1, 2))
            assert (hole >= 16).all()
            assert (hole <= 64).all()
            untouched = batches[3][0] != 0
            assert (batches[3][0][untouched] == plain[untouched]).all()
    np.testing.assert_array_equal(everything.batch(data, 5)[0], everything.batch(data, 5)[0])
    assert (everything.batch(data, 5)[0] != replace(everything, seed=1).batch(data, 5)[0]).any()


class Seen:
    """A network that notes what it is shown, and tells classes by brightness."""

    def __init__(self):
        self.shown = []

    def __call__(self, output, xs):
        self.shown.append(xs)
        return np.tile(xs.mean(axis=(1, 2, 3))[:, None], (1, 10)) * np.arange(10)


def test_views_are_averaged_and_the_last_batch_is_filled_up(data):
    network = Seen()
    images = data.test.images  # 4, one more than a batch
    one = SMALL.logits(network, images, 1)
    assert one.shape == (4, 10)
    assert [xs.shape[0] for xs in network.shown] == [3, 3]
    two = SMALL.logits(network, images, 2)
    np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-6)  # a mirror image is as bright
    first, mirror = network.shown[2], network.shown[4]
    np.testing.assert_array_equal(mirror, first[:, :, ::-1])
    assert len(VIEWS[10]) == len(set(VIEWS[10])) == 10
    found = replace(SMALL, views=10).test(network, data)
    assert list(found) == ["images", "accuracy", "accuracy by 10 views"]


def test_images_that_are_held_out_are_not_trained_on(data, tmp_path):
    path = sample_in(tmp_path, "cifar")
    recipe = replace(SMALL, images=10, held_out=4)
    train, test, _ = recipe.data(path)
    np.testing.assert_array_equal(
        np.concatenate([train.images, test.images]), data.train.images[:10]
    )
    assert len(test.labels) == 4
    for options in ({"images": 13}, {"held_out": 12}, {"images": 3, "held_out": 3}):
        with pytest.raises(UserError, match="images must be at most 12, and held_out below"):
            replace(SMALL, **options).data(path)
    with pytest.raises(UserError, match="views must be 1, 2 or 10"):
        replace(SMALL, views=3)
    with pytest.raises(UserError, match="cutout must be below 32"):
        replace(SMALL, cutout=32)


def test_shapes_are_drawn_from_their_numbers_and_differ():
    images, labels = drawn_shapes(12)
    assert labels.tolist() == [*range(len(SHAPES)), 0, 1]
    again, _ = drawn_shapes(2, first=10)
    np.testing.assert_array_equal(images[10:], again)
    assert images.dtype == np.uint8
    assert (images[0] != images[10]).any()
    drawn = [
        shape(*np.meshgrid(np.linspace(-1, 1, 33), np.linspace(-1, 1, 33)))
        for shape in SHAPES.values()
    ]
    for i, one in enumerate(drawn):
        assert (one == one[:, ::-1]).all()  # its own mirror image
        assert all((one != other).mean() > 0.05 for other in drawn[:i])
