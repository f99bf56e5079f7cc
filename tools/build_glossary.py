"""Make notebooks/glossary.ipynb: the course's terms, each with the sentence that explains it.

A term is what a lesson writes in bold within its running text, once in the course, in the
sentence that says what it is.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
from course import GLOSSARY, LESSONS, as_it_stands, read
from navigation import top
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from refresh_outputs import normalise

OPENING = """# Glossary

{links}

The terms of the field that this course uses, each with the sentence that explains it. The link \
leads to the place in the lesson.

This page is made from the lessons by `make glossary`."""

NOT_PROSE = re.compile(r"```.*?```|<details>.*?</details>|\$\$.*?\$\$", re.S)
# Of four words at most, and no sentence.
BOLD = re.compile(r"\*\*([^*\s]+(?: [^*\s]+){0,3}(?<![.!?:]))\*\*")
# A box, a table's row and a heading explain no term; an item of a list does if it says what it is.
NO_TERM = re.compile(r"[>|#]")
ITEM = re.compile(r"\n(?=(?:[-*]|\d+\.) )")
LEADING = re.compile(r"(?:[-*]|\d+\.) +\*\*[^*]+\*\*(?! (?:is|are|means|measures)\b)")
END_OF_SENTENCE = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\)? +(?=[A-Z`*$\"“(])")


class Entry(NamedTuple):
    term: str
    sentence: str
    path: Path
    heading: str


def entries(read: Callable[[Path], NotebookNode] = read) -> list[Entry]:
    """Every term of the lessons, in the order in which they come."""
    return [entry for path in LESSONS for entry in of_lesson(path, read(path))]


def of_lesson(path: Path, notebook: NotebookNode) -> Iterator[Entry]:
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    heading = ""
    for text in texts[1:]:  # the opening has bold words of its own
        for paragraph in NOT_PROSE.sub("", text).split("\n\n"):
            if match := re.match(r"##+ (.+)", paragraph):
                heading = match[1]
            if heading == "What you can do now":
                return
            if NO_TERM.match(paragraph):
                continue
            for item in ITEM.split(paragraph):
                text = LEADING.sub("", " ".join(item.split("\n")))
                for sentence in END_OF_SENTENCE.split(text):
                    said = re.sub(r"^([-*]|\d+\.) ", "", sentence).strip()
                    for term in BOLD.findall(sentence):
                        yield Entry(term, said, path, heading)


def line(entry: Entry) -> str:
    plain = BOLD.sub(r"\1", entry.sentence)
    anchor = re.sub(r"\s", "-", re.sub(r"[`*]", "", entry.heading))
    number = entry.path.stem[:2]
    return f"- **{entry.term}** ([{number}]({entry.path.name}#{anchor})): {plain}"


def build(read: Callable[[Path], NotebookNode] = read) -> NotebookNode:
    found = sorted(entries(read), key=lambda entry: entry.term.casefold())
    opening = OPENING.format(links=top(GLOSSARY, read))
    cells = [new_markdown_cell(opening, id="opening")]
    letters = dict.fromkeys(entry.term[0].upper() for entry in found)
    for letter in letters:
        lines = [line(entry) for entry in found if entry.term[0].upper() == letter]
        text = f"## {letter}\n\n" + "\n".join(lines)
        cells.append(new_markdown_cell(text, id=f"letter-{letter.lower()}"))
    return normalise(new_notebook(cells=cells))


if __name__ == "__main__":
    nbformat.write(build(as_it_stands), GLOSSARY)
