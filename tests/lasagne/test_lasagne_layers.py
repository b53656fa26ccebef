"""Layers, walks and parameters of the Lasagne API, against PyTorch, NumPy, and what its documentation says."""

from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn import lasagne
from symrnn.lasagne import init, layers, nonlinearities, objectives, regularization, updates

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "torch_layers.npz")
RNG = np.random.default_rng(0)


def matches_torch(name, build, **params):
    """Output and the input's gradient of the layer that `build` makes."""
    xs, expected = GOLDEN[f"{name}/xs"], GOLDEN[f"{name}/output"]
    l_in = layers.InputLayer(xs.shape)
    layer = build(l_in, **{key: GOLDEN[f"{name}/{golden}"] for key, golden in params.items()})
    output = layers.get_output(layer)
    weight = np.cos(np.arange(expected.size)).reshape(expected.shape)
    grad = pytensor.grad((output * weight).sum(), l_in.input_var)
    found = pytensor.function([l_in.input_var], [output, grad])(xs)
    np.testing.assert_allclose(found[0], expected, atol=1e-10)
    np.testing.assert_allclose(found[1], GOLDEN[f"{name}/grad_xs"], atol=1e-10)
    assert layers.get_output_shape(layer) == expected.shape


TORCH = {
    "conv1d": (lambda l, W: layers.Conv1DLayer(l, 6, 3, stride=2, pad=1, W=W, num_groups=2, flip_filters=False,
                                               nonlinearity=None), {"W": "filters"}),
    "conv3d": (lambda l, W: layers.Conv3DLayer(l, 3, (2, 3, 2), pad=1, W=W, flip_filters=False, nonlinearity=None),
               {"W": "filters"}),
    "max_pool": (lambda l: layers.MaxPool2DLayer(l, (3, 2), stride=2, pad=1), {}),
    "mean_pool": (lambda l: layers.Pool2DLayer(l, 3, stride=2, pad=1, mode="average_inc_pad"), {}),
    "batch_norm": (lambda l, gamma, beta: layers.BatchNormLayer(l, gamma=gamma, beta=beta),
                   {"gamma": "gamma", "beta": "beta"}),
    "layer_norm": (lambda l: layers.StandardizationLayer(l, axes="features"), {}),
    "local_response": (lambda l: layers.ReshapeLayer(layers.LocalResponseNormalization2DLayer(
        layers.DimshuffleLayer(l, (0, 1, 2, "x")), alpha=1e-2, k=2, beta=0.75, n=3), ([0], [1], [2])), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", TORCH)
def test_layer_is_pytorchs(name):
    build, params = TORCH[name]
    matches_torch(name, build, **params)


def test_transposed_convolution_undoes_the_shape_of_a_convolution():
    l_in = layers.InputLayer((None, 2, 9, 8))
    down = layers.Conv2DLayer(l_in, 3, 3, stride=2, pad=1)
    up = layers.TransposedConv2DLayer(
        down, 2, 3, stride=2, crop=1, output_size=(9, 8), W=down.W, nonlinearity=None
    )
    assert up.output_shape == l_in.shape
    assert layers.get_output(up, np.zeros((1, 2, 9, 8))).eval().shape == (1, 2, 9, 8)


def test_inverse_of_max_pooling_puts_values_where_the_maxima_stood():
    l_in = layers.InputLayer((1, 1, 2, 2))
    pooled = layers.MaxPool2DLayer(l_in, 2)
    output = layers.get_output(
        layers.InverseLayer(pooled, pooled), np.array([[[[1.0, 2.0], [7.0, 3.0]]]])
    )
    assert output.eval().tolist() == [[[[0, 0], [7, 0]]]]


def test_batch_norm_follows_the_batch_while_training_only():
    l_in = layers.InputLayer((None, 3))
    layer = layers.BatchNormLayer(l_in, alpha=0.25)
    batch = RNG.normal(size=(8, 3))
    pytensor.function([l_in.input_var], layers.get_output(layer, deterministic=True))(batch)
    assert (layer.mean.get_value() == 0).all()
    pytensor.function([l_in.input_var], layers.get_output(layer))(batch)
    np.testing.assert_allclose(layer.mean.get_value(), 0.25 * batch.mean(axis=0))


def test_batch_norm_takes_bias_and_nonlinearity_over():
    dense = layers.DenseLayer((None, 3), 4, name="d")
    top = layers.batch_norm(dense)
    assert dense.b is None
    assert dense.nonlinearity is nonlinearities.identity
    assert [layer.name for layer in layers.get_all_layers(top)] == ["d", "d_bn", "d_bn_nonlin"]


@pytest.mark.parametrize("rescale", [True, False])
def test_dropout_keeps_the_mean_only_if_it_rescales(rescale):
    layer = layers.DropoutLayer((100, 100), p=0.25, rescale=rescale)
    output = layer.get_output_for(pt.ones((100, 100))).eval()
    assert abs((output == 0).mean() - 0.25) < 0.03
    assert output.max() == pytest.approx(1 / 0.75 if rescale else 1)
    assert layer.get_output_for("x", deterministic=True) == "x"


def test_pyramid_pooling_gives_rows_of_one_length():
    l_in = layers.InputLayer((None, 2, None, None))
    layer = layers.SpatialPyramidPoolingLayer(l_in, pool_dims=[2, 1], implementation="kaiming")
    xs = RNG.normal(size=(1, 2, 5, 7))
    found = layers.get_output(layer, xs).eval()
    assert found.shape == (1, 2, 5)
    assert found[0, 0, 0] == xs[0, 0, :3, :4].max()
    assert found[0, 1, 4] == xs[0, 1].max()


def test_affine_transformer_moves_the_image():
    l_in, l_theta = layers.InputLayer((1, 1, 3, 3)), layers.InputLayer((1, 6))
    layer = layers.TransformerLayer(l_in, l_theta)
    image = np.arange(9.0).reshape(1, 1, 3, 3)
    shifted = layers.get_output(
        layer, {l_in: image, l_theta: np.array([[1.0, 0, 1, 0, 1, 0]])}
    ).eval()
    assert shifted[0, 0].tolist() == [[1, 2, 2], [4, 5, 5], [7, 8, 8]]


def test_spline_transformer_without_offsets_is_the_identity():
    l_in, l_offsets = layers.InputLayer((1, 1, 5, 6)), layers.InputLayer((1, 32))
    layer = layers.TPSTransformerLayer(l_in, l_offsets)
    image = RNG.normal(size=(1, 1, 5, 6))
    output = layers.get_output(layer, {l_in: image, l_offsets: np.zeros((1, 32))}).eval()
    np.testing.assert_allclose(output, image, atol=1e-9)


def test_shapes_agree_with_values():
    l_in = layers.InputLayer((2, 4, 6))
    for layer in (
        layers.FlattenLayer(l_in), layers.ReshapeLayer(l_in, ([0], -1, 3)),
        layers.DimshuffleLayer(l_in, (1, 0, "x", 2)),
        layers.PadLayer(l_in, 2), layers.SliceLayer(l_in, slice(1, 3), axis=1), layers.SliceLayer(l_in, 0, axis=-1),
        layers.Upscale1DLayer(l_in, 3), layers.Upscale1DLayer(l_in, 3, mode="dilate"), layers.FeaturePoolLayer(l_in, 2),
        layers.FeatureWTALayer(l_in, 2), layers.GlobalPoolLayer(l_in), layers.NINLayer(l_in, 5, untie_biases=True),
        layers.ElemwiseSumLayer([l_in, l_in], coeffs=[1, 2]), layers.ConcatLayer([l_in, l_in], axis=1),
        layers.ParametricRectifierLayer(l_in), layers.RandomizedRectifierLayer(l_in), layers.GaussianNoiseLayer(l_in),
        layers.MaxPool1DLayer(l_in, 4, stride=3, ignore_border=False), layers.DenseLayer(l_in, 3, num_leading_axes=2),
        layers.ExpressionLayer(l_in, lambda x: x.sum(axis=1), output_shape="auto"),
    ):  # fmt: skip
        assert layers.get_output(layer, np.zeros((2, 4, 6))).eval().shape == layer.output_shape, (
            layer
        )


def test_embedding_looks_rows_up():
    layer = layers.EmbeddingLayer(
        layers.InputLayer((None, 2), pt.imatrix()), 5, 3, W=np.arange(15.0).reshape(5, 3)
    )
    output = layers.get_output(layer, np.array([[1, 4]], dtype="int32"))
    assert output.eval().tolist() == [[[3, 4, 5], [12, 13, 14]]]


def test_cropping_merges_what_fits():
    one, other = np.arange(6.0).reshape(1, 6), np.arange(4.0).reshape(1, 4)
    ways = {"lower": [0, 2, 4, 6], "upper": [2, 4, 6, 8], "center": [1, 3, 5, 7]}
    for way, expected in ways.items():
        layer = layers.ElemwiseSumLayer([(1, 6), (1, 4)], cropping=[None, way])
        assert layer.output_shape == (1, 4)
        assert layer.get_output_for([pt.as_tensor(one), pt.as_tensor(other)]).eval().tolist() == [
            expected
        ]


def test_unknown_arguments_are_warned_of_with_the_nearest():
    l_out = layers.DropoutLayer(layers.InputLayer((None, 3)))
    with pytest.warns(UserWarning, match="perhaps you meant deterministic"):
        layers.get_output(l_out, determinstic=True)


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: layers.DenseLayer((None, None), 3), ValueError, "fixed input shape"),
        (lambda: layers.Conv2DLayer((1, 2, 3), 4, 3), ValueError, "Expected 4 input dimensions"),
        (
            lambda: layers.Conv1DLayer((1, 2, 9), 4, 2, pad="same"),
            NotImplementedError,
            "odd filter size",
        ),
        (lambda: layers.InputLayer((2, 0)), ValueError, "above zero"),
        (lambda: layers.ReshapeLayer((2, 3), (4, -1)), ValueError, "mismatch"),
        (lambda: layers.ConcatLayer([(2, 3), (4, 3)], axis=1).output_shape, ValueError, "Mismatch"),
        (lambda: layers.Pool1DLayer((1, 2, 3, 4), 2), ValueError, "Expected 3 input dimensions"),
        (lambda: init.GlorotUniform()((3,)), RuntimeError, "length >= 2"),
        (lambda: objectives.aggregate(pt.vector(), mode="man"), ValueError, "mode must be"),
        (lambda: updates.sgd(pt.scalar(), [pt.scalar()], 0.1), ValueError, "shared variables"),
    ],
)
def test_bad_input_gets_lasagnes_kind_of_error(build, error, words):
    with pytest.raises(error, match=words):
        build()


