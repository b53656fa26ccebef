"""What layers take for numbers: NumPy's integers as Python's, axes that are counted from the last."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES

from symrnn.lasagne import init, layers
from symrnn.lasagne.utils import one_hot


def row(*shape):
    """The numbers from 0 on in this shape."""
    return np.arange(np.prod(shape), dtype="float32").reshape(shape)


def put_out(layer, *values):
    """What a layer makes of `values`."""
    return layer.get_output_for(
        *(value if isinstance(value, list) else pt.as_tensor(value) for value in values),
        deterministic=True,
    ).eval(mode=FEW_REWRITES)


FROM_NUMPY = {  # shape of the input: the same layer, of Python's and of NumPy's integers
    "reshape": ((2, 6), lambda i, n: layers.ReshapeLayer(i, (n(-1), [n(0)], n(3)))),
    "dimshuffle": ((2, 6), lambda i, n: layers.DimshuffleLayer(i, (n(1), "x", n(0)))),
    "pad": ((2, 1, 3), lambda i, n: layers.PadLayer(i, n(2))),
    "pad of each axis": ((2, 1, 3, 3), lambda i, n: layers.PadLayer(i, [n(2), (1, n(0))])),
    "slice": ((2, 3, 4), lambda i, n: layers.SliceLayer(i, n(1), axis=n(1))),
    "convolution": (
        (1, 2, 5, 4),
        lambda i, n: layers.Conv2DLayer(i, n(3), n(3), stride=n(2), pad=n(1), W=init.Constant(0.5)),
    ),
    "transposed": (
        (1, 2, 5, 4),
        lambda i, n: layers.TransposedConv2DLayer(i, 3, 3, crop=(n(1), n(0)), W=init.Constant(0.5)),
    ),
    "batch norm": ((2, 3), lambda i, n: layers.BatchNormLayer(i, axes=n(0), mean=init.Constant(2))),
    "standardised": ((2, 3, 4), lambda i, n: layers.StandardizationLayer(i, axes=n(1))),
    "bias": ((2, 3), lambda i, n: layers.BiasLayer(i, b=init.Constant(1), shared_axes=n(1))),
    "pool": ((1, 2, 6), lambda i, n: layers.Pool1DLayer(i, n(2), stride=n(3), pad=n(1))),
    "feature pool": ((2, 6), lambda i, n: layers.FeaturePoolLayer(i, n(3), axis=n(1))),
    "upscale": ((2, 1, 3), lambda i, n: layers.Upscale1DLayer(i, n(2))),
    "sum": ((2, 3), lambda i, n: layers.ElemwiseSumLayer([i, i], coeffs=[n(1), n(1)])),
}


@pytest.mark.parametrize("name", FROM_NUMPY)
def test_numpys_integers_are_taken_as_pythons(name):
    shape, build = FROM_NUMPY[name]
    values = row(*shape)
    made, plain = (build(layers.InputLayer(shape), number) for number in (np.int64, int))
    assert made.output_shape == plain.output_shape
    given = ([pt.as_tensor(values)] * 2,) if name == "sum" else (pt.as_tensor(values),)
    found, expected = (
        layer.get_output_for(*given, deterministic=True).eval(mode=FEW_REWRITES)
        for layer in (made, plain)
    )
    assert found.dtype == expected.dtype
    assert found.shape == made.output_shape
    np.testing.assert_array_equal(found, expected)


FROM_THE_LAST = {  # the layer with its axis
    "feature pool": lambda i, axis: layers.FeaturePoolLayer(i, 2, axis=axis),
    "winner": lambda i, axis: layers.FeatureWTALayer(i, 2, axis=axis),
    "batch norm": lambda i, axis: layers.BatchNormLayer(i, axes=(0, axis), mean=init.Constant(2)),
    "standardised": lambda i, axis: layers.StandardizationLayer(i, axes=axis),
    "bias": lambda i, axis: layers.BiasLayer(i, b=init.Constant(1), shared_axes=(0, axis)),
    "slice": lambda i, axis: layers.SliceLayer(i, slice(1, 3), axis=axis),
}


@pytest.mark.parametrize("name", FROM_THE_LAST)
def test_an_axis_below_zero_is_counted_from_the_last(name):
    values = np.random.default_rng(0).normal(size=(2, 3, 4))
    made, plain = (FROM_THE_LAST[name](layers.InputLayer(values.shape), axis) for axis in (-1, 2))
    assert made.output_shape == plain.output_shape
    assert [p.get_value().shape for p in made.get_params()] == [
        p.get_value().shape for p in plain.get_params()
    ]
    found = put_out(made, values)
    assert found.shape == made.output_shape
    np.testing.assert_array_equal(found, put_out(plain, values))


AXIS = {  # a layer of an axis that its input does not have
    "feature pool": lambda axis: layers.FeaturePoolLayer((2, 4), 2, axis=axis),
    "winner": lambda axis: layers.FeatureWTALayer((2, 4), 2, axis=axis),
    "slice": lambda axis: layers.SliceLayer((2, 4), 0, axis=axis).output_shape,
    "sliced": lambda axis: layers.SliceLayer((2, 4), 0, axis=axis).get_output_for(pt.matrix()),
    "concat": lambda axis: layers.ConcatLayer([(2, 4), (2, 4)], axis=axis).output_shape,
}


@pytest.mark.parametrize("axis", [2, -3])
@pytest.mark.parametrize("name", AXIS)
def test_an_axis_that_the_input_does_not_have_is_refused(name, axis):
    with pytest.raises(IndexError, match=f"axis must be from -2 to 1 .* but is {axis}"):
        AXIS[name](axis)


@pytest.mark.parametrize("layer", [layers.FeaturePoolLayer, layers.FeatureWTALayer])
def test_features_of_unknown_number_are_not_grouped(layer):
    with pytest.raises(ValueError, match="needs a specified input size for axis 1"):
        layer((2, None), 2)


def test_axes_without_a_width_are_not_padded():
    layer = layers.PadLayer((1, 2, 2, 3), [(1, 0)], val=7)
    assert layer.output_shape == (1, 2, 3, 3)
    found = put_out(layer, row(1, 2, 2, 3))
    assert found[0, 1].tolist() == [[7, 7, 7], [6, 7, 8], [9, 10, 11]]
    with pytest.raises(IndexError, match="width must be for at most 2 axes"):
        layers.PadLayer((1, 2, 2, 3), [1, 1, 1]).output_shape  # noqa: B018


def test_entries_live_and_die_together_along_the_last_axis():
    layer = layers.DropoutLayer(layers.InputLayer((50, 4)), shared_axes=(-1,))
    found = layer.get_output_for(pt.ones((50, 4))).eval(mode=FEW_REWRITES)
    assert (found == found[:, :1]).all()
    assert set(found[:, 0].tolist()) == {0.0, 2.0}


def test_entries_live_by_themselves_along_an_axis_that_there_is_not():
    layer = layers.DropoutLayer(layers.InputLayer((50, 4)), shared_axes=(3,))
    found = layer.get_output_for(pt.ones((50, 4))).eval(mode=FEW_REWRITES)
    assert (found != found[:, :1]).any()


def test_an_array_of_coefficients_is_one_for_each_input():
    layer = layers.ElemwiseSumLayer([(2, 2), (2, 2)], coeffs=np.array([1.0, 2.0]))
    found = put_out(layer, [pt.as_tensor(row(2, 2)), pt.as_tensor(10 * row(2, 2))])
    assert found.tolist() == [[0, 21], [42, 63]]
    with pytest.raises(ValueError, match="got 3 coeffs for 2 incomings"):
        layers.ElemwiseSumLayer([(2, 2), (2, 2)], coeffs=np.ones(3))


def test_several_layers_may_stand_in_any_iterable():
    l_in = layers.InputLayer((2, 3))
    net = {"in": l_in, "out": layers.FlattenLayer(layers.PadLayer(l_in, 1, batch_ndim=1))}
    for several in (net.values(), iter(net.values()), np.array([*net.values()], dtype=object)):
        found = [each.eval() for each in layers.get_output(several, row(2, 3))]
        assert [value.shape for value in found] == [(2, 3), (2, 5)]
    assert layers.get_output_shape(net.values()) == [(2, 3), (2, 5)]
    assert layers.get_output_shape(net.values(), (4, 3)) == [(4, 3), (4, 5)]
    assert layers.get_all_layers(net.values())[::2] == [*net.values()]
    assert layers.get_all_params(net.values()) == []


def test_a_stated_shape_is_a_tuple():
    layer = layers.ExpressionLayer((2, 3), lambda x: x[:, :1], output_shape=[2, 1])
    assert layer.output_shape == (2, 1)
    assert layers.DenseLayer(layer, 4).output_shape == (2, 4)


def test_numbers_of_classes_keep_their_axes():
    found = one_hot(np.array([[0, 2], [1, 1]]), m=3).eval(mode=FEW_REWRITES)
    assert found.tolist() == np.eye(3)[[[0, 2], [1, 1]]].tolist()
    assert one_hot(2).eval(mode=FEW_REWRITES).tolist() == [0, 0, 1]


def test_a_parameter_without_a_name_is_given_the_layers():
    fresh, named = pytensor.shared(np.ones((3, 2))), pytensor.shared(np.ones(2), name="mine")
    layer = layers.DenseLayer((None, 3), 2, W=fresh, b=named, name="dense")
    assert layer.W is fresh
    assert [param.name for param in layer.get_params()] == ["dense.W", "mine"]


def test_regions_of_a_pyramid_have_an_axis_to_join_them():
    regions = layers.pool.pool_2d_nxn_regions(pt.as_tensor(row(1, 2, 3, 3)), 2)
    found = pt.concatenate(regions, axis=2).eval(mode=FEW_REWRITES)
    assert found.tolist() == [[[4, 5, 7, 8], [13, 14, 16, 17]]]


def test_of_equal_features_the_first_one_wins():
    values = np.array([[2.0, 2.0, 1.0, 3.0], [-1.0, -1.0, 5.0, 5.0]])
    found = put_out(layers.FeatureWTALayer((2, 4), 2), values)
    assert found.tolist() == [[2, 0, 0, 3], [-1, 0, 5, 0]]
    gradient = pt.grad(layers.FeatureWTALayer((2, 4), 2).get_output_for(x := pt.matrix()).sum(), x)
    assert gradient.eval({x: values.astype(x.dtype)}, mode=FEW_REWRITES).tolist() == [
        [1, 0, 0, 1],
        [1, 0, 1, 0],
    ]


@pytest.mark.parametrize("pattern", [(-1, 0), (0, np.int64(2))])
def test_a_pattern_names_axes_from_zero_on(pattern):
    with pytest.raises(ValueError, match="must name axes of the input, which has 2"):
        layers.DimshuffleLayer((None, 1), pattern)


def test_a_sparse_column_has_its_share_of_the_rows_rounded_down():
    for rows, filled in ((25, 2), (30, 3), (9, 0)):
        assert np.count_nonzero(init.Sparse(0.1)((rows, 4)), axis=0).tolist() == [filled] * 4
