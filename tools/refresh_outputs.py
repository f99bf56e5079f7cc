"""Run notebooks and write their outputs back, in the one form that is committed.

`python tools/refresh_outputs.py [notebook ...]`: all of the course when none is named. Run
twice, the second run changes nothing.
"""

import atexit
import base64
import hashlib
import io
import os
import sys
import time
from pathlib import Path

import figure_words
import nbformat
import surroundings
import tolerance
from course import NOTEBOOKS, PATHS
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image


def execute(notebook: NotebookNode) -> NotebookNode:
    """Run all cells in a new kernel, in notebooks/, as JupyterLab and nbval do."""
    client = NotebookClient(
        notebook,
        timeout=600,  # seconds a cell; as long as nbval gives it
        startup_timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOKS)}},
        record_timing=False,
        coalesce_streams=True,
    )
    return client.execute()


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Keep what a reader sees; drop what differs between two runs or two machines."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
            "code_sha256": fingerprint(notebook),
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    figure_words.place(notebook)
    count = 0
    for cell in notebook.cells:
        # The course's own: `alt` is the alternative text of the figure that the cell draws,
        # `picture` where the figure is shown besides, `tolerance` how far its numbers may move,
        # `figure` how far those of its figures may.
        cell.metadata = {
            k: cell.metadata[k]
            for k in ("alt", "figure", "picture", "tags", "tolerance")
            if k in cell.metadata
        }
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = shrink(output.data["image/png"])
            if "execution_count" in output:
                output.execution_count = count
            if "metadata" in output:
                output.metadata = {}
                if "image/png" in output.data and "alt" in cell.metadata:
                    output.metadata = {"image/png": {"alt": cell.metadata["alt"]}}
    return notebook


def fingerprint(notebook: NotebookNode) -> str:
    """SHA-256 of all code, stored with the outputs: do they belong to the code beside them?

    nbval can't tell of a number that no output depends on.
    """
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()


def shrink(png: str) -> str:
    """A figure of photographs in 256 colours: a third of the size, and looks the same.

    png: base64, as in a notebook. A figure below 30 kB, or in few colours already, stays.
    """
    content = base64.b64decode(png)
    if len(content) < 30_000:
        return png
    with Image.open(io.BytesIO(content)) as figure:
        if figure.mode == "P":
            return png
        file = io.BytesIO()
        figure.convert("RGB").quantize(256).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode() + "\n"


def pictures(notebook: NotebookNode) -> dict[str, bytes]:
    """The figures that are shown elsewhere too, such as at the top of the lesson, by file name.

    A cell's metadata `"picture": "04_end.png"` puts its figure into notebooks/pictures/.
    """
    return {
        cell.metadata["picture"]: base64.b64decode(output.data["image/png"])
        for cell in notebook.cells
        if "picture" in cell.metadata
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    }


def keep_excused(stored: NotebookNode, notebook: NotebookNode) -> None:
    """Give back what was stored to cells that nbval doesn't compare, or where numbers agree.

    Else each refresh would change the file.
    """
    same_code = stored.metadata.get("code_sha256") == fingerprint(notebook)
    for before, cell in zip(stored.cells, notebook.cells, strict=True):
        excused = "nbval-ignore-output" in cell.metadata.get("tags", [])
        if excused and before.source == cell.source and before.outputs:
            cell.outputs = before.outputs
        # After a change of the code, all numbers are of one run again.
        if same_code and before.get("outputs"):
            cell.outputs = tolerance.keep_stored(
                before.outputs, cell.outputs, cell.metadata
            )


def refresh(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    if any(cell.cell_type == "code" for cell in notebook.cells):
        notebook = execute(notebook)
    keep_excused(nbformat.read(path, as_version=4), notebook)
    text = nbformat.writes(normalise(notebook)) + "\n"
    replace(path, text.encode())
    for name, figure in pictures(notebook).items():
        replace(path.parent / "pictures" / name, figure)


def replace(path: Path, content: bytes) -> None:
    """Write the whole file or nothing of it."""
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


if __name__ == "__main__":
    atexit.register(surroundings.clean(os.environ))
    named = [Path(name).resolve() for name in sys.argv[1:]]
    for path in named or PATHS:
        start = time.perf_counter()
        refresh(path)
        print(f"{path.name}: {time.perf_counter() - start:.1f} s", flush=True)
