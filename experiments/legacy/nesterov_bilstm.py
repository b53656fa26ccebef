#!/usr/bin/env python
"""A program as they were written in 2016: a masked BiLSTM, Nesterov's momentum. Runs on Theano and Lasagne, too.

Usage: nesterov_bilstm.py LAYERS
"""

from __future__ import print_function

import json
import sys
import time

import numpy as np
import theano
import theano.tensor as T
import lasagne

T_MAX, BATCH, INPUTS, UNITS, CLASSES = 20, 8, 16, 32, 5


def network(depth, input_var, mask_var):
    l_in = lasagne.layers.InputLayer((None, None, INPUTS), input_var)
    l_mask = lasagne.layers.InputLayer((None, None), mask_var)
    layer = l_in
    for _ in range(depth):
        forward = lasagne.layers.LSTMLayer(layer, UNITS, mask_input=l_mask)
        backward = lasagne.layers.LSTMLayer(layer, UNITS, mask_input=l_mask, backwards=True)
        layer = lasagne.layers.ConcatLayer([forward, backward], axis=2)
    layer = lasagne.layers.ReshapeLayer(layer, (-1, [2]))
    return lasagne.layers.DenseLayer(layer, CLASSES, nonlinearity=lasagne.nonlinearities.softmax)


def main(depth):
    lasagne.random.set_rng(np.random.RandomState(1))
    start = time.time()
    x, mask, y = T.tensor3("x"), T.matrix("mask"), T.ivector("y")
    l_out = network(depth, x, mask)
    prediction = lasagne.layers.get_output(l_out)
    losses = lasagne.objectives.categorical_crossentropy(prediction, y)
    loss = lasagne.objectives.aggregate(losses, mask.flatten(), mode="normalized_sum")
    built = time.time()
    params = lasagne.layers.get_all_params(l_out, trainable=True)
    updates = lasagne.updates.nesterov_momentum(loss, params, learning_rate=0.1, momentum=0.9)
    updated = time.time()
    train = theano.function([x, mask, y], loss, updates=updates)
    compiled = time.time()
    rng = np.random.RandomState(0)
    xs = rng.normal(size=(BATCH, T_MAX, INPUTS)).astype(theano.config.floatX)
    lengths = rng.randint(1, T_MAX + 1, size=BATCH)
    masks = (np.arange(T_MAX)[None, :] < lengths[:, None]).astype(theano.config.floatX)
    ys = rng.randint(0, CLASSES, size=BATCH * T_MAX).astype("int32")
    ready = time.time()
    history = [float(train(xs, masks, ys))]
    called = time.time()
    history += [float(train(xs, masks, ys)) for _ in range(19)]
    print(
        json.dumps(
            {
                "build_s": built - start,
                "updates_s": updated - built,
                "compile_s": compiled - updated,
                "first_call_s": called - ready,
                "steps_s": time.time() - called,
                "first_loss": history[0],
                "last_loss": history[-1],
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
