"""Break the prose of the lessons, every number in turn, and count what is noticed.

What a number is, is decided here more simply than in tools/prose.py, to find what that overlooks.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import course
import prose
import quantities

WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen".split()
WORDS += "fifteen sixteen twenty thirty forty fifty sixty seventy eighty ninety".split()
WORDS += "hundred thousand million".split()
SHARES = "tenth fifth quarter third half".split()
OTHER = dict(zip(WORDS, [*WORDS[1:], "hundred"], strict=True))
OTHER |= dict(zip(SHARES, [*SHARES[1:], "third"], strict=True))
OTHER |= {"once": "twice", "twice": "three times", "double": "triple"}
UNITS = {"kB": "MB", "MB": "GB", "GB": "MB", "%": "‰", "ms": "s", "µs": "ms"}
UNITS |= {
    "times": "%",
    "seconds": "minutes",
    "minutes": "hours",
    "hours": "days",
    "bytes": "bits",
}
SAID = {"more than": "less than", "less than": "more than", "at least": "at most"}
SAID |= {"at most": "at least", "nearly": "more than", "about": "exactly"}
DIGITS = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\w*-)")
NUMBER = re.compile(rf"{DIGITS.pattern}|\b(?:{'|'.join(OTHER)})s?\b", re.I)


def _digits(text: str) -> dict[str, str]:
    """The same number, one more, doubled, a tenth, and with two digits swapped."""
    places = len(text.partition(".")[2])
    number = float(text.replace(",", ""))
    comma = "," if "," in text else ""
    shown = {
        "±1": f"{number + 10**-places:{comma}.{places}f}",
        "×2": f"{number * 2:{comma}.{places}f}",
        "÷10": f"{number / 10:{comma}.{places + 1}f}".removesuffix(".0"),
    }
    if match := re.search(r"(\d)(?!\1)(\d)", text):
        start, end = match.span()
        shown["swapped"] = text[:start] + match[2] + match[1] + text[end:]
    return {kind: other for kind, other in shown.items() if other != text}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """A markdown cell, changed in one number, unit or comparison: the kind of change, the text."""
    masked = prose.masked(source)
    for match in NUMBER.finditer(masked):
        text = match[0]
        if text[0].isdigit():
            text = text.rstrip(",")
            changes = _digits(text)
        else:
            other = OTHER.get(text.lower()) or OTHER[text.lower().rstrip("s")]
            changes = {"word": other.capitalize() if text[0].isupper() else other}
        for kind, other in changes.items():
            end = match.start() + len(text)
            yield kind, source[: match.start()] + other + source[end:]
    for kind, table in (("unit", UNITS), ("comparison", SAID)):
        before = r"(?<=[\d\w] )" if kind == "unit" else r"\b"
        after = r"(?!\w)" if kind == "unit" else rf"(?= (?:an? )?(?:{NUMBER.pattern}))"
        for match in re.finditer(f"{before}({'|'.join(table)}){after}", masked, re.I):
            other = table.get(match[0]) or table[match[0].lower()]
            front = masked[: match.start()]
            if kind == "comparison" or re.search(f"({NUMBER.pattern}) $", front, re.I):
                yield kind, source[: match.start()] + other + source[match.end() :]


def break_prose(paths: list[Path]) -> bool:
    """Break each number of these lessons; are 95 changes in 100 noticed? Print the others."""
    noticed, total = Counter(), Counter()
    for path in paths:
        notebook, ledger = course.read(path), quantities.ledger_of(path)
        if quantities.Lesson(notebook, ledger).problems:
            print(f"{path.name}: left out, it has quantities that nothing holds")
            continue
        texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
        changes = [(cell, *mutant) for cell in texts for mutant in mutants(cell.source)]
        for cell, kind, changed in changes:
            before, cell.source = cell.source, changed
            found = bool(quantities.Lesson(notebook, ledger).problems)
            cell.source = before
            noticed[kind] += found
            total[kind] += 1
            if not found:
                print(
                    f"{path.name}: NOT NOTICED: {kind}: {_difference(before, changed)}"
                )
    for kind in total:
        share = noticed[kind] / total[kind]
        print(f"{kind}: {noticed[kind]} of {total[kind]} noticed, {share:.1%}")
    print(f"prose: {noticed.total()} of {total.total()} noticed")
    return noticed.total() >= 0.95 * total.total()


def _difference(before: str, after: str) -> str:
    """The words around the first place where two texts differ."""
    at = len(os.path.commonprefix([before, after]))
    return repr(after[max(0, at - 30) : at + 30])
