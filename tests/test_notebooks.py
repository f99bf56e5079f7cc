"""What every notebook must be like, whatever it teaches. nbval runs them; this reads them."""

import ast
import re

import build_cheatsheet
import course
import navigation
import nbformat
import pytest
import refresh_outputs
from course import LESSONS, PATHS, ROOT, code_cells, markdown, read, tags
from figure_data import MIME

every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def outputs_as_text(cell):
    for output in cell.outputs:
        yield output.get("text", "")
        yield from (
            text
            for kind, text in output.get("data", {}).items()
            if not kind.startswith("image/")
        )


@every_lesson
def test_opens_and_closes_as_the_others_do(path):
    number = path.stem[:2]
    texts = markdown(path)
    opening, whole = texts[0], "\n\n".join(texts)
    assert opening.startswith(f"# {number} · ")
    promises = ["**You will** ", "**You will learn to** ", "**You need** "]
    places = [opening.index(f"\n\n{promise}") for promise in promises]
    assert places == sorted(places)
    _, links, why = opening[: places[0]].split("\n\n", 2)
    assert links == navigation.top(path)
    assert len(why.split()) >= 25, "the opening doesn't say why one wants this"
    assert "](pictures/" in whole, "no picture of an idea"
    closing = ["## What you can do now", "## In practice", "## On your own"]
    closing += ["## Further reading", "## What this notebook claims", "**Next:**"]
    places = [whole.index(heading) for heading in closing]
    assert places == sorted(places)
    sections = [
        whole[start:end]
        for start, end in zip(places, [*places[1:], len(whole)], strict=True)
    ]
    can_do, practice, alone, after = *sections[:3], sections[-1]
    assert can_do.count("\n- **") == 3
    assert practice.count("\n- ") >= 3
    numbered = re.findall(r"(?m)^(\d)\. (\w+)", alone)
    assert len(numbered) >= 3 and sum(word == "Why" for _, word in numbered) >= 2
    assert len(re.findall(r"(?m)^- \[.+\]\(https://.+\).+", sections[3])) >= 3
    # A link to the notebook that comes next in the series; the last one's is the cheat sheet.
    next_link, links = after.strip().split("\n\n")
    (target,) = LINK.findall(next_link)
    assert path.parent / target == PATHS[PATHS.index(path) + 1]
    assert links == navigation.bottom(path)


def test_the_first_lesson_lists_all_of_them():
    (cell,) = [cell for cell in read(LESSONS[0]).cells if cell.id == "contents"]
    assert cell.source == navigation.contents()


@every_lesson
def test_a_lesson_that_is_named_is_linked_to(path):
    """At its first mention in a cell; what is no sentence is let be."""
    files = {lesson.stem[:2]: lesson.name for lesson in LESSONS}
    for text in markdown(path):
        prose = re.sub(ASIDE, "", text, flags=re.S | re.M)
        for more in re.findall(
            r"(?<!\[)\b(?:[Nn]otebook|[Ll]esson)s? (\d\d[\d, andortu]*)", prose
        ):
            for number in set(re.findall(r"\d\d", more)) & set(files):
                linked = f"]({files[number]}" in text
                assert linked or number == path.stem[:2], f"{number} in {text[:200]}"


@every_lesson
def test_a_fold_has_a_cell_of_its_own(path):
    """Beside a heading in its cell, JupyterLab shows a second arrow, which hides the lesson."""
    for text in markdown(path):
        if "<details>" in text:
            assert text.startswith("<details>") and text.endswith("</details>"), text
            assert text.count("<details>") == 1, text


@every_lesson
def test_what_guards_stands_in_the_last_cell_and_says_what_is_off(path):
    *_, claims = code_cells(path)
    assert "claims" in tags(claims)
    asserts = [
        n for n in ast.walk(ast.parse(claims.source)) if isinstance(n, ast.Assert)
    ]
    assert asserts and all(node.msg is not None for node in asserts)


@every_lesson
def test_results_are_shown_as_numbers_not_as_verdicts(path):
    """No print of nothing but constants: what was measured is printed."""
    for cell in code_cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                constant = all(isinstance(a, ast.Constant) for a in node.args)
                assert not constant, ast.unparse(node)


@every_lesson
def test_asks_where_the_answer_can_surprise_and_not_everywhere(path):
    texts = "\n\n".join(markdown(path)).partition("## What you can do now")[0]
    aside = r"```.*?```|`[^`\n]*`|<details>.*?</details>|!\[.*?\]\("
    texts = re.sub(aside, "", texts, flags=re.S)
    texts = re.sub(r"(?ms)^### Exercise.*?(?=^## |\Z)", "", texts)
    asked = re.findall(r"[^.?!\n]*\?(?!\*?[\"”])", texts)
    assert len(asked) <= 10, asked


