"""Train seventeen old programs that nobody here had read, unchanged, from copies of their repositories.

Usage: wider_sample.py FOLDER [PROGRAM ...]

FOLDER holds checkouts called OWNER+NAME. As in `more_programs`, whose preparations these drivers share, each program
runs in a process of its own by ``python -m symrnn.compat``; data that it would download is made here, constants are
made small where a program takes them as arguments, and one that would train for hours is stopped after a few lines.
"""

import sys

from more_programs import PY2, main

STOPPING = """
class Stop(Exception):
    pass

def stopping(pattern, times, scope=None):
    # built-in names with a print that ends the program after `times` lines that hold `pattern`
    import builtins
    known = scope or (__builtins__ if isinstance(__builtins__, dict) else vars(__builtins__))
    real, seen = known["print"], []
    def shown(*args, **options):
        real(*args, **options)
        if any(pattern in str(one) for one in args):
            seen.append(1)
            if len(seen) == times:
                raise Stop
    return dict(known, print=shown)

def run_until(path, pattern, times, **names):
    try:
        execute(path, dict(names, __builtins__=stopping(pattern, times), __file__=path))
    except Stop:
        pass
"""
EXECUTE_2 = """
def execute(path, scope):
    execfile(path, scope)
"""
EXECUTE_3 = """
def execute(path, scope):
    from symrnn.compat.programs import Era
    exec(Era().code(open(path, "rb").read(), path), scope)
"""

CHARACTERS = """
stand_in("jieba")
import data
data.curr_path = os.getcwd()
os.makedirs("data"); os.makedirs("model")
with open("data/toy.txt", "w") as file:
    file.write("\\n".join(["the quick brown fox", "jumps over the lazy dog", "a lazy dog sleeps"]) + "\\n")
run_until(os.path.join(FOLDER, "main_char_train.py"), "Iter = ", 60, __name__="__main__")
"""

SLOTS = """
os.symlink(FOLDER, "is13")
from is13.rnn.{form} import model
from is13.utils.tools import shuffle, minibatch, contextwin
rng = np.random.RandomState(3)
sentences = [rng.randint(0, 12, rng.randint(4, 9)).astype("int32") for _ in range(40)]
labels = [(one % 3).astype("int32") for one in sentences]
rnn = model(nh=16, nc=3, ne=12, de=8, cs=5)
for epoch in range(6):
    costs = []
    for sentence, wanted in zip(sentences, labels):
        words = map(lambda x: np.asarray(x).astype("int32"), minibatch(contextwin(sentence, 5), 5))
        for batch, last in zip(words, wanted):
            costs.append(rnn.train(batch, last, 0.1))
            rnn.normalize()
    print "cost %.4f" % np.mean(costs)
rnn.classify(np.asarray(contextwin(sentences[0], 5)).astype("int32"))
"""

TREES = """
import simple_demo
simple_demo.OUTPUT_DIM = 3  # of one output the softmax is one
simple_demo.main(num_iter=3001)
"""

ATTENTION = """
sys.path.insert(0, os.path.join(FOLDER, ".."))
sys.path.insert(0, os.path.join(CHECKOUTS, "craffel+lstm_problems"))
import lstm_problems
real, drawn = lstm_problems.add, []
def add(*args):
    drawn.append(1)
    if len(drawn) > 3012: raise Stop
    return real(*args)
lstm_problems.add = add
import logging
logging.getLogger("").addHandler(logging.StreamHandler(sys.stdout))
run_until(os.path.join(FOLDER, "fixed_length_experiments.py"), "never", 1, __name__="__main__")
"""

TURING = """
os.symlink(os.path.join(CHECKOUTS, "shawntan+theano_toolkit"), "theano_toolkit")
import theano
theano.config.floatX = "float32"
import train_copy, tasks
P, P_learn, train, test = train_copy.make_functions(input_size=6, mem_size=16, mem_width=8, output_size=6,
                                                      hidden_sizes=[20])
for epoch in range(6):
    print "score %.4f" % np.mean([train(*tasks.copy(10, 3, 4)) for _ in range(100)])
test(*tasks.copy(10, 3, 4))
P.save("model.pkl")
"""

