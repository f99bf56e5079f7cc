"""The exercises of the notebooks as tests use them: cells, solutions, and what readers answer.

As plain Python, an exercise's cell runs as published, then each answer in its place; and before
that, those cells of the notebook that define a name it uses. (nbval runs all cells, in order.)
"""

import ast
import contextlib
import dis
import functools
import io
import os
import re
import tempfile
import warnings

import answers
import torch
from course import LESSONS, read, solution_below, tags

from helper.check import judge

# How often each answer is judged; `make test-strength` asks for more than `make test`.
DRAWS = int(os.environ.get("COURSE_DRAWS", 1))


def share(things: list, number: int) -> list:
    """A third of what every exercise could be tried with, another for the next; or all of it."""
    return things if DRAWS > 1 else things[number % 3 :: 3]


def said(printed: str) -> str:
    """What check has printed last, in one line and without its sign."""
    last = re.split(r"(?m)^(?=[✓✗○] Exercise )", printed)[-1]
    return " ".join(last.split()[1:])


class Exercise:
    """An exercise of a notebook: its cell, its solution, and the cells before it."""

    def __init__(self, path, before, published, solution):
        self.stem, self.before, self.published = path.stem, before, published
        self.name, self.asked = re.search(
            r'check\("([\d.]+)", ([\w.]+)\)', published
        ).groups()
        # All but the line that calls check.
        self.solution = re.sub(r"(?m)^check\(.*\n?", "", solution)

    def answers(self, group):
        found = answers.load(self.stem).get(group, [])
        return [entry for entry in found if entry["exercise"] == self.name]

    @property
    def pieces(self):
        """All code that is run in the exercise's place."""
        found = [e["answer"] for g in ("right", "wrong") for e in self.answers(g)]
        return [self.published, self.solution, *found]

    @property
    def namespace(self):
        return namespaces(self.stem)[self.name]

    def evaluate(self, answer):
        """What the reader's code leaves under the name that the cell gives to check."""
        space = dict(self.namespace)
        torch.manual_seed(0)  # some answers are random numbers
        try:
            return eval(compile(answer.strip(), "<answer>", "eval"), space)
        except SyntaxError:
            exec(compile(answer, "<answer>", "exec"), space)
            return space[self.asked]

    def verdict(self, answer, seed=0, strict=False):
        """What check says, without "Exercise 01.2: "; a reader's answer may warn, ours not."""
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            if not strict:
                warnings.simplefilter("ignore")
            _, verdict = judge(self.name, answer, seed=seed)
        assert "\n" not in verdict
        return re.sub(rf"{re.escape(tempfile.gettempdir())}/\w+", "<folder>", verdict)


def names_in(source):
    """The names that a piece of code sets, and those that it needs from before it."""
    code = compile(source, "<cell>", "exec")
    sets, needs, parts = set(), set(), [code]
    for part in parts:
        for instruction in dis.get_instructions(part):
            name = instruction.argval
            if instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL") and name not in sets:
                needs.add(name)
            if instruction.opname == "STORE_NAME" and part is code:
                sets.add(name)
        parts += [const for const in part.co_consts if hasattr(const, "co_code")]
    return sets, needs


def without_asserts(source):
    class Leave(ast.NodeTransformer):
        def visit_Assert(self, node):
            return ast.copy_location(ast.Pass(), node)

    return Leave().visit(ast.parse(source))


@functools.cache
def namespaces(stem):
    """What a lesson has defined when it comes to each exercise, of the names that are used.

    Its cells are run once for all of its exercises: of those that set a name which an answer
    needs, the first. What they claim is left out, since cells between them are.
    """
    lesson = [exercise for exercise in EXERCISES.values() if exercise.stem == stem]
    before = lesson[-1].before
    first = {}
    for i, source in enumerate(before):
        for name in names_in(source)[0]:
            first.setdefault(name, i)
    wanted = {name for e in lesson for piece in e.pieces for name in names_in(piece)[1]}
    chosen = set()
    while new := {first[name] for name in wanted & set(first)} - chosen:
        chosen |= new
        wanted |= {name for i in new for name in names_in(before[i])[1]}
    space, found, done = {"__name__": "__main__"}, {}, 0
    for exercise in lesson:
        with contextlib.redirect_stdout(io.StringIO()):
            for i in sorted(chosen & set(range(done, len(exercise.before)))):
                with contextlib.suppress(Exception):  # a cell between them is missing
                    exec(compile(without_asserts(before[i]), "<cell>", "exec"), space)
        done = len(exercise.before)
        found[exercise.name] = dict(space)
        with contextlib.redirect_stdout(io.StringIO()):  # its cell may set names, too
            exec(exercise.published, found[exercise.name])
    return found


def exercises():
    for path in LESSONS:
        before, cells = [], read(path).cells
        for place, cell in enumerate(cells):
            if cell.cell_type != "code":
                continue
            if "exercise" in tags(cell):
                solution = re.search(
                    r"```python\n(.*?)```", solution_below(cells, place).source, re.S
                )[1]
                yield Exercise(path, list(before), cell.source, solution)
            if not cell.source.startswith("# Recipe"):  # these have names of their own
                before.append(cell.source)


EXERCISES = {exercise.name: exercise for exercise in exercises()}
