"""Who has solved what: run the lessons that learners handed in, and print a table.

`python tools/tabulate_answers.py FOLDER [--csv FILE]` takes FOLDER/*.ipynb and
FOLDER/<learner>/*.ipynb, and writes nothing there. A lesson is known by the exercises that its
cells give to `check`, whatever its file is called. Each answer is judged anew, on new cases, and a
cell or a notebook that takes too long is stopped.

What this can't stop: a learner's code runs with your rights. It can read, write and send what
you can, and fill the disk or the memory; and who knows how the judging is done can deceive it.
Use an account that has nothing to lose, and don't take the table for an examination.
"""

import argparse
import atexit
import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import surroundings
from handed_in import RIGHT, SIGNS, read, solved
from my_copies import EARLIER

from helper.exercises import exercises_of


def plain(text: object) -> str:
    """Without what a terminal would take for a command."""
    return "".join(c if c.isprintable() else "?" for c in str(text)[:200])


def tabulate(folder: Path, cell_seconds: float, seconds: float) -> Iterator[dict]:
    """Print a table for each lesson, and yield each row as soon as it is known."""
    lessons, left_out = {}, []
    for path in sorted([*folder.glob("*.ipynb"), *folder.glob("*/*.ipynb")]):
        if path.parent.name.startswith(".") or path.parent.name == EARLIER.name:
            continue
        name = plain(path.relative_to(folder).with_suffix("").as_posix())
        try:
            lesson, sources = read(path)
            lessons.setdefault(lesson, []).append((name, path, sources))
        except ValueError as why:
            left_out.append(f"{name}: {why}")
    width = max([len(n) for found in lessons.values() for n, *_ in found] + [8])
    for lesson, found in sorted(lessons.items()):
        count = len(exercises_of(lesson))
        numbers = [f"{i + 1}" for i in range(count)]
        print(f"{f'lesson {lesson}':{width}}  {'  '.join(numbers)}  right", flush=True)
        columns = []
        for name, path, sources in found:
            print(f"{name:{width}}", end="  ", flush=True)
            signs, note = solved(path, lesson, sources, cell_seconds, seconds)
            right = f"{signs.count(RIGHT)}/{count}"
            print(f"{'  '.join(signs)}  {right:5}  {plain(note)}".rstrip(), flush=True)
            columns.append(signs)
            row = {"notebook": name, "lesson": lesson, "note": plain(note)}
            row |= {"right": signs.count(RIGHT), "exercises": count}
            words = [SIGNS[sign] for sign in signs]
            yield row | dict(zip(numbers, words, strict=True))
        totals = [exercise.count(RIGHT) for exercise in zip(*columns, strict=True)]
        last = " ".join(f"{total:<2}" for total in totals)
        print(f"{'right':{width}}  {last}".rstrip() + "\n", flush=True)
    print("   ".join(f"{sign} {word}" for sign, word in SIGNS.items()))
    for sentence in left_out:
        print(f"Left out: {sentence}")


def write_csv(path: Path, rows: list[dict]) -> None:
    """With words for signs; a name that a spreadsheet would take for a formula is quoted."""
    most = max([row["exercises"] for row in rows], default=0)
    numbers = [f"{i + 1}" for i in range(most)]
    columns = ["notebook", "lesson", *numbers, "right", "exercises", "note"]
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for row in rows:
            name = row["notebook"]
            name = f"'{name}" if name[0] in "=+-@" else name
            writer.writerow(row | {"notebook": name})


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="notebooks, or a folder a learner")
    parser.add_argument("--csv", type=Path, help="write the table to this file, too")
    parser.add_argument("--cell-seconds", type=float, default=120, help="%(default)s")
    parser.add_argument(
        "--notebook-seconds", type=float, default=900, help="%(default)s"
    )
    given = parser.parse_args(arguments)
    if not given.folder.is_dir():
        parser.error(f"there is no folder {given.folder}")
    rows = []
    if given.csv:
        write_csv(given.csv, rows)  # it fails here, if it can't be written
    for row in tabulate(given.folder, given.cell_seconds, given.notebook_seconds):
        rows.append(row)
        if given.csv:
            write_csv(given.csv, rows)  # all that is known, should this be interrupted


if __name__ == "__main__":
    atexit.register(surroundings.clean(os.environ))
    sys.stdout.reconfigure(encoding="utf-8")
    main(sys.argv[1:])