TURING_LASAGNE = """
sys.path.insert(0, os.path.join(FOLDER, ".."))
scope = dict(__name__="copy_task", __builtins__=__builtins__)
execfile(os.path.join(FOLDER, "copy-task.py"), scope)
lasagne, T, theano = scope["lasagne"], scope["T"], scope["theano"]
x, y = T.tensor3s("input", "target")
tasks = scope["CopyTask"](batch_size=1, max_iter=600, size=4, max_length=3, end_marker=True)
out, layer = scope["model"](x, batch_size=1, size=4, num_units=20, memory_shape=(16, 8))
guess = T.clip(lasagne.layers.get_output(out), 1e-6, 1. - 1e-6)
loss = T.mean(lasagne.objectives.binary_crossentropy(guess, y))
updates = scope["graves_rmsprop"](loss, lasagne.layers.get_all_params(out, trainable=True), learning_rate=1e-3)
train = theano.function([x, y], loss, updates=updates)
scores = []
for i, (given, wanted) in tasks:
    scores.append(train(given, wanted))
    if i % 100 == 99: print "score %.4f" % np.mean(scores[-100:])
"""

AUTOENCODER = """
mnist_pickle("mnist.pkl.gz", 1600)
import run
for epoch in range(1, 7):
    bound = np.mean([run.model.update(batch, epoch) for batch in run.batch_order])
    print("negative bound %.3f" % -bound)
run.model.save_parameters("./")
"""

PARMESAN = """
sys.path.insert(0, os.path.join(FOLDER, ".."))
import types
stand_in("pkg_resources", get_distribution=lambda name: types.SimpleNamespace(version="0"))  # parmesan is not installed
import parmesan.datasets
x, y = digits(800)
binary = (x > .5).astype("float32")
parmesan.datasets.load_mnist_binarized = lambda: (binary[:500], binary[500:600], binary[600:])
run_until(os.path.join(FOLDER, "{script}.py"), "*Epoch: ", {lines}, __name__="__main__")
"""

THEANETS = """
sys.path.insert(0, os.path.join(CHECKOUTS, "lmjohns3+downhill"))
import theanets
x, y = digits(1200)
net = theanets.Autoencoder([784, 36, 784])
for i, (train, valid) in enumerate(net.itertrain([x[:1000]], [x[1000:]], train_batches=10, input_noise=0.1,
                                                 weight_l2=0.0001, algo="rmsprop", momentum=0.9, min_improvement=0.1)):
    print("loss %.4f" % train["loss"])
    if i == 5: break
net.predict(x[1000:])
"""

ADDITION = """
sys.path.insert(0, os.path.join(CHECKOUTS, "lmjohns3+downhill"))
sys.path.insert(0, os.path.join(FOLDER, ".."))
stand_in("matplotlib.pyplot", plot=None)
scope = dict(__name__="__main__", __builtins__=__builtins__)
import theanets
def itertrain(net, data, **options):
    for i, (train, _) in enumerate(net.network.itertrain(data, train_batches=20)):
        print("loss %.4f" % train["loss"])
        if i == 7: raise Stop
theanets.Experiment.train = itertrain
try:
    execute(os.path.join(FOLDER, "recurrent-addition.py"), scope)
except Stop:
    pass
"""

THOUGHTS = """
import theano
theano.config.floatX = "float32"
import cPickle, vocab
words = TEXT.split()
sentences = [" ".join(words[k:k + 5]) for k in range(12)] * 8
dictionary, counts = vocab.build_dictionary(sentences)
vocab.save_dictionary(dictionary, counts, "words.pkl")
import train
train.trainer(sentences, dim_word=8, dim=16, max_epochs=12, dispFreq=10, n_words=len(dictionary) + 2,
              maxlen_w=8, batch_size=8, saveto="toy.npz", dictionary="words.pkl", saveFreq=20)
"""

