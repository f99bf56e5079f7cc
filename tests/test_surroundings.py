"""The tests themselves: that settings and files of a user's own don't reach them.

On a copy of the course, by real runs of pytest.
"""

import os
import re
import shutil
import subprocess
import sys

import check_style
import course
import nbformat
import pytest
import surroundings
from course import ROOT

FILES = ["conftest.py", "pyproject.toml", "README.md", "tests/nbval_sanitize.cfg"]
FIRST = course.LESSONS[0].name
TINY = "def test_tiny():\n    assert True\n"


@pytest.fixture
def copy(tmp_path):
    """What notebook 00 and its tests need, as from a ZIP: without git."""
    root = tmp_path / "a course"
    for name in ("helper", "tools", "data/digits"):
        shutil.copytree(ROOT / name, root / name)
    (root / "notebooks").mkdir()
    (root / "tests").mkdir()
    for path in FILES:
        shutil.copy(ROOT / path, root / path)
    stored = nbformat.writes(course.read(course.LESSONS[0])) + "\n"
    (root / "notebooks" / FIRST).write_text(stored, encoding="utf-8")
    return root


def git(root, *arguments):
    name = ["-c", "user.name=A", "-c", "user.email=a@b"]
    subprocess.run(["git", *name, *arguments], cwd=root, check=True)


def test_a_users_settings_and_files_reach_no_notebook(copy, tmp_path, run_pytest):
    """All at once: what changes a notebook's output, stops its kernel, or stops pytest."""
    home = tmp_path / "home"
    startup = home / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    loud = "import torch\ntorch.set_default_dtype(torch.float64)\nprint('a start-up file')\n"
    (startup / "loud.py").write_text(loud)
    (startup.parent / "ipython_kernel_config.py").write_text(
        "c.InteractiveShellApp.pylab = 'agg'\nc.InteractiveShell.ast_node_interactivity = 'all'"
    )
    settings = home / ".config" / "matplotlib"
    settings.mkdir(parents=True)
    (settings / "matplotlibrc").write_text("figure.dpi: 200\nno_such_setting: 1\n")
    (home / "jupyter.py").write_text("raise SystemExit('a configuration')")
    for name in ("torch.py", "helper.py"):
        (home / name).write_text("raise SystemExit('from PYTHONPATH')")

    notebooks = copy / "notebooks"
    failing = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    lesson = FIRST.removesuffix(".ipynb")
    for name in ("Untitled", f"{lesson}-Copy1", f"{lesson}_solved", "my_notes"):
        nbformat.write(failing, notebooks / f"{name}.ipynb")
    (notebooks / "broken.ipynb").write_text("no notebook")
    for folder in (".ipynb_checkpoints", "mine"):
        (notebooks / folder).mkdir()
        nbformat.write(failing, notebooks / folder / "more.ipynb")
    (notebooks / "test_mine.py").write_text("def test_mine():\n    assert False\n")

    code, said = run_pytest(
        "--nbval",
        "notebooks",
        cwd=copy,
        costs=True,
        HOME=str(home),
        IPYTHONDIR=str(home / ".ipython"),
        MATPLOTLIBRC=str(settings),
        MPLCONFIGDIR=str(settings),
        MPLBACKEND="TkAgg",
        JUPYTER_CONFIG_DIR=str(home),
        JUPYTER_TOKEN="secret",
        PYTHONSTARTUP=str(startup / "loud.py"),
        PYTHONWARNINGS="error",
        PYTHONPATH=str(home),
        TORCH_LOGS="+all",
        MKL_VERBOSE="1",
        COURSE_DIGITS="no such digits",
        http_proxy="http://127.0.0.1:9",
        https_proxy="http://127.0.0.1:9",
        no_proxy="",
        RANK="0",
        WORLD_SIZE="4",
    )
    cells = len(
        [c for c in nbformat.read(notebooks / FIRST, 4).cells if "outputs" in c]
    )
    assert code == 0 and f"{cells} passed" in said, said
    assert re.search(rf"{FIRST}: \d+\.\d s", said)


def test_a_cell_that_hangs_is_ended_and_a_slow_one_has_time(copy, run_pytest):
    path = copy / "notebooks" / FIRST
    metadata = nbformat.read(path, as_version=4).metadata
    hang = nbformat.v4.new_code_cell("while True:\n    pass")
    nbformat.write(nbformat.v4.new_notebook(metadata=metadata, cells=[hang]), path)
    limit = "--nbval-cell-timeout=1"
    code, said = run_pytest("--nbval", "notebooks", limit, cwd=copy)
    assert code == 1 and "1 failed" in said, said
    assert "Timeout of 1 seconds exceeded" in said
    settings = (copy / "pyproject.toml").read_text(encoding="utf-8")
    (timeout,) = re.findall(r"--nbval-cell-timeout=(\d+)", settings)
    assert 300 <= int(timeout) <= 900


