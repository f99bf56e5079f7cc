"""Compare the numbers of an output within what its cell allows, all else letter for letter.

A cell's metadata may hold "tolerance", one of

- {"absolute": 0.002}, {"relative": 0.05}, or both, whose sum counts: for numbers with a point;
- {"whole": 2}: for numbers without one, which else must be equal;
- "time": each number with a point is a time, or made of times: any positive number does.

Two figures (tools/figure_data.py) agree if their words and counts do, and each number is the same
within a share of its axis: FIGURE, or the cell's metadata `"figure"`, such as 0.1. `"figure":
"time"` is for times that are drawn: their numbers may be any.

`Tolerance` is a plugin of pytest, by which nbval compares so. `make refresh` keeps what is stored
where the new output agrees with it.
"""

import copy
import json
import re
from collections.abc import Iterable

import pytest
from figure_data import MIME

# Not a digit of a name, such as conv2d or v2; with the spaces before, which pad it.
NUMBER = re.compile(r" *(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])")
KINDS = {"absolute", "relative", "whole"}
FIGURE = 0.01  # of an axis


def expect_tolerance(metadata: dict) -> None:
    """Raise ValueError for what is not a tolerance, such as a misspelt one."""
    figure, tolerance = (
        metadata.get("figure", FIGURE),
        metadata.get("tolerance", "time"),
    )
    if figure != "time" and not (isinstance(figure, float) and 0 < figure < 1):
        raise ValueError(
            f'a cell\'s "figure" is {figure!r}, expected "time" or a share of an axis, such as 0.1'
        )
    if tolerance == "time":
        return
    if (
        not isinstance(tolerance, dict)
        or not tolerance
        or not tolerance.keys() <= KINDS
        or not all(value > 0 for value in tolerance.values())
    ):
        raise ValueError(
            f'a cell\'s tolerance is {tolerance!r}, expected "time" or a dictionary of positive '
            f"numbers by the names {', '.join(sorted(KINDS))}"
        )


def agree(stored: str, new: str, tolerance: dict | str) -> bool:
    """Is `new` the text `stored`, but for numbers that the tolerance allows?"""
    if NUMBER.split(stored) != NUMBER.split(new):
        return False
    pairs = zip(NUMBER.findall(stored), NUMBER.findall(new), strict=True)
    return all(_close(one.strip(), other.strip(), tolerance) for one, other in pairs)


def _close(stored: str, new: str, tolerance: dict | str) -> bool:
    if "." not in stored or "." not in new:
        allowed = 0 if tolerance == "time" else tolerance.get("whole", 0)
        whole = "." not in stored + new
        return whole and abs(float(stored) - float(new)) <= allowed
    if tolerance == "time":
        return float(new) > 0
    if len(stored.partition(".")[2]) != len(new.partition(".")[2]):
        return False  # printed otherwise
    allowed = tolerance.get("absolute", 0)
    allowed += tolerance.get("relative", 0) * abs(float(stored))
    # A hair more, for 0.3 - 0.1 is a little more than 0.2 to a computer.
    return abs(float(stored) - float(new)) <= allowed * (1 + 1e-9)


def figures_differ_by(stored: str, new: str, within: dict | str | None) -> float | None:
    """By which share of its axis a number moved at most; None if more than that differs.

    Words hold numbers too, such as an accuracy in a title: `within` is what the cell allows them.
    """
    figures = [
        [json.loads(line) for line in text.split("\n")] for text in (stored, new)
    ]
    if len(figures[0]) != len(figures[1]):
        return None
    widest, spans = 0.0, {}
    for before, after in zip(*figures, strict=True):
        spans |= _spans(before)
        rest = [json.dumps(_without(line, spans)) for line in (before, after)]
        if rest[0] != rest[1] and not (within and agree(*rest, within)):
            return None
        for key in before.keys() & spans.keys():
            if len(before[key]) != len(after[key]):
                return None
            for one, other in zip(before[key], after[key], strict=True):
                if one != other:
                    if one is None or other is None or not spans[key]:
                        return None
                    widest = max(widest, abs(one - other) / spans[key])
    return widest


def _spans(line: dict) -> dict[str, float]:
    """How long the axes are that the numbers of this line, and of those after it, lie on."""
    if "axes" in line:
        return {key: abs(line[key][1] - line[key][0]) for key in ("x", "y")}
    if "range" in line:
        span = abs(line["range"][1] - line["range"][0])
        return {"range": span, "values": span}
    return {}


def _without(line: dict, keys: Iterable[str]) -> dict:
    return {key: value for key, value in line.items() if key not in keys}


def agree_as_figures(stored: str, new: str, metadata: dict) -> bool:
    """Do two figures show the same, within what their cell allows?"""
    allowed = metadata.get("figure", FIGURE)
    moved = figures_differ_by(stored, new, metadata.get("tolerance"))
    return moved is not None and (allowed == "time" or moved <= allowed)


def keep_stored(stored: list, new: list, metadata: dict) -> list:
    """The new outputs of a cell, with what is stored in the place of what agrees with it."""
    new, within = copy.deepcopy(new), metadata.get("tolerance")
    if [output["output_type"] for output in stored] != [o["output_type"] for o in new]:
        return new
    for before, output in zip(stored, new, strict=True):
        old, now = before.get("data", {}), output.get("data", {})
        if MIME in old and MIME in now:
            if agree_as_figures(old[MIME], now[MIME], metadata):
                now[MIME] = old[MIME]
        for texts, other, name in ((before, output, "text"), (old, now, "text/plain")):
            if within and name in texts and name in other:
                if agree(texts[name], other[name], within):
                    other[name] = texts[name]
    return new


class Tolerance:
    """A plugin of pytest."""

    def pytest_collection_modifyitems(self, items):
        for item in items:
            if item.path.suffix == ".ipynb":
                expect_tolerance(item.cell.metadata)
                item.compare_outputs = self.within(item)

    @staticmethod
    def within(item: pytest.Item):
        compare = item.compare_outputs

        def compare_within(test, ref, skip_compare=None):
            kept = keep_stored(ref, test, item.cell.metadata)
            return compare(kept, ref, skip_compare)

        return compare_within
