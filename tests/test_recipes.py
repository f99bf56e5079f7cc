"""Every recipe runs in a fresh interpreter, in an empty folder, where there is no helper.

Once as it is copied, and once for each replacement in tests/recipes, with other data in the place
of the block that begins with `# Yours instead of this block: `.
"""

import ast
import json
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from course import LESSONS, code_cells, recipes, tags

HEAD, YOURS = "# Recipe: ", "# Yours instead of this block: "
TABLES = Path(__file__).with_name("recipes")
RECIPES = recipes()

# What a recipe runs after: GIVEN is a folder for a reader's own files. They are looked at when
# the block has been run, and again at the end.
BEFORE = """
import sys as _sys
_sys.modules["helper"] = None
GIVEN = __import__("pathlib").Path("given").resolve()
GIVEN.mkdir(exist_ok=True)
def _files():
    kept = {}
    for path in sorted(GIVEN.rglob("*")):
        is_file = path.is_file() and __import__("os").access(path, 4)
        kept[path] = path.read_bytes() if is_file else path.lstat().st_mode
    return kept
_LEFT = _files
"""
LOOK = "_BEFORE = _files()"
ALONE = [sys.executable, "-I", "-W", "error"]

# An interpreter that has imported the packages of the recipes, and becomes a recipe's by `fork`:
# their own imports, which they still need for the names, then take no time.
WITH_PACKAGES = """
import atexit, json, os, socket, sys, tempfile, traceback
import matplotlib.pyplot, numpy, torch, torchvision
from PIL import Image
from torch import optim
from torchvision import datasets, models, transforms
from torchvision.transforms import v2
for line in sys.stdin:
    source, folder, temporary, processes = json.loads(line)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    children = []
    while len(children) < processes and 0 not in children:
        children.append(os.fork())
    if 0 in children:
        os.chdir(folder)
        os.environ["TMPDIR"], tempfile.tempdir = temporary, None
        if processes > 1:  # as torchrun does
            os.environ.update(RANK=str(len(children) - 1), WORLD_SIZE=str(processes))
            os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        for name, number in ("stdout", 1), ("stderr", 2):
            os.dup2(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_APPEND), number)
        code = 0
        try:
            exec(compile(source, "<recipe>", "exec"), {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
            code = 1
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(code)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(max(ends, key=abs), flush=True)
"""


