"""Parameter files: what is saved comes back; what could run code does not."""

import os
import pickle

import numpy as np
import pytest

from symrnn.errors import UserError
from symrnn.lasagne import layers, param_files


def network():
    return layers.DenseLayer(layers.DenseLayer((None, 3), 4), 2)


def test_saved_parameters_come_back(tmp_path):
    one, other = network(), network()
    param_files.save_params(tmp_path / "p.npz", one)
    param_files.load_params(tmp_path / "p.npz", other)
    for a, b in zip(
        layers.get_all_param_values(one), layers.get_all_param_values(other), strict=True
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("protocol", range(5))
def test_pickles_of_arrays_are_read(tmp_path, protocol):
    values = {
        "param values": [np.arange(3.0), np.ones((2, 2), "float32"), np.float32(1)],
        "model name": "vgg",
    }
    (tmp_path / "p.pkl").write_bytes(pickle.dumps(values, protocol))
    found = param_files.read_param_pickle(tmp_path / "p.pkl")
    np.testing.assert_array_equal(found["param values"][1], np.ones((2, 2)))
    assert found["model name"] == "vgg"


class Harmful:
    def __reduce__(self):
        return os.system, ("echo never",)


@pytest.mark.parametrize(
    "value", [Harmful(), [np.ones(2), Harmful()], np.array([Harmful()], dtype=object), eval]
)
def test_anything_else_is_refused_and_not_run(tmp_path, value, capfd):
    (tmp_path / "p.pkl").write_bytes(pickle.dumps(value))
    with pytest.raises(UserError, match="only NumPy arrays"):
        param_files.read_param_pickle(tmp_path / "p.pkl")
    assert "never" not in capfd.readouterr().out


def test_files_of_another_network_are_refused(tmp_path):
    param_files.save_params(tmp_path / "p.npz", layers.DenseLayer((None, 3), 4))
    with pytest.raises(UserError, match="must hold 4 arrays"):
        param_files.load_params(tmp_path / "p.npz", network())
    np.savez(tmp_path / "q.npz", w=np.ones(2))
    with pytest.raises(UserError, match="arr_0"):
        param_files.read_params(tmp_path / "q.npz")
    (tmp_path / "r.pkl").write_bytes(b"no pickle")
    with pytest.raises(UserError, match="not a pickle"):
        param_files.read_param_pickle(tmp_path / "r.pkl")