INITS = {  # name: (initialiser, expected standard deviation for (200, 100))
    "Normal": (init.Normal(0.3), 0.3),
    "Uniform": (init.Uniform(std=0.2), 0.2),
    "GlorotNormal": (init.GlorotNormal("relu"), np.sqrt(2 * 2 / 300)),
    "GlorotUniform": (init.GlorotUniform(), np.sqrt(2 / 300)),
    "HeNormal": (init.HeNormal("relu"), np.sqrt(2 / 200)),
    "HeUniform": (init.HeUniform(), np.sqrt(1 / 200)),
}


@pytest.mark.parametrize("name", INITS)
def test_initialisers_have_their_deviation(name):
    initializer, deviation = INITS[name]
    assert initializer((200, 100)).std() == pytest.approx(deviation, rel=0.03)


def test_orthogonal_and_sparse_initialisers():
    q = init.Orthogonal()((6, 3))
    np.testing.assert_allclose(q.T @ q, np.eye(3), atol=1e-12)
    assert ((init.Sparse(0.2)((50, 4)) != 0).sum(axis=0) == 10).all()


def test_losses_are_their_formulas():
    p, t = RNG.uniform(0.1, 0.9, (4, 3)), np.array([0, 2, 1, 1])
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(4)
    others = np.where(np.eye(3)[t] == 1, -np.inf, p).max(axis=1)
    for found, expected in (
        (objectives.categorical_crossentropy(pt.as_tensor(p), pt.as_tensor(t)), -np.log(p[rows, t])),
        (objectives.multiclass_hinge_loss(pt.as_tensor(p), pt.as_tensor(t)), np.maximum(0, 1 + others - p[rows, t])),
        (objectives.categorical_accuracy(pt.as_tensor(p), pt.as_tensor(t)), p.argmax(axis=1) == t),
        (objectives.huber_loss(pt.as_tensor(3 * p), pt.as_tensor(0 * p)),
         np.where(3 * p <= 1, 4.5 * p**2, 3 * p - 0.5)),
    ):  # fmt: skip
        np.testing.assert_allclose(found.eval(), expected)


