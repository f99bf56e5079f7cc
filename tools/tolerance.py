"""Compare the numbers of an output within what its cell allows, all else letter for letter.

A cell's metadata may hold "tolerance", one of

- {"absolute": 0.002}, {"relative": 0.05}, or both, whose sum counts: for numbers with a point;
- {"whole": 2}: for numbers without one, which else must be equal;
- "time": each number with a point is a time, or made of times: any positive number does.

`Tolerance` is a plugin of pytest, by which nbval compares so. `make refresh` keeps what is stored
where the new output agrees with it.
"""

import copy
import re

import pytest

# Not a digit of a name, such as conv2d or v2; with the spaces before, which pad it.
NUMBER = re.compile(r" *(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])")
KINDS = {"absolute", "relative", "whole"}


def expect_tolerance(tolerance: object) -> None:
    """Raise ValueError for what is not a tolerance, such as a misspelt one."""
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


def keep_stored(stored: list, new: list, tolerance: dict | str) -> list:
    """The new outputs of a cell, with the stored text in the place of what agrees with it."""
    new = copy.deepcopy(new)
    if [output["output_type"] for output in stored] != [o["output_type"] for o in new]:
        return new
    for before, output in zip(stored, new, strict=True):
        for texts, name in ((before, "text"), (before.get("data", {}), "text/plain")):
            now = output if name == "text" else output.get("data", {})
            if (
                name in texts
                and name in now
                and agree(texts[name], now[name], tolerance)
            ):
                now[name] = texts[name]
    return new


class Tolerance:
    """A plugin of pytest."""

    def pytest_collection_modifyitems(self, items):
        for item in items:
            if item.path.suffix == ".ipynb" and "tolerance" in item.cell.metadata:
                expect_tolerance(item.cell.metadata["tolerance"])
                item.compare_outputs = self.within(item)

    @staticmethod
    def within(item: pytest.Item):
        compare = item.compare_outputs

        def compare_within(test, ref, skip_compare=None):
            kept = keep_stored(ref, test, item.cell.metadata["tolerance"])
            return compare(kept, ref, skip_compare)

        return compare_within
