"""A notebook that a learner handed in: which lesson it is, and which exercises are solved in it.

It runs from top to bottom in a kernel of its own, in a temporary folder with the lesson's pictures
and scripts. After each cell that calls `check("01.2", answer)`, that answer is judged once more,
from outside: no output is looked at, so that to print "right." or to write another `check` is
of no use. What this can't stop: tools/tabulate_answers.py.
"""

import ast
import contextlib
import re
import secrets
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from course import NOTEBOOKS
from merge_notebooks import loads
from timed_kernel import Stopped, TimedKernel

from helper.exercises import exercises_of, find

SIGNS = {"✓": "right", "✗": "wrong", "○": "not tried", "–": "not reached"}  # best first
RIGHT, WRONG, NOT_TRIED, NOT_REACHED = SIGNS

# Runs in the learner's kernel before anything else, apart from all names of the notebook. What is
# changed in helper later is put back before an answer is judged.
JUDGE = """
import sys, types
from helper.check import judge
from helper.exercises import exercises_of

exercises_of(lesson)
helper = [module for name, module in sys.modules.items() if name.split(".")[0] == "helper"]
kept = [(module, dict(vars(module))) for module in helper]

def place(number, answer):
    for module, names in kept:
        vars(module).update(names)
    verdict = judge(number, answer)[1]
    return [verdict.startswith(begin) for begin in ("right.", "not yet:", "not tried")].index(True)

sys.modules[secret] = types.SimpleNamespace(place=place)
"""


def asked(source: str) -> list[tuple[str, str]]:
    """The exercises that a cell gives to `check`, each with the expression of its answer."""
    found = []
    for name, answer in _calls(source):
        with contextlib.suppress(ValueError):  # a number that the course doesn't have
            found.append((find(name)[0], answer))
    return found


def _calls(source: str) -> list[tuple[str, str]]:
    without_magic = re.sub(r"(?m)^([ \t]*)[%!].*$", r"\1pass", source)
    for text in (source, without_magic):
        try:
            nodes = list(ast.walk(ast.parse(text)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return [
            (node.args[0].value, ast.unparse(node.args[1]))
            for node in nodes
            if isinstance(node, ast.Call)
            and getattr(node.func, "id", "") == "check"
            and len(node.args) > 1
            and isinstance(node.args[0], ast.Constant)
        ]
    # No Python, so it will not run: its exercise is tried, and wrong.
    named = re.findall(r"""(?m)^[^#\n]*\bcheck\(\s*["']([\w.]+)["']""", source)
    return [(name, "...") for name in named]


def read(path: Path) -> tuple[str, list[str]]:
    """The number of the lesson, and its code cells. ValueError says why there is none."""
    if not path.is_file():
        raise ValueError("no file")
    try:
        cells = loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, RecursionError):
        raise ValueError("can't be read as a notebook") from None
    sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    lessons = Counter(name[:2] for text in sources for name, _ in asked(text))
    if not lessons:
        raise ValueError("no exercise of the course in it")
    return lessons.most_common(1)[0][0], sources


def solved(
    path: Path, lesson: str, sources: list[str], cell_seconds: float, seconds: float
) -> tuple[list[str], str]:
    """A sign for each exercise of the lesson, and a note on what went wrong."""
    names = [f"{lesson}.{i + 1}" for i in range(len(exercises_of(lesson)))]
    there = {name for text in sources for name, _ in asked(text)}
    signs = {name: NOT_REACHED if name in there else NOT_TRIED for name in names}
    secret = f"judge_{secrets.token_hex(8)}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for name in ("pictures", "scripts"):
            to = Path(folder, name)
            shutil.copytree(NOTEBOOKS / name, to)
            if (path.parent / name).is_symlink():
                continue  # to anywhere
            with contextlib.suppress(OSError):  # there is none, or no plain files
                mine = path.parent / name
                shutil.copytree(mine, to, symlinks=True, dirs_exist_ok=True)
        kernel = TimedKernel(Path(folder), cell_seconds, seconds)
        try:
            given = {"secret": secret, "lesson": lesson}
            kernel.prepare(f"exec({JUDGE!r}, {given!r})")
            notes = run(kernel, secret, sources, signs)
        except Stopped as stopped:
            notes = [str(stopped)]
        finally:
            kernel.end()
    return list(signs.values()), "; ".join(dict.fromkeys(notes[:1] + notes[-1:]))


def run(
    kernel: TimedKernel, secret: str, sources: list[str], signs: dict[str, str]
) -> list[str]:
    """Run the cells, and put a sign to each exercise: the best, if it was tried several times."""
    notes = []
    for number, source in enumerate(sources, 1):
        here = [pair for pair in asked(source) if pair[0] in signs]
        tried, error = dict.fromkeys([name for name, _ in here], WRONG), ""
        try:
            error = kernel.run(source)[0]
            for name, answer in here if not error else []:
                judge = (
                    f"__import__('sys').modules['{secret}'].place('{name}', {answer})"
                )
                place = kernel.run("", judge)[1]
                if place in ("0", "1", "2"):
                    tried[name] = list(SIGNS)[int(place)]
            ended = False
        except Stopped as stopped:
            error, ended = str(stopped), True
        for name, sign in tried.items():
            signs[name] = min(signs[name], sign, key=list(SIGNS).index)
        if error:
            notes.append(f"code cell {number}: {error}")
        if ended:
            break
    return notes
