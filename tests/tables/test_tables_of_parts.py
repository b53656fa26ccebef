"""One table, three renderings: they show the same cells, on the same side, and obey none of them."""

import re

import pytest

import symrnn.tables.table as table_module
from symrnn.tables import Table, as_html, as_markdown, as_text

TABLE = Table(
    ("form", "total", "outcome"),
    [("sgd", "1 s", ""), ("adam", "–", "over 600 s"), ("a|b <i>&", "12.5", "")],
    axes=1,
    keys=[("sgd", 1.0, ""), ("adam", None, "over 600 s"), ("a|b <i>&", 12.5, "")],
    title="Totals",
    note="medians",
)
RENDERED = {"text": as_text, "Markdown": as_markdown, "HTML": as_html}
ESCAPED = {"text": "a|b <i>&", "Markdown": r"a\|b \<i>\&", "HTML": "a|b &lt;i&gt;&amp;"}


@pytest.mark.parametrize("kind", RENDERED)
def test_every_rendering_shows_every_cell_once(kind):
    text = RENDERED[kind](TABLE)
    for cell in ("form", "total", "outcome", "adam", "over 600 s", "12.5", ESCAPED[kind]):
        assert text.count(cell) == 1, cell


@pytest.mark.parametrize("kind", ["text", "HTML"])
def test_title_and_note_are_shown(kind):
    lines = RENDERED[kind](TABLE).splitlines()
    assert "Totals" in lines[0]
    assert "medians" in lines[-1]


def test_axes_and_texts_stand_to_the_left_and_amounts_to_the_right():
    assert [TABLE.is_left(i) for i in range(3)] == [True, False, True]
    assert as_markdown(TABLE).splitlines()[1] == "|:--|--:|:--|"
    assert as_html(TABLE).count('class="axis"') == 2 * (1 + 3)
    assert as_text(TABLE).splitlines()[2].startswith("sgd         1 s")


def test_cells_sort_by_their_keys():
    keys = re.findall(r'data-key="([^"]*)"', as_html(TABLE, sorts=True))
    assert keys[:6] == ["sgd", "1.0", "", "adam", "", "over 600 s"]
    assert "data-key" not in as_html(TABLE)


def test_a_table_in_html_scrolls_by_itself():
    assert '<div class="wide" style="overflow-x: auto" tabindex="0">\n<table>' in as_html(TABLE)


def test_a_table_without_rows_has_its_head():
    empty = Table(("a", "b"), [])
    assert as_markdown(empty) == "| a | b |\n|--:|--:|"
    assert as_text(empty) == "a  b"
    assert "<th" in as_html(empty)


def test_a_long_cell_is_cut_on_a_screen_only():
    table = Table(("source",), [("x" * 99,)])
    assert "x" * 59 + "…" in as_text(table)
    assert "x" * 99 in as_markdown(table)


@pytest.mark.parametrize("kind", RENDERED)
def test_each_cell_is_looked_at_once_to_tell_the_sides(kind, monkeypatch):
    asked = []
    monkeypatch.setattr(table_module, "is_amount", lambda text: asked.append(text) or True)
    RENDERED[kind](Table(("total", "step"), [("1 s", "2 s")] * 50))
    assert len(asked) == 2 * 50
