"""A learner's copies in work/: what they wrote stays, whatever becomes of the course."""

import copy
import os
import shutil
import subprocess
import sys

import merge_notebooks
import my_copies
import nbformat
import pytest
from course import LESSONS, ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from merge_notebooks import NOTE, cleared, dumps, loads, merge, same_texts


def notebook(*cells):
    """Cells as (id, text); those whose text begins with "# " or "A " are markdown."""
    kinds = {
        name: "markdown" if text[:2] in ("# ", "A ") else "code" for name, text in cells
    }
    made = [
        {"id": n, "cell_type": kinds[n], "metadata": {}, "source": t} for n, t in cells
    ]
    for cell in made:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return {"metadata": {}, "nbformat": 4, "nbformat_minor": 5, "cells": made}


def pairs(made):
    return [(cell["id"], cell["source"]) for cell in made["cells"]]


LESSON = [
    ("t", "# Lesson"),
    ("x", "x = 1"),
    ("e", "answer = ..."),
    ("s", "A solution"),
    ("z", "z"),
]
SOLVED = [(n, "answer = 7" if n == "e" else text) for n, text in LESSON]


def merged(mine, new, base=LESSON):
    return pairs(merge(notebook(*base), notebook(*mine), notebook(*new)))


def replaced(cells, name, *new):
    return [made for cell in cells for made in (new if cell[0] == name else [cell])]


def test_an_answer_stays_when_the_text_around_it_changes():
    new = replaced(LESSON, "t", ("t", "# Better"), ("n", "new = 1"))
    assert merged(SOLVED, new) == replaced(new, "e", ("e", "answer = 7"))


def test_an_answer_stays_when_its_exercise_is_gone():
    new = [cell for cell in LESSON if cell[0] not in "es"]
    assert merged(SOLVED, new) == replaced(
        new, "x", ("x", "x = 1"), ("e", "answer = 7")
    )


def test_an_answer_and_a_new_exercise_stand_together():
    new = replaced(LESSON, "e", ("e", "answer, other = ..., ..."))
    both = [("e", "answer = 7"), ("e-2", NOTE), ("e-3", "answer, other = ..., ...")]
    assert merged(SOLVED, new) == replaced(LESSON, "e", *both)


def test_an_answer_goes_with_its_exercise_to_another_number():
    old, other = (f'def f(): ...\n\n\ncheck("01.{k}", f)' for k in (3, 2))
    answer = 'def f():\n    return 7\n\n\ncheck("01.1", g)\ncheck("01.3", f)'
    answered = answer.replace("01.3", "01.2")
    base, mine, new = (notebook(("e", text)) for text in (old, answer, other))
    assert pairs(merge(base, mine, new)) == [("e", answered)]
    assert pairs(merge(base, notebook(("e", answered)), new)) == [("e", answered)]


def test_cells_of_the_learners_own_stay_where_they_were():
    mine = [
        ("top", "mine"),
        *replaced(SOLVED, "e", ("e", "answer = 7"), ("m", "try"), ("n", "it")),
    ]
    new = replaced(LESSON, "t", ("t", "# Better"))
    assert merged(mine, new) == [
        ("top", "mine"),
        *replaced(mine[1:], "t", ("t", "# Better")),
    ]


def test_what_the_learner_removed_stays_removed_until_it_is_improved():
    mine = [cell for cell in SOLVED if cell[0] not in "tz"]
    new = replaced(LESSON, "t", ("t", "# Better"))
    assert merged(mine, new) == [("t", "# Better"), *mine]


def test_cells_that_lost_their_ids_are_known_by_their_text():
    mine = [(f"other{i}", text) for i, (_, text) in enumerate(SOLVED)]
    new = replaced(LESSON, "t", ("t", "# Better"))
    assert merged(mine, new) == replaced(
        [("t", "# Better"), *LESSON[1:]], "e", ("other2", "answer = 7")
    )


