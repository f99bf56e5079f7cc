"""Each figure is said in words, for those who don't see it: tools/figure_words.py."""

import re

import course
import figure_words
import nbformat
import pytest
from course import NOTEBOOKS, PATHS, read
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@every_notebook
def test_the_text_below_a_figure_begins_with_its_words(path):
    cells = nbformat.reads(course.published(path), 4).cells
    told = []
    for i, cell in enumerate(cells):
        if "alt" in cell.metadata:
            told.append(f"![{cell.metadata['alt']}]({figure_words.PIXEL})")
            assert cells[i + 1].source.startswith(told[-1]), cell.source
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert "\n".join(texts).count(figure_words.PIXEL) == len(told)
    assert not any(
        figure_words.PIXEL in cell.source
        for cell in read(path).cells
        if cell.cell_type == "markdown"
    )


@every_notebook
def test_words_of_a_figure_are_plain_text(path):
    """In Markdown they stand between brackets, and a screen reader gets what is left."""
    for cell in nbformat.reads(course.published(path), 4).cells:
        words = re.sub(r"\w_\w", "", cell.metadata.get("alt", ""))  # zero_grad is plain
        assert not set(words) & set("[]*_`<>\\\n"), words


def test_the_image_that_holds_them_is_one_transparent_pixel():
    with Image.open(NOTEBOOKS / figure_words.PIXEL) as image:
        assert image.size == (1, 1)
        assert image.convert("RGBA").getpixel((0, 0))[3] == 0


@given(
    st.lists(st.sampled_from(["So it is.", "- one\n- two", "## Go on", "<details>"]))
)
def test_placing_twice_is_placing_once_and_takes_back_what_no_figure_has(texts):
    notebook = new_notebook()
    for text in texts:
        drawn = new_code_cell("plt.show()", metadata={"alt": "A line."})
        notebook.cells += [drawn, new_markdown_cell(text)]
    figure_words.place(notebook)
    placed = [cell.source for cell in notebook.cells]
    figure_words.place(notebook)
    assert [cell.source for cell in notebook.cells] == placed
    assert [figure_words.without(source) for source in placed[1::2]] == texts
    for text, source in zip(texts, placed[1::2], strict=True):
        assert source == f"![A line.]({figure_words.PIXEL})" + (
            text if text == "So it is." else f"\n\n{text}"
        )
    for cell in notebook.cells:
        cell.metadata.pop("alt", None)
    figure_words.place(notebook)
    assert [cell.source for cell in notebook.cells[1::2]] == texts
