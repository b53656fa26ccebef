"""What a trained network says is printed, whatever characters it has."""

from types import SimpleNamespace

from click.testing import CliRunner

from symrnn.commands import predict as module
from symrnn.commands.predict import predict


def test_a_word_that_is_no_utf8_is_printed_by_its_code(monkeypatch):
    recipe = SimpleNamespace(predict=lambda network, words, path: iter(words))
    monkeypatch.setattr(module, "trained_network", lambda *_: (recipe, None, None))
    done = CliRunner().invoke(predict, ["mine", "naïve\t", "a\udcff", "--checkpoint", "mine.npz"])
    assert done.output == "naïve\t\na\\udcff\n"
    assert done.exit_code == 0
