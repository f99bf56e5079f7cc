"""Which quantities of a lesson's prose does nothing hold? `python tools/quantities.py 04`

Four things hold a quantity (tools/prose.py says what one is):

- an assert that quotes it, in its sentence or in a comment beside it, and has its value:
  `assert accuracy > 0.9, f"“nine in ten” no longer holds: {accuracy:.3f}"`,
  `assert losses[-1] < losses[0] / 20  # “twenty times”`. Bounds hold what lies between them:
  `assert 0.93 < accuracy < 0.97  # “about 95 %”`;
- the output of the code cell above or below, where nbval compares it letter by letter;
- a number in the code of such a cell, as a batch size is;
- a line in tests/quantities/, one file a notebook, for what nothing measures there: `counted`
  for what a reader can count ("the four lines"), `defined` for what is so by definition or
  choice, `elsewhere` for numbers of the world outside, each with its source.

Asserts and ledger quote words beside the number, and the whole of it: its unit too, and "more
than" before it. What they quote and the prose no longer says is an error.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

import course
import prose
from claims import claims, shows
from nbformat import NotebookNode

LEDGERS = course.ROOT / "tests" / "quantities"
SECTIONS = ("counted", "defined", "elsewhere")
MEASURED = re.compile(r"[.%×]|\b[kMGT]i?B\b|\btimes\b|\d ?[mµn]?s\b")
Place = tuple[int, prose.Quantity]  # in which cell


class Lesson:
    """A notebook and its ledger, compared."""

    def __init__(self, notebook: NotebookNode, ledger: dict):
        self.cells = notebook.cells
        self.ledger = ledger
        self.texts = {
            number: prose.plain(cell.source)[0]
            for number, cell in enumerate(self.cells)
            if cell.cell_type == "markdown"
        }
        self.all = [
            (number, quantity)
            for number in self.texts
            for quantity in prose.quantities(self.cells[number].source)
        ]
        self.held: set[Place] = set()
        self.problems: list[str] = []
        self._read_asserts()
        self._read_ledger()
        self.left = [
            p for p in self.all if p not in self.held and not self._is_shown(*p)
        ]
        for number, quantity in self.left:
            self.problems.append(
                f'cell {number}: nothing holds "{quantity.text}" in '
                f'"{self.sentence(number, quantity)}"'
            )

    def _quoted(self, phrase: str) -> tuple[list[Place], str]:
        """The quantities that a phrase holds, wherever it stands; else what is wrong with it."""
        phrase = prose.plain(phrase)[0].strip()
        if len(re.findall(r"\w[\w.,]*|[%×]", phrase)) < 2:
            return [], "needs a word beside the number"
        pattern = rf"(?<!\w)(?<!\d[.,]){re.escape(phrase)}(?!\w)(?![.,]\d)"
        spans = [
            (number, *match.span())
            for number, text in self.texts.items()
            if phrase in text
            for match in re.finditer(pattern, text)
        ]
        touched = [
            (number, quantity, start <= quantity.start and quantity.end <= end)
            for number, start, end in spans
            for at, quantity in self.all
            if at == number and start < quantity.end and quantity.start < end
        ]
        inside = [(number, quantity) for number, quantity, whole in touched if whole]
        if inside:
            return inside, ""
        if touched:
            return [], f"is a part of “{touched[0][1].text}”: quote all of it"
        return [], "is quoted, but the prose doesn't say it (any more)"

    def _read_asserts(self) -> None:
        for number, cell in enumerate(self.cells):
            for claim in claims(cell.source) if cell.cell_type == "code" else ():
                places, wrong = self._quoted(claim.phrase)
                for place in places:
                    self.held.add(place)
                    if not claim.agrees(place[1]):
                        wrong = f"is quoted by `assert {claim.test}`, which has no "
                        wrong += f"{expected(place[1])}, and no two bounds near it"
                if wrong:
                    self.problems.append(f"cell {number}: “{claim.phrase}” {wrong}")

    def _read_ledger(self) -> None:
        for section, lines in self.ledger.items():
            if section not in SECTIONS:
                self.problems.append(
                    f"ledger: [{section}] is none of {', '.join(SECTIONS)}"
                )
            for phrase in lines:
                places, wrong = self._quoted(phrase)
                self.held.update(places)
                if section == "counted" and any(is_measured(q) for _, q in places):
                    wrong = "is measured, not counted: let an assert quote it"
                if section == "elsewhere" and not is_source(lines[phrase]):
                    wrong = "needs its source: a link, a file of the course, or who measured it"
                if wrong:
                    self.problems.append(f"ledger, [{section}]: “{phrase}” {wrong}")

    def _is_shown(self, number: int, quantity: prose.Quantity) -> bool:
        code = [n for n, cell in enumerate(self.cells) if cell.cell_type == "code"]
        beside = [n for n in code if n < number][-1:] + [n for n in code if n > number][
            :1
        ]
        return any(shows(self.cells[n], quantity) for n in beside)

    def sentence(self, number: int, quantity: prose.Quantity) -> str:
        text = self.texts[number]
        start = [m.end() for m in re.finditer(r"\n|[.?!:] ", text[: quantity.start])]
        after = re.split(r"\n|[.?!:](?: |$)", text[quantity.end :])[0]
        return text[max(start, default=0) : quantity.end] + after

    def lines(self, measured: bool) -> list[str]:
        """Words around what nothing holds: for asserts, or else for the ledger, to quote."""
        spans = []
        for number, quantity in self.left:
            if measured != is_measured(quantity):
                continue
            text = self.texts[number]
            before = re.search(r"(?:\S+ ){0,2}\S*\Z", text[: quantity.start])
            after = re.match(r"\S*(?: \S+){0,2}", text[quantity.end :])
            start, end = before.start(), quantity.end + after.end()
            if spans and spans[-1][0] == number and start <= spans[-1][2]:
                start = spans.pop()[1]  # they meet: one line
            spans.append((number, start, end))
        words = [self.texts[n][start:end].strip(" .,:;?!") for n, start, end in spans]
        return list(dict.fromkeys(words))


def is_measured(quantity: prose.Quantity) -> bool:
    """Shares, sizes, times, decimals: no reader can count them."""
    return bool(quantity.whole or MEASURED.search(quantity.text))


def expected(quantity: prose.Quantity) -> str:
    """What an assert may compare with: "0.9 or 90"; "94 or 0.94, 97 or 0.97"."""
    values = [number.values for number in quantity.numbers]
    values = [quantity.whole] if quantity.whole else values
    return ", ".join(" or ".join(f"{v:.10g}" for v in some) for some in values)


def is_source(reason: str) -> bool:
    """Is it more than a word, and are the files there that it names?"""
    files = re.findall(r"(?:tests|data|helper|tools|notebooks)/[\w./]+\w", reason)
    there = all((course.ROOT / name).exists() for name in files)
    return there and len(reason.split()) > 1


def ledger_of(path: Path) -> dict:
    """A notebook's ledger: lists of phrases; of `elsewhere` a table, each with its source."""
    file = LEDGERS / f"{path.stem}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def report(path: Path) -> None:
    """Print what is wrong in the notebook as it lies there, and what to write."""
    found = Lesson(course.as_it_stands(path), ledger_of(path))
    print(f"{path.name}: {len(found.all)} quantities, nothing holds {len(found.left)}")
    print("\n".join(found.problems))
    if found.left:
        print("\nAsserts, with as many of these words as make it clear:")
        print("\n".join(f"  # “{words}”" for words in found.lines(measured=True)))
        print(f"\nFor tests/quantities/{path.stem}.toml, what no assert can hold:")
        for words in found.lines(measured=False):
            print(f"  {json.dumps(words, ensure_ascii=False)},")


if __name__ == "__main__":
    named = {Path(name).stem[:2] for name in sys.argv[1:]}
    for path in course.LESSONS:
        if not named or path.stem[:2] in named:
            report(path)
