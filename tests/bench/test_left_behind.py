"""What is left of processes that ended: folders in the way, answers in a pipe, names of signals, times in turn."""

import os
import shutil
import sys
import tempfile
import time

import pytest

from symrnn.bench import in_turns as turns
from symrnn.bench import records, repeated
from symrnn.bench.child import Child, excerpt, signal_text
from symrnn.bench.in_turns import against_hand, in_turns
from symrnn.bench.records import Job, Record, append_record, load_records, set_aside
from symrnn.bench.repeated import Repeated
from symrnn.bench.runner import remove_abandoned
from symrnn.bench.stats import compare_samples
from symrnn.errors import JobError, UserError

DAY_S = 86_400
NOBODY = 2**22 + 1  # no process has a number beyond the kernel's largest


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A folder of temporary files of our own, and how to make one in it that is so old."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def make(name, age_s):
        folder = tmp_path / name
        (folder / "within").mkdir(parents=True)
        os.utime(folder, (time.time() - age_s,) * 2)
        return folder

    return make


LEFT = {  # what makes a folder abandoned: its name, its age, and whether it is removed
    "old, of a process that is gone": (f"symrnn-{NOBODY}-a", DAY_S + 60, True),
    "of today": (f"symrnn-{NOBODY}-a", DAY_S - 60, False),
    "of a process that runs": (f"symrnn-{os.getpid()}-a", 9 * DAY_S, False),
    "of no process": ("symrnn-mine-a", 9 * DAY_S, False),
    "of another program": (f"other-{NOBODY}-a", 9 * DAY_S, False),
}


@pytest.mark.parametrize("what", LEFT)
def test_only_what_a_dead_sweep_left_a_day_ago_is_removed(what, scratch):
    name, age_s, is_removed = LEFT[what]
    folder = scratch(name, age_s)
    remove_abandoned()
    assert folder.exists() != is_removed


def test_a_folder_that_goes_meanwhile_is_no_error(scratch, monkeypatch):
    gone, kept = (scratch(f"symrnn-{NOBODY}-{n}", 9 * DAY_S) for n in "ab")
    monkeypatch.setattr("pathlib.Path.glob", lambda *_: [gone, kept])
    shutil.rmtree(gone)
    remove_abandoned()
    assert not kept.exists()


def test_what_a_child_said_last_is_heard_after_its_end():
    """As much as a pipe holds, read when the process is gone already."""
    said = '{"values": {"x": "%s"}}\\n{"done": {"status": "ok"}}\\n' % ("x" * 60_000)
    code = f"import os, sys; os.write(int(sys.argv[-1]), b'''{said}'''); print('bye')"
    with Child([sys.executable, "-c", code], "", os.environ) as child:
        child.process.wait()
        assert child.ended()
        assert len(child.heard.values["x"]) == 60_000
        assert child.heard.done == {"status": "ok"}
        assert child.heard.printed == "bye\n"


def test_a_signal_without_a_name_is_told_by_its_number():
    assert signal_text(200) == "signal 200"


@pytest.mark.parametrize("name", ["time_limit_s", "memory_limit_bytes"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_is_above_zero(name, value):
    with pytest.raises(UserError, match=f"{name} must be above 0, but is {value}"):
        Job("x", **{name: value})
    assert getattr(Job("x", **{name: 1}), name) == 1


def test_a_file_that_cannot_be_read_is_told_with_its_path(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        JobError, match=r"cannot read the records in .*file/records.jsonl: Not a dir"
    ):
        load_records(tmp_path / "file")
    os.mkfifo(tmp_path / "records.jsonl")
    with pytest.raises(JobError, match="it is no regular file"):
        load_records(tmp_path)
    (tmp_path / "records.jsonl").unlink()


def test_what_is_set_aside_never_takes_the_place_of_another(tmp_path, monkeypatch):
    """Two within a second."""
    for n in range(3):
        append_record(tmp_path, Record.of(Job("x", {"n": n}), "ok"))
        set_aside(tmp_path)
    found = [load_records(path)[0].case["n"] for path in tmp_path.glob("*.old.jsonl")]
    assert sorted(found) == [0, 1, 2]
    append_record(tmp_path, Record.of(Job("x"), "ok"))
    monkeypatch.setattr(records.Path, "exists", lambda path: True)
    with pytest.raises(JobError, match="too many older files"):
        set_aside(tmp_path)


def test_parts_beyond_the_most_that_are_kept_are_read_as_well(monkeypatch):
    monkeypatch.setattr(repeated, "MOST", 2)
    held, seen = Repeated(), []

    def take(name, case):
        seen.append(case["n"])

    first, second, third, again, other = (
        held.part("case", {"n": n}, take) for n in (1, 2, 3, 1, 3)
    )
    assert (first, second, third) == ({"n": 1}, {"n": 2}, {"n": 3})
    assert first is again
    assert third is not other
    assert len(held.parts) == 2
    assert seen == [1, 2, 3, 3]  # checked wherever it is not known


def test_ranks_that_differ_where_the_medians_do_not_decide_nothing():
    old, new = [1.0] * 10 + [2.0] * 11, [2.0] * 21
    comparison = compare_samples(old, new)
    assert comparison.p_value < 0.01
    assert comparison.why.startswith("the ratio may be 1 (1.000 to ")


def test_functions_take_turns_and_the_clock_runs_for_their_calls_alone(monkeypatch):
    """Each call of ``a`` takes one second of a clock of ours, each of ``b`` two."""
    told, clock = [], [0.0]

    def make(name, seconds):
        def call():
            told.append(name)
            clock[0] += seconds

        return call

    monkeypatch.setattr(turns, "perf_counter", lambda: clock[0])
    times = in_turns({"a": make("a", 1.0), "b": make("b", 2.0)}, rounds=2, calls=3)
    assert times == {"a": [1.0, 1.0], "b": [2.0, 2.0]}
    assert "".join(told) == "aabb" + 2 * "aaabbb"


def test_ours_is_divided_by_what_is_written_by_hand(monkeypatch):
    clocks = {"by_hand": [(1.0, 10.0), (2.0, 20.0)], "ours": [(3.0, 5.0), (4.0, 40.0)]}
    monkeypatch.setattr(turns, "on_both_clocks", lambda *_, **__: clocks)
    values = against_hand(lambda: [1.0, [2.0, 5.0]], lambda: [1.0, [2.5, 3.0]])
    assert values["ratio"] == [3.0, 2.0]
    assert values["cpu_ratio"] == [0.5, 2.0]
    assert (values["by_hand_step_s"], values["step_s"]) == ([1.0, 2.0], [3.0, 4.0])
    assert values["largest_difference"] == 2.0


@pytest.mark.parametrize("letter", ["a", "é", "字", "😀"])
def test_an_excerpt_has_its_length_in_letters_and_says_that_there_is_more(letter):
    assert excerpt((letter * 100).encode(), 60) == repr(letter * 60 + "…")
    assert excerpt((letter * 60).encode(), 60) == repr(letter * 60)
