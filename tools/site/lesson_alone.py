"""A lesson as the site offers it for download: it gets the course if it was opened alone.

On Colab or Kaggle a notebook comes without `helper`, `data` and its pictures.
"""

import re
from pathlib import Path

import repository
from course import read
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

# README.md shows it too, for a lesson opened from anywhere else.
LINE = (
    'os.system("git clone -q --depth 1 ADDRESS pytorch-course '
    '&& pip install -q -e pytorch-course"); '
    'os.chdir("pytorch-course/notebooks"); sys.path.append(os.path.abspath(".."))'
)
KNOWN = (
    "**Did you open this lesson alone**, on Colab, on Kaggle or as a single file? Then the next "
    "cell gets the course, with its data; where the course is already, it does nothing."
)
UNKNOWN = (
    "**Did you open this lesson alone?** It needs the course's folder, with `helper` and `data`: "
    "put this file into `notebooks/` there."
)


def copy(path: Path) -> NotebookNode:
    """The stored notebook, and below its opening what it needs when it is alone."""
    notebook = read(path)
    address, site = repository.address(), repository.site()
    if site is not None:
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = absolute(cell.source, f"{site}notebooks/")
    if not any("helper" in cell.source for cell in notebook.cells):
        return notebook  # a page to read, such as the glossary; recipes run alone
    cells = [new_markdown_cell(KNOWN if address else UNKNOWN, id="opened-alone")]
    if address:
        line = LINE.replace("ADDRESS", address)
        source = f'import os, sys\nif not os.path.exists("../helper"): {line}'
        cells.append(new_code_cell(source, id="get-the-course"))
    notebook.cells[1:1] = cells
    return notebook


def absolute(text: str, folder: str) -> str:
    """Pictures and links to other lessons, found from wherever the notebook is opened."""
    text = re.sub(r"\]\((pictures/|scripts/|\.\./)", rf"]({folder}\1", text)
    return re.sub(r"\]\((\w+)\.ipynb(#[^)\s]*)?\)", rf"]({folder}\1.html)", text)