GAN = """
x, y = digits(1000)
parts = (("train", slice(700)), ("valid", slice(700, 800)), ("test", slice(800, None)))
np.savez("mnist.npz", **{key + "_" + name: all[part] for key, all in (("x", x), ("y", y)) for name, part in parts})
sys.argv = ["train_mnist_feature_matching.py"]
run_until(os.path.join(FOLDER, "train_mnist_feature_matching.py"), "Iteration ", 3, __name__="__main__")
"""

THEANET = """
x, y = digits(1000)
os.makedirs("data")
np.savez("data/digits.npz", x=x.reshape(-1, 1, 28, 28), y=y)
with open("data/digits.py", "w") as file:
    file.write("import numpy as np\\nf = np.load('data/digits.npz')\\ntraining_x, training_y = f['x'][:800],"
               " f['y'][:800]\\ntesting_x, testing_y = f['x'][800:], f['y'][800:]\\n")
with open("small.prms", "w") as file:
    file.write(repr({
        "layers": [
            ("InputLayer", {}),
            ("ConvLayer", {"num_maps": 4, "filter_sz": 5, "stride": 1, "mode": "valid", "actvn": "relu"}),
            ("PoolLayer", {"pool_sz": 2}),
            ("HiddenLayer", {"n_out": 30, "pdrop": .2, "actvn": "relu10", "reg": {"L2": .001, "maxnorm": 0}}),
            ("SoftmaxLayer", {"n_out": 10}),
        ],
        "training_params": {"BATCH_SZ": 20, "NUM_EPOCHS": 5, "TRAIN_ON_FRACTION": .75, "EPOCHS_TO_TEST": 1, "SEED": 1,
                            "TEST_SAMP_SZ": 200, "INIT_LEARNING_RATE": .1, "EPOCHS_TO_HALF_RATE": 9},
    }))
sys.argv = ["train.py", "digits", "small.prms", "1"]
path = os.path.join(FOLDER, "train.py")
execute(path, dict(__name__="__main__", __file__=path, __builtins__=__builtins__))
sys.__stdout__.write(open("small_000001.txt").read())
"""

Q_LEARNING = """
import q_network
rng = np.random.RandomState(1)
learner = q_network.DeepQLearner(12, 12, 3, 2, .9, .001, .9, .01, 0., 1., 4, 16, "linear", "deepmind_rmsprop",
                                 "mean", rng)
images = rng.randint(0, 255, (200, 3, 12, 12)).astype("uint8")
for epoch in range(6):
    costs = []
    for _ in range(60):
        rows = rng.randint(0, 200, 16)
        actions, rewards = (rows[:, None] % 3).astype("int32"), (images[rows, 1].mean(axis=(1, 2)) / 255.)[:, None]
        costs.append(learner.train(images[rows], actions, rewards, (rows[:, None] < 0).astype("int32")))
    print "loss %.5f" % np.mean(costs)
learner.choose_action(images[0, :2], .1)
"""

FRANKE = """
import theano, theano.tensor as T
theano.config.floatX = "float32"
from FrankeNet import SS_DEV_NET
import NetTrainers
x, y = digits(900)
parts = [(theano.shared(x[a:b]), theano.shared(y[a:b].astype(theano.config.floatX) + 1))
         for a, b in ((0, 500), (500, 700), (700, 900))]
sgd = {"start_rate": 0.1, "decay_rate": 0.998, "wt_norm_bound": 3.5, "epochs": 40, "batch_size": 25, "bias_noise": 0.1,
       "mlp_type": "raw", "result_tag": "x", "top_only": False}
mlp = {"layer_sizes": [784, 40, 40, 11], "dev_clones": 1, "dev_types": [1, 1, 2], "dev_lams": [0., 0., 0.],
       "dev_mix_rate": 0., "lam_l2a": 1e-3, "use_bias": 1}
net = SS_DEV_NET(rng=np.random.RandomState(1), input=T.matrix("x_in"), params=mlp)
net.is_semisupervised = 0
NetTrainers.train_mlp(NET=net, mlp_params=mlp, sgd_params=sgd, datasets=parts)
"""

