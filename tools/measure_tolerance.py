"""How far do the numbers of an output move from run to run, and on other processors?

    python tools/measure_tolerance.py notebooks/04_losses_and_optimizers.ipynb [runs]

Runs the notebook as it is, with two threads, and as older processors would compute; prints each
cell of which an output or a figure differs from the stored one, by how much at most, and the
cell's tolerance. Take a little more than that as the tolerance, and no more.
"""

import copy
import os
import sys
from pathlib import Path

import nbformat
import refresh_outputs
import surroundings
from figure_data import MIME
from nbformat import NotebookNode
from tolerance import FIGURE, NUMBER, figures_differ_by

WAYS = [
    {},
    {"OMP_NUM_THREADS": "2"},
    {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
    {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
    },
]


def text_of(cell: NotebookNode) -> str:
    """All that a cell printed or gave back, as text."""
    outputs = cell.get("outputs", [])
    return "".join(
        o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs
    )


def difference(stored: str, new: str) -> tuple[float, float] | None:
    """The largest absolute and relative difference of their numbers; None if words differ."""
    if NUMBER.split(stored) != NUMBER.split(new):
        return None
    absolute = relative = 0.0
    for one, other in zip(NUMBER.findall(stored), NUMBER.findall(new), strict=True):
        moved = abs(float(one) - float(other))
        absolute = max(absolute, moved)
        if float(one):
            relative = max(relative, moved / abs(float(one)))
    return absolute, relative


def figures_of(cell: NotebookNode) -> list[str]:
    """What its figures show."""
    return [o.data[MIME] for o in cell.get("outputs", []) if MIME in o.get("data", {})]


def main(path: Path, runs: int) -> None:
    stored = nbformat.read(path, as_version=4)
    widest, words, figures = {}, {}, {}
    for way in WAYS * runs:
        before = dict(os.environ)
        os.environ.update(way)
        try:
            new = refresh_outputs.execute(copy.deepcopy(stored))
        finally:
            os.environ.clear()
            os.environ.update(before)
        for i, (one, other) in enumerate(zip(stored.cells, new.cells, strict=True)):
            if "nbval-ignore-output" in one.metadata.get("tags", []):
                continue
            for pair in zip(figures_of(one), figures_of(other), strict=True):
                share = figures_differ_by(*pair, one.metadata.get("tolerance"))
                if share is None:
                    words[i] = f"{way}:\n{pair[1]}"
                else:
                    figures[i] = max(figures.get(i, 0), share)
            moved = difference(text_of(one), text_of(other))
            if moved is None:
                words[i] = f"{way}:\n{text_of(other)}"
            else:
                widest[i] = tuple(map(max, widest.get(i, (0.0, 0.0)), moved))
    for i, (absolute, relative) in sorted(widest.items()):
        tolerance = stored.cells[i].metadata.get("tolerance")
        if absolute or tolerance:
            print(
                f"[{i}] absolute {absolute:.4g}, relative {relative:.3g}; has {tolerance}"
            )
    for i, share in sorted(figures.items()):
        allowed = stored.cells[i].metadata.get("figure")
        if share or allowed:
            print(f"[{i}] figure {share:.3g} of an axis; has {allowed or FIGURE}")
    for i, text in sorted(words.items()):
        print(f"[{i}] other words, {text}")


if __name__ == "__main__":
    undo = surroundings.clean(os.environ)
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    finally:
        undo()
