"""`make test-strength`: what it changes, and what it says of that."""

import random
import tomllib

import run_mutants
from course import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


def test_one_number_is_changed_where_it_stands():
    change = run_mutants.change_a_number
    assert change('x = "größer", 3  # 3\n', random.Random(0)) == (
        'x = "größer", 7  # 3\n'
    )
    assert change("print(True, 'no number: 3')", random.Random(0)) is None


def test_each_output_is_changed_but_those_that_are_excused():
    printed = new_output("stream", text="3\n")
    value = new_output("execute_result", {"text/plain": "4"})
    excused = new_code_cell("1", outputs=[new_output("stream", text="10 ms\n")])
    excused.metadata["tags"] = ["nbval-ignore-output"]
    both = new_code_cell("1", outputs=[printed, value])
    notebook = new_notebook(cells=[new_markdown_cell("3"), both, excused])
    assert run_mutants.change_outputs(notebook) == 1
    assert both.outputs[0].text == "3 and more\n"
    assert both.outputs[1].data["text/plain"] == "4 and more"
    assert excused.outputs[0].text == "10 ms\n"


MUTATED = """
def x_f__mutmut_orig(a=1):
    b = a
    return b

def x_f__mutmut_1(a=2):
    b = a
    return b

def x_f__mutmut_2(a=1):
    b = None
    return b

def x_f__mutmut_3(a=1):
    return b
"""


def test_a_mutant_is_told_by_the_line_that_changed(tmp_path, monkeypatch):
    (tmp_path / "mutants").mkdir()
    (tmp_path / "mutants" / "m.py").write_text(MUTATED)
    monkeypatch.setattr(run_mutants, "ROOT", tmp_path)
    told = [run_mutants.changed_lines(f"m.x_f__mutmut_{i}") for i in (1, 2, 3)]
    assert told == ["+ a=2):", "+ b = None", "- b = a"]


ZIPPED = """
def x_f__mutmut_orig(a, b):
    return list(zip(a, b, strict=True))

def x_f__mutmut_1(a, b):
    return list(zip(a, b, strict=False))

def x_f__mutmut_2(a, b):
    return list(zip(a, b, ))

def x_f__mutmut_3(a, b):
    return list(zip(a, strict=True))
"""


def test_a_length_that_is_not_compared_is_no_fault(tmp_path, monkeypatch):
    (tmp_path / "mutants").mkdir()
    (tmp_path / "mutants" / "m.py").write_text(ZIPPED)
    original = "def f(a, b):\n    return list(zip(a, b, strict=True))\n"
    (tmp_path / "m.py").write_text(original)
    monkeypatch.setattr(run_mutants, "ROOT", tmp_path)
    told = [bool(run_mutants.reason(f"m.x_f__mutmut_{i}")) for i in (1, 2, 3)]
    assert told == [True, True, False]


DRAWN = """
def x_f__mutmut_orig(a):
    return 2 * torch.randn(3) + random.randint(1, a)

def x_f__mutmut_1(a):
    return 2 * torch.randn(4) + random.randint(1, a)

def x_f__mutmut_2(a):
    return 3 * torch.randn(3) + random.randint(1, a)

def x_f__mutmut_3(a):
    return 2 * torch.randn(3) + random.randint(1, None)
"""


def test_an_exercise_tried_on_other_numbers_is_no_fault(tmp_path, monkeypatch):
    for folder in ("helper/exercises", "helper/expect"):
        (tmp_path / "mutants" / folder).mkdir(parents=True)
        (tmp_path / "mutants" / folder / "m.py").write_text(DRAWN)
    monkeypatch.setattr(run_mutants, "ROOT", tmp_path)
    drawn = run_mutants.is_another_draw
    told = [drawn(f"helper.exercises.m.x_f__mutmut_{i}") for i in (1, 2, 3)]
    assert told == [True, False, False]
    assert not drawn("helper.expect.m.x_f__mutmut_1")


def test_other_code_draws_no_other_mutants(tmp_path, monkeypatch):
    (tmp_path / "mutants").mkdir()
    file = tmp_path / "mutants" / "m.py"
    monkeypatch.setattr(run_mutants, "ROOT", tmp_path)
    file.write_text(MUTATED)
    before = run_mutants.lot("m.x_f__mutmut_2")
    run_mutants.functions.cache_clear()
    renumbered = MUTATED.replace("mutmut_2", "mutmut_4")
    file.write_text("def g():\n    pass\n" + renumbered)
    assert run_mutants.lot("m.x_f__mutmut_4") == before
    run_mutants.functions.cache_clear()


def test_what_is_said_of_mutants_is_said_of_functions_that_are_there():
    for mangled, lines in tomllib.loads(run_mutants.REASONS.read_text("utf-8")).items():
        module, _, name = mangled.rpartition(".")
        source = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
        assert f"def {name.rpartition('ǁ')[2].removeprefix('x_')}(" in source
        assert all(line[0] in "+-" and reason for line, reason in lines.items())
