"""The links that lead from lesson to lesson: previous, contents, next."""

from collections.abc import Callable
from pathlib import Path

from course import CHEATSHEET, GLOSSARY, LESSONS, PATHS, read

NAMES = {CHEATSHEET: "cheat sheet", GLOSSARY: "glossary"}
HEADING = "All lessons"
CONTENTS = f"[contents]({LESSONS[0].name}#{HEADING.replace(' ', '-')})"


def title(path: Path, read: Callable = read) -> str:
    """Such as "04 · Make a network learn: losses and optimizers"."""
    if path in NAMES:
        return NAMES[path]
    return read(path).cells[0].source.splitlines()[0].removeprefix("# ")


def around(path: Path, read: Callable = read) -> list[str]:
    """The links of one notebook to its neighbours and to the contents, each in its place."""
    place = PATHS.index(path)
    links = [CONTENTS]
    if place > 0:
        before = PATHS[place - 1]
        links.insert(0, f"[← {_short(before, read)}]({before.name})")
    if place + 1 < len(PATHS):
        after = PATHS[place + 1]
        links.append(f"[{_short(after, read)} →]({after.name})")
    return links


def top(path: Path, read: Callable = read) -> str:
    """The line below a notebook's title."""
    return " · ".join(around(path, read))


def bottom(path: Path, read: Callable = read) -> str:
    """The last line of a lesson: the link to the next one, with its whole title, is above it."""
    return " · ".join(link for link in around(path, read) if "→" not in link)


def contents(read: Callable = read) -> str:
    """The list of all notebooks, which is a cell of the first."""
    rows = [f"- [{title(path, read)}]({path.name})" for path in PATHS]
    return f"## {HEADING}\n\n" + "\n".join(rows)


def _short(path: Path, read: Callable) -> str:
    """A title without what follows its colon."""
    return title(path, read).partition(":")[0]
