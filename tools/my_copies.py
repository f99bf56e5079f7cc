"""Give the learner copies of the lessons, in work/, to run and to write answers into.

`make lab` does this each time. Git ignores the folder, so that it never stands in the way of a
newer course. A lesson that has been improved since is brought into the copy, and what the
learner has written stays. work/.given keeps each file as it was given, to tell what the
learner has changed; work/earlier keeps a copy as it was before something was brought into it.

Whatever it writes, it writes whole or not at all, so that it can be interrupted at any time.
"""

import os
import sys
import time
from pathlib import Path

import course
from merge_notebooks import Notebook, cleared, dumps, loads, merge, same_texts

WORK = course.ROOT / "work"
GIVEN, EARLIER = WORK / ".given", WORK / "earlier"
# Windows replaces no file that another program has open, as virus scanners do for a moment.
SECONDS_IN_USE = 1.0


def published(path: Path) -> Notebook:
    """A notebook to hand out. The cheat sheet keeps its outputs: it asks no questions."""
    notebook = loads(course.published(path))
    return cleared(notebook) if path in course.LESSONS else notebook


def read(path: Path) -> Notebook | None:
    """None if there is no such notebook; ValueError if what is there can't be read as one."""
    return loads(path.read_text(encoding="utf-8")) if path.exists() else None


def read_given(path: Path) -> Notebook | None:
    """A damaged one is as none: nothing of the learner's is in it."""
    try:
        return read(path)
    except ValueError:
        return None


def write(path: Path, content: bytes | Notebook) -> None:
    """All of it or nothing."""
    if not isinstance(content, bytes):
        content = dumps(content).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    with open(new, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # on the disk, before it gets the good name
    deadline = time.monotonic() + SECONDS_IN_USE
    while True:
        try:
            return os.replace(new, path)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def free(path: Path) -> Path:
    """The path, or one with a number, that no file has."""
    number = 2
    tried = path
    while tried.exists():
        tried = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return tried


def keep(path: Path) -> str:
    """Put a copy of the learner's file aside, and say where it is."""
    aside = free(EARLIER / path.name)
    write(aside, path.read_bytes())
    return aside.relative_to(course.ROOT).as_posix()


def update_notebook(path: Path, vanished: list[str]) -> str | None:
    """Bring what is new into the learner's copy; None if nothing is, else what happened."""
    new, mine_path, given_path = published(path), WORK / path.name, GIVEN / path.name
    base = read_given(given_path)
    if base is None and (old := before_renaming(new, vanished)):
        base = read_given(GIVEN / old)
        if not mine_path.exists():
            mine_path = WORK / old
    mine = read(mine_path)
    if mine is None:
        write(given_path, new)  # first, so that it is there whenever the copy is
        write(WORK / path.name, new)
        return "given"
    if base is None:  # somebody removed it: take the lesson for unchanged
        base = new
    if mine_path.name == path.name and same_texts(base, new):
        if read_given(given_path) is None:
            write(given_path, new)
        return None
    touched = not same_texts(base, mine)
    said = f"your copy as it was is {keep(mine_path)}" if touched else "improved"
    write(WORK / path.name, merge(base, mine, new))
    write(given_path, new)  # last: until then, this is done once more, to the same end
    return said


def before_renaming(new: Notebook, vanished: list[str]) -> str | None:
    """The name of a lesson that is gone, most of whose cells are in this one."""
    ids = {cell["id"] for cell in new["cells"]}
    for name in vanished:
        old = read_given(GIVEN / name)
        before = {cell["id"] for cell in old["cells"]} if old else set()
        if 2 * len(before & ids) > len(before):
            return name
    return None


def retire(name: str) -> str | None:
    """Put a copy aside whose lesson is gone from the course."""
    aside = keep(WORK / name) if (WORK / name).exists() else None
    (WORK / name).unlink(missing_ok=True)
    (GIVEN / name).unlink()
    return aside


def update_file(path: Path) -> str | None:
    """A picture or a script: replaced, or if the learner has changed it, laid beside."""
    name = path.relative_to(course.NOTEBOOKS)
    new, mine, given = path.read_bytes(), WORK / name, GIVEN / name
    base = given.read_bytes() if given.exists() else None
    if base == new and mine.exists():
        return None
    beside = None
    if not mine.exists() or mine.read_bytes() == base:
        write(mine, new)
    elif mine.read_bytes() != new:
        beside = free(mine.with_name(f"{mine.stem}-new{mine.suffix}"))
        write(beside, new)
    write(given, new)
    return beside and beside.relative_to(course.ROOT).as_posix()


def update() -> list[str]:
    """Bring work/ up to date; what there is to say about it."""
    first, said, improved = not GIVEN.exists(), [], []
    names = {path.name for path in course.PATHS}
    given = sorted(path.name for path in GIVEN.glob("[!.]*.ipynb"))
    vanished = [name for name in given if name not in names]
    for path in course.PATHS:
        try:
            happened = update_notebook(path, vanished)
        except ValueError:
            said.append(
                f"work/{path.name} can't be read as a notebook, so it is left as it is. "
                "Rename it, and you get a new one."
            )
            continue
        if happened == "improved" or (happened == "given" and not first):
            improved.append(path.stem)
        elif happened not in (None, "given"):
            said.append(
                f"{path.stem} has been improved. What you wrote is still in it; {happened}."
            )
    for name in vanished:
        if aside := retire(name):
            said.append(f"{name} is no longer in the course: yours is now {aside}.")
    for folder in ("pictures", "scripts"):
        # Without what macOS adds: .DS_Store, and on some disks a ._name beside each name.
        for path in sorted((course.NOTEBOOKS / folder).glob("[!.]*")):
            if path.is_file() and (beside := update_file(path)):
                said.append(
                    f"{folder}/{path.name} has been improved, and you have changed yours, "
                    f"which stays. The new one is {beside}."
                )
    if improved:
        said.insert(0, f"New or improved in work/: {', '.join(improved)}.")
    if first:
        said.insert(
            0, "Your own copies of the lessons are in work/: write your answers there."
        )
    return said


if __name__ == "__main__":
    for sentence in update():
        print(sentence)
    sys.exit()
