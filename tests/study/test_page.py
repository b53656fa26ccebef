"""The HTML report is one page that needs nothing else."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import assert_elements_are_closed_in_order

from symrnn.bench.records import load_records
from symrnn.study.experiment import Experiment, load_experiment
from symrnn.study.page import html, html_report
from symrnn.study.report import pictures, section

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def page(folder, records, tmp_path):
    experiment = load_experiment("naive", folder)
    told = section(experiment, records, pictures(experiment, records, tmp_path / "naive"))
    return html_report([told, told])


def test_page_has_answer_figure_and_table(page):
    assert "The naive form takes 2.05 times (2 to 2.1) the time of sgd." in page
    assert '<svg role="img" aria-label="Line chart of total (seconds) against depth' in page
    assert '<td class="axis" data-key="4">4</td>' in page


def test_numbers_of_a_figure_are_its_text_alternative_and_no_caption(page):
    [caption, _] = re.findall("<figcaption>(.*?)</figcaption>", page)
    assert caption == "Total (seconds) against depth, by form."
    assert "sgd 5 s at depth 1 and 20 s at depth 4" in re.search('aria-label="(.*?)"', page)[1]


def test_every_table_scrolls_by_itself(page):
    assert page.count("<table>") == page.count('tabindex="0">\n<table>') > 0


WINDOW_REM = 1400 / 16  # the wider of those in which tables were cut
AROUND = ("body", "section", ".answer", ".wide", "table", "*")  # a table, from the outermost


def test_no_rule_of_the_stylesheet_narrows_a_table(page):
    """What a browser shows is tested below, where there is one."""
    narrow = []
    for selectors, rules in re.findall(r"([^{}]+)\{([^{}]*)\}", page.partition("</style>")[0]):
        limit = re.search(r"max-width: ([\d.]+)rem", rules)
        # ":not(.wide)" leaves tables out, any other ":not" lets them in
        kinds = re.sub(r":not\(([^)]*)\)", lambda f: "-" if ".wide" in f[1] else "*", selectors)
        last = [each.split()[-1] for each in kinds.split(",") if each.strip()]
        if limit and float(limit[1]) < WINDOW_REM and {*last} & {*AROUND}:
            narrow.append(selectors.strip())
    assert narrow == []


def test_page_needs_no_network(page):
    links = re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?([^"\')>\s]+)', page)
    assert links
    assert all(link.startswith("#") for link in links)


def test_ids_of_inline_figures_differ(page):
    ids = re.findall(r'\bid="([^"]+)"', page.split("<section", 2)[1])
    assert len(ids) == len(set(ids))


def test_elements_are_closed_in_order(page):
    assert_elements_are_closed_in_order(page)


def test_text_of_records_is_escaped():
    assert html("a <script> & b") == "<p>a &lt;script&gt; &amp; b</p>"


def test_tables_in_answers_become_tables():
    made = html("| form | total |\n|:--|--:|\n| `sgd` | 1 s |")
    assert made.startswith('<div class="wide"')
    assert re.findall(r"<td.*?>(.*?)</td>", made) == ["<code>sgd</code>", "1 s"]


def browsed(path, text, script, *options):
    """The page after `script` ran in a browser."""
    path.write_text(text.replace("</body>", f"<script>{script}</script></body>"))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", *options]
    command = ["chromium", *options, f"--user-data-dir={path.parent}", path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout


browser = pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium")


@pytest.mark.slow
@browser
def test_page_opens_in_a_browser_and_sorts(page, tmp_path):
    sort = "document.querySelectorAll('th button')[0].click(); document.title = 'sorted'"
    shown = browsed(tmp_path / "report.html", page, sort)
    assert "<title>sorted</title>" in shown
    assert 'aria-sort="ascending"' in shown


WIDEST = ["gradient_forms", "nesterov_forms", "static_shapes"]  # of the tables that we report
CUT = (
    "document.title = 'cut ' + [...document.querySelectorAll('.wide')]"
    ".filter(each => each.scrollWidth > each.clientWidth).length"
)


@pytest.mark.slow
@browser
@pytest.mark.parametrize("width", [1300, 1400])
def test_no_table_is_cut_at_usual_widths(width, tmp_path):
    names = [REPOSITORY / "experiments" / f"{name}.py" for name in WIDEST]
    recorded = REPOSITORY / "tests" / "experiments" / "recorded"
    told = [
        section(Experiment.from_file(name), load_records(recorded / f"{name.stem}.jsonl"))
        for name in names
    ]
    options = [f"--window-size={width},900"]
    shown = browsed(tmp_path / "report.html", html_report(told), CUT, *options)
    assert "<title>cut 0</title>" in shown
