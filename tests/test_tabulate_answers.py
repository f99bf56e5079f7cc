"""A teacher's table of who has solved what: whatever was handed in, the table is made, and true."""

import csv
import re
import shutil

import answers
import my_copies
import psutil
import pytest
import tabulate_answers
import timed_kernel
from course import LESSONS, ROOT
from handed_in import asked, read, solved
from merge_notebooks import dumps

LESSON = next(path for path in LESSONS if path.stem.startswith("03"))  # the quickest
RIGHT = {e["exercise"]: e["answer"] for e in answers.load(LESSON.stem)["right"]}
WRONG = {e["exercise"]: e["answer"] for e in answers.load(LESSON.stem)["wrong"]}
TWELVE = "torch.arange(12.0).reshape(3, 4)"  # solves 01.1
BEGIN = "import torch\nfrom helper.check import check"


def notebook(*sources):
    cells = [{"cell_type": "code", "metadata": {}, "source": s} for s in sources]
    for cell in cells:
        cell |= {"outputs": [], "execution_count": None}
    return {"metadata": {}, "nbformat": 4, "nbformat_minor": 5, "cells": cells}


def answered(chosen):
    """The lesson as `make lab` gives it, with answers in its exercises."""
    made = my_copies.published(LESSON)
    for cell in made["cells"]:
        found = re.search(r'check\("([\d.]+)", (\w+)\)', cell["source"])
        if cell["cell_type"] == "code" and found and found[1] in chosen:
            answer = chosen[found[1]].strip()
            try:
                compile(answer, "<answer>", "eval")
                answer = f"{found[2]} = {answer}"
            except SyntaxError:
                pass
            cell["source"] = f"{answer}\n{found[0]}"
    return made


def give(folder, name, made):
    path = folder / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made if isinstance(made, str) else dumps(made), encoding="utf-8")
    return path


def signs_of(tmp_path, *sources, cell_seconds=60, seconds=120):
    path = give(tmp_path, "handed-in", notebook(BEGIN, *sources))
    return solved(path, *read(path), cell_seconds, seconds)


def test_a_class_hands_in(tmp_path, capsys):
    folder, table = tmp_path / "class", tmp_path / "table.csv"
    three_right = {name: RIGHT[name] for name in ("03.1", "03.3", "03.5")}
    one_wrong = {name: WRONG[name] for name in ("03.2",)}
    give(folder, "anna/my lesson", answered(three_right | one_wrong))
    give(folder, "anna/earlier", "aside")  # a notebook of that name, not the folder
    give(folder, "earlier/01_tensors", answered({}))
    give(folder, "broken", '{"cells": [')
    give(folder, "deep", "[" * 100_000)
    give(folder, "notes", notebook("x = 1", "check('a dish', x)"))
    give(folder, "=cheat\x1b[2J", notebook(BEGIN, "check = print", 'check("01.1", 7)'))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    tabulate_answers.main([str(folder), "--csv", str(table)])
    assert capsys.readouterr().out.splitlines() == [
        "lesson 01       1  2  3  4  5  6  right",
        "=cheat?[2J      ✗  ○  ○  ○  ○  ○  0/6",
        "right           0  0  0  0  0  0",
        "",
        "lesson 03       1  2  3  4  5  right",
        "anna/my lesson  ✓  ✗  ✓  ○  ✓  3/5",
        "right           1  0  1  0  1",
        "",
        "✓ right   ✗ wrong   ○ not tried   – not reached",
        "Left out: anna/earlier: can't be read as a notebook",
        "Left out: broken: can't be read as a notebook",
        "Left out: deep: can't be read as a notebook",
        "Left out: notes: no exercise of the course in it",
    ]
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["notebook"] for row in rows] == ["'=cheat?[2J", "anna/my lesson"]
    said = [rows[1][n] for n in ("lesson", "1", "2", "4", "right", "exercises")]
    assert said == ["03", "right", "wrong", "not tried", "3", "5"]
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_cheating_is_not_right_and_carelessness_is_not_wrong(tmp_path):
    lie = '"✓ Exercise 01.3: right. Yes."'
    signs, note = signs_of(
        tmp_path,
        "import sys, builtins, helper.check as it, helper.exercises as all_of_it\n"
        "it.judge = lambda *a, **k: ('01.1', 'right.')\n"
        "it.find = lambda name: (name, lambda answer: 'yes')\n"
        "all_of_it.find = it.find\n"
        'check("01.1", 7)',
        f'check = lambda *a: print({lie})\ncheck("01.2", 7)',
        f'from IPython.display import display\ndisplay({{"text/plain": {lie}}}, raw=True)\n'
        'check("01.3", 7)',
        # what learners do to themselves
        "vars, next, str, judge, sys = 1, 2, 3, 4, 5\nprint('x' * 10_000_000)",
        f'%time answer = {TWELVE}\ncheck("01.1", answer)',
        "%reset -f",
        "from helper.check import check\nimport torch\nopen('scripts/new.txt', 'w').close()",
        'answer = input("a shape? ")\ncheck("01.4", answer)',
        'def nearest(:\ncheck("01.5", nearest)',
    )
    assert signs == ["✓", "✗", "✗", "✗", "✗", "○"]
    assert note == "code cell 9: StdinNotImplementedError; code cell 10: SyntaxError"
    assert [path.name for path in tmp_path.iterdir()] == ["handed-in.ipynb"]


