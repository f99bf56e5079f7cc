"""Which files are the course's own: a learner's may lie beside them, or be written into them.

README.md names every notebook. What else lies in notebooks/ (Untitled.ipynb, a copy, notes)
is somebody's own, and no check looks at it. A notebook of the course into which a learner has
written answers is read as git has it.
"""

from __future__ import annotations

import functools
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import figure_words

if TYPE_CHECKING:
    from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
README = ROOT / "README.md"


def _named() -> list[Path]:
    """The notebooks that README.md links to: lessons by number, cheat sheet, glossary."""
    text = README.read_text(encoding="utf-8")
    names = sorted(set(re.findall(r"\(notebooks/([\w.-]+\.ipynb)\)", text)))
    return [NOTEBOOKS / name for name in names]


PATHS = _named()
LESSONS = [path for path in PATHS if path.name[0].isdigit()]
CHEATSHEET = NOTEBOOKS / "cheatsheet.ipynb"
GLOSSARY = NOTEBOOKS / "glossary.ipynb"


def git(*arguments: str) -> str | None:
    """What git says in the course's folder; None without git, and in a ZIP of the course."""
    if not (ROOT / ".git").exists():
        return None  # the folder may lie in somebody else's repository
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8"
        )
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def scripts() -> list[Path]:
    """The scripts that lessons start: those git knows, or by their form."""
    tracked = git("ls-files", "-z", "--", "notebooks/scripts")
    if tracked is not None:
        return [ROOT / name for name in tracked.split("\0") if name.endswith(".py")]
    return sorted((NOTEBOOKS / "scripts").glob("[0-9][0-9]_*.py"))


@functools.cache
def committed(path: Path) -> str | None:
    """A notebook as it stands in git's last commit."""
    return git("show", f"HEAD:{path.relative_to(ROOT).as_posix()}")


def is_a_learners(path: Path) -> bool:
    """Has somebody worked in this notebook of the course, rather than on the course?

    Jupyter writes the version of Python into the notebooks that it saves, and `make refresh`
    takes it out again; or nothing but answers to exercises has changed. What is committed is
    the course's own.
    """
    text = path.read_text(encoding="utf-8")
    published = committed(path)
    if text == published:
        return False
    import nbformat  # which takes a second; `make lab` has no need of it here

    try:
        notebook = nbformat.reads(text, as_version=4)
    except Exception:
        return False  # not to be read: the tests will say so
    if "version" in notebook.metadata.get("language_info", {}):
        return True
    if published is None:
        return False
    before = nbformat.reads(published, as_version=4)
    return _sources(notebook) == _sources(before) and _answers(notebook) != _answers(
        before
    )


def as_seen(text: str) -> NotebookNode:
    """A notebook from its file's text, without the images that nobody sees."""
    import nbformat

    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = figure_words.without(cell.source)
    return notebook


def as_it_stands(path: Path) -> NotebookNode:
    return as_seen(path.read_text(encoding="utf-8"))


def published(path: Path) -> str:
    """The text of a notebook's file, as git has it if a learner has worked in the notebook."""
    if is_a_learners(path):
        return committed(path) or path.read_text(encoding="utf-8")
    return path.read_text(encoding="utf-8")


def read(path: Path) -> NotebookNode:
    """A notebook of the course, as it was published if a learner has worked in it."""
    return as_seen(published(path))


def markdown(path: Path) -> list[str]:
    """The text of a notebook, a string a cell."""
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


def code_cells(path: Path) -> list[NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


# Stands between an exercise and its solution: running the exercise selects it, and not the
# solution's cell, whose text a key would show.
HINT = "Stuck? The solution is folded below."


def solution_below(cells: list[NotebookNode], place: int) -> NotebookNode:
    """The cell with the folded solution of the exercise in the cell `place`."""
    hint = cells[place + 1].source == HINT
    return cells[place + 1 + hint]


def recipes() -> dict[str, str]:
    """The source of each recipe, by the number of its notebook and its first line."""
    return {
        f"{path.stem[:2]}-{cell.source.splitlines()[0].removeprefix('# Recipe: ')}": cell.source
        for path in LESSONS
        for cell in code_cells(path)
        if "recipe" in tags(cell)
    }


def _is_exercise(cell: NotebookNode) -> bool:
    return "exercise" in tags(cell)


def _sources(notebook: NotebookNode) -> list[str]:
    return ["" if _is_exercise(cell) else cell.source for cell in notebook.cells]


def _answers(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if _is_exercise(cell)]
