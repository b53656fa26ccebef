"""Old programs in processes of their own."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "experiments" / "legacy" / "nesterov_bilstm.py"


NATIVE = {"PYTENSOR_FLAGS": ""}  # no linker is named: the mode that old programs start in


def run(*arguments, folder, **environment):
    environment = (
        os.environ | {"PYTHONPATH": str(ROOT), "PYTENSOR_FLAGS": "linker=py,cxx="} | environment
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_process_that_did_not_ask_has_no_theano(tmp_path):
    probe = """
        import sys, symrnn.lasagne, symrnn.compat
        assert not any(name.partition(".")[0] in ("theano", "lasagne") for name in sys.modules)
        try:
            import theano
        except ImportError:
            print("none")
    """
    assert run("-c", textwrap.dedent(probe), folder=tmp_path) == (0, "none\n", "")


def test_importing_compat_imports_nothing_heavy(tmp_path):
    probe = "import sys, symrnn.compat; print('pytensor' in sys.modules, 'numpy' in sys.modules)"
    assert run("-c", probe, folder=tmp_path)[1] == "False False\n"


def test_flags_arguments_and_modules_reach_the_program(tmp_path):
    (tmp_path / "part.py").write_text("import numpy as np\nvalue = np.float(7 / 2)\n")
    (tmp_path / "old.py").write_text(
        "import sys, theano, part\nprint sys.argv[1:], theano.config.floatX, part.value, __name__, xrange(2)[1]\n"
    )
    flags = {"THEANO_FLAGS": "floatX=float32,device=gpu"}
    code, out, err = run(
        "-m", "symrnn.compat", "--py2", "old.py", "-x", "1", folder=tmp_path, **flags
    )
    assert (code, out) == (0, "['-x', '1'] float32 3.0 __main__ 1\n"), err
    assert not list(tmp_path.rglob("*.pyc"))
    code, out, _ = run("-m", "symrnn.compat", "--py2", "-m", "old", "a", folder=tmp_path, **flags)
    assert (code, out) == (0, "['a'] float32 3.0 __main__ 1\n")


def test_a_python_2_program_without_the_flag_is_told_so(tmp_path):
    (tmp_path / "old.py").write_text("x = 1\nprint x\n")
    code, _, err = run("-m", "symrnn.compat", "old.py", folder=tmp_path)
    assert code == 1
    assert "old.py, line 2" in err
    assert "--py2" in err
    assert "Traceback" not in err


def test_a_file_that_is_not_there_is_named(tmp_path):
    code, _, err = run("-m", "symrnn.compat", "nothing.py", folder=tmp_path)
    assert (code, err.strip()) == (
        1,
        "symrnn.compat: nothing.py is not a file; name a script, or a module with -m",
    )


def test_old_test_suites_run_under_pytest(tmp_path):
    (tmp_path / "test_old.py").write_text(
        "import numpy as np, theano.tensor as T, lasagne\n"
        "def test_list_index():\n"
        "    index = [slice(None), 0]\n"
        "    assert np.ones((2, 3))[index].shape == (2,)\n"
        "def test_layer():\n"
        "    assert lasagne.layers.DenseLayer((None, 3), 2).output_shape == (None, 2)\n"
    )
    code, out, _ = run(
        "-m",
        "symrnn.compat",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "test_old.py",
        folder=tmp_path,
    )
    assert code == 0, out
    assert "2 passed" in out


PACKAGE = {
    "run.py": """
        import csv, cPickle, gzip, itertools, pickle, string, time, urllib
        import pack.a
        reload(pack.a)
        print pack.a.sibling.value, pack.a.random.value, pack.a.absolute.is_library
        d = {'n': 1}
        cPickle.dump(d, open('text.pkl', 'w'))
        print cPickle.load(open('text.pkl')), pickle.load(open('text.pkl', 'rb')).has_key('n')
        writer = csv.writer(open('rows.csv', 'wb')); writer.writerow(['a', 1]); del writer
        print list(csv.reader(open('rows.csv', 'rb')))
        with open('bytes', 'wb') as f:
            f.write('\\xc3\\xa9 ab\\n')
        first = open('bytes', 'rb').read()
        print len(first), first[3] == 'a', first.split(' ')[1] == 'ab\\n', 'ab' in first, ord(first[0])
        print len(open('bytes').read()), len(open('bytes', 'rU').readline().decode('utf-8'))
        with gzip.open('words.gz', 'wb') as f:
            f.write('one two\\n')
        f = gzip.open('words.gz')
        print [word in {'one': 1, 'two': 2} for word in f.readline().split()], f.readline() == ''
        print string.letters[:2], string.maketrans('a', 'b')[97], urllib.quote('a b'), list(itertools.imap(abs, [-1]))
    """,
    "pack/__init__.py": "",
    "pack/a.py": "import sibling, random\nimport absolute\n",
    "pack/sibling.py": "value = 7 / 2\n",
    "pack/random.py": "value = 'ours'\n",
    "pack/absolute.py": "from __future__ import absolute_import\n"
    "import random\nis_library = hasattr(random, 'shuffle')\n",
}


def test_python_2_packages_find_their_siblings_files_and_library(tmp_path):
    (tmp_path / "pack").mkdir()
    for name, source in PACKAGE.items():
        (tmp_path / name).write_text(textwrap.dedent(source))
    code, out, err = run("-m", "symrnn.compat", "--py2", "run.py", folder=tmp_path)
    assert code == 0, err
    assert out.splitlines() == [
        "3 ours True",
        "{'n': 1} True",
        "[['a', '1']]",
        "6 True True True 195",
        "6 5",
        "[True, True] True",
        "ab b a%20b [1]",
    ]


OLD_TESTS = {
    "conftest.py": "import pytest\nprint 'in Python 2'\n@pytest.fixture\ndef seven():\n    return 7\n",
    "test_two.py": """
        import helpers
        class TestHalf:
            def setup(self):
                self.n = 1
            def test_half(self, seven):
                assert helpers.half(seven) == seven / 2 == 3
                assert self.n == xrange(2)[1]
        def check(n):
            assert n < 3
        def test_yields():
            for n in range(3):
                yield check, n
        def test_yields_a_failure():
            yield check, 1
            yield check, 4
    """,
    "helpers.py": "def half(n):\n    return n / 2\n",
}


def test_test_files_and_conftests_are_read_as_python_2(tmp_path):
    for name, source in OLD_TESTS.items():
        (tmp_path / name).write_text(textwrap.dedent(source))
    code, out, _ = run("-m", "symrnn.compat", "--py2", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                       "-c", os.devnull, "--rootdir", ".", "test_two.py", folder=tmp_path)  # fmt: skip
    assert code == 1, out
    assert "2 passed" in out
    assert "assert 4 < 3" in out
    assert not list(tmp_path.rglob("*.pyc"))


def test_suites_of_a_checkout_are_found_beside_our_modules(tmp_path):
    tests = tmp_path / "theano" / "tensor" / "tests"
    tests.mkdir(parents=True)
    for folder in (tests, tests.parent, tests.parent.parent):
        (folder / "__init__.py").write_text("")
    (tests / "test_one.py").write_text("from nose.tools import assert_equal\nfrom theano import tensor\n"
                                       "def tool():\n    return tensor.__name__\n")  # fmt: skip
    (tests / "test_two.py").write_text("from theano.tensor.tests.test_one import tool\ndef test_name():\n"
                                       "    assert tool() == 'symrnn.compat.theano.tensor'\n")  # fmt: skip
    code, out, _ = run("-m", "symrnn.compat", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
                       "--rootdir", ".", str(tests / "test_two.py"), folder=tmp_path)  # fmt: skip
    assert code == 0, out
    assert "1 passed" in out


@pytest.mark.slow
def test_the_old_nesterov_program_trains_unchanged(tmp_path):
    code, out, err = run("-m", "symrnn.compat", str(SCRIPT), "1", folder=tmp_path, **NATIVE)
    assert code == 0, err
    found = json.loads(out)
    assert found["last_loss"] < found["first_loss"]


@pytest.mark.slow
def test_an_old_convolutional_program_trains_unchanged(tmp_path):
    (tmp_path / "digits.py").write_text(textwrap.dedent(CONVOLUTIONAL))
    code, out, err = run(
        *("-m", "symrnn.compat", "--py2", "digits.py"),
        folder=tmp_path,
        THEANO_FLAGS="floatX=float32",
        **NATIVE,
    )
    assert code == 0, err
    first, last, accuracy = map(float, out.split())
    assert last < first
    assert accuracy > 0.3


CONVOLUTIONAL = """
    # a program in the manner of 2015
    import numpy as np, theano, theano.tensor as T, lasagne
    from lasagne.layers.dnn import Conv2DDNNLayer as ConvLayer
    from sklearn.datasets import load_digits

    x, y = T.tensor4("x"), T.ivector("y")
    net = lasagne.layers.InputLayer((None, 1, 8, 8), x)
    net = lasagne.layers.batch_norm(ConvLayer(net, 8, 3, pad="same"))
    net = lasagne.layers.MaxPool2DLayer(net, 2)
    net = lasagne.layers.DenseLayer(lasagne.layers.dropout(net, p=.2), 10, nonlinearity=lasagne.nonlinearities.softmax)
    loss = lasagne.objectives.categorical_crossentropy(lasagne.layers.get_output(net), y).mean()
    params = lasagne.layers.get_all_params(net, trainable=True)
    updates = lasagne.updates.nesterov_momentum(loss, params, 0.1)
    train = theano.function([x, y], loss, updates=updates)
    right = T.eq(T.argmax(lasagne.layers.get_output(net, deterministic=True), axis=1), y)
    test = theano.function([x, y], T.mean(right, dtype=theano.config.floatX))
    digits = load_digits()
    images = (digits.images[:, None] / 16.).astype(theano.config.floatX)
    targets = digits.target.astype("int32")
    losses = [train(images[i:i + 100], targets[i:i + 100]) for i in xrange(0, 1500, 100)]
    print losses[0], losses[-1], test(images[1500:], targets[1500:])
"""
