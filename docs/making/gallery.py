"""The gallery's front: the first figure of every page of ``docs/gallery``, which is a page a network."""

import re
from pathlib import Path

from making.api import replace

GALLERY = Path(__file__).parents[1] / "gallery"
FIGURE = re.compile(r"```\{figure\} (?P<path>\S+)\n:alt: (?P<alt>.+)\n")


def pages():
    """The pages of networks, by the names of the networks."""
    return {
        path.stem: path.read_text() for path in sorted(GALLERY.glob("*.md")) if path.stem != "index"
    }


def write(folder):
    """Write what ``docs/gallery/index.md`` includes."""
    folder.mkdir(parents=True, exist_ok=True)
    replace(folder / "front.md", "\n".join(front(*each) for each in pages().items()))


def front(name, text):
    """A network's figure and title, as links to its page."""
    found, title = FIGURE.search(text), text.splitlines()[0].removeprefix("# ")
    return f"## [{title}]({name}.md)\n\n[![{found['alt']}]({found['path']})]({name}.md)\n"
