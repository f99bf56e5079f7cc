"""Formulas as MathML, which browsers draw and read aloud by themselves: no script, no network."""

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

# What MathJax, in Jupyter, takes beside what docutils does.
OTHERWISE = {
    r"\\dots\b": r"\\ldots",
    r"\\([bB]ig)(?=[(\[])": r"\\\1l",
    r"\\([bB]ig)(?=[)\]])": r"\\\1r",
}

# "ln C" with a gap, as TeX sets it; none before a bracket. Browsers leave none by themselves.
FUNCTION = re.compile(r"(<mo>&ApplyFunction;</mo>\s*)(?!<mo[^>]*>[(\[|])")
GAP = r'\1<mspace width="0.167em"></mspace>'

logger = logging.getLogger(__name__)


def write(translator, node: nodes.Node, *, as_block: bool) -> None:
    tex = node.astext()
    for pattern, written in OTHERWISE.items():
        tex = re.sub(pattern, written, tex)
    try:
        formula = tex2mathml(tex, as_block=as_block)
    except MathError as error:
        logger.warning("%s can't be written as MathML: %s", tex, error, location=node)
        formula = translator.encode(tex)
    formula = FUNCTION.sub(GAP, formula)
    if as_block:
        formula = f'<div class="formula">{formula}</div>\n'
    translator.body.append(formula)
    raise nodes.SkipNode


def write_inline(translator, node: nodes.Node) -> None:
    write(translator, node, as_block=False)


def write_block(translator, node: nodes.Node) -> None:
    write(translator, node, as_block=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