def test_links_name_a_lesson_by_its_title():
    texts = [course.README.read_text(encoding="utf-8")]
    texts += [markdown(path)[-1] for path in LESSONS]
    titles = {
        p.name: markdown(p)[0].splitlines()[0].removeprefix("# ") for p in LESSONS
    }
    for said, name in re.findall(
        r"\[(\d\d · [^]]*)\]\(\S*?([\w.]+ipynb)\)", "\n".join(texts)
    ):
        assert said == titles[name]


@every_lesson
def test_code_stands_between_text(path):
    cells = read(path).cells
    for before, cell in zip(cells, cells[1:], strict=False):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown", f"two code cells: {cell.source[:60]}"
    assert cells[0].cell_type == cells[-1].cell_type == "markdown"


@every_notebook
def test_every_cell_is_plain_python(path):
    for cell in code_cells(path):
        ast.parse(cell.source)  # no magics, no shell: it must run when it is copied


@every_notebook
def test_cells_are_short(path):
    cells = code_cells(path)
    lengths = [
        len([line for line in cell.source.splitlines() if line.strip()])
        for cell in cells
    ]
    # A recipe is a whole program: rather longer than dense.
    limits = [36 if "recipe" in tags(cell) else 30 for cell in cells]
    assert all(n <= limit for n, limit in zip(lengths, limits, strict=True))
    if path in LESSONS:  # an exercise may be a program that is to be mended
        short = [
            length <= 15 or "exercise" in tags(cell)
            for length, cell in zip(lengths, cells, strict=True)
        ]
        assert sum(short) >= 0.9 * len(cells)


@every_notebook
def test_outputs_belong_to_the_code_beside_them(path):
    notebook = read(path)
    stored = notebook.metadata.get("code_sha256")
    changed = "code was changed after its outputs were stored: run `make refresh`"
    assert stored == refresh_outputs.fingerprint(notebook), changed


@every_notebook
def test_stored_as_refresh_writes_it(path):
    stored, again = (nbformat.reads(course.published(path), 4) for _ in range(2))
    for i, cell in enumerate(code_cells(path), 1):
        assert cell.execution_count == i
    assert nbformat.writes(refresh_outputs.normalise(again)) == nbformat.writes(stored)
    assert stored.metadata.kernelspec.name == "python3"
    assert len(nbformat.writes(stored).encode()) < 1_500_000


@every_notebook
def test_outputs_are_fit_to_be_seen(path):
    for cell in code_cells(path):
        last_line = cell.source.rstrip().splitlines()[-1]
        assert not last_line.rstrip().endswith(";"), last_line
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", cell.source
            kinds = set(output.get("data", {}))
            assert kinds <= {"text/plain", "text/html", "image/png", MIME}, kinds
            if "image/png" in kinds:
                assert len(output.metadata["image/png"]["alt"]) > 40
        if "alt" in cell.metadata:
            assert any("image/png" in output.get("data", {}) for output in cell.outputs)


@every_lesson
def test_a_figure_shown_elsewhere_is_the_stored_one(path):
    """Such as at the top of the lesson, where the reader sees what will stand at its end."""
    for name, figure in refresh_outputs.pictures(read(path)).items():
        assert (path.parent / "pictures" / name).read_bytes() == figure, (
            "`make refresh`"
        )
        assert f"](pictures/{name})" in "".join(markdown(path)), f"{name} is not shown"


@every_notebook
def test_no_machine_and_no_person_shows(path):
    private = re.compile(
        r"/(home|root|Users|work|tmp|var|opt|private)/|[A-Z]:\\|/ipykernel_|\.venv/|0x[0-9a-f]{8}"
    )
    for cell in read(path).cells:
        texts = [cell.source]
        if cell.cell_type == "code":
            texts += outputs_as_text(cell)
        for text in texts:
            assert not private.search(text), private.search(text)


# Code, formulas, links with their texts, headings.
ASIDE = r"^[ >]*```.*?```|`[^`\n]*`|\$\$.*?\$\$|!?\[[^]]*\]\([^)]*\)|^#.*?$|<summary>.*?</summary>"
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


@pytest.mark.parametrize(
    "path",
    [*PATHS, *(ROOT / n for n in ("README.md", "TEACHING.md", "data/README.md"))],
    ids=lambda p: p.name,
)
def test_relative_links_resolve(path):
    texts = markdown(path) if path in PATHS else [path.read_text(encoding="utf-8")]
    text = re.sub(r"```.*?```|`[^`\n]*`", "", "\n".join(texts), flags=re.S)
    for target in LINK.findall(text):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@every_lesson
