"""Change what the stored figures show, in one place at a time: does the comparison notice?

A part of tools/run_mutants.py.
"""

import json
from collections.abc import Iterator

import course
import nbformat
from figure_data import MIME
from tolerance import FIGURE, agree_as_figures


def changes(stored: str, share: float) -> Iterator[tuple[str, str]]:
    """What was changed, and the figure afterwards.

    Each number moves by `share` of its axis and a little, each word is another, each thing that
    is drawn is missing once, and there once more.
    """
    lines = stored.split("\n")
    spans = {}
    for i, line in enumerate(lines):
        drawn = json.loads(line)
        if "axes" in drawn:
            spans = {key: abs(drawn[key][1] - drawn[key][0]) for key in ("x", "y")}
        if "range" in drawn:
            spans["range"] = spans["values"] = abs(
                drawn["range"][1] - drawn["range"][0]
            )
        for other in ([], [line, line]):
            yield (
                f"{line} is there {len(other)} times",
                "\n".join([*lines[:i], *other, *lines[i + 1 :]]),
            )
        for key, value in drawn.items():
            for k, other in enumerate(others(value, 1.1 * share * spans.get(key, 0))):
                changed = json.dumps(drawn | {key: other}, ensure_ascii=False)
                yield (
                    f"{key}, {k}: {changed}",
                    "\n".join([*lines[:i], changed, *lines[i + 1 :]]),
                )


def others(value: object, by: float) -> Iterator[object]:
    if isinstance(value, str):
        yield value + "!"
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, float):
        if by:
            yield value + by
    elif isinstance(value, list):
        for i, one in enumerate(value):
            for other in others(one, by):
                yield [*value[:i], other, *value[i + 1 :]]


def break_figures() -> bool:
    """Print which changes passed; are they fewer than five in a hundred?"""
    tried = noticed = figures = 0
    for path in course.PATHS:
        for i, cell in enumerate(nbformat.read(path, as_version=4).cells):
            share = cell.metadata.get("figure", FIGURE)
            for output in cell.get("outputs", []):
                if MIME not in output.get("data", {}) or share == "time":
                    continue
                figures += 1
                stored = output.data[MIME]
                for what, changed in changes(stored, share):
                    tried += 1
                    if agree_as_figures(stored, changed, cell.metadata):
                        print(f"{path.name} [{i}]: not noticed: {what[:200]}")
                    else:
                        noticed += 1
    print(f"{figures} figures: {noticed} of {tried} changes noticed")
    return noticed >= 0.95 * tried
