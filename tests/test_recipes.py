"""Every recipe runs in a fresh interpreter, in an empty folder, where there is no helper."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from test_notebooks import LESSONS, code_cells, tags

RECIPES = {
    f"{path.stem[:2]}-{cell.source.splitlines()[0].removeprefix('# Recipe: ')}": cell.source
    for path in LESSONS
    for cell in code_cells(path)
    if "recipe" in tags(cell)
}
WITHOUT_HELPER = "import sys; sys.modules['helper'] = None\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    def run(source):
        return subprocess.run(
            [sys.executable, "-I", "-W", "error", "-c", WITHOUT_HELPER + source],
            cwd=tmp_path_factory.mktemp("recipe"),
            capture_output=True,
            text=True,
            env={**os.environ, "MPLBACKEND": "agg"},
        )

    with ThreadPoolExecutor(2) as pool:  # nearly all of the time is `import torch`
        return dict(zip(RECIPES, pool.map(run, RECIPES.values()), strict=True))


@pytest.mark.parametrize("name", RECIPES)
def test_runs_alone(name, runs):
    assert runs[name].returncode == 0, runs[name].stderr
    assert runs[name].stdout.strip(), "a recipe shows that it worked"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_there_are_enough_of_them(path):
    count = sum(name.startswith(path.stem[:2]) for name in RECIPES)
    assert count >= {"00": 0, "04": 4, "05": 4, "06": 4}.get(path.stem[:2], 5)
    for cell in code_cells(path):
        assert cell.source.startswith("# Recipe: ") == ("recipe" in tags(cell))


def test_helper_is_out_of_reach():
    run = subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_HELPER + "import helper"],
        capture_output=True,
    )
    assert b"ModuleNotFoundError" in run.stderr
