"""Names of files, inputs and weights never take the place of what a program calls."""

import ast

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from export.test_python_files import assert_agrees, ran

from symrnn.export import export_python

RNG = np.random.default_rng(0)
X = pt.matrix("x", dtype="float32")
VALUES = RNG.normal(size=(5, 2)).astype("float32")


def drawn(name, *shape):
    return pytensor.shared(RNG.normal(size=shape).astype("float32"), name=name, shape=shape)


def layer(xs="xs", w="w", activation=pt.tanh):
    """A recurrent layer whose input and whose weight are called so."""
    xs = pt.tensor(xs, dtype="float32", shape=(None, None, 3))
    w_x, w_h = drawn(w, 3, 4), drawn("w_h", 4, 4)
    start = pt.zeros((xs.shape[1], 4), dtype="float32")
    hs = pytensor.scan(lambda x, h: activation(x @ w_x + h @ w_h), xs, start, return_updates=False)
    return [xs], [hs]


def written(outputs, name="network"):
    """The text of a PyTorch module."""
    return export_python([X], outputs, library="torch", name=name)[0]


def names_of(text, kind):
    return [node.name for node in ast.parse(text).body if isinstance(node, kind)]


@pytest.mark.parametrize("name", ["rnn", "lstm", "my_net", "sigmoid"])
def test_a_file_is_called_as_its_layer_or_its_activation_is(name, tmp_path):
    assert_agrees(tmp_path / f"{name}.py", "numpy", *layer(activation=pt.sigmoid))


FILES = {  # a file's name, which is one that Python or the file itself has a use for: the function that it offers
    "softmax": "softmax",
    "relu": "relu",
    "erf": "erf",
    "max_pooled": "max_pooled",
    "range": "range_",
    "np": "np_",
    "lambda": "lambda_",
}


@pytest.mark.parametrize("name", FILES)
def test_a_function_is_called_as_its_file_is(name, tmp_path):
    path = tmp_path / f"{name}.py"
    output = pt.special.softmax(pt.maximum(X, 0) + pt.erf(X), axis=1)
    export_python([X], output, path)
    scope = {"__file__": str(path)}
    exec(path.read_text(), scope)
    found = scope[FILES[name]](VALUES)
    expected = pytensor.function([X], output, mode="FAST_COMPILE")(VALUES)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["rnn", "range", "reversed", "len", "np", "sigmoid", "weights"])
def test_inputs_and_weights_hide_nothing_of_numpys_file(name, tmp_path):
    assert_agrees(tmp_path / "one.py", "numpy", *layer(xs=name))
    assert_agrees(tmp_path / "two.py", "numpy", *layer(w=name, activation=pt.sigmoid))


def test_a_class_does_not_hide_what_finds_its_weights():
    for name in ("path", "f"):
        text = written([X @ drawn("w", 3, 4)], name)
        assert names_of(text, ast.ClassDef) == [f"{name.capitalize()}_"]


@pytest.mark.parametrize("name", ["train", "eval", "float", "load_state_dict", "forward"])
def test_a_weight_hides_nothing_of_a_module(name):
    text = written([X @ drawn(name, 3, 4)])
    assert f"self.{name}_ = nn.Parameter" in text
    assert f"self.{name} =" not in text


def test_the_same_weights_in_other_windows_are_another_module():
    xs, w = pt.tensor("xs", dtype="float32", shape=(10, 2, 2)), drawn("w", 4, 3)
    apart = [pt.concatenate([xs[: 10 - d], xs[d:]], axis=2) @ w for d in (1, 2, 1)]
    text, weights = export_python([xs], apart[:2], library="torch")
    assert text.count("nn.Conv1d(") == 2
    assert text.count("nn.Conv1d(2, 3, 2, bias=False)") == 1
    assert text.count("nn.Conv1d(2, 3, 2, dilation=2, bias=False)") == 1
    assert len(weights) == 2
    text, weights = export_python([xs], [apart[0], 2 * apart[2]], library="torch")
    assert text.count("nn.Conv1d(") == len(weights) == 1


SPELLED = {  # what is computed: what the module says
    "eight bits": (X.astype("int8"), "x.to(torch.int8)"),
    "the lowest number": (pt.alloc(np.float32(-np.inf), X.shape[0], 3), "-torch.inf)"),
    "more than the lowest number": (pt.maximum(X, np.float32(-np.inf)), "clamp(min=-torch.inf)"),
    "a product of all": (pt.prod(X), "x.prod(1).prod(0)"),
    "truths of all": ((X > 0).all(), "(x > 0.0).all(1).all(0)"),
    "a length as a float": (
        X * pt.cast(X.shape[0], "float32"),
        "torch.tensor(x.shape[0], dtype=torch.float32)",
    ),
    "the lesser of two lengths": (X[: pt.minimum(X.shape[0], X.shape[1])], "min(x.shape[0], "),
    "a matrix of one number": (X @ np.ones((1, 1), "float32"), "x @ torch.full((1, 1), 1.0)"),
}


@pytest.mark.parametrize("case", SPELLED)
def test_what_pytorch_spells_otherwise_is_spelled_so(case):
    output, expected = SPELLED[case]
    assert expected in written([output])


def test_what_a_module_calls_is_imported():
    text = written([pt.set_subtensor(X[0], 0.0)])
    assert "np.s_[" in text
    assert "import numpy as np\n" in text
    assert "Path" not in text


ONE = np.full((1, 1), 1.5, "float32")
NUMBERS = {
    "a product with a matrix of one number": X[:, :1] @ ONE,
    "a join with one number": pt.concatenate([X[0], ONE[0]]),
    "a sum with a number of more axes": X[0] + ONE,
    "a number put into a part": pt.set_subtensor(X[:1, :1], ONE),
    "a length as a float": X * pt.cast(X.shape[0], "float32"),
    "the root of a length": X / pt.sqrt(pt.cast(X.shape[1], "float32")),
    "whether there are two": pt.switch(~pt.cast(X.shape[0] - 2, "bool"), X, -X),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_one_number_keeps_its_axes_and_its_kind(case, tmp_path):
    values = [RNG.normal(size=(5, 2)).astype("float32")]
    export_python([X], NUMBERS[case], tmp_path / "written.py")
    [expected] = pytensor.function([X], [NUMBERS[case]], mode="FAST_COMPILE")(*values)
    [found] = ran(tmp_path / "written.py", "numpy", values)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6)
