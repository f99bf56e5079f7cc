"""Each exercise, as readers answer it: tests/answers has what they write, and what check says.

To write down what check says today, after reading it, run this with COURSE_RENEW=1.
"""

import os
import re
import signal
import sys

import answers
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from course import LESSONS
from exercises import DRAWS, EXERCISES, share
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

RENEW = bool(os.environ.get("COURSE_RENEW"))
# How often each answer is judged, on cases that are drawn anew.
SEEDS = range(DRAWS)
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


every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


@every_exercise
def test_is_not_tried_as_published(exercise, capsys):
    exec(exercise.published, dict(exercise.namespace))
    sentence = f"○ Exercise {exercise.name}: not tried yet: "
    sentence += "replace the ... and run this cell again."
    *shown, verdict = capsys.readouterr().out.splitlines()
    assert verdict == sentence
    assert not shown or exercise.stem.startswith("10")  # what its program prints


@every_exercise
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_solution_is_right_whatever_is_drawn(exercise, seed):
    verdict = exercise.verdict(exercise.evaluate(exercise.solution), seed, strict=True)
    assert verdict.startswith("right. "), verdict


@every_exercise
def test_right_answers_are_right(exercise):
    file, praises = answers.load(exercise.stem), set()
    for entry in (e for e in file["right"] if e["exercise"] == exercise.name):
        for seed in SEEDS:
            verdict = exercise.verdict(exercise.evaluate(entry["answer"]), seed)
            assert verdict.startswith("right. "), (entry, seed, verdict)
        # The last words are written down once, with the first answer that gets them.
        if verdict not in praises:
            assert RENEW or entry.get("says") == verdict, entry
            entry["says"] = verdict
        praises.add(verdict)
    if RENEW:
        answers.dump(exercise.stem, file)


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


def limited(function, seconds=60):
    """Call it; a mutant may loop for ever. Processor time: other programs may be busy."""

    def stop(*_):
        raise Timeout

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return function()
    except Timeout:
        return "not yet: it does not end"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPROF")
@every_exercise
def test_changed_solutions_are_caught_or_listed(exercise):
    """Whatever is changed in a solution, check says so; or the list says why it is right."""
    listed = {entry["change"] for entry in exercise.answers("mutant")}
    passed = set()
    assert exercise.verdict(exercise.evaluate(exercise.solution)).startswith("right. ")
    mutants = list(answers.mutants(exercise.solution))
    if DRAWS == 1 and len(mutants) > 50:  # of a whole program, which trains a network
        mutants = mutants[::9]
    for change, source in mutants:

        def verdicts(source=source):
            try:
                answer = exercise.evaluate(source)
            except Exception as error:
                return f"not yet: {error}"
            for seed in range(3):  # one that is wrong may be right on some draws
                verdict = exercise.verdict(answer, seed)
                if not verdict.startswith("right. "):
                    return verdict
            return "right. "

        verdict = limited(verdicts)
        assert UNCHECKED not in verdict, (change, verdict)
        if verdict.startswith("right. "):
            passed.add(change)
    assert passed == listed & {change for change, _ in mutants}


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


SPOILT = [
    pytest.param(exercise, how, id=f"{name}-{how}")
    for number, (name, exercise) in enumerate(EXERCISES.items())
    for how in share([*FORMS, *VALUES], number)
]


@pytest.mark.parametrize("exercise, how", SPOILT)
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