def test_penalties_leave_biases_out():
    layer = layers.DenseLayer(layers.DenseLayer((None, 3), 4), 2, b=init.Constant(9))
    expected = sum(
        (p.get_value() ** 2).sum() for p in layers.get_all_params(layer, regularizable=True)
    )
    assert regularization.regularize_network_params(
        layer, regularization.l2
    ).eval() == pytest.approx(expected)


def test_parameter_names_order_and_tags_are_lasagnes():
    l_in = layers.InputLayer((None, None, 3))
    lstm = layers.LSTMLayer(l_in, 4, name="lstm")
    names = [p.name for p in layers.get_all_params(lstm)]
    gates = [
        f"lstm.{kind}_{gate}"
        for gate in ("ingate", "forgetgate", "cell", "outgate")
        for kind in ("W_in_to", "W_hid_to", "b")
    ]
    peepholes = [f"lstm.W_cell_to_{gate}" for gate in ("ingate", "forgetgate", "outgate")]
    assert names == [*gates, *peepholes, "lstm.cell_init", "lstm.hid_init"]
    gru = layers.GRULayer(l_in, 4)
    assert [p.name for p in gru.get_params()] == [
        *(
            f"{kind}_{gate}"
            for gate in ("updategate", "resetgate", "hidden_update")
            for kind in ("W_in_to", "W_hid_to", "b")
        ),
        "hid_init",
    ]
    rnn = layers.RecurrentLayer(l_in, 4)
    assert [p.name for p in rnn.get_params()] == [
        "hid_init",
        "input_to_hidden.W",
        "input_to_hidden.b",
        "hidden_to_hidden.W",
    ]


