"""Break the course on purpose and see whether a test notices: `make test-strength`.

First every stored answer to an exercise is judged on five draws. Then the prose of the lessons:
each number in it is changed, and tools/quantities.py has to notice. Then the notebooks: in each,
every stored output is changed, and one number in a cell that prints; what no output shows of
that, the fingerprint of the code tells. Then the stored figures: each number, word and line of
them. Then helper: mutmut changes it in one place at a time (its settings are in pyproject.toml);
600 of its 17,700 mutants are tried, each drawn by its own text. Exit code 1 if a change to a
notebook passes, if fewer than 95 in 100 changes to the prose or to the figures are noticed, if
fewer than nine mutants in ten are caught, or if one of the others has no reason, here or in
tests/mutants_not_caught.toml.

`run_mutants.py answers`, `prose`, `notebooks`, `figures` and `helper` do one of the five.
`... prose 04` does that lesson alone, `... helper data train` those modules, `... helper 300`
as many mutants, `... helper all` all of them, in ten hours. `... judge` tells the last run's
result again.
"""

import ast
import difflib
import functools
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections import Counter
from pathlib import Path

import course
import figure_mutants
import nbformat
import prose_mutants
import refresh_outputs
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
# mutmut's exit codes; others are crashes, time-outs
CAUGHT, SURVIVED, NO_TEST = 1, 0, 33
NUMBERS = (int, float)
# What exercises draw their questions by.
DRAWING = {"distinct", "torch.rand", "torch.randn", "torch.randint"}
DRAWING |= {"random.randint", "random.uniform", "random.sample"}

# By function, the changed line: why that is right.
REASONS = ROOT / "tests" / "mutants_not_caught.toml"
DRAWN = 600  # mutants of helper, in an hour at most: all of them take ten
MUTMUT = str(Path(sys.executable).with_name("mutmut"))


def mutants() -> dict[str, int | None]:
    """What became of each mutant, by its name; None if it was not tried."""
    found = {}
    for path in sorted((ROOT / "mutants" / "helper").rglob("*.meta")):
        found |= json.loads(path.read_text())["exit_code_by_key"]
    return found


