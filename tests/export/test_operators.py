"""Every op that has a row means here what it means in PyTensor; what it is written as is checked by its NumPy."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from export.test_python_files import ran
from export.ways_to_write import values_for
from helpers import AS_WRITTEN

from symrnn.export import export_python, matched
from symrnn.ops.conv import conv, transposed_conv
from symrnn.ops.pool import pool

X = pt.tensor("x", dtype="float32", shape=(4, 3))
Y = pt.tensor("y", dtype="float32", shape=(4, 3))
I = pt.tensor("i", dtype="int64", shape=(5,))
P = pt.abs(X) + 0.5  # positive
IMAGES = pt.tensor("images", dtype="float32", shape=(2, 3, 7, 6))
WEIGHTS = np.random.default_rng(1)


def drawn(*shape):
    return pytensor.shared(WEIGHTS.normal(size=shape).astype("float32"), shape=shape)


ARITHMETIC = {  # what is written together, so that one file holds many
    "sums and products": [X + Y, X - Y, X * Y, X / P, X // P, X % P, P**Y, -X, X + Y + X, X * Y * P],
    "orders": [pt.maximum(X, Y), pt.minimum(X, 1), pt.clip(X, -0.3, 0.3), X < Y, X <= Y, X > Y],
    "truths": [pt.eq(X, X), pt.neq(X, Y), pt.and_(X < 0, Y < 0), pt.or_(X < 0, Y < 0), ~(X < 0)],
    "switches": [pt.switch(X < 0, Y, 1.0), pt.switch(X, Y, X), pt.isnan(X), pt.isinf(X), X >= Y],
    "powers": [pt.exp(X), pt.log(P), pt.sqrt(P), X**2, pt.log1p(P), pt.expm1(X), pt.log2(P), 1 / P],
    "angles": [pt.sin(X), pt.cos(X), pt.tan(X), pt.arctan(X), pt.sinh(X), pt.cosh(X), pt.arcsinh(X)],
    "activations": [pt.tanh(X), pt.sigmoid(X), pt.softplus(X), pt.erf(X), pt.erfc(X), pt.abs(X)],
    "roundings": [pt.floor(X), pt.ceil(X), pt.round(X), pt.sign(X), pt.cast(X, "int32"), pt.exp2(X)],
    "integers": [I // 3, I % 3, -I // 2, I + 1.5, I / 2, pt.eq(I[:, None], pt.arange(8)), I * (I > 2)],
    "reductions": [X.sum(), X.sum(axis=1), X.mean(axis=0), X.max(axis=1), X.min(), P.prod(axis=0)],
    "more reductions": [X.argmax(axis=1), (X > 0).all(axis=0), (X > 0).any(), pt.logsumexp(X, axis=1)],
    "shares": [pt.special.softmax(X, axis=-1), pt.special.log_softmax(X, axis=0), X.cumsum(axis=1)],
    "shapes": [X.T, X.reshape((2, 6)), X.flatten(), X[None], X.dimshuffle(1, "x", 0), X.shape[0] * X],
    "parts": [X[1], X[:, -1], X[1:3, ::2], X[::-1], X[-2:], X[I % 4], X[:, I % 3], X[I % 4, I % 3]],
    "joins": [pt.concatenate([X, Y], axis=1), pt.stack([X, Y]), *pt.split(X, [1, 3], axis=0)],
    "fillings": [pt.zeros_like(X), pt.ones((2, 3)) * X[:2], pt.alloc(X[0], 4, 3), pt.eye(3) + X[:3]],
    "writings": [pt.set_subtensor(X[1:, 0], 2.0), pt.inc_subtensor(X[1], Y[0]), pt.arange(3) + X],
    "products": [X @ Y.T, pt.dot(X[0], Y[1]), X @ drawn(3, 2), drawn(4) @ X, pt.dot(X, drawn(3))],
    "batches of products": [pt.matmul(IMAGES, drawn(6, 2)), pt.matmul(IMAGES, IMAGES.transpose(0, 1, 3, 2))],
}  # fmt: skip


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
def test_an_op_means_what_it_means_in_pytensor(name, tmp_path):
    outputs = ARITHMETIC[name]
    inputs = [v for v in (X, Y, I, IMAGES) if v in pytensor.graph.traversal.ancestors(outputs)]
    values = values_for(inputs)
    expected = pytensor.function(inputs, outputs, mode=AS_WRITTEN)(*values)
    path = tmp_path / "written.py"
    export_python(inputs, outputs, path)
    for found, value in zip(ran(path, "numpy", values), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-5)


def normalized(x):
    """With the numbers of a training."""
    mean, rate, shift = (drawn(3).dimshuffle("x", 0, "x", "x") for _ in range(3))
    return (x - mean) * rate + shift


FOUND = {  # what is written: the operators that it is
    "softmax by its definition": (pt.exp(X) / pt.exp(X).sum(axis=1, keepdims=True), ["Softmax"]),
    "softmax moved below zero": (
        pt.exp(X - X.max(axis=1, keepdims=True))
        / pt.exp(X - X.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True),
        ["Softmax"],
    ),
    "log of softmax": (pt.log(pt.special.softmax(X, axis=1)), ["LogSoftmax"]),
    "log-softmax by its sum": (X - pt.logsumexp(X, axis=1, keepdims=True), ["LogSoftmax"]),
    "log of a sum of powers": (pt.log(pt.exp(X).sum(axis=0)), ["ReduceLogSumExp"]),
    "sigmoid": (1 / (1 + pt.exp(-X)), ["Sigmoid"]),
    "rectifier by modulus": (0.5 * (X + pt.abs(X)), ["Relu"]),
    "rectifier by choice": (pt.switch(X > 0, X, 0), ["Relu"]),
    "mean": (X.sum(axis=0) / X.shape[0], ["ReduceMean"]),
    "dense layer": (X @ drawn(3, 2) + drawn(2), ["Dense"]),
    "batch normalisation": (normalized(IMAGES), ["BatchNormalization"]),
    "convolution": (conv(IMAGES, drawn(4, 3, 3, 2)), ["Conv"]),
    "convolution with borders": (conv(IMAGES, drawn(4, 3, 3, 3), padding="same"), ["Conv"]),
    "convolution in strides": (conv(IMAGES, drawn(4, 3, 3, 2), stride=2, flip=False), ["Conv"]),
    "convolution spread out": (conv(IMAGES, drawn(4, 3, 2, 2), dilation=2), ["Conv"]),
    "pooling": (pool(IMAGES, 2), ["MaxPool"]),
    "pooling in strides": (pool(IMAGES, 3, stride=2), ["MaxPool"]),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_subgraph_is_found(name, tmp_path):
    output, operators = FOUND[name]
    inputs = [v for v in (X, IMAGES) if v in pytensor.graph.traversal.ancestors([output])]
    assert [node.op for node in matched(inputs, [output]).nodes()] == operators
    values = values_for(inputs)
    [expected] = pytensor.function(inputs, [output], mode=AS_WRITTEN)(*values)
    export_python(inputs, [output], tmp_path / "written.py")
    [found] = ran(tmp_path / "written.py", "numpy", values)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_transposed_convolution_agrees(tmp_path):
    output = transposed_conv(IMAGES, drawn(3, 2, 3, 3), stride=2)
    values = values_for([IMAGES])
    [expected] = pytensor.function([IMAGES], [output], mode=AS_WRITTEN)(*values)
    export_python([IMAGES], output, tmp_path / "written.py")
    [found] = ran(tmp_path / "written.py", "numpy", values)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
