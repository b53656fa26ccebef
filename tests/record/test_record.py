"""Every function that a program compiles is on the page, whoever asked for it and however the program ended."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from click.testing import CliRunner
from helpers import SameType, assert_elements_are_closed_in_order

import symrnn.native
from symrnn.commands.cli import cli
from symrnn.measure.ledger import FUNCTION
from symrnn.native import object_cache, warm
from symrnn.record.compiled import PHASES, Compiled, compiled_in
from symrnn.record.page import overview, page, summary, write_page
from symrnn.record.recorder import Recorder

assert symrnn.native
x = pt.vector("x")


@pytest.fixture
def recorder(tmp_path):
    found = Recorder(tmp_path)
    found.install()
    with found.stack, warm.turned_off():
        yield found


def asked_for(mode, name=None):
    return pytensor.function([x], pt.exp(x * 2).sum(), mode=mode, name=name)  # the line


def test_a_function_has_its_line_phases_sizes_and_nodes(recorder, tmp_path):
    function = asked_for("NATIVE", "energy")
    assert [each.is_called for each in compiled_in(tmp_path)] == [False]
    assert function([1.0]) == pytest.approx(np.exp(2))
    function([1.0])
    (found,) = compiled_in(tmp_path)
    assert (found.name, found.mode, found.is_linked, found.is_called) == (
        "energy",
        "NATIVE",
        True,
        True,
    )
    assert found.where.startswith("test_record.py:")
    assert found.text.endswith("# the line")
    assert set(found.phases_s) == set(PHASES)
    assert found.seconds >= 0.95 * sum(found.phases_s.values()) > 0
    assert found.seconds <= found.wall_s
    assert (found.nodes_before, found.size["nodes"]) == (4, 3)
    assert {node["op"] for node in found.attribution["nodes"]} >= {"Sum{Add}"}
    assert found.peak_rss_bytes > 0


def test_what_native_mode_compiles_and_takes_from_the_disk_is_counted(
    recorder, tmp_path, monkeypatch
):
    """Its modules were no events: the page said that nothing was compiled and nothing kept."""
    monkeypatch.setattr(object_cache, "folder", lambda: tmp_path / "native")
    for _ in range(2):
        asked_for("NATIVE")([1.0])
    first, second = compiled_in(tmp_path)
    assert (first.events["native"], first.events["native_loaded"]) == (1, 0)
    assert (second.events["native"], second.events["native_loaded"]) == (0, 1)
    assert first.cache == "1 module compiled, none like them was kept"
    assert second.cache == "1 taken from the disk"
    assert [row[-3:] for row in overview([first, second]).rows] == [
        ("1", "0", "1"),
        ("0", "1", "0"),
    ]


def test_the_machine_is_the_functions_own_again_after_its_first_call(recorder):
    function = asked_for("FAST_COMPILE")
    assert type(function.vm).__name__ == "FirstCall"
    assert function.vm.storage_map
    function.vm.allow_gc = False
    function([1.0])
    assert type(function.vm).__name__ != "FirstCall"
    assert function.vm.allow_gc is False


def test_bodies_of_scans_are_part_of_their_function(recorder, tmp_path):
    hs = pytensor.scan(lambda x, h: x + h, x, outputs_info=[pt.zeros(())], return_updates=False)
    pytensor.function([x], hs, mode="FAST_COMPILE")([1.0, 2.0])
    (found,) = compiled_in(tmp_path)
    assert found.size["scans"] == 1


def test_a_function_that_cannot_be_made_is_recorded_as_far_as_it_came(recorder, tmp_path):
    y = pt.vector("y")
    with pytest.raises(Exception, match="y"):
        pytensor.function([x], x + y, mode="FAST_COMPILE")
    found = compiled_in(tmp_path)
    assert [each.is_linked for each in found] == [False]
    assert any("was not finished" in said for said in summary(found))
    asked_for("FAST_COMPILE")  # the next one is a function of its own
    assert [each.is_linked for each in compiled_in(tmp_path)] == [False, True]


def test_a_line_that_was_cut_short_is_left_out(recorder, tmp_path):
    asked_for("FAST_COMPILE")
    (path,) = tmp_path.glob("functions-*.jsonl")
    path.write_text(path.read_text() + '{"number": 9, "na')
    assert len(compiled_in(tmp_path)) == 1


def function(number=1, line=3, seconds=1.0, **changed):
    """A function as a folder tells it."""
    values = {
        "process": 7,
        "number": number,
        "name": "",
        "mode": "NUMBA",
        "asked": (("/home/train.py", line, "f = function(<script>)"),),
        "phases_s": {"clone": 0.0, "rewrite": 0.25 * seconds, "first_call": 0.75 * seconds},
        "wall_s": 2 * seconds,
        "events": {},
        "cache": "3 functions compiled, none like them was kept",
        "nodes_before": 5,
        "size": {"nodes": 4, "scans": 1},
        "rss_bytes": 10**6,
        "peak_rss_bytes": 10**8,
        "is_linked": True,
    }
    return Compiled(**values | changed)


def test_the_summary_has_the_total_the_shares_and_the_line_that_asks_again():
    told = summary([function(i, seconds=s) for i, s in enumerate([1.0, 2.0, 1.0])])
    assert told == [
        "3 functions took 4.00 s to compile: 25 % rewrite, 75 % first call.",
        "The dearest took 2.00 s, asked for at train.py:3.",
        "train.py:3 asked for 3 functions of one size, 4.00 s: what differs between them could be an input, or shared.",
    ]
    different = [function(i, nodes_before=i) for i in range(3)]  # a loop over networks
    assert not any("asked for" in sentence for sentence in summary(different)[2:])
    assert len(summary([function(1, 3), function(2, 4)])) == 2
    assert summary([]) == ["No function was compiled."]


def test_installed_packages_are_named_where_nobody_else_asked():
    library = ("/env/site-packages/pymc/model.py", 9, "")
    assert function(asked=(library, ("/home/train.py", 4, ""))).where == "train.py:4"
    assert function(asked=(library,)).where == "pymc/model.py:9"
    assert function(asked=()).where == "?:0"


def test_what_a_program_says_is_shown_and_not_obeyed():
    made = page([function()])
    assert "<script>" not in made
    assert "f = function(&lt;script&gt;)" in made
    assert re.findall(r'(?:src|href)\s*=\s*["\']?([^"\'>\s]+)', made) == []


def test_elements_of_the_page_are_closed_in_order():
    assert_elements_are_closed_in_order(page([function(1), function(2)]))


# whole programs

PROGRAM = """
import os, sys
import pytensor, pytensor.tensor as pt
x = pt.vector("x")
pytensor.function([x], x * 2, mode="FAST_COMPILE")([1.0])
print("argument", sys.argv[1])
if sys.argv[1] == "fail":
    raise ValueError("no such thing")
