"""`make refresh`: the one form in which notebooks are stored."""

import base64
import io

import nbformat
import numpy as np
import refresh_outputs
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image


def test_normalise_keeps_what_a_reader_sees():
    figure = new_output(
        "display_data",
        {"image/png": "aGk=", "text/plain": "<Figure>"},
        metadata={"needs_background": "light"},
    )
    value = new_output("execute_result", {"text/plain": "1"}, execution_count=40)
    cell = new_code_cell("1", execution_count=40, outputs=[figure, value])
    cell.metadata = {
        "alt": "A one.",
        "tags": ["recipe"],
        "execution": {"iopub": "12:00"},
    }
    notebook = new_notebook(
        cells=[new_markdown_cell("# One"), cell, new_code_cell("2")]
    )
    notebook.metadata = {"kernelspec": {"name": "mine", "display_name": "Mine"}}
    once = refresh_outputs.normalise(notebook)
    assert [c.get("execution_count") for c in once.cells] == [None, 1, 2]
    assert once.cells[1].metadata == {"alt": "A one.", "tags": ["recipe"]}
    assert figure.metadata == {"image/png": {"alt": "A one."}}
    assert value.execution_count == 1 and value.data == {"text/plain": "1"}
    assert once.metadata.kernelspec.name == "python3"
    assert once.metadata.language_info == {"name": "python"}
    assert once.metadata.code_sha256 == refresh_outputs.fingerprint(once)
    text = nbformat.writes(once)
    assert (
        nbformat.writes(refresh_outputs.normalise(nbformat.reads(text, as_version=4)))
        == text
    )


def test_timings_are_kept_so_that_a_refresh_changes_nothing():
    def notebook(source, text):
        cell = new_code_cell(source, outputs=[new_output("stream", text=text)])
        cell.metadata["tags"] = ["nbval-ignore-output"]
        plain = new_code_cell("2", outputs=[new_output("stream", text=text)])
        return new_notebook(cells=[cell, plain])

    again = notebook("1", "12 ms")
    refresh_outputs.keep_excused(notebook("1", "10 ms"), again)
    assert [cell.outputs[0].text for cell in again.cells] == ["10 ms", "12 ms"]
    changed = notebook("1 + 1", "12 ms")
    refresh_outputs.keep_excused(notebook("1", "10 ms"), changed)
    assert changed.cells[0].outputs[0].text == "12 ms"


def test_numbers_within_their_tolerance_are_kept_as_long_as_the_code_is_the_same():
    def notebook(source, text):
        cell = new_code_cell("print(loss)", outputs=[new_output("stream", text=text)])
        cell.metadata["tolerance"] = {"absolute": 0.01}
        made = new_notebook(cells=[new_code_cell(source), cell])
        made.metadata.code_sha256 = refresh_outputs.fingerprint(made)
        return made

    stored = notebook("epochs = 3", "0.168")
    for source, text in ("epochs = 3", "0.168"), ("epochs = 4", "0.169"):
        again = notebook(source, "0.169")
        refresh_outputs.keep_excused(stored, again)
        assert again.cells[1].outputs[0].text == text


def test_large_figures_are_stored_in_few_colours():
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    png = base64.b64encode(file.getvalue()).decode() + "\n"
    small = refresh_outputs.shrink(png)
    assert len(small) < len(png) / 2 and refresh_outputs.shrink(small) == small
    with Image.open(io.BytesIO(base64.b64decode(small))) as figure:
        shown = np.asarray(figure.convert("RGB"), float)
    assert np.abs(shown - noise).mean() < 40  # noise is the worst case


def test_one_number_anywhere_in_the_code_changes_its_fingerprint():
    def fingerprint(*sources, text="3"):
        cells = [new_markdown_cell(text), *map(new_code_cell, sources)]
        return refresh_outputs.fingerprint(new_notebook(cells=cells))

    assert fingerprint("1", "x = 2") == fingerprint("1", "x = 2", text="4")
    assert fingerprint("1", "x = 2") != fingerprint("1", "x = 3")
    assert fingerprint("1", "x = 2") != fingerprint("1x = 2")
