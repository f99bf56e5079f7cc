"""Say each figure in words where a screen reader meets them.

JupyterLab shows a cell's figure as an image without alternative text, whatever the notebook
holds, and running the cell drops what the notebook held. So the text below a figure begins with
an image that nobody sees, one transparent pixel, whose alternative text says what the figure
shows. It is that of the cell, its metadata `alt`; `make refresh` puts it there. The web site has
the same text on the figure itself, and leaves this image out.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

PIXEL = "pictures/in_words.png"
IMAGE = re.compile(rf"!\[[^]]*\]\({re.escape(PIXEL)}\)(?:\n\n)?")
# A heading, a list, a table, HTML, a quotation, a block of code or a formula.
OWN_PARAGRAPH = re.compile(r"#|[-*+] |\d+\. |\||<|>|```|\$\$|!\[")


def without(source: str) -> str:
    """The text of a cell as it is seen."""
    return IMAGE.sub("", source)


def place(notebook: "NotebookNode") -> None:
    """Put the words of each figure before the text that follows it; change `notebook`."""
    alt = None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = without(cell.source)
            if alt is not None:
                gap = "\n\n" if OWN_PARAGRAPH.match(text) else ""
                text = f"![{alt}]({PIXEL}){gap}{text}"
            cell.source = text
        alt = cell.metadata.get("alt")
