"""Train nineteen more old programs, unchanged, from copies of their repositories, and print how their losses fall.

Usage: more_programs.py FOLDER [PROGRAM ...]

FOLDER holds checkouts called OWNER+NAME, as in ``gwtaylor+theano-rnn``. Each program runs in a process of its own by
``python -m symrnn.compat``, from a driver that imports it, makes its constants small and calls it; data that it would
download is made here, and a library that reads data alone (nltk) is stood in for. A program that stops prints the last
lines of its error.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PRELUDE = """
import os, sys, types, random
os.environ["MPLBACKEND"] = "Agg"
import numpy as np
np.random.seed(1)
random.seed(1)
TEXT = "the quick brown fox jumps over the lazy dog . a lazy dog sleeps while the brown fox runs on . "

def digits(n=2000):
    import gzip, pickle
    from sklearn.datasets import load_digits
    data = load_digits()
    order = np.random.RandomState(0).randint(0, len(data.images), n)
    images = np.pad(np.kron(data.images[order] / 16., np.ones((3, 3))), [(0, 0), (2, 2), (2, 2)])
    return images.reshape(n, 784).astype("float32"), data.target[order].astype("int64")

def mnist_pickle(path, n=2000):
    import gzip, pickle
    x, y = digits(n)
    parts = [(x[a:b], y[a:b]) for a, b in ((0, n // 2), (n // 2, 3 * n // 4), (3 * n // 4, n))]
    with gzip.open(path, "wb") as file:
        pickle.dump(tuple(parts), file, 2)

def stand_in(name, **names):
    module = sys.modules[name] = types.ModuleType(name)
    for key, value in names.items():
        setattr(module, key, value)
    return module

def language_toolkit():
    from collections import Counter
    class FreqDist(Counter):
        pass
    stand_in("nltk", sent_tokenize=lambda text: [one + " ." for one in text.split(" . ") if one],
             word_tokenize=lambda text: text.split(), FreqDist=FreqDist, download=lambda name: None)
    stand_in("ipdb")
"""

THEANO_RNN = """
import logging
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
import {module} as rnn
seq = np.random.randn({shape})
targets = np.zeros(({targets}))
targets[{now}, 0] = seq[{before}, 3]
model = rnn.MetaRNN{suffix}(n_in=5, n_hidden=10, n_out=3, learning_rate={rate}, learning_rate_decay=0.999, n_epochs=20,
                    activation='tanh'{more})
model.fit(seq, targets, {every}=20)
"""

GRU_TUTORIAL = """
language_toolkit()
with open("comments.csv", "w") as file:
    file.write("body\\n" + "".join('"%s"\\n' % TEXT for _ in range(20)))
os.environ.update(INPUT_DATA_FILE="comments.csv", VOCABULARY_SIZE="20", HIDDEN_DIM="16", NEPOCH="3", PRINT_EVERY="40",
                  MODEL_OUTPUT_FILE="model.npz")
import gru_theano, utils
utils.generate_sentences = lambda *args: None  # prints random sentences
execfile(os.path.join(os.path.dirname(os.path.abspath(utils.__file__)), "train.py"))
"""

RNN_TUTORIAL = """
language_toolkit()
os.makedirs("data")
with open("data/reddit-comments-2015-08.csv", "w") as file:
    file.write("body\\n" + "".join('"%s"\\n' % TEXT for _ in range(20)))
os.environ.update(VOCABULARY_SIZE="20", HIDDEN_DIM="16", NEPOCH="11")
import utils
execfile(os.path.join(os.path.dirname(os.path.abspath(utils.__file__)), "train-theano.py"))
"""

NETWORK3 = """
mnist_pickle("mnist.pkl.gz")
import network3
from network3 import Network, ConvPoolLayer, FullyConnectedLayer, SoftmaxLayer, ReLU
parts = network3.load_data_shared("mnist.pkl.gz")
net = Network([ConvPoolLayer(image_shape=(10, 1, 28, 28), filter_shape=(4, 1, 5, 5), activation_fn=ReLU),
               FullyConnectedLayer(n_in=4*12*12, n_out=30, p_dropout=0.2), SoftmaxLayer(n_in=30, n_out=10)], 10)
net.SGD(parts[0], 4, 10, 0.03, parts[1], parts[2], lmbda=0.1)
"""

TUTORIALS = """
x, y = digits(640)
rows = np.eye(10)[y]
stand_in("load", mnist=lambda onehot=True: (x[:512], x[512:], rows[:512], rows[512:]))
seen = []
class Stop(Exception): pass
def shown(text):
    seen.append(float(text))
    sys.stdout.write("accuracy %s\\n" % text)
    if len(seen) == {epochs}: raise Stop
try:
    execfile(os.path.join(FOLDER, "{script}"), {{"__builtins__": dict(__builtins__, print=shown)}})
except Stop:
    pass
"""

PASSAGE = """
from passage.models import RNN
from passage.updates import NAG, Regularizer
from passage.layers import Generic, GatedRecurrent, Dense
x, y = digits(800)
layers = [Generic(size=28), GatedRecurrent(size=32, p_drop=0.2), Dense(size=10, activation='softmax', p_drop=0.5)]
model = RNN(layers=layers, updater=NAG(momentum=0.95, regularizer=Regularizer(l2=1e-4)), iterator='linear', cost='cce')
costs = model.fit(x.reshape(-1, 28, 28), y, n_epochs=12)
for i in (0, len(costs) // 2, -1):
    sys.stdout.write("cost is %s\\n" % np.mean(costs[i - 12 if i else 0:i or 12]))
"""

SENTENCES = """
import cPickle
words = TEXT.split()
index = dict((word, i + 1) for i, word in enumerate(sorted(set(words))))
rng = np.random.RandomState(0)
revs = []
for i in range(300):
    chosen = [words[k] for k in rng.randint(0, len(words), 8)]
    revs.append({"text": " ".join(chosen), "y": int("fox" in chosen), "num_words": 8, "split": i % 10})
W = rng.uniform(-.25, .25, (len(index) + 1, 300)).astype("float32")
cPickle.dump([revs, W, W, index, index], open("mr.p", "wb"))
import conv_net_sentence as program, shutil
here = os.path.dirname(os.path.abspath(program.__file__))
execfile(os.path.join(here, "conv_net_classes.py"), vars(program))
data = program.make_idx_data_cv(revs, index, 0, max_l=10, k=300, filter_h=5)
program.train_conv_net(data, W, filter_hs=[3, 4], hidden_units=[10, 2], n_epochs=4, batch_size=50, dropout_rate=[0.5])
"""

LSTM_LIBRARY = """
import theano, theano.tensor as T
from theano_lstm import LSTM, Layer, StackedCells, create_optimization_updates
model = StackedCells(6, celltype=LSTM, layers=[12], activation=T.tanh)
model.layers.append(Layer(12, 6, lambda x: T.nnet.softmax(x)[0]))
def step(x, *hiddens):
    return model.forward(x, prev_hiddens=list(hiddens))
xs = T.matrix()
result, _ = theano.scan(step, sequences=[xs], outputs_info=[dict(initial=layer.initial_hidden_state, taps=[-1])
                        for layer in model.layers if hasattr(layer, "initial_hidden_state")] + [None])
target = T.ivector()
cost = -T.mean(T.log(result[-1])[T.arange(target.shape[0]), target])
updates, _, _, _, _ = create_optimization_updates(cost, model.params, method="adadelta")
train = theano.function([xs, target], cost, updates=updates, allow_input_downcast=True)
steps = np.arange(20) % 6
for epoch in range(200):
    value = train(np.eye(6)[steps[:-1]], steps[1:])
    if epoch % 50 == 0: sys.stdout.write("cost %s\\n" % value)
"""

RECURRENCE = """
language_toolkit()
import train
from utilities.textreader import read_char_data
os.makedirs("models")
open("input.txt", "w").write(TEXT * 5)
data, vocabulary = read_char_data("input.txt", seq_length=15)
train.train(data, vocabulary, b_path="models/", rec_model="{model}", n_h=16, n_epochs=3)
"""

TAGGER = """
rng = np.random.RandomState(0)
words = [("Ann", "B-PER"), ("Bonn", "B-LOC"), ("runs", "O"), ("to", "O"), ("Rome", "B-LOC"),
         ("Tom", "B-PER"), (".", "O")]
for name in ("train", "dev", "test"):
    with open(name, "w") as file:
        for _ in range(60):
            for k in rng.randint(0, len(words), 6):
                file.write("%s %s\\n" % words[k])
            file.write("\\n")
sys.argv = ["train.py", "-T", "train", "-d", "dev", "-t", "test", "-w", "12", "-W", "12", "-c", "5", "-C", "5"]
import utils, model
utils.eval_script = "train"  # is asked for before the first epoch, and run after a thousand sentences
utils.eval_temp, utils.models_path = "evaluation", "models"
import optparse
import __builtin__
real = __builtin__.range
path = os.path.join(os.path.dirname(os.path.abspath(utils.__file__)), "train.py")
execfile(path, {"__name__": "__main__", "xrange": lambda n: real(min(n, 6)), "__file__": path})
"""

CTC = """
import train_online
"""

LANGUAGE_MODEL = """
stand_in("ipdb")
import cPickle
words = ["eos", "UNK"] + sorted(set(TEXT.split()))
cPickle.dump(dict((word, i) for i, word in enumerate(words)), open("words.pkl", "wb"))
for name in ("train.tok", "valid.tok"):
    with open(name, "w") as file:
        for line in (TEXT * 40).split(" . "):
            if line.strip(): file.write(line + "\\n")
import lm
lm.train(dim_word=8, dim=16, n_words=len(words), dataset="train.tok", valid_dataset="valid.tok", dictionary="words.pkl",
         max_epochs=6, dispFreq=5, validFreq=30, sampleFreq=1000, saveFreq=1000, batch_size=8, optimizer="adadelta")
"""

DEEP = """
mnist_pickle("mnist.pkl.gz", 800)
import {module}
{module}.{call}
"""

IMDB = """
import pickle
rng = np.random.RandomState(0)
def reviews(n):
    x = [rng.randint(2, 30, rng.randint(4, 12)).tolist() for _ in range(n)]
    return x, [int(max(one) > 25) for one in x]
with open("imdb.pkl", "wb") as file:
    pickle.dump(reviews(200), file); pickle.dump(reviews(40), file)
import lstm
lstm.train_lstm(dim_proj=12, max_epochs=40, n_words=30, dispFreq=10, validFreq=1000, saveFreq=1000, test_size=20)
"""

PY2 = ["--py2"]
PY2_SINGLE = ["--py2", "floatX=float32"]  # whose parameters are float32 whatever floatX is
# name: the repository, the folder in it to import from, the driver, options of symrnn.compat and Theano's flags, what
# a loss stands behind
PROGRAMS = {
    "theano-rnn": ("gwtaylor+theano-rnn", ".", THEANO_RNN.format(
        module="rnn", shape="100, 10, 5", targets="100, 10, 3", now=":, 1:", before=":, :-1", suffix="", rate=0.001,
        more="", every="validation_frequency"), PY2, r"train loss ([\d.]+)"),
    "theano-rnn, minibatches": ("gwtaylor+theano-rnn", ".", THEANO_RNN.format(
        module="rnn_minibatch", shape="10, 100, 5", targets="10, 100, 3", now="1:, :", before=":-1, :", suffix="",
        rate=0.01, more=", batch_size=20, output_type='real'", every="validate_every"), PY2, r"train loss ([\d.]+)"),
    "rnn-tutorial-gru-lstm": ("dennybritz+rnn-tutorial-gru-lstm", ".", GRU_TUTORIAL, PY2, r"^Loss: ([\d.]+)"),
    "rnn-tutorial-rnnlm": ("dennybritz+rnn-tutorial-rnnlm", ".", RNN_TUTORIAL, PY2, r"epoch=\d+: ([\d.]+)"),
    "network3": ("mnielsen+neural-networks-and-deep-learning", "src", NETWORK3, PY2, r"validation accuracy ([\d.]+)"),
    "Theano-Tutorials, net": ("Newmu+Theano-Tutorials", ".", TUTORIALS.format(script="4_modern_net.py", epochs=10), PY2,
                              r"accuracy ([\d.]+)"),
    "Theano-Tutorials, convolution": ("Newmu+Theano-Tutorials", ".",
                                      TUTORIALS.format(script="5_convolutional_net.py", epochs=6), PY2,
                                      r"accuracy ([\d.]+)"),
    "Passage": ("IndicoDataSolutions+Passage", ".", PASSAGE, PY2, r"cost is ([\d.]+)"),
    "CNN_sentence": ("yoonkim+CNN_sentence", ".", SENTENCES, PY2_SINGLE, r"train perf: ([\d.]+)"),
    "theano_lstm": ("JonathanRaiman+theano_lstm", ".", LSTM_LIBRARY, PY2, r"cost ([\d.]+)"),
    "theano-recurrence": ("uyaseen+theano-recurrence", ".", RECURRENCE.format(model="gru"), PY2_SINGLE,
                          r"sample: 0/\d+, cost: ([\d.]+)"),
    "theano-recurrence, BiLSTM": ("uyaseen+theano-recurrence", ".", RECURRENCE.format(model="bilstm"), PY2_SINGLE,
                                  r"sample: 0/\d+, cost: ([\d.]+)"),
    "tagger": ("glample+tagger", ".", TAGGER, PY2, r"Average cost: ([\d.]+)"),
    "dl4mt-tutorial": ("nyu-dl+dl4mt-tutorial", "session0", LANGUAGE_MODEL, PY2_SINGLE, r"Cost\s+([\d.]+)"),
    "DeepLearningTutorials, logistic": ("lisa-lab+DeepLearningTutorials", "code", DEEP.format(
        module="logistic_sgd", call="sgd_optimization_mnist(n_epochs=8, batch_size=40, dataset='mnist.pkl.gz')"), [],
        r"validation error ([\d.]+)"),
    "DeepLearningTutorials, dA": ("lisa-lab+DeepLearningTutorials", "code", DEEP.format(
        module="dA", call="test_dA(training_epochs=4, dataset='mnist.pkl.gz')"), [], r"cost\s+([\d.]+)"),
    "DeepLearningTutorials, rbm": ("lisa-lab+DeepLearningTutorials", "code", DEEP.format(
        module="rbm", call="test_rbm(training_epochs=4, dataset='mnist.pkl.gz', n_samples=1, n_hidden=30)"), [],
        r"cost is\s+(-?[\d.]+)"),
    "DeepLearningTutorials, lenet": ("lisa-lab+DeepLearningTutorials", "code", DEEP.format(
        module="convolutional_mlp", call="evaluate_lenet5(n_epochs=4, nkerns=[4, 6], batch_size=40)"), [],
        r"validation error ([\d.]+)"),
    "DeepLearningTutorials, lstm": ("lisa-lab+DeepLearningTutorials", "code", IMDB, [], r"Cost\s+([\d.]+)"),
}  # fmt: skip


def losses(folder, program, programs):
    """What `program` printed of its loss, in order; or the last lines of its error."""
    repository, below, driver, options, pattern = programs[program]
    checkout = Path(folder, repository, below).absolute()
    flags = ",".join(one for one in options if not one.startswith("-"))
    with tempfile.TemporaryDirectory() as work:
        given = f"\nFOLDER, CHECKOUTS = {str(checkout)!r}, {str(Path(folder).absolute())!r}\n"
        (Path(work) / "driver.py").write_text(PRELUDE + given + driver)
        path = os.pathsep.join([str(checkout), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "symrnn.compat",
                *(one for one in options if one.startswith("-")),
                "driver.py",
            ],
            cwd=work,
            env=os.environ | {"PYTHONPATH": path} | ({"THEANO_FLAGS": flags} if flags else {}),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        return ["stopped:", *done.stderr.strip().splitlines()[-6:]]
    found = re.findall(pattern, done.stdout, re.MULTILINE)
    if not found:
        return ["no loss in", done.stdout[-500:], done.stderr[-500:]]
    return found if len(found) <= 6 else [*found[:: len(found) // 5], found[-1]]


def main(folder, wanted, programs=PROGRAMS):
    for program in wanted or programs:
        print(f"{program}:", *losses(folder, program, programs), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