@functools.cache
def functions(path: Path) -> dict[str, list[str]]:
    """The lines of each function that mutmut wrote: every mutant is one, in one file."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    return {
        node.name: lines[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }


def file_of(folder: Path, module: list[str]) -> Path:
    """Where in the folder a module's code is: its own file, or its package's."""
    path = folder.joinpath(*module).with_suffix(".py")
    return path if path.exists() else folder.joinpath(*module, "__init__.py")


def before_and_after(name: str) -> tuple[list[str], list[str]]:
    """The lines of a function as it is, and as a mutant of it."""
    *module, mutant = name.split(".")
    written = functions(file_of(ROOT / "mutants", module))
    return written[f"{mutant.rpartition('_')[0]}_orig"], written[mutant]


def changed_lines(name: str) -> str:
    """What stands in a mutant in place of what should: "+ new", or "- old" if nothing does."""
    before, after = before_and_after(name)
    compared = list(difflib.ndiff(before[1:], after[1:]))
    # The name stands in the first line, which a mutated default changes too.
    if before[0].partition("(")[2] != after[0].partition("(")[2]:
        compared.append("+ " + after[0].partition("(")[2])
    changed = [line for line in compared if line[0] in "+-"]
    new = [line for line in changed if line[0] == "+"]
    return " ".join(f"{line[0]} {line[2:].strip()}" for line in new or changed)


def lot(name: str) -> str:
    """What a mutant is drawn by: its own text, so that other code draws no others."""
    function = name.rpartition("__mutmut_")[0]
    return hashlib.sha256(f"{function} {changed_lines(name)}".encode()).hexdigest()


def is_another_draw(name: str) -> bool:
    """Is another number all that a mutant changes, and it bounds what an exercise draws?"""
    if not name.startswith("helper.exercises."):
        return False
    before, after = (
        ast.parse(textwrap.dedent("\n".join(lines))) for lines in before_and_after(name)
    )
    for tree in (before, after):
        tree.body[0].name = "one"
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in DRAWING:
                for node in ast.walk(call):
                    if isinstance(node, ast.Constant) and type(node.value) in NUMBERS:
                        node.value = 0
    return ast.dump(before) == ast.dump(after)


def reason(name: str) -> str | None:
    """Why a mutant may pass, or None."""
    module, function = name.rpartition("__mutmut_")[0].rsplit(".", 1)
    line = changed_lines(name)
    source = file_of(ROOT, module.split(".")).read_text("utf-8")
    strict = re.sub(r", (strict=(False|None))?\)", ", strict=True)", line[2:])
    if "zip(" in line and strict != line[2:] and strict in source:
        return "Both have the same length: strict would say so if they hadn't."
    if is_another_draw(name):
        return "The exercise is tried on other numbers of the same kind."
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return reasons.get(f"{module}.{function}", {}).get(line)


def break_helper(which: list[str]) -> bool:
    """Run mutmut; are nine in ten caught, and is there a reason for each of the others?"""
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    which = which or [str(DRAWN)]
    names = [] if which == ["all"] else [f"helper.{module}.*" for module in which]
    if which[0].isdigit():
        subprocess.run(
            [MUTMUT, "run", "helper.progress.x_progress__mutmut_1"], cwd=ROOT
        )
        names = sorted(mutants(), key=lot)[: int(which[0])]
    subprocess.run([MUTMUT, "run", "--max-children", "2", *names], cwd=ROOT, check=True)
    return judge()


def judge() -> bool:
    """Print the share caught in each function, and each mutant that was not, with why."""
    counts, left = Counter(), []
    for name, code in mutants().items():
        if code is not None:
            caught = code not in (SURVIVED, NO_TEST)
            counts[name.rsplit("__mutmut_", 1)[0], caught] += 1
            left += [] if caught else [name]
    unexplained = 0
    for name in left:
        function, why = name.rsplit("__mutmut_", 1)[0], reason(name)
        unexplained += why is None
        print(f"not caught: {function}: {changed_lines(name)}")
        print(f"    {why or 'NO REASON IS GIVEN'}")
    print()
    for function in sorted({function for function, _ in counts}):
        caught = counts[function, True]
        total = caught + counts[function, False]
        print(f"{function:60} {caught:5} of {total:5} caught, {caught / total:.1%}")
    caught = sum(count for (_, was), count in counts.items() if was)
    total = counts.total()
    print(f"{'helper':60} {caught:5} of {total:5} caught, {caught / total:.1%}")
    print(f"{unexplained} of the others have no reason")
    stale = reasons_for_none()
    for function, line in stale:
        print(f"a reason for no mutant: {function}: {line}")
    return caught >= 0.9 * total and not unexplained and not stale


def reasons_for_none() -> list[tuple[str, str]]:
    """What tests/mutants_not_caught.toml excuses, and mutmut doesn't do any more."""
    written = {}
    for name in mutants():
        written.setdefault(name.rpartition("__mutmut_")[0], []).append(name)
    return [
        (function, line)
        for function, lines in tomllib.loads(REASONS.read_text("utf-8")).items()
        for line in set(lines) - set(map(changed_lines, written.get(function, [])))
    ]


def change_a_number(source: str, chance: random.Random) -> str | None:
    """The same code with one number made another, or None if it has no number."""
    numbers = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and type(node.value) in NUMBERS
    ]
    if not numbers:
        return None
    node = chance.choice(numbers)
    lines = source.splitlines(keepends=True)
    line = lines[node.lineno - 1].encode()  # ast counts bytes
    other = repr(node.value * 2 + 1).encode()
    changed = line[: node.col_offset] + other + line[node.end_col_offset :]
    lines[node.lineno - 1] = changed.decode()
    return "".join(lines)


def change_outputs(notebook: NotebookNode) -> int:
    """Change each stored output that is text; how many cells have one?"""
    cells = 0
    for cell in notebook.cells:
        excused = "nbval-ignore-output" in cell.metadata.get("tags", [])
        texts = []
        for output in cell.get("outputs", []):
            if output.get("text") and not excused:
                texts.append(output)
                output["text"] = f"{output['text'].rstrip()} and more\n"
            elif "text/plain" in output.get("data", {}) and not excused:
                texts.append(output)
                output["data"]["text/plain"] += " and more"
        cells += bool(texts)
    return cells


