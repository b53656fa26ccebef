"""The report as one HTML page that needs no network: figures inline, tables that sort."""

import re

from markupsafe import Markup, escape

from symrnn.study.report import rendered

CELLS = re.compile(r"(?<!\\)\|")  # between the cells of a table in Markdown


def html_report(sections):
    """The sections as one self-contained page."""
    return rendered("report.html.j2", sections=sections, html=html, inline=inline_svg)


def html(text):
    """The little Markdown that answers use: paragraphs, lists, tables, code, bold.

    Examples
    --------
    >>> print(html("It takes `sgd` **2** times.\\n\\n- a\\n- b < c"))
    <p>It takes <code>sgd</code> <strong>2</strong> times.</p>
    <ul><li>a</li><li>b &lt; c</li></ul>
    """
    return Markup("\n").join(block(part) for part in text.strip().split("\n\n"))


def block(text):
    """One paragraph, list or table."""
    lines = text.splitlines()
    if all(line.startswith("- ") for line in lines):
        return tag("ul", *(tag("li", inline(line[2:])) for line in lines))
    if len(lines) > 1 and all(line.startswith("|") for line in lines):
        head, _, *body = ([cell.strip() for cell in CELLS.split(line[1:-1])] for line in lines)
        rows = (tag("tr", *(tag("td", inline(cell)) for cell in cells)) for cells in body)
        heading = tag("thead", tag("tr", *(tag("th", inline(cell)) for cell in head)))
        return Markup('<div class="wide">{}</div>').format(
            tag("table", heading, tag("tbody", *rows))
        )
    return tag("p", inline(" ".join(lines)))


def inline(text):
    """Code and bold inside a line, everything else escaped."""
    text = re.sub(r"\\([\\|<\[\]*&])", r"\1", text)  # what `literally` wrote
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text))


def tag(name, *children):
    """An element around its children."""
    return Markup(f"<{name}>{{}}</{name}>").format(Markup("").join(children))


def inline_svg(picture, prefix):
    """The picture as an SVG element with its text alternative; its ids get a `prefix`."""
    svg = picture.svg.read_text()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    svg = svg.replace("url(#", f"url(#{prefix}-")
    label = Markup('<svg role="img" aria-label="{}"').format(picture.alt)
    return Markup(svg.replace("<svg", label, 1))
