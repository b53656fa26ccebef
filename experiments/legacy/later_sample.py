"""Train six more old programs that nobody here had read, unchanged, from copies of their repositories.

Usage: later_sample.py FOLDER [PROGRAM ...]

FOLDER holds checkouts called OWNER+NAME, as for `wider_sample`, whose preparations these drivers share: each program
runs in a process of its own by ``python -m symrnn.compat``, on data that is made here. Modules of scikit-learn that are
gone (``sklearn.cross_validation``) are stood in for; they are not Theano's.
"""

import sys

from more_programs import PY2, PY2_SINGLE, main
from wider_sample import python2, python3

FOLDS = """
class KFold:
    def __init__(self, n, n_folds=3, **options):
        n = len(n) if hasattr(n, "__len__") else n
        self.places, self.count = np.arange(n), int(n_folds)
    def __len__(self):
        return self.count
    def __iter__(self):
        for part in np.array_split(self.places, self.count):
            yield np.setdiff1d(self.places, part), part
stand_in("sklearn.cross_validation", KFold=KFold, StratifiedKFold=KFold)
"""

PARITY = """
stand_in("nltk", pos_tag=None, word_tokenize=None)
import srn_parity
srn_parity.parity(B=6, learning_rate=1e-4, epochs=40)
"""

GAUSSIAN = """
stand_in("requests"); stand_in("tqdm", tqdm=None)  # download data
import vae_theano
x, y = digits(1000)
vae = vae_theano.VariationalAutoencoder(784, [60, 10])
vae.fit((x > .5).astype(np.float32), epochs=8, batch_sz=50)
vae.prior_predictive_sample_with_probs()
vae.posterior_predictive_sample(x[:1])
"""

FEELINGS = """
sys.path.insert(0, os.path.join(FOLDER, ".."))
words = sorted(set(TEXT.split()))
with open("vectors", "w") as file:
    for word in words:
        print >>file, word, " ".join("%.3f" % one for one in np.random.uniform(-.5, .5, 20))
for name, count in (("train", 160), ("dev", 40)):
    with open(name, "w") as file:
        for _ in xrange(count):
            chosen = [random.choice(words) for _ in range(random.randint(4, 6))]
            print >>file, int("fox" in chosen), " ".join(chosen)
sys.argv = ["main.py", "--embedding", "vectors", "--train", "train", "--dev", "dev", "-d", "20", "--max_epochs", "8",
            "--layer", "{layer}", "--save", "model", "--learning_rate", "0.01", "--depth", "{depth}"]
execfile(os.path.join(FOLDER, "main.py"), {{"__name__": "__main__"}})
"""

CAPTIONS = (
    FOLDS
    + """
import cPickle, scipy.sparse
words = sorted(set(TEXT.split()))
rng = np.random.RandomState(0)
for name, count in (("train", 60), ("dev", 16), ("test", 16)):
    kinds = rng.randint(0, 4, count)
    features = np.zeros((count, 14 * 14 * 512), "float32")
    features[np.arange(count), kinds] = 5.
    captions = [(" ".join(words[kind:kind + 5]), i) for i, kind in enumerate(kinds)]
    with open("flicker_8k_align.%s.pkl" % name, "wb") as file:
        cPickle.dump(captions, file); cPickle.dump(scipy.sparse.csr_matrix(features), file)
cPickle.dump(dict((word, i + 2) for i, word in enumerate(words)), open("dictionary.pkl", "wb"))
import capgen
capgen.train(dim_word=8, dim=12, attn_type="{attention}", n_words=len(words) + 2, maxlen=10, optimizer="adam",
             lrate=.01, batch_size=10, valid_batch_size=8, max_epochs=8, dispFreq=6, validFreq=20, sampleFreq=24,
             saveFreq=40, saveto="toy.npz", dataset="flickr8k", prev2out=True, ctx2out=True, selector=True,
             use_dropout=True)
"""
)

ESTIMATOR = (
    FOLDS
    + """
stand_in("tabulate", tabulate=lambda rows, *args, **options: "\\n".join(map(str, rows)))
from lasagne import layers
from lasagne.updates import nesterov_momentum
from nolearn.lasagne import NeuralNet
x, y = digits(700)
net = NeuralNet(layers=[("input", layers.InputLayer), ("conv", layers.Conv2DLayer), ("pool", layers.MaxPool2DLayer),
                        ("hidden", layers.DenseLayer), ("output", layers.DenseLayer)],
                input_shape=(None, 1, 28, 28), conv_num_filters=6, conv_filter_size=(5, 5), pool_pool_size=(2, 2),
                hidden_num_units=40, output_num_units=10,
                output_nonlinearity=__import__("lasagne").nonlinearities.softmax,
                update=nesterov_momentum, update_learning_rate=.02, update_momentum=.9, max_epochs=6, verbose=0)
net.fit(x.reshape(-1, 1, 28, 28), y.astype(np.int32))
for row in net.train_history_:
    print("loss %.4f" % row["train_loss"])
net.predict(x[:5].reshape(-1, 1, 28, 28))
net.save_params_to("weights.pkl")
"""
)

TRANSITIONS = """
stand_in("tables")
sys.path.insert(0, os.path.join(FOLDER, ".."))
letters = np.array(sorted(set(TEXT)))
places = dict((letter, i) for i, letter in enumerate(letters))
text = np.array([places[letter] for letter in TEXT * 60])
np.savez("text.npz", train_chars=text, valid_chars=text[:400], test_chars=text[:400], n_chars=len(letters))
np.savez("letters.npz", unique_chars=letters)
real = np.load
np.load = lambda path, **options: real("letters.npz" if "dictionaries" in path else "text.npz", **options)
run_until(os.path.join(FOLDER, "DT_RNN_Tut.py"), "cost", 5, __name__="__main__")
"""

# name: the checkout, the folder in it to import from, the driver, options of symrnn.compat, what a loss stands behind
PROGRAMS = {
    "machine_learning_examples, parity": ("lazyprogrammer+machine_learning_examples", "rnn_class", python3(PARITY), [],
                                          r"cost: ([\d.]+)"),
    "machine_learning_examples, VAE": ("lazyprogrammer+machine_learning_examples", "unsupervised_class3",
                                       python3(GAUSSIAN), [], r"cost: -([\d.]+)"),
    "rcnn": ("taolei87+rcnn", "code/sentiment", python2(FEELINGS.format(layer="rcnn", depth=1)), PY2, r"loss=([\d.]+)"),
    "rcnn, StrCNN": ("taolei87+rcnn", "code/sentiment", python2(FEELINGS.format(layer="strcnn", depth=2)), PY2,
                     r"loss=([\d.]+)"),
    "arctic-captions": ("kelvinxu+arctic-captions", ".", python2(CAPTIONS.format(attention="deterministic")),
                        PY2_SINGLE, r"Cost\s+([\d.]+)"),
    "arctic-captions, hard": ("kelvinxu+arctic-captions", ".", python2(CAPTIONS.format(attention="stochastic")),
                              PY2_SINGLE, r"Cost\s+([\d.]+)"),
    "nolearn": ("dnouri+nolearn", ".", python3(ESTIMATOR), [], r"loss ([\d.]+)"),
    "GroundHog": ("lisa-groundhog+GroundHog", "tutorials", python2(TRANSITIONS), PY2_SINGLE, r"cost\s+([\d.]+)"),
}  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:], PROGRAMS)
