"""A PyTensor graph as a picture: its scans, its variables, and how many nodes lie between them.

Everything but scans, inputs and outputs is left out and counted: what is drawn as an arrow is a path of the real graph.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from html import escape

from pytensor.graph.basic import Constant
from pytensor.scan.op import Scan

from symrnn.duplicates.components import components

WIDTH, HEIGHT, ACROSS, DOWN = 132, 40, 178, 62
STYLE = (
    "text{font:13px sans-serif;text-anchor:middle}.count{font-size:11px;fill:#555}"
    ".title{text-anchor:start;font-weight:bold}"
)
ARROW = (
    '<marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#777"/></marker>'
)
COLOURS = {"variable": "#e8eef7", "scan": "#f6c99f", "value": "#dcefe3"}


@dataclass(eq=False)
class Box:
    """A variable, a scan or a new value; `before` are the boxes that it reads, `nodes` the apply nodes between."""

    label: str
    kind: str
    before: list = field(default_factory=list)
    nodes: int = 0
    column: int = 0
    row: float = 0.0


def boxes_of(outputs):
    """The boxes of a graph, from the variables that it reads to the named `outputs`."""
    made = {}

    def box(key, label, kind, variables):
        if key not in made:
            made[key] = each = Box(label, kind)
            found, passed = kept(variables)
            each.before = [box_of(k) for k in found]
            each.nodes = len(passed)
            each.column = max((b.column + 1 for b in each.before), default=0)
        return made[key]

    def box_of(key):
        if isinstance(getattr(key, "op", None), Scan):
            return box(key, scan_label(key), "scan", key.inputs)
        return box(key, key.name or "?", "variable", [])

    for name, variable in outputs.items():
        box(name, name, "value", [variable])
    last = max(each.column for each in made.values())
    for each in made.values():
        if each.kind == "value":
            each.column = last
    return list(made.values())


def kept(variables):
    """The scans and inputs that `variables` are made of, and the apply nodes between."""
    found, passed, waiting, seen = {}, set(), list(variables), set()
    while waiting:
        v = waiting.pop(0)
        if v in seen or isinstance(v, Constant):
            continue
        seen.add(v)
        if v.owner is None:
            found[v] = None
        elif isinstance(v.owner.op, Scan):
            found[v.owner] = None
        else:
            passed.add(v.owner)
            waiting += v.owner.inputs
    return list(found), passed


def scan_label(node):
    """What a scan is, and how many recurrences are packed in it."""
    count = len(components(node))
    what = "gradient" if "grad" in (node.op.name or "") else "forward"
    return f"scan: {what}" if count == 1 else f"scan of {count}"


def placed(boxes):
    """Rows within the columns, each box near those that it reads."""
    columns = defaultdict(list)
    for each in boxes:
        columns[each.column].append(each)
    for column in sorted(columns):
        group = columns[column]
        # New values stay in their order, the loss on top, clear of the scans that it does not read.
        if column and group[0].kind != "value":
            group.sort(key=lambda each: sum(b.row for b in each.before) / max(len(each.before), 1))
        for i, each in enumerate(group):
            each.row = i - (len(group) - 1) / 2
    return max(map(len, columns.values()))


def svg(outputs, title):
    """The picture of a graph, and its text alternative."""
    boxes = boxes_of(outputs)
    rows, columns = placed(boxes), 1 + max(each.column for each in boxes)
    wide, high = columns * ACROSS, rows * DOWN + 30

    def place(each):
        return each.column * ACROSS + 8, (each.row + (rows - 1) / 2) * DOWN + 34

    parts = []
    for each in boxes:
        x, y = place(each)
        for source in each.before:
            sx, sy = place(source)
            begin, end, middle = sx + WIDTH, y + HEIGHT / 2, (sx + WIDTH + x) / 2
            curve = f"M{begin} {sy + HEIGHT / 2} C{middle} {sy + HEIGHT / 2} {middle} {end} {x - 5} {end}"
            parts.append(f'<path d="{curve}" fill="none" stroke="#777" marker-end="url(#end)"/>')
    for each in boxes:
        x, y = place(each)
        parts.append(
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"'
            f' fill="{COLOURS[each.kind]}" stroke="#555"/>'
        )
        at = y + (HEIGHT / 2 + 4 if not each.nodes else 17)
        parts.append(f'<text x="{x + WIDTH / 2}" y="{at}" class="name">{escape(each.label)}</text>')
        if each.nodes:
            parts.append(
                f'<text x="{x + WIDTH / 2}" y="{y + 32}" class="count">over {each.nodes} nodes</text>'
            )
    alt = f"{title}: " + "; ".join(
        f"{each.label} reads {', '.join(b.label for b in each.before)}"
        for each in boxes
        if each.before
    )
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}"'
        f' width="{wide}" height="{high}" role="img">'
        f"<title>{escape(title)}</title><defs>{ARROW}</defs><style>{STYLE}</style>"
        f'<rect width="{wide}" height="{high}" fill="#fff"/><text x="8" y="18" class="title">{escape(title)}</text>'
        + "".join(parts)
        + "</svg>"
    )
    return text, alt