def test_outputs_stay_with_the_code_that_made_them():
    mine, new = notebook(*SOLVED), notebook(*replaced(LESSON, "z", ("z", "z + 1")))
    for cell in mine["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [cell["source"]]
    result = {cell["id"]: cell for cell in merge(notebook(*LESSON), mine, new)["cells"]}
    assert result["x"]["outputs"] == ["x = 1"]
    assert result["e"]["outputs"] == ["answer = 7"]
    assert result["z"]["outputs"] == []


CELLS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["1", "2", "3", "A 1"])),
    unique_by=lambda cell: cell[0],
).map(lambda cells: notebook(*[(name, text + name) for name, text in cells]))


@settings(deadline=None)
@given(CELLS, CELLS, CELLS)
def test_nothing_that_was_written_is_lost_and_all_that_is_new_arrives(base, mine, new):
    known = {cell["id"] for cell in base["cells"]}
    for made, whose in ((mine, "my-"), (new, "new-")):  # ids are drawn, and don't meet
        for cell in made["cells"]:
            cell["id"] = ("" if cell["id"] in known else whose) + cell["id"]
    before = copy.deepcopy((base, mine, new))
    result = merge(base, mine, new)
    assert (base, mine, new) == before
    assert len({cell["id"] for cell in result["cells"]}) == len(result["cells"])
    texts = [cell["source"] for cell in result["cells"]]
    given_texts, given_cells = [c["source"] for c in base["cells"]], pairs(base)
    written = [text for _, text in pairs(mine) if text not in given_texts]
    assert set(written) <= set(texts)
    for name, text in pairs(new):
        if (name, text) not in given_cells:
            assert text in texts
    for again in (merge(base, result, new), merge(new, result, new)):
        # Interrupted and done again, or with nothing new: no text of the learner's moves.
        assert [t for _, t in pairs(again) if t not in given_texts] == [
            t for t in texts if t not in given_texts
        ]
    assert pairs(merge(base, base, new)) == pairs(new)  # untouched
    nbformat.validate(nbformat.reads(dumps(result), 4))