if sys.argv[1] == "abort":
    os.abort()
"""
ENDINGS = {"pass": 0, "fail": 1, "abort": 134}


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_leaves_its_page_however_it_ends(ending, tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    root = str(Path(symrnn.__file__).parents[1])
    command = [sys.executable, "-m", "symrnn", "record", "--out", "out", "train.py", ending]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == ENDINGS[ending]
    assert f"argument {ending}" in ended.stdout
    assert "1 function took" in ended.stderr
    assert "train.py:5" in (tmp_path / "out" / "compiled.html").read_text()
    again = CliRunner().invoke(
        cli, ["record", "--out", str(tmp_path / "out"), str(tmp_path / "train.py")]
    )
    assert again.exit_code == 2
    assert "must be a new folder" in again.stderr


@pytest.mark.slow
def test_the_environment_is_enough_for_a_notebook_and_flags_may_still_be_set(tmp_path):
    code = (
        "import symrnn, sys, os; assert 'pytensor' not in sys.modules;"
        "os.environ['PYTENSOR_FLAGS'] = 'floatX=float32';"
        "import pytensor, pytensor.tensor as pt; x = pt.vector('x'); assert x.dtype == 'float32';"
        "pytensor.function([x], x + 1, mode='FAST_COMPILE')"
    )
    root = str(Path(symrnn.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": root, "SYMRNN_RECORD": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    (found,) = compiled_in(tmp_path)
    assert (found.is_linked, found.is_called) == (True, False)
    assert (tmp_path / "compiled.html").is_file()


def test_the_page_of_a_folder_is_written_into_it(recorder, tmp_path):
    asked_for("FAST_COMPILE")
    assert write_page(tmp_path) == tmp_path / "compiled.html"
    assert "1 function took" in (tmp_path / "compiled.html").read_text()
    (path,) = tmp_path.glob("functions-*.jsonl")
    assert {json.loads(line)["process"] for line in path.read_text().splitlines()} == {os.getpid()}


CUT = (
    "const first = document.querySelector('.wide');"
    "document.title = (innerWidth > 1300 && first.scrollWidth > first.clientWidth ? 'cut table ' : '')"
    " + 'cut ' + (document.documentElement.scrollWidth > innerWidth) + ' '"
    " + getComputedStyle(document.body).backgroundColor"
)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium")
@pytest.mark.parametrize("width", [375, 1400])
@pytest.mark.parametrize("is_dark", [False, True])
def test_the_page_reads_on_a_telephone_and_on_a_screen(width, is_dark, tmp_path):
    asked = (("/a/very/long/path" * 9 + "/train.py", 3, "f = function(" + "long_name, " * 40),)
    mode = "NumbaLinker +fast_run +local_check_parameter_to_ninf_switch +random_make_inplace"
    made = page([function(i, asked=asked, mode=mode, cache="kept " * 60) for i in range(3)])
    path = tmp_path / "page.html"
    path.write_text(made.replace("</body>", f"<script>{CUT}</script></body>"))
    dark = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if is_dark else []
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", *dark]
    command = ["chromium", *options, f"--window-size={width},900"]
    command += [f"--user-data-dir={tmp_path}", path.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    colour = "rgb(22, 22, 22)" if is_dark else "rgb(255, 255, 255)"
    assert f"<title>cut false {colour}</title>" in shown


@pytest.mark.parametrize(("in_linking", "in_the_call"), [(3600, 0), (3600, 7200)])
def test_the_first_call_has_what_was_compiled_in_it(recorder, tmp_path, in_linking, in_the_call):
    class Compiling(SameType):
        def perform(self, node, inputs, outputs):
            seconds[FUNCTION, "c"] += in_the_call
            outputs[0][0] = inputs[0] * 2

    function = pytensor.function([x], Compiling()(x), mode="FAST_COMPILE")
    seconds = vars(function.vm)["asked"].ledger.seconds
    seconds[FUNCTION, "c"] += in_linking
    function([1.0])
    (found,) = compiled_in(tmp_path)
    assert found.is_called
    assert (found.phases_s["first_call"] > 0) == (in_the_call > 0)


FOUND_OTHERWISE = """
import sys
from importlib.machinery import PathFinder

