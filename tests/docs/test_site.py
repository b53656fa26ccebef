"""The site is built without a warning, its links lead somewhere, every public name is in it, and it fits its window."""

import functools
import http.server
import importlib
import re
import shutil
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from filelock import FileLock

for module in ("sphinx", "furo", "myst_parser", "matplotlib"):
    pytest.importorskip(module)

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory, worker_id):
    """The folder of the built site: built once, whichever of several processes comes first."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "site"
    with FileLock(f"{folder}.lock"):
        if not (folder / "built").is_file():
            command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q"]
            run = [*command, "-b", "html", "docs", folder]
            done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr[-4000:]
            (folder / "built").touch()
    return folder


class Links(HTMLParser):
    """Where a page leads, and what it can be led to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.images_without_alt = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        self.links += [given[key] for key in ("href", "src") if given.get(key)]
        if tag == "img" and not given.get("alt"):
            self.images_without_alt.append(given.get("src"))


def test_links_within_the_site_lead_somewhere(site):
    pages = {path: Links(path.read_text()) for path in site.rglob("*.html")}
    assert len(pages) > 60
    lost = []
    for path, page in pages.items():
        for link in page.links:
            split = urlsplit(link)
            if split.scheme or split.netloc or link.startswith("data:"):
                continue
            target = (path.parent / unquote(split.path)).resolve() if split.path else path
            anchors = pages[target].ids if target in pages else set()
            is_found = target.exists() and (
                not split.fragment or unquote(split.fragment) in anchors
            )
            if not is_found:
                lost.append(f"{path.relative_to(site)}: {link}")
    assert lost == []
    assert [each for page in pages.values() for each in page.images_without_alt] == []


def test_every_public_name_is_in_the_reference(site):
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, uri: uri)
    kinds = getattr(inventory, "data", inventory)  # a dict before Sphinx 8.2
    known = {name for kind in kinds.values() for name in kind}
    from making.api import COMMANDS

    missing = []
    for path in sorted((ROOT / "symrnn").glob("*/__init__.py")):
        package = f"symrnn.{path.parent.name}"
        if package != COMMANDS:
            module = importlib.import_module(package)
            missing += [f"{package}.{n}" for n in module.__all__ if f"{package}.{n}" not in known]
    assert missing == []


OPENED = [
    *("index", "start", "slow", "gates", "nesterov", "measured", "gallery/index"),
    *("gallery/eeg_cnn_gru", "made/answers/native_mode", "made/api/symrnn.unroll"),
]
LOOK = """<!doctype html><title>opening</title><body><script>
const told = [], frames = [];
for (const page of PAGES) for (const width of [375, 1400]) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:700px`;
  frame.src = `${page}.html`;
  frames.push(new Promise(done => frame.onload = () => setTimeout(() => {
    const seen = frame.contentDocument, root = seen.documentElement;
    if (root.scrollWidth > width) told.push(`${page} is ${root.scrollWidth} wide in ${width}`);
    const [red] = frame.contentWindow.getComputedStyle(seen.body).backgroundColor.match(/\\d+/g);
    if ((red < 128) !== matchMedia("(prefers-color-scheme: dark)").matches) told.push(`${page} has background ${red}`);
    done();
  }, 50)));
  document.body.append(frame);
}
Promise.all(frames).then(() => { document.title = `opened ${frames.length}; ${told.join("; ") || "all fit"}`; });
</script>"""


class Served(http.server.SimpleHTTPRequestHandler):
    """The site, and beside it the page that looks at the others."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path != "/look":
            return super().do_GET()
        page = LOOK.replace("PAGES", repr(OPENED)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        return self.wfile.write(page)


@pytest.fixture
def address(site):
    """The site on a port of this machine, so that one page may look at the others."""
    handler = functools.partial(Served, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium")
@pytest.mark.parametrize("is_dark", [False, True])
def test_pages_fit_telephones_and_screens_light_and_dark(address, is_dark, tmp_path):
    dark = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if is_dark else []
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", *dark]
    limits = ["--virtual-time-budget=60000", f"--user-data-dir={tmp_path}"]
    command = ["chromium", *options, *limits, f"{address}/look"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    told = re.search(r"<title>(.*?)</title>", done.stdout)
    assert told, done.stderr[-2000:]
    assert told[1] == f"opened {2 * len(OPENED)}; all fit"
