"""The rewriting of profiled jobs in a report: boxes whose widths add up, and words beside them."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from symrnn.measure.rewrite_timing import NODE_REWRITE, PASS, RewriteProfile, RewriteTiming
from symrnn.study.page import html_report
from symrnn.study.report import markdown_report, section, unprofiled
from symrnn.study.rewriting import flame, overhead, rewriting


def timing(name, seconds, *children, kind=PASS, tried=4, applied=1):
    return RewriteTiming(name, kind, seconds, tried, applied, 2, 5, 9, 6, tuple(children))


ADDED = timing("local_add", 3.0, kind=NODE_REWRITE)
VAIN = timing("local_<vain>", 1.0, kind=NODE_REWRITE, applied=0)
SHORT = [timing(f"short{n}", 0.02, kind=NODE_REWRITE) for n in range(3)]
MERGE = timing("merge1", 2.0)
PROFILE = RewriteProfile(
    10.0, (timing("all", 9.0, MERGE, timing("canonicalize", 6.0, VAIN, ADDED, *SHORT)),)
)


def boxes(box):
    yield box
    for child in box.children:
        yield from boxes(child)


def test_boxes_are_as_wide_as_their_share_and_the_longest_comes_first():
    everything, outside = flame(PROFILE).children
    assert (everything.share, outside.share, outside.kind) == (0.9, 0.1, "outside")
    canonicalize, merge = everything.children
    assert (canonicalize.name, merge.share) == ("canonicalize", 2 / 9)
    assert [box.name for box in canonicalize.children] == ["local_add", "local_<vain>", "3 smaller"]
    assert [box.kind for box in canonicalize.children] == ["applied", "idle", "smaller"]
    for box in boxes(flame(PROFILE)):
        assert sum(child.seconds for child in box.children) <= box.seconds + 1e-9
        assert sum(child.share for child in box.children) <= 1 + 1e-9


def test_a_box_tells_its_time_and_counts():
    found = {box.name: box.details for box in boxes(flame(PROFILE))}
    assert found["canonicalize"] == (
        "canonicalize (pass): 6 s (60 %), own 1.94 s, called 4, nodes created 2, pruned 5"
    )
    assert found["local_<vain>"].startswith(
        "local_<vain> (node rewrite): 1 s (10 %), tried 4, applied 0"
    )
    assert found["3 smaller"] == "3 smaller: 60 ms (0.6 %), tried 12, applied 3"


@pytest.fixture
def profiled(records):
    """Records of one case with a profile of its rewriting."""

    def profiled(round=0, seconds=1.1, profile=PROFILE):
        values = {"rewrites": profile.to_dict(), "phases_cpu_s": {"rewrite": seconds}}
        return replace(records[0], round=round, values=records[0].values | values, profile=True)

    return profiled


@pytest.fixture
def plain(profiled):
    """The same without a profile."""

    def plain(round=0, seconds=1.0):
        record = profiled(round, seconds)
        values = {name: value for name, value in record.values.items() if name != "rewrites"}
        return replace(record, values=values, profile=False)

    return plain


def test_the_cost_of_the_profile_is_the_ratio_of_neighbours(profiled, plain):
    rounds = [(profiled(n, 1.0 + n), plain(n, 2.0)) for n in range(3)]
    spread = overhead(*zip(*rounds, strict=True))
    assert (spread.median, spread.samples) == (1.0, 3)
    assert overhead([profiled(0)], [plain(1)]) is None  # of another round
    failed = replace(plain(0), status="crash")
    assert overhead([profiled(0)], [failed]) is None


def test_the_rewriting_of_a_case_shows_the_median_of_its_rounds(profiled):
    walls = enumerate((30.0, 10.0, 20.0))
    records = [profiled(n, profile=replace(PROFILE, wall_s=wall_s)) for n, wall_s in walls]
    (told,) = rewriting(records, [])
    assert told.case == "depth=1 form=sgd NUMBA cold"
    assert told.flame.seconds == 20.0
    assert [table.title for table in told.tables] == ["Rewrites", "Tried, never applied"]


@pytest.fixture
def told(experiment, records, profiled):
    timed = replace(records[0], values=records[0].values | {"phases_cpu_s": {"rewrite": 1.0}})
    return section(experiment, [timed, *records[1:], profiled()])


def test_a_report_states_what_the_parts_add_up_to_and_what_the_profile_costs(told):
    text = markdown_report([told], ".")
    assert (
        "Rewriting took 9 s, of which the passes account for 88.9 % (goal MISSED: at least 95 %);"
        in text
    )
    assert "; 1 s more went into cloning" in text
    assert (
        "With the profile on, rewriting takes 1.1 times the processor time without it (goal: at most 1.15)."
        in text
    )
    assert "| local_add | node rewrite | 3.000 | 4 | 1 |" in text


def test_a_report_states_what_the_phases_add_up_to(experiment, records):
    phases = {"phases_s": {"build": 1.0, "rewrite": 2.0}, "after_import_s": 3.03}
    timed = [replace(records[0], values=records[0].values | phases), *records]
    assert (
        "The phases account for 99.0 % or more of each child's time after its imports (goal:"
        in markdown_report([section(experiment, timed)], ".")
    )


def test_profiled_jobs_are_in_no_table_and_no_answer(experiment, records, profiled):
    slow = replace(profiled(), values=profiled().values | {"total_s": 1e6})
    alone, beside = section(experiment, records), section(experiment, [*records, slow])
    assert (alone.answer, alone.tables) == (beside.answer, beside.tables)
    assert list(unprofiled([*records, slow])) == records


def test_a_profiled_job_that_fails_is_told(experiment, records, profiled):
    lost = replace(profiled(), status="time_limit", message="over 9 s", values={})
    found = section(experiment, [*records, lost])
    assert "profiled depth=1 form=sgd, NUMBA cold: over 9 s" in found.failures
    assert found.rewriting == ()


def test_every_box_of_the_page_is_an_item_of_a_tree_with_its_details(told):
    page = html_report([told])
    items = re.findall(r'<li role="treeitem"[^>]*tabindex="(-?\d)" aria-label="([^"]+)">', page)
    assert len(items) == len(list(boxes(told.rewriting[0].flame)))
    assert [tabindex for tabindex, _ in items].count("0") == 1
    assert any(label.startswith("local_&lt;vain&gt; (node rewrite)") for _, label in items)
    assert "local_<vain>" not in page


WALK = """<script>
const graph = document.querySelector(".flame"), told = [];
const items = [...graph.querySelectorAll("li")];
const details = () => told.push(graph.querySelector(".details").textContent.split(" (")[0]);
const seen = () => told.push(items.filter(each => each.offsetParent).length);
const press = key => document.activeElement.dispatchEvent(
  new KeyboardEvent("keydown", {key, bubbles: true}));
items[0].focus();
for (const key of ["Down", "Down", "Right", "Left", "Down", "Up"]) { press("Arrow" + key); details(); }
press("Enter"); seen(); press("Enter"); seen();
items.find(each => each.textContent.trim() === "merge1").firstChild.click(); details(); seen();
press("Escape"); seen();
told.push(document.documentElement.scrollWidth <= innerWidth);
document.title = told.join(" ");
</script>"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium")
def test_the_flame_graph_is_walked_with_keys_and_widened_in_a_browser(told, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(html_report([told]).replace("</body>", WALK + "</body>"))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        ["chromium", *options, "--window-size=390,800", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    walked = "all canonicalize merge1 canonicalize local_add canonicalize"
    title = done.stdout.split("<title>", 1)[-1].split("</title>")[0]
    assert title == f"{walked} 6 8 merge1 3 8 true", done.stderr[-2000:]
