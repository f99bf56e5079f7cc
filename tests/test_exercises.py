"""Each exercise, as readers answer it: tests/answers has what they write, and what check says.

As plain Python, an exercise's cell runs as published, then each answer in its place; and before
that, those cells of the notebook that define a name it uses. (nbval runs all cells, in order.)
To write down what check says today, after reading it, run this with COURSE_RENEW=1.
"""

import ast
import contextlib
import dis
import functools
import io
import os
import re
import signal
import sys
import tempfile
import warnings

import answers
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from course import LESSONS, read, tags
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helper.check import check

RENEW = bool(os.environ.get("COURSE_RENEW"))
SEEDS = range(3)  # of the cases that check draws
UNCHECKED = "could not be checked"


@pytest.fixture(autouse=True)
def as_in_a_notebook(monkeypatch):
    matplotlib.use("agg")
    monkeypatch.chdir(LESSONS[0].parent)
    grad = torch.is_grad_enabled()
    with torch.random.fork_rng(devices=[]), matplotlib.rc_context():
        yield
    plt.close("all")
    torch.set_grad_enabled(grad)


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
        said = io.StringIO()
        with contextlib.redirect_stdout(said), warnings.catch_warnings():
            if not strict:
                warnings.simplefilter("ignore")
            check(self.name, answer, seed=seed)
        *printed, last = said.getvalue().splitlines()
        assert last.startswith(f"Exercise {self.name}: "), last
        last = re.sub(rf"{re.escape(tempfile.gettempdir())}/\w+", "<folder>", last)
        return last.removeprefix(f"Exercise {self.name}: ")


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
        for cell, below in zip(cells, [*cells[1:], None], strict=True):
            if cell.cell_type != "code":
                continue
            if "exercise" in tags(cell):
                solution = re.search(r"```python\n(.*?)```", below.source, re.S)[1]
                yield Exercise(path, list(before), cell.source, solution)
            if not cell.source.startswith("# Recipe"):  # these have names of their own
                before.append(cell.source)


EXERCISES = {exercise.name: exercise for exercise in exercises()}
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


@every_exercise
def test_is_not_tried_as_published(exercise, capsys):
    exec(exercise.published, dict(exercise.namespace))
    said = f"Exercise {exercise.name}: not tried yet: replace the ... and run this cell again."
    assert capsys.readouterr().out.splitlines() == [said]


@every_exercise
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_solution_is_right_whatever_is_drawn(exercise, seed):
    verdict = exercise.verdict(exercise.evaluate(exercise.solution), seed, strict=True)
    assert verdict.startswith("right. "), verdict


@every_exercise
def test_right_answers_are_right(exercise):
    for entry in exercise.answers("right"):
        for seed in SEEDS:
            verdict = exercise.verdict(exercise.evaluate(entry["answer"]), seed)
            assert verdict.startswith("right. "), (entry, seed, verdict)


@every_exercise
def test_wrong_answers_are_told_what_is_wrong(exercise):
    learned = {}
    for entry in exercise.answers("wrong"):
        verdicts = [
            exercise.verdict(exercise.evaluate(entry["answer"]), seed) for seed in SEEDS
        ]
        for verdict in verdicts:
            assert verdict.startswith("not yet: "), (entry, verdict)
            assert UNCHECKED not in verdict, (entry, verdict)
        learned[entry["answer"]] = verdicts[0]
        if not RENEW:
            assert entry["says"] == verdicts[0], entry
    if RENEW:
        file = answers.load(exercise.stem)
        for entry in file["wrong"]:
            if entry["exercise"] == exercise.name:
                entry["says"] = learned[entry["answer"]]
        answers.dump(exercise.stem, file)


@every_exercise
def test_there_are_enough_answers(exercise):
    """Eight kinds of wrong ones, four right ones, and one that ignores each argument."""
    wrong = exercise.answers("wrong")
    assert len({entry["kind"] for entry in wrong}) >= 8
    assert len(exercise.answers("right")) >= 4
    signature = re.search(r"def \w+\((.*?)\)", exercise.published)
    asked = re.findall(r"(\w+)(?:=[^,]*)?", signature[1]) if signature else []
    assert set(asked) - {"self"} <= {entry.get("ignores") for entry in wrong}


class Timeout(Exception):
    pass


def limited(function, seconds=5):
    """Call it; a mutant may loop for ever."""

    def stop(*_):
        raise Timeout

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function()
    except Timeout:
        return "not yet: it does not end"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGALRM")
@every_exercise
def test_changed_solutions_are_caught_or_listed(exercise):
    """Whatever is changed in a solution, check says so; or the list says why it is right."""
    listed = {entry["change"] for entry in exercise.answers("mutant")}
    passed = set()
    assert exercise.verdict(exercise.evaluate(exercise.solution)).startswith("right. ")
    for change, source in answers.mutants(exercise.solution):

        def verdicts(source=source):
            try:
                answer = exercise.evaluate(source)
            except Exception as error:
                return f"not yet: {error}"
            for seed in range(3):
                verdict = exercise.verdict(answer, seed)
                if not verdict.startswith("right. "):
                    return verdict
            return "right. "

        verdict = limited(verdicts)
        assert UNCHECKED not in verdict, (change, verdict)
        if verdict.startswith("right. "):
            passed.add(change)
    assert passed == listed


FORMS = {
    "float64": lambda r: r.double(),
    "half precision": lambda r: r.half(),
    "whole numbers": lambda r: r.long(),
    "a numpy array": lambda r: r.numpy(),
    "a list": lambda r: r.tolist(),
    "complex numbers": lambda r: r.to(torch.cfloat),
    "on another device": lambda r: r.to("meta"),
    "sparse": lambda r: r.to_sparse(),
    "text": str,
    "a tuple": lambda r: (r,),
    "an iterator": lambda r: iter([r]),
}
VALUES = {
    "one dimension more": lambda r: r[None, None].expand(2, 1, *r.shape),
    "negative": lambda r: -r - 1,
    "one more": lambda r: r + 1,
}


@every_exercise
@pytest.mark.parametrize("how", [*FORMS, *VALUES])
def test_a_right_result_that_was_spoilt_gets_a_sentence(exercise, how):
    solution = exercise.evaluate(exercise.solution)
    if not callable(solution) or isinstance(solution, nn.Module):
        return
    spoilt = []

    def answer(*arguments):
        result = solution(*arguments)
        try:
            result = (FORMS | VALUES)[how](result)
            spoilt.append(result)
        except (AttributeError, TypeError, RuntimeError, ValueError):
            pass  # this result has no such form
        return result

    verdict = exercise.verdict(answer)
    assert UNCHECKED not in verdict
    if spoilt and how in VALUES:
        assert verdict.startswith("not yet: "), verdict


IN_PLACE = {"take_step", "momentum_step"}  # their text asks for it


@every_exercise
def test_an_answer_that_spoils_its_arguments_is_told_so(exercise):
    solution = exercise.evaluate(exercise.solution)
    if not callable(solution) or isinstance(solution, nn.Module):
        return
    spoilt = []

    def answer(*arguments):
        result = solution(*arguments)
        for argument in arguments:
            if isinstance(argument, dict | list):
                argument.clear()
            elif isinstance(argument, np.ndarray):
                argument += 1
            elif isinstance(argument, torch.Tensor):
                argument.data.add_(1)
            else:
                continue
            spoilt.append(argument)
        return result

    verdict = exercise.verdict(answer)
    assert UNCHECKED not in verdict
    if spoilt and exercise.asked not in IN_PLACE:
        assert verdict.startswith("not yet: "), verdict