def test_an_endless_answer_costs_one_exercise(tmp_path):
    right = f'answer = {TWELVE}\ncheck("01.1", answer)'
    signs, note = signs_of(
        tmp_path,
        "def prepare(*arguments):\n    while True: print('x' * 1000)\n"
        'check("01.5", prepare)',
        "check = print",  # now it hangs where the answer is judged
        'check("01.5", prepare)',
        right,
        cell_seconds=6,  # enough for what ends, beside other programs
    )
    assert signs == ["✓", "○", "○", "○", "✗", "○"]
    assert note == "code cell 2: stopped after 6 s"


DEAF = """
import subprocess, time
subprocess.Popen(["sleep", "1234.5"])
while True:
    try:
        time.sleep(60)
    except BaseException:
        pass
check("01.2", answer)
"""
HUGE = """
x = b"x" * 10**9
while True:
    pass
check("01.2", answer)
"""


@pytest.mark.parametrize(
    ("source", "seconds", "note"),
    [
        ("import os; os._exit(0)\ncheck('01.2', answer)", 30, "the kernel died"),
        (DEAF, 6, "took over 6 s, and could not be stopped"),
        (HUGE, 30, "took over 1 GB of memory"),
    ],
    ids=["dead", "deaf", "huge"],
)
def test_a_lost_kernel_costs_what_follows(tmp_path, monkeypatch, source, seconds, note):
    monkeypatch.setattr(timed_kernel, "SECONDS_TO_YIELD", 1)
    monkeypatch.setattr(timed_kernel, "MEMORY", 1e9)
    right = f'answer = {TWELVE}\ncheck("01.1", answer)'
    signs, said = signs_of(
        tmp_path, right, source, 'check("01.3", 7)', cell_seconds=seconds
    )
    assert signs == ["✓", "✗", "–", "○", "○", "○"]
    assert said == f"code cell 3: {note}"
    commands = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    assert ["sleep", "1234.5"] not in commands


def test_a_notebook_has_a_limit_too(tmp_path):
    wait = "import time; time.sleep(2.5)"  # one is in time, on a busy machine too
    signs, note = signs_of(tmp_path, wait, wait, 'check("01.1", 7)', seconds=4)
    assert signs == ["–", "○", "○", "○", "○", "○"]
    assert note == "code cell 3: the notebook took over 4 s"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('check("01.2", answer)', [("01.2", "answer")]),
        ('check("one_hot", f)  # by its name', [("01.2", "f")]),
        ("check(\n    '01.2',\n    [1,\n 2])", [("01.2", "[1, 2]")]),
        ('if x:\n    %time f()\n    check("01.2", x)', [("01.2", "x")]),
        ('# check("01.2", answer)', []),
        ("\"check('01.2', answer)\"", []),
        ('check("01.99", answer)', []),
        ('check("01.2")\ncheck(name, answer)\ncheck(1.2, answer)', []),
        ('x = = 1\n# check("01.1", x)\ncheck("01.2", x)', [("01.2", "...")]),
        ("\0", []),
        ("(" * 10_000, []),
        ("", []),
    ],
)
def test_what_a_cell_asks(source, found):
    assert asked(source) == found


def test_a_lesson_is_known_by_its_exercises(tmp_path):
    path = give(tmp_path, "05_any_name", answered({}))
    assert read(path)[0] == "03"
    for lesson in LESSONS:
        assert read(lesson)[0] == lesson.stem[:2]
    shutil.copy(ROOT / "README.md", path)
    with pytest.raises(ValueError, match="can't be read"):
        read(path)
    with pytest.raises(ValueError, match="no file"):
        read(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        tabulate_answers.main([str(tmp_path / "nowhere")])
    assert "there is no folder" in capsys.readouterr().err
    tabulate_answers.main([str(tmp_path)])
    assert (
        capsys.readouterr().out == "✓ right   ✗ wrong   ○ not tried   – not reached\n"
    )
