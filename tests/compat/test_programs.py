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


@pytest.mark.slow
def test_the_old_nesterov_program_trains_unchanged(tmp_path):
    code, out, err = run("-m", "symrnn.compat", str(SCRIPT), "1", folder=tmp_path)
    assert code == 0, err
    found = json.loads(out)
    assert found["last_loss"] < found["first_loss"]


@pytest.mark.slow
def test_an_old_convolutional_program_trains_unchanged(tmp_path):
    (tmp_path / "digits.py").write_text(textwrap.dedent(CONVOLUTIONAL))
    code, out, err = run(
        "-m", "symrnn.compat", "--py2", "digits.py", folder=tmp_path, THEANO_FLAGS="floatX=float32"
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
