"""Train old programs, unchanged, from copies of their repositories, and print how their losses fall.

Usage: old_programs.py LASAGNE RECIPES LASAGNE_NLP [PROGRAM ...]

The arguments are checkouts of Lasagne/Lasagne, Lasagne/Recipes and XuezheMax/LasagneNLP. Each program runs in a
process of its own by ``python -m symrnn.compat``, from a driver that imports it, makes its constants small and
calls it; data that it would download is made here.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import mnist_files

MNIST = """
import mnist
mnist.main("mlp", num_epochs=3)
"""

RECURRENT = """
import recurrent
recurrent.EPOCH_SIZE = 20
recurrent.main(num_epochs=3)
"""

TEXT = """
import sys, types

class Text(str):  # a string of Python 2
    decode = encode = lambda self, *encoding: self

class Page:
    def read(self):
        return Text("The quick brown fox jumps over the lazy dog. " * 20)

urllib2 = types.ModuleType("urllib2")
urllib2.urlopen = lambda url: Page()
sys.modules["urllib2"] = urllib2

import lstm_text_generation
lstm_text_generation.N_HIDDEN = 32
lstm_text_generation.PRINT_FREQ = 10
lstm_text_generation.main(num_epochs=1)
"""

NLP = """
import sys, types
for name in ("gensim", "gensim.models", "gensim.models.word2vec"):  # reads embeddings from files
    sys.modules[name] = types.ModuleType(name)
sys.modules["gensim.models.word2vec"].Word2Vec = None

import numpy as np, theano, theano.tensor as T, lasagne
from lasagne.layers import InputLayer, get_all_params, get_output
from lasagne_nlp.networks import networks
from lasagne_nlp.utils import objectives, utils

BATCH, STEPS, FEATURES, CHARS, UNITS, LABELS = 8, 6, 5, 7, 10, 3
lasagne.random.set_rng(np.random.RandomState(1))
rng = np.random.RandomState(0)
xs = rng.normal(size=(BATCH, STEPS, FEATURES)).astype(theano.config.floatX)
chars = rng.normal(size=(BATCH * STEPS, 4, CHARS)).astype(theano.config.floatX)
ys = xs[:, :, :LABELS].argmax(axis=2).astype("int32")
masks = (np.arange(STEPS) < rng.randint(2, STEPS + 1, size=(BATCH, 1))).astype(theano.config.floatX)

for build in ("BiRNN", "BiLSTM", "BiGRU", "BiRNN_CNN", "BiLSTM_CNN", "BiGRU_CNN", "BiLSTM_HighCNN",
              "BiLSTM_CNN_CRF", "BiLSTM_HighCNN_CRF"):
    x, c, m, y = T.tensor3("x"), T.tensor3("chars"), T.matrix("m"), T.imatrix("y")
    words = InputLayer((None, STEPS, FEATURES), x)
    letters = InputLayer((None, 4, CHARS), c)
    mask = InputLayer((None, STEPS), m)
    given = [letters, words, UNITS] if "CNN" in build else [words, UNITS]
    if build.endswith("CRF"):
        given.append(LABELS)
    net = getattr(networks, "build_" + build)(*given, mask=mask, dropout=False)
    if build.endswith("CRF"):
        loss = objectives.crf_loss(get_output(net), y, m).mean()
    else:
        net = lasagne.layers.DenseLayer(lasagne.layers.reshape(net, (-1, [2])), LABELS,
                                        nonlinearity=lasagne.nonlinearities.softmax)
        losses = lasagne.objectives.categorical_crossentropy(get_output(net), y.flatten())
        loss = lasagne.objectives.aggregate(losses, m.flatten(), mode="normalized_sum")
    updates = utils.create_updates(loss, get_all_params(net, trainable=True), "nesterov", 0.1, momentum=0.9)
    train = theano.function([x, c, m, y], loss, updates=updates, on_unused_input="ignore")
    for step in range(15):
        value = train(xs, chars, masks, ys)
        if step in (0, 14):
            print("%s loss %.4f" % (build, value))
"""

# name: the checkout, the folder in it to import from, the driver, options of symrnn.compat, what a loss stands behind
PROGRAMS = {
    "mnist": (0, "examples", MNIST, [], r"training loss:\s*([\d.]+)"),
    "recurrent": (0, "examples", RECURRENT, [], r"validation cost = ([\d.]+)"),
    "lstm_text_generation": (1, "examples", TEXT, ["--py2"], r"average loss = ([\d.]+)"),
    "LasagneNLP": (2, ".", NLP, ["--py2"], r"(?:(\w+) )?loss ([\d.]+)"),
}


def losses(checkouts, program):
    """What `program` printed of its loss, in order."""
    index, below, driver, options, pattern = PROGRAMS[program]
    with tempfile.TemporaryDirectory() as folder:
        if program == "mnist":
            mnist_files.write(Path(folder))
        (Path(folder) / "driver.py").write_text(driver)
        path = os.pathsep.join(
            [str(Path(checkouts[index], below).absolute()), os.environ.get("PYTHONPATH", "")]
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "symrnn.compat", *options, "driver.py"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise RuntimeError(f"{program} failed:\n{done.stderr[-2000:]}")
    return re.findall(pattern, done.stdout)


def main(checkouts, programs):
    for program in programs or PROGRAMS:
        print(program, *losses(checkouts, program), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:4], sys.argv[4:])