SESSIONS = """
import pandas, theano
theano.config.floatX = "float32"
import gru4rec
rng = np.random.RandomState(0)
rows = [(s, (s * 3 + k) % 9, s * 100 + k) for s in range(200) for k in range(rng.randint(3, 7))]
data = pandas.DataFrame(rows, columns=["SessionId", "ItemId", "Time"])
gru4rec.GRU4Rec(loss="cross-entropy", final_act="softmax", layers=[12], n_epochs=4, batch_size=8, n_sample=0).fit(data)
"""


def python2(driver):
    """A driver that is read as Python 2, with what stops a program."""
    return EXECUTE_2 + STOPPING + driver


def python3(driver):
    """A driver of Python 3."""
    return EXECUTE_3 + STOPPING + driver


# name: the checkout, the folder in it to import from, the driver, options of symrnn.compat, what a loss stands behind
PROGRAMS = {
    "rnn-theano": ("lipiji+rnn-theano", ".", python2(CHARACTERS), PY2, r"Loss = ([\d.]+)"),
    "is13, Elman": ("mesnilgr+is13", ".", python2(SLOTS.format(form="elman")), PY2, r"cost ([\d.]+)"),
    "is13, Jordan": ("mesnilgr+is13", ".", python2(SLOTS.format(form="jordan")), PY2, r"cost ([\d.]+)"),
    "tree_rnn": ("ofirnachum+tree_rnn", ".", python2(TREES), PY2, r"iter \d+ : ([\d.]+)"),
    "ff-attention": ("craffel+ff-attention", "toy_problems", python2(ATTENTION), PY2, r"cost: ([\d.]+)"),
    "neural-turing-machines": ("shawntan+neural-turing-machines", ".", python2(TURING), PY2, r"score ([\d.]+)"),
    "ntm-lasagne": ("snipsco+ntm-lasagne", "examples", python2(TURING_LASAGNE), PY2, r"score ([\d.]+)"),
    "Variational-Autoencoder": ("y0ast+Variational-Autoencoder", ".", python3(AUTOENCODER), [],
                                r"negative bound ([\d.]+)"),
    "parmesan, VAE": ("casperkaae+parmesan", "examples", python2(PARMESAN.format(script="vae_vanilla", lines=5)), PY2,
                      r"LL Train: -([\d.]+)"),
    "theanets": ("lmjohns3+theanets", ".", python3(THEANETS), [], r"loss ([\d.]+)"),
    "theanets, addition": ("lmjohns3+theanets", "examples", python3(ADDITION), [], r"loss ([\d.]+)"),
    "skip-thoughts": ("ryankiros+skip-thoughts", "training", python2(THOUGHTS), PY2, r"Cost\s+([\d.]+)"),
    "improved-gan": ("openai+improved-gan", "mnist_svhn_cifar10", python2(GAN), PY2, r"loss_lab = (-?[\d.]+)"),
    "theanet": ("rakeshvar+theanet", ".", python3(THEANET), [], r"^\s+\d+\s+([\d.]+)\s+[\d.]+%"),
    "deep_q_rl": ("spragunr+deep_q_rl", "deep_q_rl", python2(Q_LEARNING), PY2,
                  r"loss ([\d.]+)"),
    "NN-Python": ("Philip-Bachman+NN-Python", "basic_sear", python2(FRANKE), PY2, r"t_loss=([\d.]+)"),
    "GRU4Rec": ("hidasib+GRU4Rec", ".", python3(SESSIONS), [], r"loss: ([\d.]+)"),
}  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:], PROGRAMS)