def finder(is_mine, find=PathFinder.find_spec):
    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            return find(name, path, target) if is_mine(name) else None
    return Finder

sys.meta_path.append(finder(lambda name: name == "pytensor"))  # such as an editable install puts there
PathFinder.find_spec = finder(lambda name: name != "pytensor").find_spec
from symrnn.record.hook import start
start(sys.argv[1])
import pytensor
from pytensor.compile.maker import FunctionMaker
assert type(pytensor.__spec__.loader).__name__ == "SourceFileLoader"
assert hasattr(FunctionMaker.create, "__wrapped__")
"""


@pytest.mark.slow
def test_pytensor_that_another_finder_finds_is_recorded(tmp_path):
    root = str(Path(symrnn.__file__).parents[1])
    ended = subprocess.run(
        [sys.executable, "-c", FOUND_OTHERWISE, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


MOVED = """
import sys
import symrnn.record
symrnn.record.start("never")
is_late = sys.argv[1] == "late"
if is_late:
    import pytensor
symrnn.record.start("first")
import pytensor, pytensor.tensor as pt
x = pt.vector("x")
f = pytensor.function([x], x * 2, mode="FAST_COMPILE", name="one")
symrnn.record.start("second")
f([1.0])
pytensor.function([x], x * 3, mode="FAST_COMPILE", name="two")([1.0])
symrnn.record.start("first")
pytensor.function([x], x * 4, mode="FAST_COMPILE", name="three")
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["early", "late"])
@pytest.mark.parametrize("is_waited_for", [False, True], ids=["alone", "recorded"])
def test_a_second_folder_takes_over_from_the_first(when, is_waited_for, tmp_path):
    """It was left empty where PyTensor came later, and filled beside the first, twice, where PyTensor was there."""
    (tmp_path / "train.py").write_text(MOVED)
    root = str(Path(symrnn.__file__).parents[1])
    recording = ["-m", "symrnn", "record"] if is_waited_for else []
    subprocess.run(
        [sys.executable, *recording, "train.py", when],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        check=True,
        capture_output=True,
    )
    found = {
        name: [(each.number, each.name, each.is_called) for each in compiled_in(tmp_path / name)]
        for name in ("first", "second")
    }
    # Each to the end where it began: the first call of `one` came when `second` was recorded into.
    assert found == {
        "first": [(1, "one", True), (2, "three", False)],
        "second": [(1, "two", True)],
    }
    for name, count in (("first", "2 functions"), ("second", "1 function")):
        assert f"{count} took" in (tmp_path / name / "compiled.html").read_text()
    assert (tmp_path / "recorded" / "compiled.html").is_file() == is_waited_for
