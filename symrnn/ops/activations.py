"""Activations of the cells."""

import pytensor.tensor as pt


def tanh(x):
    return pt.tanh(x)


def sigmoid(x):
    return pt.sigmoid(x)


def relu(x):
    return pt.maximum(x, 0)