@pytest.fixture(scope="session")  # a module's tests come in several parts
def run(tmp_path_factory):
    """Run a recipe: its exit code, what it wrote to stdout and stderr, and its folder."""
    variables = {**os.environ, "MPLBACKEND": "agg"}

    def anew(source, folder, temporary, processes):
        if processes > 1:
            pytest.skip("no fork on this system")
        (folder / "recipe.py").write_text(source, encoding="utf-8")
        done = subprocess.run(
            [*ALONE, "recipe.py"],
            cwd=folder,
            capture_output=True,
            text=True,
            env=variables | {"TMPDIR": str(temporary)},
        )
        return done.returncode, done.stdout, done.stderr

    def forked(source, folder, temporary, processes):
        order = [source, str(folder), str(temporary), processes]
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        code = int(process.stdout.readline())
        return code, (folder / "stdout").read_text(), (folder / "stderr").read_text()

    def in_new_folders(source, processes=1):
        folder, temporary = (tmp_path_factory.mktemp(n) for n in ("recipe", "tmp"))
        how = forked if sys.platform == "linux" else anew
        code, output, errors = how(BEFORE + source, folder, temporary, processes)
        # But for the cache that importing torchvision makes.
        cache = ("torchinductor_", "torchelastic_")
        left = [n.name for n in temporary.iterdir() if not n.name.startswith(cache)]
        assert not left, f"left behind in the temporary folder: {left}"
        return code, output, errors

    if sys.platform != "linux":  # elsewhere a fork is slow or impossible
        yield in_new_folders
        return
    process = subprocess.Popen(
        [*ALONE, "-c", WITH_PACKAGES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=variables,
    )
    yield in_new_folders
    process.communicate()


def block_of(source):
    """The first and last line of the block of placeholders, counted from 0; None without one."""
    lines = source.splitlines()
    starts = [i for i, line in enumerate(lines) if line.strip().startswith(YOURS)]
    if not starts:
        return None
    end = starts[0]
    while end + 1 < len(lines) and lines[end + 1].strip():
        end += 1
    return starts[0], end


def replaced(source, yours, then="", changes=False):
    lines = source.splitlines()
    start, end = block_of(source)
    margin = lines[start][: -len(lines[start].lstrip())]
    lines[start : end + 1] = [
        textwrap.indent(f"{yours.strip()}\n{'' if changes else LOOK}", margin),
    ]
    kept = "_LEFT()"
    if re.search("save|checkpoint|resume|go on", lines[0]):  # its first line says so
        kept = "{path: what for path, what in _LEFT().items() if path in _BEFORE}"
    same = f"assert {kept} == _BEFORE, 'files were changed'"
    return "\n".join([*lines, then, *([] if changes else [same])])


def replacements():
    for path in LESSONS:
        table = TABLES / f"{path.stem}.toml"
        if table.exists():
            for row in tomllib.loads(table.read_text(encoding="utf-8"))["replacement"]:
                begins = f"{path.stem[:2]}-{row['recipe']}"
                found = [name for name in RECIPES if name.startswith(begins)]
                assert len(found) == 1, f"{begins}: {len(found)} recipes begin so"
                (name,) = found
                yield pytest.param(name, row, id=f"{begins}-{row['what']}")


@pytest.mark.parametrize("name", RECIPES)
def test_runs_alone(name, run):
    code, output, errors = run(RECIPES[name])
    assert code == 0, errors
    assert output.strip(), "a recipe shows that it worked"


def test_two_processes_end_with_their_group(run, list_threads):
    """A thread of the group that is late would find Python gone and abort; see notebook 12."""
    (name,) = [name for name in RECIPES if "any number of proc" in name]
    code, printed, errors = run(RECIPES[name] + list_threads, processes=2)
    assert code == 0 and "trained by 2" in printed, errors
    assert "rank 0: []\n" in printed and "rank 1: []\n" in printed


@pytest.mark.parametrize("name", RECIPES)
def test_placeholders_stand_in_one_block(name):
    lines = RECIPES[name].splitlines()
    start, end = block_of(RECIPES[name]) or (0, 0)
    others = [line for i, line in enumerate(lines) if not start <= i <= end]
    assert not [line for line in others if "yours" in line.lower()]


@pytest.mark.parametrize("name, row", list(replacements()))
def test_runs_on_other_data(name, row, run):
    # "changes" is for what a recipe does when it is asked to: `then` looks at it.
    changes = row.get("changes", False)
    source = replaced(RECIPES[name], row["yours"], row.get("then", ""), changes)
    code, output, errors = run(source, row.get("processes", 1))
    if "raises" in row:
        assert code == 1 and re.search(row["raises"], errors), errors
        return
    assert code == 0, errors
    assert output.strip()
    if "prints" in row:
        assert re.search(row["prints"], output), output


@pytest.mark.parametrize("name", [n for n in RECIPES if block_of(RECIPES[n])])
def test_is_tried_on_other_data(name):
    rows = [param.values[0] for param in replacements()]
    assert rows.count(name) >= 3


OWN_FOLDER = (
    """
for _name in ("train/ash/a.png", "train/ash/b.jpg", "train/beech/c.png", "test/ash/d.png"):
    (GIVEN / _name).parent.mkdir(parents=True, exist_ok=True)
    __import__("PIL.Image").Image.new("RGB", (64, 48), "red").save(GIVEN / _name)
(GIVEN / "train" / "ash" / "notes.txt").write_text("mine")
(GIVEN / "train" / "beech" / "e.png").touch()
"""
    + LOOK
)


@pytest.mark.parametrize("name", RECIPES)
def test_replacing_only_the_last_line_does_no_harm(name, run):
    """A folder of one's own in the last line of the block alone: no file of it is touched."""
    lines = RECIPES[name].splitlines()
    last = (block_of(RECIPES[name]) or (0, 0))[1]
    setting = re.fullmatch(r"(\s*)(\w+) = .*Path\(.*", lines[last])
    if not setting:
        return
    lines[last] = f"{setting[1]}{setting[2]} = GIVEN"
    _, _, errors = run("\n".join([OWN_FOLDER, *lines, "assert _LEFT() == _BEFORE"]))
    assert "AssertionError" not in errors


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_no_name_of_the_lesson_is_overwritten(path):
    """A recipe leaves behind imports, functions of its own, and names that begin with my_."""
    own, others = set(), set()
    for cell in code_cells(path):
        tree = ast.parse(cell.source)
        if "recipe" not in tags(cell):
            others |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            continue
        for name in left_behind(tree.body):
            assert name.startswith("my_"), f"{name} in {cell.source.splitlines()[0]}"
        kinds = ast.FunctionDef | ast.ClassDef
        own |= {node.name for node in tree.body if isinstance(node, kinds)}
    assert not own & others


def left_behind(statements):
    """The names that these statements set, but for those of functions and classes."""
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                inner = [
                    n for n in ast.walk(statement) if isinstance(n, ast.comprehension)
                ]
                targets = {id(n) for c in inner for n in ast.walk(c.target)}
                if id(node) not in targets:
                    yield node.id


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_there_are_enough_of_them(path):
    count = sum(name.startswith(path.stem[:2]) for name in RECIPES)
    assert count >= {"00": 0}.get(path.stem[:2], 3)
    for cell in code_cells(path):
        assert cell.source.startswith(HEAD) == ("recipe" in tags(cell))


def test_helper_is_out_of_reach_and_nothing_is_imported_beforehand(run):
    assert "ModuleNotFoundError" in run("import helper")[2]
    assert "NameError" in run("torch.ones(1)")[2]
    code, _, errors = run("import warnings; warnings.warn('old')")
    assert code == 1 and "UserWarning: old" in errors


def test_what_is_left_or_changed_is_noticed(run):
    with pytest.raises(AssertionError, match="left behind"):
        run("import tempfile; tempfile.mkdtemp()")
    recipe = f"{YOURS}a folder\nmy_folder = 1\n\n(my_folder / 'a').unlink()"
    yours = "my_folder = GIVEN\n(GIVEN / 'a').touch()"
    assert "files were changed" in run(replaced(recipe, yours))[2]
