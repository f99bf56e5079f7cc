"""Every recipe runs in a fresh interpreter, in an empty folder, where there is no helper."""

import json
import os
import subprocess
import sys

import pytest
from test_notebooks import LESSONS, code_cells, tags

RECIPES = {
    f"{path.stem[:2]}-{cell.source.splitlines()[0].removeprefix('# Recipe: ')}": cell.source
    for path in LESSONS
    for cell in code_cells(path)
    if "recipe" in tags(cell)
}
WITHOUT_HELPER = "import sys; sys.modules['helper'] = None\n"
ALONE = [sys.executable, "-I", "-W", "error", "-c"]

# An interpreter that has imported torch and nothing else, and becomes a recipe's by `fork`: the
# recipe's own `import torch` then takes no time.
WITH_TORCH = (
    WITHOUT_HELPER
    + """
import json, os, traceback
import torch
for line in sys.stdin:
    source, folder = json.loads(line)
    if os.fork() == 0:
        os.chdir(folder)
        os.dup2(os.open("stdout", os.O_CREAT | os.O_WRONLY), 1)
        os.dup2(os.open("stderr", os.O_CREAT | os.O_WRONLY), 2)
        code = 0
        try:
            exec(compile(source, "<recipe>", "exec"), {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a recipe: its exit code, and what it wrote to stdout and stderr."""
    temporary = str(tmp_path_factory.mktemp("temporary"))  # recipes leave files there
    variables = {**os.environ, "MPLBACKEND": "agg", "TMPDIR": temporary}

    def run_anew(source):
        done = subprocess.run(
            [*ALONE, WITHOUT_HELPER + source],
            cwd=tmp_path_factory.mktemp("recipe"),
            capture_output=True,
            text=True,
            env=variables,
        )
        return done.returncode, done.stdout, done.stderr

    if sys.platform != "linux":  # elsewhere a fork is slow or impossible
        yield run_anew
        return

    process = subprocess.Popen(
        [*ALONE, WITH_TORCH],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=variables,
    )

    def run_forked(source):
        folder = tmp_path_factory.mktemp("recipe")
        process.stdin.write(json.dumps([source, str(folder)]) + "\n")
        process.stdin.flush()
        code = int(process.stdout.readline())
        return code, (folder / "stdout").read_text(), (folder / "stderr").read_text()

    yield run_forked
    process.communicate()


@pytest.mark.parametrize("name", RECIPES)
def test_runs_alone(name, run):
    code, output, errors = run(RECIPES[name])
    assert code == 0, errors
    assert output.strip(), "a recipe shows that it worked"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_there_are_enough_of_them(path):
    count = sum(name.startswith(path.stem[:2]) for name in RECIPES)
    assert count >= {"00": 0, "04": 4, "05": 4, "06": 4}.get(path.stem[:2], 5)
    for cell in code_cells(path):
        assert cell.source.startswith("# Recipe: ") == ("recipe" in tags(cell))


def test_helper_is_out_of_reach_and_nothing_is_imported_beforehand(run):
    assert "ModuleNotFoundError" in run("import helper")[2]
    assert "NameError" in run("torch.ones(1)")[2]
    code, _, errors = run("import warnings; warnings.warn('old')")
    assert code == 1 and "UserWarning: old" in errors