def nbval(notebook: NotebookNode, name: str) -> int:
    """How many cells of a notebook fail, run where its neighbours are."""
    (ROOT / "build").mkdir(exist_ok=True)
    # Below the root: conftest.py is for what lies there.
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        shutil.copytree(ROOT / "notebooks", folder, dirs_exist_ok=True)
        path = Path(folder) / name
        nbformat.write(notebook, path)
        command = [sys.executable, "-m", "pytest", "--nbval", "-q", "--rootdir", ROOT]
        command += ["-c", ROOT / "pyproject.toml", "-p", "no:cacheprovider", path]
        command += ["--override-ini", "testpaths=", "--tb=no", "-rN"]
        command += ["--nbval-cell-timeout=600"]  # a slow machine is no wrong output
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = dict(
        (kind, int(n)) for n, kind in re.findall(r"(\d+) (failed|passed)", done.stdout)
    )
    assert found, done.stdout + done.stderr
    return found.get("failed", 0)


def break_notebooks(changes: int = 2) -> bool:
    """Break each notebook, and print which share nbval caught."""
    chance = random.Random(0)
    caught, total = Counter(), Counter()
    for path in filter(course.code_cells, course.PATHS):  # the glossary has none
        notebook = nbformat.read(path, as_version=4)
        cells = change_outputs(notebook)
        failed = nbval(notebook, path.name)
        print(f"{path.name}: {failed} of {cells} changed outputs caught", flush=True)
        caught["outputs"] += failed
        total["outputs"] += cells

        notebook = nbformat.read(path, as_version=4)
        printing = [
            cell
            for cell in notebook.cells
            if cell.cell_type == "code"
            and any(output.get("text") for output in cell.outputs)
            and change_a_number(cell.source, chance) is not None
        ]
        for cell in chance.sample(printing, min(changes, len(printing))):
            before, cell.source = cell.source, change_a_number(cell.source, chance)
            noticed = nbval(notebook, path.name) > 0
            stale = (
                refresh_outputs.fingerprint(notebook) != notebook.metadata.code_sha256
            )
            difference = [
                line
                for line in cell.source.splitlines()
                if line not in before.splitlines()
            ]
            verdict = (
                "caught"
                if noticed
                else "caught by the fingerprint alone"
                if stale
                else "NOT CAUGHT"
            )
            print(f"{path.name}: {verdict}: {difference[0].strip()}", flush=True)
            for kind, found in (
                ("numbers", noticed or stale),
                ("numbers, by an output", noticed),
            ):
                caught[kind] += found
                total[kind] += 1
            cell.source = before
    for what in total:
        share = caught[what] / total[what]
        print(f"{what}: {caught[what]} of {total[what]} caught, {share:.1%}")
    return all(caught[kind] == total[kind] for kind in ("outputs", "numbers"))


def judge_answers_often() -> bool:
    """Each answer to an exercise on five draws, and all strange ones on every exercise."""
    command = [sys.executable, "-m", "pytest", "-q"]
    command += ["tests/test_exercises.py", "tests/test_check.py"]
    variables = {**os.environ, "COURSE_DRAWS": "5"}
    return subprocess.run(command, cwd=ROOT, env=variables).returncode == 0


if __name__ == "__main__":
    what, *modules = sys.argv[1:] or ["both"]
    # Two mutants at once, each with one core.
    os.environ |= {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
    held = True
    if what in ("both", "answers"):
        held &= judge_answers_often()
    if what in ("both", "prose"):
        lessons = [p for p in course.LESSONS if not modules or p.stem[:2] in modules]
        held &= prose_mutants.break_prose(lessons)
    if what in ("both", "notebooks"):
        held &= break_notebooks()
    if what in ("both", "figures"):
        held &= figure_mutants.break_figures()
    if what in ("both", "helper"):
        held &= break_helper(modules)
    if what == "judge":
        held &= judge()
    sys.exit(not held)
