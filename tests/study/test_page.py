"""The HTML report is one page that needs nothing else."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from symrnn.study.experiment import load_experiment
from symrnn.study.page import html, html_report
from symrnn.study.report import pictures, section


@pytest.fixture
def page(folder, records, tmp_path):
    experiment = load_experiment("naive", folder)
    told = section(experiment, records, pictures(experiment, records, tmp_path / "naive"))
    return html_report([told, told])


def test_page_has_answer_figure_and_table(page):
    assert "The naive form takes 2.05 times (2 to 2.1) the time of sgd." in page
    assert '<svg role="img" aria-label="Line chart of total (seconds) against depth' in page
    assert '<td class="axis" data-key="4">4</td>' in page


def test_page_needs_no_network(page):
    links = re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?([^"\')>\s]+)', page)
    assert links
    assert all(link.startswith("#") for link in links)


def test_ids_of_inline_figures_differ(page):
    ids = re.findall(r'\bid="([^"]+)"', page.split("<section", 2)[1])
    assert len(ids) == len(set(ids))


def test_elements_are_closed_in_order(page):
    class Closed(HTMLParser):
        open: list

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "br"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    parser = Closed()
    parser.open = []
    parser.feed(page)
    assert parser.open == []


def test_text_of_records_is_escaped():
    assert html("a <script> & b") == "<p>a &lt;script&gt; &amp; b</p>"


def test_tables_in_answers_become_tables():
    made = html("| form | total |\n|:--|--:|\n| `sgd` | 1 s |")
    assert made.startswith('<div class="wide"')
    assert re.findall(r"<td.*?>(.*?)</td>", made) == ["<code>sgd</code>", "1 s"]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium")
def test_page_opens_in_a_browser_and_sorts(page, tmp_path):
    sort = (
        "<script>document.querySelectorAll('th button')[0].click();document.title='sorted'</script>"
    )
    path = tmp_path / "report.html"
    path.write_text(page.replace("</body>", sort + "</body>"))
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}",
        "--dump-dom",
    ]
    done = subprocess.run(
        ["chromium", *options, path.as_uri()], capture_output=True, text=True, timeout=120
    )
    assert "<title>sorted</title>" in done.stdout
    assert 'aria-sort="ascending"' in done.stdout
