"""How the site is built: ``sphinx-build -W --keep-going -n docs DIR``; what is made at build time, `making` makes."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import symrnn

project, author, copyright = "symrnn", "symrnn developers", "symrnn developers"
version = release = symrnn.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
exclude_patterns = ["_build", "made/gallery"]
html_theme = "furo"
html_title = f"symrnn {release}"
html_static_path = ["static"]
html_css_files = ["symrnn.css"]
html_extra_path = ["gates"]
toc_object_entries = False  # the sidebar of every page would hold every function
html_copy_source = html_show_sourcelink = False
html_math_renderer = "mathml"
pygments_style, pygments_dark_style = "default", "github-dark"

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Docstrings name parameters and fields in single backticks, which are no references; types of other projects have their
# own sites, and this one is built without a network.
default_role = None
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_use_ivar = napoleon_use_rtype = True
napoleon_google_docstring = False
nitpick_ignore_regex = [("py:.*", r"(?!symrnn\.).*")]
autodoc_inherit_docstrings = False
suppress_warnings = [
    "ref.python"
]  # a field's name that two classes have, where a class lists its own


def setup(app):
    """Make what is not kept: figures, the answers of the experiments, the reference."""
    from making import api, formulas, site

    app.add_html_math_renderer("mathml", (formulas.inline, None), (formulas.displayed, None))
    app.connect("builder-inited", site.made)
    app.connect("autodoc-process-docstring", api.corrected)