def test_the_same_thing_has_the_same_name(path):
    """Only what can be told from the syntax: loaders, batches, losses, optimizers."""
    for cell in code_cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                called, name = (
                    ast.unparse(node.value.func),
                    ast.unparse(node.targets[0]),
                )
                if called == "DataLoader":
                    wanted = r"(my_)?(train|valid|test)_((row|mid)_)?loader"
                    assert re.fullmatch(wanted, name), name
                if re.match(r"(torch\.)?optim\.[A-Z]", called):
                    assert name in ("optimizer", "my_optimizer"), name
                if re.match(r"nn\.\w+Loss$", called):
                    assert name in ("loss_function", "my_loss_function"), name
            if isinstance(node, (ast.For, ast.comprehension)):
                if ast.unparse(node.iter).endswith("_loader"):
                    target = ast.unparse(node.target).strip("()")
                    assert re.fullmatch(r"(images|_), (labels|_)", target), target


@every_lesson
def test_every_exercise_has_its_solution_below(path):
    cells = read(path).cells
    names = []
    for place, cell in enumerate(cells):
        checked = re.findall(r'(?m)^check\("([\d.]+)", ', cell.source)
        if cell.cell_type == "code" and (checked or "exercise" in tags(cell)):
            assert "exercise" in tags(cell) and len(checked) == 1
            assert cells[place + 1].source == course.HINT
            below = course.solution_below(cells, place)
            assert below.source.startswith("<details><summary>Solution</summary>\n\n")
            assert "\n\n</details>" in below.source
            assert f'check("{checked[0]}", ' in below.source
            assert "not tried yet" in "".join(outputs_as_text(cell))
            names += checked
    assert names == [f"{path.stem[:2]}.{i}" for i in range(1, len(names) + 1)]
    assert len(names) >= (1 if path.stem[:2] == "00" else 4)


def test_readme_names_the_lessons_in_which_digits_can_be_swapped():
    reached = set()
    for path in [*LESSONS, *course.scripts()]:
        sources = [path.read_text(encoding="utf-8")]
        if path in LESSONS:
            sources = [cell.source for cell in code_cells(path)]
        calls = [node for s in sources for node in ast.walk(ast.parse(s))]
        calls = [node for node in calls if isinstance(node, ast.Call)]
        calls = [node for node in calls if ast.unparse(node.func) == "open_digits"]
        if any(not node.args for node in calls):  # no name: COURSE_DIGITS decides
            reached.add(path.name[:2])
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    said = re.search(
        r"`COURSE_DIGITS=mnist make lab`[^()]*\snotebooks ([^()]*?),? with", readme
    )
    assert reached == set(re.findall(r"\d\d", said[1])), "README.md names others"


def test_cheat_sheet_is_up_to_date():
    stored = [(cell.cell_type, cell.source) for cell in read(course.CHEATSHEET).cells]
    built = course.as_seen(nbformat.writes(build_cheatsheet.build()))
    built = [(cell.cell_type, cell.source) for cell in built.cells]
    assert stored == built, "run `make cheatsheet`"


def test_few_cells_are_excused_from_comparison():
    excused = {"nbval-ignore-output", "nbval-skip", "raises-exception"}
    for path in PATHS:
        cells = code_cells(path)
        assert sum(bool(excused & set(tags(cell))) for cell in cells) <= len(cells) / 10
        assert not any("NBVAL" in cell.source for cell in cells), "use tags"


def test_notebook_10_has_the_programs_of_its_scripts():
    path = next(path for path in LESSONS if path.stem.startswith("10"))
    exercises = [cell for cell in code_cells(path) if "exercise" in tags(cell)]
    scripts = [path for path in course.scripts() if path.name.startswith("10")]
    assert len(exercises) == len(scripts) == 8
    for cell, script in zip(exercises, sorted(scripts), strict=True):
        program = cell.source.partition("\n\n\n")[0]
        text = script.read_text(encoding="utf-8")
        assert program in text and text.count("\n") < 40, script.name


def test_notebook_07_shows_what_its_module_holds():
    path = next(path for path in LESSONS if path.stem.startswith("07"))
    module = ROOT / "notebooks" / "scripts" / "own_data.py"
    _, *held = re.split(
        r"^(?=class |def )", module.read_text(encoding="utf-8"), flags=re.M
    )
    assert len(held) == 3
    shown = [cell.source for cell in code_cells(path)]
    for text in held:
        assert sum(text.strip() in source for source in shown) == 1, text


def test_notebook_12_shows_its_scripts_as_they_are():
    path = next(path for path in LESSONS if path.stem.startswith("12"))
    scripts = [
        (ROOT / "notebooks" / "scripts" / name).read_text(encoding="utf-8")
        for name in ("12_train.py", "12_small.py", "12_shard.py")
    ]
    shown = [
        block
        for text in markdown(path)
        if not text.startswith("<details>")
        for block in re.findall(r"```python\n(.*?)```", text, re.S)
    ]
    assert len(shown) >= 4
    for block in shown:
        assert any(block in script for script in scripts), block
    assert scripts[0].count("\n") < 145
