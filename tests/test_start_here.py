"""What notebook 00 says of somebody's machine: kernel, folder, figures."""

import os
import shutil
import subprocess
import sys

import pytest
from course import LESSONS, ROOT, code_cells

CELLS = [cell.source for cell in code_cells(LESSONS[0])]


def test_first_cell_tells_the_wrong_kernel_what_to_do(tmp_path):
    # -I -S: a Python with none of the packages that are installed here.
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", CELLS[0]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert sys.executable in run.stderr
    words = ["no torch", "no helper", "Change Kernel", "make kernel", "pip install"]
    assert all(word in run.stderr for word in words), run.stderr


@pytest.mark.parametrize(
    "file, hidden",
    [
        ("helper.py", "helper"),
        ("torch.py", "torch"),
        ("random.py", "random"),
        ("typing.py", "typing"),
        ("PIL.py", "PIL"),
        ("numpy/__init__.py", "numpy"),
        ("my_notes.py", None),
        ("data.py", None),
    ],
)
def test_first_cell_tells_which_file_hides_which_module(file, hidden, tmp_path):
    folder = tmp_path / "notebooks"
    (folder / file).parent.mkdir(parents=True)
    (folder / file).write_text("")
    # As in the course's folder, which PYTHONPATH may name.
    for name in ("helper", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=lambda *_: ["flowers"])
    variables = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", f"import random, typing\nexec({CELLS[0]!r})"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
    )
    if hidden is None:
        assert run.stdout.startswith("The kernel is right"), run
    else:
        assert f"{folder / file} hides the module {hidden}: rename it" in run.stderr
        assert run.returncode == 1 and "The kernel is right" not in run.stdout


@pytest.mark.parametrize(
    "backend, said",
    [
        ("Agg", "hidden by MPLBACKEND=Agg"),
        ("TkAgg", "hidden by MPLBACKEND=TkAgg"),
        ("module://matplotlib_inline.backend_inline", "shown under their cells"),
        ("module://ipympl.backend_nbagg", "shown under their cells"),
    ],
)
def test_notebook_00_says_whether_figures_are_shown(backend, said, monkeypatch, capsys):
    (source,) = (source for source in CELLS if "MPLBACKEND" in source)
    monkeypatch.setenv("MPLBACKEND", backend)
    exec(source, {"os": os})
    assert capsys.readouterr().out == f"figures: {said}\n"
