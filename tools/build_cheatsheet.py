"""Make notebooks/cheatsheet.ipynb: every recipe of the notebooks, grouped by notebook."""

from collections.abc import Callable
from pathlib import Path

import nbformat
from course import CHEATSHEET, LESSONS, as_it_stands, read
from navigation import top
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from refresh_outputs import normalise

OPENING = """# Cheat sheet

{links}

Every recipe of the course on one page. Each cell is complete in itself, with its imports: \
copy it, and put your own data where it says so. A heading leads back to the notebook that \
explains it.

This page is made from the notebooks by `make cheatsheet`, and run like them."""


def build(read: Callable[[Path], NotebookNode] = read) -> NotebookNode:
    opening = OPENING.format(links=top(CHEATSHEET, read))
    cells = [new_markdown_cell(opening, id="opening")]
    for path in LESSONS:
        notebook = read(path)
        title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        recipes = [c for c in notebook.cells if "recipe" in c.metadata.get("tags", [])]
        if recipes:
            heading = f"## [{title}]({path.name})"
            cells.append(new_markdown_cell(heading, id=f"from-{path.stem[:2]}"))
        for recipe in recipes:
            what = recipe.source.splitlines()[0].removeprefix("# Recipe: ")
            text = f"### {what[0].upper()}{what[1:]}"
            cells.append(new_markdown_cell(text, id=f"about-{recipe.id}"))
            cell = new_code_cell(recipe.source, id=recipe.id)
            cell.metadata = recipe.metadata
            cells.append(cell)
    return normalise(new_notebook(cells=cells))


if __name__ == "__main__":
    nbformat.write(build(as_it_stands), CHEATSHEET)
