"""Formulas as MathML, made at build time: the site needs no script from elsewhere to show them."""

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml


def inline(translator, node):
    """A formula within a line."""
    translator.body.append(str(tex2mathml(node.astext())))
    raise SkipNode


def displayed(translator, node):
    """A formula that stands alone."""
    formula = str(tex2mathml(node.astext(), as_block=True))
    translator.body.append(f'<div class="math">{formula}</div>')
    raise SkipNode