def test_what_the_surroundings_are_made_of(tmp_path):
    before = {"PATH": "/bin", "OMP_NUM_THREADS": "3", "PIP_INDEX_URL": "x", "HOME": "/"}
    before |= {"ATEN_CPU_CAPABILITY": "default", "PYTHONHASHSEED": "0", "LC_ALL": "C"}
    foreign = {
        "PYTHONPATH": "/x",
        "JPY_PARENT_PID": "1",
        "Https_Proxy": "x",
        "RANK": "1",
    }
    foreign |= {"PYTORCH_JIT": "0", "TQDM_DISABLE": "1", "GIT_DIR": "x", "COLUMNS": "9"}
    own = {**before, **foreign}
    remove = surroundings.clean(own)
    assert {name: own[name] for name in before} == before
    assert not set(foreign) - {"PYTHONPATH"} & set(own)
    assert own["PYTHONPATH"] == str(ROOT)
    folder = os.path.dirname(own["MATPLOTLIBRC"])
    assert os.path.getsize(own["MATPLOTLIBRC"]) == 0
    remove()
    assert not os.path.exists(folder)
    alone = {}
    surroundings.clean(alone)()
    assert alone["OMP_NUM_THREADS"] == "1"


def test_these_tests_run_in_surroundings_of_their_own():
    assert "pytorch-course-" in os.environ["IPYTHONDIR"]
    assert os.environ["PYTHONPATH"] == str(ROOT)


SIGNALS = """
import signal, subprocess, sys

def test_ctrl_c_reaches_what_a_test_starts():
    code = "import signal; print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP))"
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert "default_int_handler" in said and "SIG_IGN" not in said
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_in_the_background_ctrl_c_still_reaches_what_a_test_starts(copy, run_pytest):
    (copy / "tests" / "test_tiny.py").write_text(SIGNALS)
    ignoring = ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh"]
    code, said = run_pytest("tests/test_tiny.py", cwd=copy, before=ignoring)
    assert code == 0 and "1 passed" in said, said


@pytest.mark.skipif(
    sys.platform != "linux", reason="made read-only by a namespace of Linux"
)
def test_a_read_only_folder_is_told_in_one_line(copy, run_pytest):
    (copy / "tests" / "test_tiny.py").write_text(TINY)
    # Nobody's own rights, not even root's, reach over `chmod` in there.
    ordinary = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if subprocess.run([*ordinary, "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no user namespace")
    folders = [copy, *(path for path in copy.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        code, said = run_pytest("tests/test_tiny.py", "-v", cwd=copy, before=ordinary)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert code == 0 and "1 passed" in said and "arning" not in said, said
    assert said.count("can't be written to") == 1
    assert not (copy / ".pytest_cache").exists()


def solve(path, *, by_jupyter):
    """Write an answer into a notebook, and save it, as JupyterLab does or by another editor."""
    notebook = nbformat.read(path, as_version=4)
    cell = next(c for c in notebook.cells if "exercise" in c.metadata.get("tags", []))
    cell.source = cell.source.replace("...", "28*28  ;import  os")
    if by_jupyter:
        notebook.metadata.language_info.version = "3.11.7"
        notebook.cells[1].source += " # tried something"
    nbformat.write(notebook, path)


def test_a_learners_answers_are_left_alone(copy, run_pytest):
    git(copy, "init", "-q")
    git(copy, "add", "--all", "--force")
    git(copy, "commit", "-q", "-m", "The course")
    solve(copy / "notebooks" / FIRST, by_jupyter=True)
    code, said = run_pytest("--nbval", "notebooks", "-v", cwd=copy)
    assert code == 5, said  # no tests
    assert f"{FIRST} has changes of your own, so it is not run" in said
    inside = "import check_style, course; print(course.read(course.LESSONS[0])); check_style.main()"
    done = subprocess.run(
        [sys.executable, "-c", inside],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "tools")},
        capture_output=True,
        text=True,
    )
    assert "answer = ..." in done.stdout and "28*28" not in done.stdout + done.stderr


def test_a_change_to_the_course_is_no_learners(copy, monkeypatch):
    path = copy / "notebooks" / FIRST
    published = path.read_text(encoding="utf-8")
    monkeypatch.setattr(course, "committed", lambda path: published)
    assert not course.is_a_learners(path)
    path.write_text(published.replace("2.14", "2.15"), encoding="utf-8")
    assert not course.is_a_learners(path)
    solve(path, by_jupyter=False)  # beside the other change
    assert not course.is_a_learners(path)
    path.write_text(published, encoding="utf-8")
    solve(path, by_jupyter=False)
    assert course.is_a_learners(path)


def test_without_git_answers_are_told_to_be_in_the_way(copy, run_pytest):
    solve(copy / "notebooks" / FIRST, by_jupyter=True)
    code, said = run_pytest("--nbval", "notebooks", cwd=copy)
    assert code == 4 and "unpack it anew into another folder" in said, said


def test_every_notebook_of_the_course_is_named_in_readme():
    tracked = course.git("ls-files", "--", "notebooks/*.ipynb")
    if tracked is None:
        pytest.skip("no git here")
    assert sorted(tracked.split()) == [f"notebooks/{p.name}" for p in course.PATHS]
    assert course.PATHS == [*course.LESSONS, course.CHEATSHEET, course.GLOSSARY]


def test_style_looks_at_the_courses_files_alone(monkeypatch):
    commands = []
    monkeypatch.setattr(subprocess, "call", lambda c, cwd: commands.append(c) or 0)
    assert check_style.main() == 0
    for command in commands:
        named = {os.path.basename(name) for name in command}
        assert {path.name for path in course.PATHS} <= named
        assert "12_train.py" in named and "--no-cache" in command
        assert "notebooks" not in named and "." not in command
