"""Tables of texts, and the one renderer of them: for terminals, for Markdown, for pages and notebooks."""

from symrnn.tables.rendering import as_html, as_markdown, as_text, grid, literally
from symrnn.tables.table import Table

__all__ = ["Table", "as_html", "as_markdown", "as_text", "grid", "literally"]
