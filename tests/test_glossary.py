"""Every term is explained once, and the glossary leads there."""

import re
from pathlib import Path

import build_glossary
import course
from build_glossary import Entry, entries, line, of_lesson
from nbformat.v4 import new_markdown_cell, new_notebook

PATH = Path("04_losses.ipynb")


def test_glossary_is_up_to_date():
    stored = [cell.source for cell in course.read(course.GLOSSARY).cells]
    built = [cell.source for cell in build_glossary.build().cells]
    assert stored == built, "run `make glossary`"


def test_each_term_is_explained_once_in_a_sentence_of_its_own():
    first = {}
    for entry in entries():
        name = entry.term.casefold().removesuffix("s")
        again = (
            f"{entry.term} is bold in {entry.path.stem[:2]} and in {first.get(name)}"
        )
        assert name not in first, again
        first[name] = entry.path.stem[:2]
        assert len(entry.sentence.split()) > len(entry.term.split()) + 2, entry.sentence
        assert entry.heading, f"{entry.term} stands before the first heading"


def test_each_link_leads_to_a_heading():
    for entry in entries():
        headings = re.findall(
            r"(?m)^##+ (.+)$", "\n\n".join(course.markdown(entry.path))
        )
        assert entry.heading in headings


def found(text):
    notebook = new_notebook(cells=[new_markdown_cell(t) for t in ["# Title", text]])
    return [(entry.term, entry.sentence) for entry in of_lesson(PATH, notebook)]


def test_what_is_a_term():
    sentence = "A **batch** is a group (of e.g. 64)."
    assert found(f"Before. {sentence} After.") == [("batch", sentence)]
    assert found(
        "- **Adam** is an optimizer.\n- **clear**: remove.\n\n> **In older code** x"
    ) == [("Adam", "**Adam** is an optimizer.")]
    assert found("```python\n**kwargs**\n```\n\n| **a** |\n\n## **b**") == []
    assert found("## What you can do now\n\nA **loss** is a number.") == []


def test_a_line_links_to_its_place():
    entry = Entry("batch", "A **batch** is a group.", PATH, "Load `batches` now")
    link = "([04](04_losses.ipynb#Load-batches-now))"
    assert line(entry) == f"- **batch** {link}: A batch is a group."
