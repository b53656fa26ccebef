"""The report as one HTML page that needs no network: figures inline, tables that sort."""

import re
from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from symrnn.study.report import Picture, Section, rendered
from symrnn.tables import as_html
from symrnn.tables.rendering import WIDE


def html_report(sections: Sequence[Section]) -> str:
    """The sections as one self-contained page."""
    tools = {"html": html, "inline": inline_svg, "as_html": as_html}
    return rendered("report.html.j2", sections=sections, **tools)


def html(text: str) -> Markup:
    """What answers write in Markdown: paragraphs, lists, tables, code; its HTML and links are shown as text.

    Examples
    --------
    >>> print(html("It takes `sgd` **2** times.\\n\\n- a\\n- b < c"))
    <p>It takes <code>sgd</code> <strong>2</strong> times.</p>
    <ul>
    <li>a</li>
    <li>b &lt; c</li>
    </ul>
    """
    return Markup(markdown().render(text).strip())


@cache
def markdown() -> MarkdownIt:
    """Markdown without what would load or lead elsewhere: an answer may quote a record."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.disable(["link", "image", "autolink", "reference"])
    reader.add_render_rule("table_open", lambda *_: f"{WIDE}\n<table>\n")
    reader.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    return reader


def inline_svg(picture: Picture, prefix: str) -> Markup:
    """The picture as an SVG element with its text alternative; its ids get a `prefix`."""
    svg = picture.svg.read_text()
    # From the element on: the XML declaration before it is not allowed within a page.
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    # matplotlib gives every figure the same ids, and in one page the first of them would win
    svg = svg.replace("url(#", f"url(#{prefix}-")
    label = Markup('<svg role="img" aria-label="{}"').format(picture.alt)
    return Markup(svg.replace("<svg", label, 1))