def test_a_network_trains_on_every_update_rule():
    xs, labels = RNG.normal(size=(20, 3)), RNG.integers(0, 2, 20)
    rules = {"sgd": 0.5, "momentum": 0.1, "nesterov_momentum": 0.1, "adagrad": 0.1, "rmsprop": 0.01, "adadelta": 1.0,
             "adam": 0.05, "adamax": 0.05, "amsgrad": 0.05}  # fmt: skip
    for name, rate in rules.items():
        l_in = layers.InputLayer((None, 3))
        l_out = layers.DenseLayer(
            layers.DenseLayer(l_in, 8), 2, nonlinearity=nonlinearities.softmax
        )
        loss = objectives.categorical_crossentropy(
            layers.get_output(l_out), pt.as_tensor(labels)
        ).mean()
        steps = getattr(updates, name)(loss, layers.get_all_params(l_out, trainable=True), rate)
        train = pytensor.function([l_in.input_var], loss, updates=steps)
        losses = [float(train(xs)) for _ in range(20)]
        assert losses[-1] < losses[0], name


def test_gpu_names_are_the_plain_layers_with_their_own_defaults():
    from symrnn.lasagne.layers import corrmm, dnn

    assert not dnn.Conv2DDNNLayer((1, 2, 5, 5), 3, 3).flip_filters
    assert issubclass(corrmm.Conv2DMMLayer, layers.Conv2DLayer)


def test_version_and_modules():
    assert lasagne.__version__ == "0.2.dev1"
