"""`page_of_walks`: gates as one page that needs nothing else, pictures and a little script."""

import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from symrnn.gates.walk import Walk, named_steps

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_UNITS = 48  # of a layer that the page holds: those whose memory moves most
MOST_STEPS = 300
MOST_FEATURES = 128  # of an input that is drawn
NEGATIVE, ZERO, POSITIVE = np.array([[0, 114, 178], [245, 245, 245], [213, 94, 0]], float)
MEANINGS = {
    "what it reads": "the layer's input",
    "input": "how much of the candidate is taken in, 0 to 1",
    "forget": "how much of the memory is kept, 0 to 1",
    "output": "how much of the memory is shown, 0 to 1",
    "reset": "how much of the state the candidate sees, 0 to 1",
    "update": "how much of the state is kept, 0 to 1",
    "candidate": "what would be taken in, -1 to 1",
    "cell": "the memory",
    "h": "what the layer puts out",
}
RULES = {
    "LSTM": "cell = forget × cell before + input × candidate; h = output × tanh(cell)",
    "GRU": "h = update × h before + (1 − update) × candidate",
    "RNN": "h = an activation of what is read and of h before",
}


def page_of_walks(walks: Sequence[Walk], *, title: str, text: str = "", command: str = "") -> str:
    """The page of some layers' walks; steps are named by the characters of `text` where there are as many.

    Parameters
    ----------
    walks
        What `symrnn.gates.walks` returned.
    title
        Of the page.
    text
        What was read.
    command
        What draws the page again, shown at its end.

    Examples
    --------
    >>> walk = Walk("RNN 1", "RNN", False, np.zeros((2, 1)), {"h": np.eye(2)}, np.zeros((2, 2)))
    >>> page = page_of_walks([walk], title="two steps", text="hi")
    >>> "<title>two steps</title>" in page, "http" in page.replace("http://www.w3.org", "")
    (True, False)
    """
    layers = [layer(walk, text) for walk in walks]
    template = environment().get_template("page.html.j2")
    return template.render(title=title, text=text, layers=layers, rules=RULES, command=command)


def layer(walk: Walk, text: str) -> dict[str, Any]:
    """A walk as the template reads it: pictures of all units, numbers of the busiest ones."""
    memory = walk.gates[walk.memory]
    # Chosen by how much they move, listed by their numbers.
    busiest = np.sort(np.argsort(-memory.std(axis=0), kind="stable")[:MOST_UNITS])
    shown = slice(MOST_STEPS)
    pictures = dict(walk.gates)
    if walk.xs.shape[1] <= MOST_FEATURES:
        pictures = {"what it reads": walk.xs, **pictures}
    numbers = {name: rounded(gate[shown, busiest]) for name, gate in walk.gates.items()}
    data = {
        "kind": walk.kind,
        "memory": walk.memory,
        "steps": list(named_steps(walk, text))[shown],
        "units": (busiest + 1).tolist(),
        "first": int(memory[:, busiest].std(axis=0).argmax()),
        "before": rounded(walk.before[shown, busiest]),
        "gates": numbers,
    }
    return {
        "name": walk.name,
        "kind": walk.kind,
        "is_reversed": walk.is_reversed,
        "units": memory.shape[1],
        "steps": len(walk.xs),
        "shown": len(busiest),
        "shown_steps": min(len(walk.xs), MOST_STEPS),
        "pictures": [picture(name, array[shown]) for name, array in pictures.items()],
        # No "<" within a script, which "</script>" in a text would end.
        "json": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
    }


def rounded(array: np.ndarray) -> list[list[float]]:
    """``(T, H)`` as lists, three decimals."""
    return np.round(np.asarray(array, float), 3).tolist()


def picture(name: str, array: np.ndarray) -> dict[str, Any]:
    """``(T, H)`` as a picture with T columns and H rows."""
    most = float(np.abs(array).max(initial=0)) or 1.0
    # Gates have the same range everywhere, and one colour is one value; the others have ranges of their own.
    scale = 1.0 if name not in ("what it reads", "cell", "h") else most
    steps, units = array.shape
    return {
        "name": name,
        "meaning": MEANINGS[name],
        "range": "" if scale == 1.0 else f"; the darkest is {most:.2g}",
        "alt": f"{name}: {steps} steps by {units} rows, from {array.min():.2f} to {array.max():.2f}",
        "steps": steps,
        "rows": units,
        "png": b64encode(png(coloured(array.T / scale))).decode(),
    }


def coloured(values: np.ndarray) -> np.ndarray:
    """``(H, T)`` from -1 to 1 as colours ``(H, T, 3)``: blue below zero, orange above it.

    Examples
    --------
    >>> coloured(np.array([[-1.0, 0.0, 1.0]])).tolist()
    [[[0, 114, 178], [245, 245, 245], [213, 94, 0]]]
    """
    share = np.clip(values, -1, 1)[..., None]
    mixed = ZERO + np.abs(share) * (np.where(share < 0, NEGATIVE, POSITIVE) - ZERO)
    return mixed.round().astype("uint8")


def png(pixels: np.ndarray) -> bytes:
    """``pixels (H, T, 3)``, uint8, as a PNG file.

    Examples
    --------
    >>> png(np.zeros((2, 3, 3), "uint8"))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows, columns, _ = pixels.shape
    # 8 bits a channel, type 2 (red, green, blue); compression, filter and interlace as usual.
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    # Each row begins with its filter: 0 is none.
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@cache
def environment() -> "Environment":
    """The template of this folder; what it is given is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("symrnn.gates", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