@settings(deadline=None)
@given(st.text())
def test_what_is_no_notebook_is_refused(text):
    with pytest.raises(ValueError):
        loads(text)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"cells": 3}', '{"cells": [{"source": 1}]}']
)
def test_what_is_nearly_a_notebook_is_refused(text):
    with pytest.raises(ValueError):
        loads(text)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_copy_answers_nothing_and_is_written_as_jupyter_writes_it(path):
    lesson = my_copies.published(path)
    text = dumps(lesson)
    read = nbformat.reads(text, as_version=4)
    assert nbformat.writes(read) + "\n" == text
    nbformat.validate(read)
    code = [cell for cell in read.cells if cell.cell_type == "code"]
    assert code and not any(cell.outputs or cell.execution_count for cell in code)
    assert same_texts(lesson, loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_solved_lesson_of_the_course_takes_in_an_improved_one(path, data):
    base = my_copies.published(path)
    mine, new = copy.deepcopy(base), copy.deepcopy(base)
    answers = {}
    for cell in mine["cells"]:
        if "exercise" in cell["metadata"].get("tags", []):
            answers[cell["id"]] = cell["source"] = f"answer = {cell['id']!r}"
    note = {"id": "note", "cell_type": "markdown", "metadata": {}, "source": "My own"}
    places = st.integers(1, len(base["cells"]) - 1)
    mine["cells"].insert(data.draw(places), note)

    texts = [cell for cell in new["cells"] if cell["cell_type"] == "markdown"]
    for cell in data.draw(st.lists(st.sampled_from(texts), unique_by=id)):
        cell["source"] += "\n\nBetter."
    new["cells"].insert(data.draw(places), {**note, "id": "new", "source": "New"})
    made = pairs(merge(base, mine, new))

    expected = [(name, answers.get(name, source)) for name, source in pairs(new)]
    assert [cell for cell in made if cell[0] != "note"] == expected
    assert made.count(("note", "My own")) == 1


class Course:
    """A small course under git, a learner's clone of it, and their work/."""

    def __init__(self, folder):
        self.origin, self.clone = folder / "origin", folder / "clone"
        self.work = self.clone / "work"
        names = ["course", "figure_words", "merge_notebooks", "my_copies"]
        for name in (f"{name}.py" for name in names):
            (self.origin / "tools").mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "tools" / name, self.origin / "tools")
        shutil.copy(ROOT / ".gitignore", self.origin)
        for name in ("scripts/11_a.py", "pictures/a.svg"):
            self.publish(name, f"first {name}")
        lessons = {}
        for number in ("00", "01", "02", "03"):
            lessons[f"{number}_a.ipynb"] = [(f"{n}{number}", t) for n, t in LESSON]
        self.lessons = lessons
        git(self.origin, "init", "-q", "-b", "main")
        self.commit()
        git(folder, "clone", "-q", str(self.origin), str(self.clone))

    def publish(self, name, text):
        path = self.origin / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self):
        for path in (self.origin / "notebooks").glob("*.ipynb"):
            path.unlink()
        for name, cells in self.lessons.items():
            self.publish(name, dumps(notebook(*cells)))
        rows = "\n".join(f"[{name}](notebooks/{name})" for name in self.lessons)
        (self.origin / "README.md").write_text(rows)
        git(self.origin, "add", "-A")
        git(self.origin, "commit", "-q", "-m", "The course")

    def make_lab(self, pull=False, clean=True):
        """What a learner reads in the terminal."""
        if pull:
            git(self.clone, "pull", "-q", "--ff-only")
        script = self.clone / "tools" / "my_copies.py"
        done = subprocess.run(
            [sys.executable, str(script)],
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert done.stderr == ""
        assert (git(self.clone, "status", "--porcelain") == "") == clean
        return done.stdout

    def change(self, name, **texts):
        """As Jupyter saves what a learner has written."""
        path = self.work / name
        made = nbformat.read(path, as_version=4)
        for cell in made.cells:
            cell.source = texts.get(cell.id[0], cell.source)
            if cell.cell_type == "code":
                cell.outputs = [nbformat.v4.new_output("stream", text="42")]
                cell.execution_count = 5
        made.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
        nbformat.write(made, path)

    def mine(self, name):
        return pairs(loads((self.work / name).read_text(encoding="utf-8")))


def git(folder, *arguments):
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@example.org"}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def small_course(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("no git here")
    return Course(tmp_path)


def test_a_learner_solves_pulls_and_goes_on(small_course):
    course = small_course
    assert course.make_lab() == (
        "Your own copies of the lessons are in work/: write your answers there.\n"
    )
    # What macOS adds to a folder that somebody looks at.
    pictures = course.clone / "notebooks" / "pictures"
    added = [pictures / ".DS_Store", course.work / ".given" / "._00_a.ipynb"]
    for path in added:
        path.write_bytes(b"\0\x05\x16\x07\xff")
    assert course.make_lab() == ""
    assert not (course.work / "pictures" / ".DS_Store").exists()
    for path in added:
        path.unlink()
    assert (course.work / "scripts" / "11_a.py").read_text() == "first scripts/11_a.py"

    for name in ("00_a.ipynb", "01_a.ipynb", "02_a.ipynb"):
        course.change(name, e=f"answer = 'of {name}'")
    course.change("03_a.ipynb")  # run, and nothing written
    (course.work / "my notes.ipynb").write_text("not even a notebook")
    (course.work / "scripts" / "11_a.py").write_text("mine")
    solved = (course.work / "01_a.ipynb").read_bytes()
    assert course.make_lab() == ""

    # A text is improved; a cell stands before the answer; an exercise is gone; a lesson has
    # another name, and one is new. 00 is as it was.
    lessons = course.lessons
    lessons["01_a.ipynb"] = replaced(
        lessons["01_a.ipynb"], "t01", ("t01", "# Better"), ("n", "n")
    )
    lessons["02_better.ipynb"] = [c for c in lessons.pop("02_a.ipynb") if c[0] != "e02"]
    lessons["03_a.ipynb"] = replaced(lessons["03_a.ipynb"], "t03", ("t03", "# Better"))
    lessons["04_a.ipynb"] = [("only", "# New")]
    course.publish("pictures/a.svg", "second")
    course.publish("scripts/11_a.py", "second")
    course.commit()

    said = course.make_lab(pull=True).splitlines()
    assert said == [
        "New or improved in work/: 03_a, 04_a.",
        "01_a has been improved. What you wrote is still in it; your copy as it was is "
        "work/earlier/01_a.ipynb.",
        "02_better has been improved. What you wrote is still in it; your copy as it was is "
        "work/earlier/02_a.ipynb.",
        "02_a.ipynb is no longer in the course: yours is now work/earlier/02_a-2.ipynb.",
        "scripts/11_a.py has been improved, and you have changed yours, which stays. The new "
        "one is work/scripts/11_a-new.py.",
    ]
    assert course.make_lab() == ""
    assert ("e00", "answer = 'of 00_a.ipynb'") in course.mine("00_a.ipynb")
    assert course.mine("01_a.ipynb") == replaced(
        lessons["01_a.ipynb"], "e01", ("e01", "answer = 'of 01_a.ipynb'")
    )
    assert ("e02", "answer = 'of 02_a.ipynb'") in course.mine("02_better.ipynb")
    assert course.mine("03_a.ipynb") == lessons["03_a.ipynb"]
    assert (course.work / "earlier" / "01_a.ipynb").read_bytes() == solved
    assert not (course.work / "02_a.ipynb").exists()
    assert (course.work / "scripts" / "11_a.py").read_text() == "mine"
    assert (course.work / "scripts" / "11_a-new.py").read_text() == "second"
    assert (course.work / "pictures" / "a.svg").read_text() == "second"
    assert (course.work / "my notes.ipynb").read_text() == "not even a notebook"
    outputs = loads((course.work / "01_a.ipynb").read_text())["cells"][2]["outputs"]
    assert outputs[0]["text"] == ["42"]  # x = 1, which nobody has changed

    # And once more: the same lesson is improved again.
    lessons["01_a.ipynb"] = replaced(
        lessons["01_a.ipynb"], "e01", ("e01", "answer = [...]")
    )
    course.commit()
    assert "work/earlier/01_a-2.ipynb" in course.make_lab(pull=True)
    texts = [text for _, text in course.mine("01_a.ipynb")]
    at = texts.index("answer = 'of 01_a.ipynb'")
    assert texts[at : at + 3] == ["answer = 'of 01_a.ipynb'", NOTE, "answer = [...]"]


def test_a_copy_that_was_removed_comes_back_and_a_broken_one_is_left_alone(
    small_course,
):
    course = small_course
    course.make_lab()
    (course.work / "00_a.ipynb").unlink()
    (course.work / "01_a.ipynb").write_text("<<<<<<< HEAD")
    said = course.make_lab()
    assert "work/01_a.ipynb can't be read as a notebook" in said
    assert (course.work / "01_a.ipynb").read_text() == "<<<<<<< HEAD"
    assert course.mine("00_a.ipynb") == course.lessons["00_a.ipynb"]
    course.change("00_a.ipynb", e="answer = 1")
    shutil.rmtree(course.work / ".given")
    course.make_lab()
    assert ("e00", "answer = 1") in course.mine("00_a.ipynb")


@pytest.mark.parametrize("damaged", [b"", b"{}", b"\xff"])
def test_a_damaged_file_in_given_is_as_none(small_course, damaged):
    course = small_course
    course.make_lab()
    course.change("00_a.ipynb", e="answer = 1")
    (course.work / ".given" / "00_a.ipynb").write_bytes(damaged)
    assert "can't be read" not in course.make_lab()
    assert ("e00", "answer = 1") in course.mine("00_a.ipynb")
    assert (course.work / ".given" / "00_a.ipynb").read_bytes() != damaged


def test_answers_in_the_originals_are_not_taken_for_the_lesson(small_course):
    course = small_course
    path = course.clone / "notebooks" / "00_a.ipynb"
    made = nbformat.read(path, as_version=4)
    made.cells[2].source = "answer = 5"
    made.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
    nbformat.write(made, path)
    course.make_lab(clean=False)
    assert course.mine("00_a.ipynb") == course.lessons["00_a.ipynb"]


class Killed(Exception):
    pass


def test_killed_at_any_write_nothing_is_lost(small_course, monkeypatch):
    """Each step of an update may be the last one; the next `make lab` ends where it would have."""
    course = small_course
    course.make_lab()
    for name in course.lessons:
        course.change(name, e=f"answer = '{name}'")
    lessons = course.lessons
    for name in list(lessons):
        lessons[name] = replaced(
            lessons[name], f"t{name[:2]}", (f"t{name[:2]}", "# Better")
        )
    lessons["02_better.ipynb"] = lessons.pop("02_a.ipynb")
    course.publish("scripts/11_a.py", "second")
    course.commit()
    git(course.clone, "pull", "-q")
    module = my_copies.course
    root = course.clone
    for name, value in (("ROOT", root), ("NOTEBOOKS", root / "notebooks")):
        monkeypatch.setattr(module, name, value)
    paths = [root / "notebooks" / name for name in sorted(lessons)]
    monkeypatch.setattr(module, "PATHS", paths)
    monkeypatch.setattr(module, "LESSONS", paths)
    monkeypatch.setattr(module, "is_a_learners", lambda path: False)
    before, results, left = root.parent / "before", [], 0
    shutil.copytree(course.work, before)
    replace = os.replace

    def perhaps(source, target):
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        replace(source, target)

    monkeypatch.setattr(os, "replace", perhaps)
    for number in range(100):
        work = root / f"work{number}"
        shutil.copytree(before, work)
        for name, folder in (("WORK", ""), ("GIVEN", ".given"), ("EARLIER", "earlier")):
            monkeypatch.setattr(my_copies, name, work / folder)
        left, done = number, True
        try:
            my_copies.update()
        except Killed:
            done = False
        left = 1000
        my_copies.update()
        found = {p.name: p.read_bytes() for p in work.glob("*.ipynb")}
        results.append((found, (work / "scripts" / "11_a.py").read_text()))
        if done:
            break
    assert done and number > 10
    assert all(result == results[-1] for result in results)
    texts = b"".join(results[-1][0].values())
    assert all(f"answer = '{n[:2]}_a.ipynb'".encode() in texts for n in lessons)


def test_a_learners_notebooks_are_no_tests_and_have_no_style():
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"work"' in settings.split("[tool.ruff]")[0]
    assert 'extend-exclude = ["work"]' in settings
    assert "/work/\n" in (ROOT / ".gitignore").read_text(encoding="utf-8")


def test_cleared_changes_nothing_else():
    made = notebook(*LESSON)
    made["cells"][1] |= {"outputs": ["1"], "execution_count": 3}
    assert cleared(made) == notebook(*LESSON)
    assert merge_notebooks.cleared(made) is not made and made["cells"][1]["outputs"]


@pytest.mark.parametrize("system, times", [("win32", 3), ("win32", 999), ("linux", 1)])
def test_windows_has_a_file_that_is_in_use_for_a_moment(
    system, times, tmp_path, monkeypatch
):
    (tmp_path / "a.svg").write_bytes(b"old")
    refused, replace = [], os.replace

    def in_use(new, path):
        if len(refused) < times:
            refused.append(path)
            raise PermissionError(13, "The process cannot access the file", str(path))
        replace(new, path)

    monkeypatch.setattr(os, "replace", in_use)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(my_copies, "SECONDS_IN_USE", 0.5)
    if times == 3:
        my_copies.write(tmp_path / "a.svg", b"new")
        assert (tmp_path / "a.svg").read_bytes() == b"new"
    else:
        with pytest.raises(PermissionError):
            my_copies.write(tmp_path / "a.svg", b"new")
        assert (tmp_path / "a.svg").read_bytes() == b"old"
        assert len(refused) == 1 or system == "win32"
